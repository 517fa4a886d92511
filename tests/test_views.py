from rupairs import views


def pair(query: str, passage: str, relation: str, polarity: int) -> dict[str, object]:
    return {
        "query": query,
        "passage": passage,
        "relation": relation,
        "polarity": polarity,
        "group_id": query,
    }


def test_by_anchor() -> None:
    pairs = [
        pair("а", "б", "paraphrase", 1),
        pair("в", "г", "paraphrase", 1),
        pair("а", "д", "non_paraphrase", -1),
    ]
    assert list(views.by_anchor(pairs)) == [
        {"query": "а", "pos": ["б"], "neg": ["д"]},
        {"query": "в", "pos": ["г"], "neg": []},
    ]


def test_triplets_need_both_and_join_each_with_each() -> None:
    pairs = [
        pair("Кот спит.", "Кот жив.", "entailment", 1),
        pair("кот спит", "Кот бежит.", "contradiction", -1),
        pair("Кот спит.", "Кот сыт.", "neutral", -1),
        pair("Дом стоит.", "Дом есть.", "entailment", 1),
        pair("Кот спит.", "Кот цел.", "entailment", 1),
    ]
    assert list(views.triplets(pairs)) == [
        {"premise": "Кот спит.", "entailment": "Кот жив.", "contradiction": "Кот бежит."},
        {"premise": "Кот спит.", "entailment": "Кот цел.", "contradiction": "Кот бежит."},
    ]
    assert [r["label"] for r in views.nli(pairs)][:2] == ["entailment", "contradiction"]
