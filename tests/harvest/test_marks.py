"""Marks of a batch: signatures of pairs, fingerprints of passages, and what leaks."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from harvest.marked import gather_marks
from harvest.marks import COLUMNS, MARKS_SCHEMA, Marking, mark
from rupairs.containment import KnownTexts
from rupairs.near import BANDS
from rupairs.pairs import pair_id
from rupairs.text import key
from tests.test_near import VOCABULARY

A = "Старый учитель читает книгу у окна поезда."
B = "Зимой в городе рано темнеет и зажигают огни."
TEXTS = pa.schema(
    [(name, pa.bool_() if name == "symmetric" else pa.string()) for name in COLUMNS]
).set(3, pa.field("polarity", pa.int8()))


def pair(query: str, passage: str, polarity: int = 1, symmetric: bool = True) -> dict[str, Any]:
    return {
        "pair_id": pair_id(query, passage, symmetric=symmetric),
        "query": query,
        "passage": passage,
        "polarity": polarity,
        "symmetric": symmetric,
        "source": "проба",
        "source_row": "1",
        "relation": "paraphrase",
    }


def table(pairs: list[dict[str, Any]]) -> pa.Table:
    rows = [row | {"source_row": str(n)} for n, row in enumerate(pairs)]
    return pa.Table.from_pylist(rows, schema=TEXTS)


def marks(pairs: list[dict[str, Any]], marking: Marking | None = None) -> list[dict[str, Any]]:
    marked = mark(table(pairs), marking or Marking())
    assert marked.schema == MARKS_SCHEMA
    return list(marked.to_pylist())


def agreement(one: dict[str, Any], two: dict[str, Any]) -> float:
    bands = [np.frombuffer(row["bands"], np.uint64) for row in (one, two)]
    return float((bands[0] == bands[1]).mean())


def test_an_asymmetric_pair_knows_the_id_it_would_have_as_a_symmetric_one() -> None:
    first, second = sorted((A, B), key=key)
    rows = marks(
        [
            pair(first, second, symmetric=False),
            pair(second, first, symmetric=False),
            pair(second, first),
        ]
    )
    either = pair_id(A, B, symmetric=True)
    assert [row["either_way"] and row["either_way"].hex() for row in rows] == [None, either, None]
    assert rows[0]["pair_id"].hex() == rows[2]["pair_id"].hex() == either


def test_the_marks_of_a_pair() -> None:
    row = marks([pair(A, B, -1, symmetric=False)])[0]
    assert row["pair_id"].hex() == pair_id(A, B, symmetric=False)
    assert (row["positive"], row["symmetric"]) == (False, False)
    assert (row["source"], row["source_row"]) == ("проба", "0")
    assert len(row["bands"]) == 8 * BANDS
    assert row["leaks"] == []


def test_spelling_does_not_matter() -> None:
    one, two = marks([pair(A, B), pair(A.upper(), f"«{B}»")])
    assert (one["bands"], one["sketch"], one["passage"]) == (
        two["bands"],
        two["sketch"],
        two["passage"],
    )


def test_swapped_sides_meet_in_symmetric_pairs_only() -> None:
    one, two = marks([pair(A, B), pair(B, A)])
    assert one["bands"] == two["bands"]
    assert one["passage"] != two["passage"]
    one, two = marks([pair(A, B, symmetric=False), pair(B, A, symmetric=False)])
    assert agreement(one, two) == 0


def test_opposite_polarity_never_meets() -> None:
    one, two = marks([pair(A, B, 1), pair(A, B, -1)])
    assert agreement(one, two) == 0
    assert one["pair_id"] == two["pair_id"]


def test_passages_have_one_fingerprint_under_any_query() -> None:
    rows = marks([pair(A, B), pair(B, B, -1, symmetric=False), pair(A, A), pair(A, "Да")])
    assert rows[0]["passage"] == rows[1]["passage"]
    assert len({row["passage"] for row in rows}) == 3


def test_a_pair_has_the_same_marks_in_any_batch() -> None:
    draw = random.Random(1)
    pairs = [
        pair(sentence(draw), sentence(draw), draw.choice([-1, 1]), draw.random() < 0.5)
        for _ in range(40)
    ]
    whole = mark(table(pairs), Marking())
    pieces = [mark(table(pairs).slice(start, 7), Marking()) for start in range(0, 40, 7)]
    assert pa.concat_tables(pieces).to_pylist() == whole.to_pylist()
    halves = pa.concat_tables([table(pairs).slice(0, 11), table(pairs).slice(11)])
    assert mark(halves, Marking()).to_pylist() == whole.to_pylist()


def test_no_pairs() -> None:
    assert mark(TEXTS.empty_table(), Marking()).num_rows == 0


def sentence(draw: random.Random) -> str:
    return " ".join(draw.choices(VOCABULARY, k=draw.randint(6, 16)))


def changed(text: str, draw: random.Random) -> str:
    words = text.split()
    words[draw.randrange(len(words))] = draw.choice(VOCABULARY)
    return " ".join(words)


def candidates(pairs: list[dict[str, Any]], folder: Path) -> set[tuple[int, int]]:
    batches: Iterable[pa.Table] = (
        mark(table(pairs[start : start + 90]), Marking()) for start in range(0, len(pairs), 90)
    )
    marked = gather_marks(batches, folder)
    earlier, later = marked.buckets.candidates()
    return set(zip(earlier.tolist(), later.tolist(), strict=True))


def grams_of(row: dict[str, Any]) -> set[tuple[Any, ...]]:
    """Return the 5-grams of a pair, as strings that know what `mark` is said to tell apart."""
    found: set[tuple[Any, ...]] = set()
    for side in ("query", "passage"):
        text = key(row[side])
        told = "" if row["symmetric"] else side
        found |= {(text[i : i + 5], told, row["polarity"]) for i in range(len(text) - 4)}
    return found


def test_candidates_are_those_of_a_search_of_all_pairs(tmp_path: Path) -> None:
    draw = random.Random(7)
    pairs = [
        pair(sentence(draw), sentence(draw), draw.choice([1, 1, -1]), draw.random() < 0.7)
        for _ in range(300)
    ]
    for row in pairs[:200]:
        sides = [changed(row["query"], draw), row["passage"]]
        if row["symmetric"] and draw.random() < 0.5:
            sides.reverse()
        polarity = row["polarity"] if draw.random() < 0.8 else -row["polarity"]
        pairs.append(pair(sides[0], sides[1], polarity, row["symmetric"]))
    draw.shuffle(pairs)
    sets = [grams_of(row) for row in pairs]
    near = {
        (a, b)
        for a in range(len(sets))
        for b in range(a + 1, len(sets))
        if len(sets[a] & sets[b]) >= 0.8 * len(sets[a] | sets[b])
    }
    swapped = [(a, b) for a, b in near if key(pairs[a]["query"]) == key(pairs[b]["passage"])]
    found = candidates(pairs, tmp_path)
    assert len(near) > 80
    assert len(near & found) > 0.97 * len(near)
    assert len(swapped) > 10
    assert all(pairs[a]["polarity"] == pairs[b]["polarity"] for a, b in found)
    assert len(found) < 3 * len(near)


def known(tmp_path: Path, texts: list[str], floor: float = 0.8) -> Marking:
    folder = tmp_path / f"{random.getrandbits(64):x}"
    KnownTexts(pa.array([key(text) for text in texts]), floor).save(folder)
    return Marking(str(folder))


def test_leaks_name_the_side_and_the_known_text(tmp_path: Path) -> None:
    marking = known(tmp_path, ["Лодка плывёт вдоль берега", A, B])
    rows = marks(
        [pair(A, B), pair("Да-да", "Нет-нет"), pair(f"Вот. {B}", "Ну"), pair("Ах", A)], marking
    )
    leaks = [
        [(x["side"], x["known"], x["score"], x["equal"]) for x in row["leaks"]] for row in rows
    ]
    assert leaks == [
        [("query", 1, 1.0, True), ("passage", 2, 1.0, True)],
        [],
        [("query", 2, 1.0, False)],
        [("passage", 1, 1.0, True)],
    ]


@pytest.mark.parametrize(("floor", "hits"), [(0.5, 1), (1.0, 0)])
def test_the_floor_of_leaks(tmp_path: Path, floor: float, hits: int) -> None:
    rows = marks([pair(A.replace("книгу", "газету"), "Ну")], known(tmp_path, [A], floor))
    assert len(rows[0]["leaks"]) == hits


def test_other_marks_do_not_depend_on_the_benchmarks(tmp_path: Path) -> None:
    plain, marked = marks([pair(A, B)]), marks([pair(A, B)], known(tmp_path, [A]))
    assert plain[0] | {"leaks": None} == marked[0] | {"leaks": None}
