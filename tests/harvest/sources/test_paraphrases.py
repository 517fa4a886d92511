"""Sources of paraphrases and detoxified texts, layout by layout."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from harvest.source import Draft, Unusable
from rupairs.errors import RupairsError
from rupairs.pairs import group_id
from tests.harvest.conftest import Harvest, Native, Read, nli
from tests.harvest.native_files import MANY, jsonl, parquet, sides, zipped


def hnp_row(query: str, pos: list[str | None] | None, neg: list[str | None] | None) -> Any:
    return {"query": query, "pos": pos, "neg": neg}


HNP_SCHEMA = pa.schema(
    [("query", pa.string()), ("pos", pa.list_(pa.string())), ("neg", pa.list_(pa.string()))]
)


def test_ru_hnp_explodes_both_lists(put: Native, read: Read) -> None:
    rows = [
        hnp_row("Река впадает в море.", ["В море впадает река.", "Река течёт в море."], ["Нет."]),
        hnp_row("Пустой.", [], None),
        hnp_row("Без перефразов.", None, ["Иное.", None]),
        hnp_row("Город стоит на холме.", ["На холме стоит город."], []),
    ]
    put("ru_hnp", {"train.parquet": parquet(rows, schema=HNP_SCHEMA)})
    found = read("ru_hnp")
    pairs = [r for r in found if isinstance(r, Draft)]
    assert [(p.row, p.query, p.passage, p.relation, p.polarity) for p in pairs] == [
        ("1.p1", "Река впадает в море.", "В море впадает река.", "paraphrase", 1),
        ("1.p2", "Река впадает в море.", "Река течёт в море.", "paraphrase", 1),
        ("4.p1", "Город стоит на холме.", "На холме стоит город.", "paraphrase", 1),
        ("1.n1", "Река впадает в море.", "Нет.", "non_paraphrase", -1),
        ("3.n1", "Без перефразов.", "Иное.", "non_paraphrase", -1),
        ("3.n2", "Без перефразов.", "", "non_paraphrase", -1),
    ]
    [barren] = [r for r in found if isinstance(r, Unusable)]
    assert (barren.reason, barren.row["query"]) == ("no_items", "Пустой.")


def test_ru_hnp_counts_as_its_card_does(put: Native, read: Read) -> None:
    rows = [
        hnp_row(f"Текст {n}.", [f"п{n}.{i}" for i in range(1, 6)], [f"н{n}.{i}" for i in range(5)])
        for n in range(1, MANY + 1)
    ]
    put("ru_hnp", {"train.parquet": parquet(rows), "test.parquet": parquet(rows[:1])})
    pairs = read("ru_hnp")
    assert Counter(p.relation for p in pairs) == {
        "paraphrase": 5 * MANY,
        "non_paraphrase": 5 * MANY,
    }
    assert len({p.row for p in pairs}) == len(pairs)
    for pair in pairs:
        number, _, item = pair.row.partition(".p")
        if item:
            assert (pair.query, pair.passage) == (f"Текст {number}.", f"п{number}.{item}")


def test_ru_hnp_needs_lists(put: Native, read: Read) -> None:
    put("ru_hnp", {"train.parquet": parquet([{"query": "а", "pos": "б", "neg": "в"}])})
    with pytest.raises(RupairsError, match=r"column pos is string, not lists of texts"):
        read("ru_hnp")


def tapaco_row(set_id: str, number: int, text: str, language: str = "ru") -> dict[str, Any]:
    return {
        "paraphrase_set_id": set_id,
        "sentence_id": str(number),
        "paraphrase": text,
        "lists": [""],
        "tags": [""],
        "language": language,
    }


TAPACO = [
    ("2", 11, "Я иду домой."),
    ("5", 12, "Погода сегодня хорошая."),
    ("2", 13, "я иду домой!"),
    ("2", 14, "Я шагаю домой."),
    ("5", 15, "Сегодня хорошая погода."),
    ("7", 16, "Одна."),
    ("2", 17, "Я направляюсь домой."),
    ("8", 18, "Да."),
    ("8", 19, "Да!"),
]


TAPACO_TEXT = "".join(f"{group}\t{number}\t{text}\t\t\n" for group, number, text in TAPACO)


@pytest.mark.parametrize(
    "files",
    [
        {"ru/train-00000-of-00001.parquet": parquet([tapaco_row(*row) for row in TAPACO])},
        {"ru.txt": TAPACO_TEXT},
        {"tapaco_v1.0.zip": zipped({"tapaco_v1.0/ru.txt": TAPACO_TEXT, "tapaco_v1.0/de.txt": "x"})},
    ],
    ids=["hub", "text", "archive"],
)
def test_tapaco_gives_a_pair_a_set(put: Native, read: Read, files: dict[str, Any]) -> None:
    put("tapaco", files)
    said: list[str] = []
    *pairs, alone, same = read("tapaco", say=said.append)
    # Set 2 is not in one piece, and its second sentence says the same as its first.
    assert pairs == [
        Draft("2", "Я иду домой.", "Я шагаю домой.", "paraphrase"),
        Draft("5", "Погода сегодня хорошая.", "Сегодня хорошая погода.", "paraphrase"),
    ]
    assert [(r.reason, r.row["sentences"]) for r in (alone, same)] == [
        ("single_sentence", ["Одна."]),
        ("single_sentence", ["Да.", "Да!"]),
    ]
    assert said == ["tapaco: 9 sentences in 4 sets, a pair a set"]


def test_a_sentence_of_tapaco_shares_its_group_with_other_sources(
    put: Native, harvest: Harvest
) -> None:
    put("rcb", {"train.jsonl": jsonl(nli("Я иду домой.", "Он ушёл."))})
    folder = put("tapaco", {"ru.txt": TAPACO_TEXT})
    rows = harvest(folder, rows={"sources": ["tapaco", "rcb"]})["rows"].rows()
    groups = {r["source"]: r["group_id"] for r in rows if r["query"] == "Я иду домой."}
    assert groups == dict.fromkeys(("tapaco", "rcb"), group_id("Я иду домой."))


def test_tapaco_text_may_be_quoted_or_not(put: Native, read: Read) -> None:
    text = '1\t1\t"Пора", сказал он.\n1\t2\t"""Время пришло"", сказал он."\t4938\t\n'
    put("tapaco", {"ru.txt": text})
    assert sides(read("tapaco")) == [('"Пора", сказал он.', '"Время пришло", сказал он.')]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"all_languages/train-0.parquet": parquet([tapaco_row("1", 1, "Adlis.", "ber")])},
            r"train-0\.parquet: row 1: the sentence is in ber; take .* configuration ru",
        ),
        ({"ru.txt": "1\t1\tДа.\nоторвано\n"}, r"ru\.txt: line 2: not a set id"),
    ],
)
def test_tapaco_refuses_other_tables(
    put: Native, read: Read, files: dict[str, Any], message: str
) -> None:
    put("tapaco", files)
    with pytest.raises(RupairsError, match=message):
        read("tapaco")


