"""mMARCO in Russian: its numbered lines, joined."""

import tracemalloc
from collections import Counter

import pytest

from harvest.fetching.fetch import native
from harvest.source import Draft
from harvest.sources import get
from rupairs.errors import RupairsError
from tests.harvest.conftest import Native, Read, drafts_of
from tests.harvest.native_files import lines

MMARCO = {
    "data/google/collections/russian_collection.tsv": (
        '0\tЧай растёт "в горах.\r\n1\t\n2\tЧай\u2028 пьют.\n3\tКофе\tв зёрнах.\n5\tСоль.\n'
    ),
    "data/google/queries/train/russian_queries.train.tsv": (
        "30\tгде растёт чай?\n10\tчто пьют?\n70\tне спросят\n20\tпусто?\n"
    ),
    "data/google/queries/dev/russian_queries.dev.tsv": "never read",
    "qrels.train.tsv": lines(
        (30, 0, 0, 1), (10, 0, 2, 1), (10, 0, 3, 1), (20, 0, 1, 1), (20, 0, 9, 1), (40, 0, 2, 1)
    ),
    "data/triples.train.ids.small.tsv": lines(
        (10, 2, 3), (30, 0, 5), (30, 0, 2), (10, 2, 5), (10, 2, 0), (70, 5, 0), (20, 1, 8)
    ),
    "data/qrels.dev.tsv": "never read",
}


def test_mmarco_joins_by_number_in_the_order_of_the_passages(put: Native, read: Read) -> None:
    put("mmarco_ru", dict(MMARCO))
    rows = read("mmarco_ru")
    drafts = [r for r in rows if isinstance(r, Draft)]
    assert [(d.row, d.query, d.passage, d.polarity) for d in drafts] == [
        ("30:0", "где растёт чай?", 'Чай растёт "в горах.\r', 1),
        ("20:1", "пусто?", "", 1),
        ("10:2", "что пьют?", "Чай\u2028 пьют.", 1),
        ("10:3", "что пьют?", "Кофе\tв зёрнах.", 1),
        # 10 was offered 3 first, but that one answers it; 30 has one negative, the first.
        ("10:5", "что пьют?", "Соль.", -1),
        ("30:5", "где растёт чай?", "Соль.", -1),
    ]
    assert {(d.relation, d.polarity) for d in drafts} == {
        ("relevant_passage", 1),
        ("irrelevant_passage", -1),
    }
    lost = [(r.reason, r.row["query_id"], r.row["passage_id"]) for r in rows if r not in drafts]
    assert lost == [
        ("query_absent", 40, 2),
        ("passage_text_absent", 20, 8),
        ("passage_text_absent", 20, 9),
    ]


def test_mmarco_without_triples_has_positives_only(put: Native, read: Read) -> None:
    put("mmarco_ru", {n: c for n, c in MMARCO.items() if "triples" not in n})
    said: list[str] = []
    rows = read("mmarco_ru", say=said.append)
    assert len(rows) == 6
    assert {r.polarity for r in rows if isinstance(r, Draft)} == {1}
    assert "no triples.train.ids.small.tsv" in said[0]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("data/triples.train.ids.small.tsv", "10\t2\n", r"small.tsv: not lines of three ids"),
        ("data/triples.train.ids.small.tsv", "10\t2\t\n", r"small.tsv: not lines of three ids"),
        ("data/triples.train.ids.small.tsv", "", r"small.tsv: not lines of three ids"),
        ("qrels.train.tsv", "a\t0\t2\t1\n", r"'a' is not an id of MS MARCO"),
        ("qrels.train.tsv", f"1\t0\t{2**31}\t1\n", r"'2147483648' is not an id"),
        (
            "data/google/collections/russian_collection.tsv",
            "0\tРаз.\n0\tДва.\n",
            r"passage 0 stands there twice",
        ),
        ("data/google/collections/russian_collection.tsv", "0 Раз.\n", r"line 1: not an id"),
    ],
)
def test_mmarco_names_a_damaged_file(
    put: Native, read: Read, name: str, content: str, match: str
) -> None:
    put("mmarco_ru", {**MMARCO, name: content})
    with pytest.raises(RupairsError, match=match):
        read("mmarco_ru")


def mmarco(passages: int, queries: int, size: int) -> dict[str, str | bytes]:
    """Question q is answered by passage 3q; nine triples for each, no right one among them."""
    triples = [(q, 3 * q, 3 * ((q + n) % queries) + 1) for n in range(9) for q in range(queries)]
    return {
        "russian_collection.tsv": lines(
            *((p, f"отрывок {p} " + "я" * size) for p in range(passages))
        ),
        "russian_queries.train.tsv": lines(*((q, f"вопрос {q}") for q in range(queries))),
        "qrels.train.tsv": lines(*((q, 0, 3 * q, 1) for q in range(queries))),
        "triples.train.ids.small.tsv": lines(*triples),
    }


def test_mmarco_counts_at_scale(put: Native, read: Read) -> None:
    put("mmarco_ru", mmarco(passages=20_000, queries=5_000, size=20))
    drafts = read("mmarco_ru")
    assert Counter(d.polarity for d in drafts) == {1: 5_000, -1: 5_000}
    assert len({d.row for d in drafts}) == 10_000
    for draft in drafts:
        query, passage = map(int, draft.row.split(":"))
        assert draft.query == f"вопрос {query}"
        assert draft.passage.startswith(f"отрывок {passage} ")
        assert passage == 3 * query + (0 if draft.polarity > 0 else 1)


def test_mmarco_holds_numbers_and_not_texts(put: Native) -> None:
    """Of 60 MB of passages, two thirds of them asked for, no more than a line is in memory."""
    folder = put("mmarco_ru", mmarco(passages=3_000, queries=1_000, size=10_000))
    source = get("mmarco_ru")
    files = native(source, folder)
    tracemalloc.start()
    count = sum(1 for _ in drafts_of(source, files))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2_000
    assert peak < 4_000_000


@pytest.mark.parametrize("asked", [0, 3])
def test_mmarco_takes_as_many_negatives_as_are_asked_for(
    put: Native, read: Read, asked: int
) -> None:
    put("mmarco_ru", mmarco(passages=300, queries=100, size=1))
    drafts = read("mmarco_ru", negatives=asked)
    negatives = Counter(d.query for d in drafts if d.polarity < 0)
    assert set(negatives.values()) == ({asked} if asked else set())
    assert len({d.row for d in drafts}) == len(drafts)