def test_ruparadetox_explodes_rewrites_and_keeps_quoted_cells_whole(
    put: Native, read: Read
) -> None:
    put(
        "ruparadetox",
        {
            "train.tsv": (
                "index\ttoxic_comment\tneutral_comment1\tneutral_comment2\tneutral_comment3\n"
                '0\t"строка\nи ""цитата"" и\tтабуляция"\tодин\tдва\tтри\n'
                "1\tещё комментарий\tединственный\t\t \n"
                "2\tбез ответа\t\t\t\n"
            )
        },
    )
    *pairs, last = read("ruparadetox")
    assert [p.row for p in pairs] == ["1.1", "1.2", "1.3", "2.1"]
    assert pairs[0].query == 'строка\nи "цитата" и\tтабуляция'
    assert [p.passage for p in pairs] == ["один", "два", "три", "единственный"]
    assert len({p.query for p in pairs}) == 2
    assert isinstance(last, Unusable)
    assert last.reason == "no_rewrite"


def test_ruparadetox_flat_layout_of_the_hub(put: Native, read: Read) -> None:
    put(
        "ruparadetox",
        {"train.tsv": "ru_toxic_comment\tru_neutral_comment\nгрубо\tвежливо\nгрубо\tмягко\n"},
    )
    pairs = read("ruparadetox")
    assert sides(pairs) == [("грубо", "вежливо"), ("грубо", "мягко")]
    assert pairs[0].relation == "detoxified"


@pytest.mark.parametrize("names", [("text", "detox"), ("toxic", "neutral"), ("input", "output")])
def test_rudetoxifier_columns_are_found_by_name(
    put: Native, read: Read, names: tuple[str, str]
) -> None:
    rows = [{names[1]: "Вежливо.", "n": 1, names[0]: "Грубо."}]
    put("rudetoxifier_data_detox", {"data/train-00000-of-00001.parquet": parquet(rows)})
    said: list[str] = []
    pairs = read("rudetoxifier_data_detox", say=said.append)
    assert pairs == [Draft("1", "Грубо.", "Вежливо.", "detoxified")]
    assert [line.rpartition(" is ")[2].split()[:2] for line in said] == [
        ["column", names[0]],
        ["column", names[1]],
    ]


def test_rudetoxifier_columns_can_be_named_and_must_be_known(put: Native, read: Read) -> None:
    rows = [{"comment": "Грубо.", "rewrite": "Вежливо.", "toxic": 0.97}]
    put("rudetoxifier_data_detox", {"train.parquet": parquet(rows)})
    with pytest.raises(RupairsError, match=r"train\.parquet: .*the columns are comment, rewrite"):
        read("rudetoxifier_data_detox")
    with pytest.raises(RupairsError, match=r"column toxic is double, not text"):
        read("rudetoxifier_data_detox", columns={"passage": "rewrite"})
    columns = {"query": "comment", "passage": "rewrite"}
    assert sides(read("rudetoxifier_data_detox", columns=columns)) == [("Грубо.", "Вежливо.")]
