"""First occurrences, near-duplicates, and who survives of them."""

import random
from itertools import permutations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.repeats import (
    COMPARED_SCHEMA,
    HEAD,
    Repeat,
    compare,
    first_either_way,
    first_of_each,
    survivors,
)

LEFT = "Мальчик долго шёл по пыльной дороге к дому своей бабушки"
RIGHT = "Ребёнок много часов добирался пешком в деревню, где жила бабушка"


def binary(ids: list[bytes]) -> pa.Array:
    return pa.array(ids, pa.binary(16))


def firsts(ids: list[bytes]) -> list[int]:
    first: dict[bytes, int] = {}
    return [first.setdefault(name, row) for row, name in enumerate(ids)]


IDS = st.lists(st.sampled_from([bytes([a, *[0] * 14, b]) for a in range(4) for b in range(3)]))


@settings(deadline=None)
@given(IDS)
def test_first_of_each_is_that_of_a_dictionary(ids: list[bytes]) -> None:
    assert first_of_each(binary(ids)).tolist() == firsts(ids)


@settings(deadline=None)
@given(IDS, st.integers(0, 5))
def test_first_of_each_of_a_slice(ids: list[bytes], start: int) -> None:
    assert first_of_each(binary(ids).slice(start)).tolist() == firsts(ids[start:])


def test_first_of_each_of_none_taken() -> None:
    none = binary([bytes(16)]).take(pa.array(np.zeros(0, np.int64)))
    assert first_of_each(none).tolist() == []


def test_first_of_each_tells_both_halves_apart() -> None:
    draw = random.Random(3)
    ids = [draw.randbytes(8) + half for half in (bytes(8), draw.randbytes(8)) for _ in range(500)]
    ids += draw.sample(ids, 300) + [name[8:] + name[:8] for name in ids]
    assert first_of_each(binary(ids)).tolist() == firsts(ids)


Way = tuple[str, bool]
WAYS = st.lists(st.tuples(st.sampled_from(["ab", "ba", "cd", "dc"]), st.booleans()), max_size=12)


def symmetric_id(row: Way) -> str:
    return "".join(sorted(row[0]))


@settings(deadline=None)
@given(WAYS)
def test_both_kinds_of_pairs_meet_as_they_do_row_by_row(rows: list[Way]) -> None:
    """A row repeats the first kept one of the same texts; order counts where neither is symmetric.

    Texts that do not stand in both kinds, or never turned, are left to their ids.
    """
    ids = [symmetric_id(row) if row[1] else row[0] for row in rows]
    turned = [n for n, row in enumerate(rows) if ids[n] != symmetric_id(row)]
    found = first_either_way(
        binary([name.encode().ljust(16) for name in ids]),
        np.array([symmetric for _, symmetric in rows], bool),
        np.array(turned, np.int64),
        binary([symmetric_id(rows[n]).encode().ljust(16) for n in turned]),
    )
    met = {symmetric_id(rows[n]) for n in turned} & {symmetric_id(row) for row in rows if row[1]}
    expected: dict[int, int | None] = {}
    kept: list[int] = []
    for n, row in enumerate(rows):
        if symmetric_id(row) in met:
            alike = (k for k in kept if symmetric_id(rows[k]) == symmetric_id(row))
            same = (k for k in alike if row[1] or rows[k][1] or rows[k][0] == row[0])
            expected[n] = next(same, None)
            if expected[n] is None:
                kept.append(n)
    assert found == expected


def likeness(
    a: tuple[str, str], b: tuple[str, str], *, symmetric: bool = True, least: float = 0.9
) -> float | None:
    """Return how alike two pairs are, None where under the least."""
    row: dict[str, Any] = {"earlier": 3, "later": 8, "symmetric": symmetric}
    row |= {"query_a": a[0], "passage_a": a[1], "query_b": b[0], "passage_b": b[1]}
    table = compare(pa.Table.from_pylist([row]), least)
    assert table.schema == COMPARED_SCHEMA
    rows = table.to_pylist()
    assert all((row["earlier"], row["later"]) == (3, 8) for row in rows)
    return rows[0]["similarity"] if rows else None


def test_equal_by_key() -> None:
    assert likeness((LEFT, RIGHT), (LEFT.upper() + "!", f"«{RIGHT}»")) == 1


def test_the_less_similar_side_decides() -> None:
    assert likeness((LEFT, "абвгдежзик" * 5), (LEFT, "абвгдежзик" * 4 + "абвгджжзик")) == (
        pytest.approx(0.98)
    )
    assert likeness((LEFT, RIGHT), (LEFT, "Совсем другие слова стоят тут")) is None
    assert likeness((LEFT, RIGHT), ("Совсем другие слова стоят тут", RIGHT)) is None


def test_crossed_sides_count_in_symmetric_pairs_only() -> None:
    swapped = (RIGHT + ".", LEFT)
    assert likeness((LEFT, RIGHT), swapped) == 1
    assert likeness((LEFT, RIGHT), swapped, symmetric=False) is None
    assert likeness((LEFT, RIGHT), (LEFT, RIGHT), symmetric=False) == 1


@pytest.mark.parametrize("percent", [50, 60, 70, 75, 80, 85, 90, 95, 99])
def test_the_threshold_itself_is_near(percent: int) -> None:
    least = percent / 100
    other, further = ("а" * like + "б" * (100 - like) for like in (percent, percent - 1))
    assert likeness(("а" * 100, RIGHT), (other, RIGHT), least=least) == pytest.approx(least)
    assert likeness(("а" * 100, RIGHT), (further, RIGHT), least=least) is None


DETAILS = [
    ("Рост составил {} процентов за весь прошлый год", "15", "16"),
    ("Температура ночью упадёт до {} градусов по Цельсию", "-5", "5"),
    ("Он {} пошёл вчера вечером в гости к своим друзьям", "не", "уж"),
    ("В этом старом доме {} хозяина уже много долгих лет", "нет", "тут"),
    ("Кофе мы всегда пьём {} сахара и со свежим хлебом", "без", "все"),
    ("We {} like to go to the theatre on Saturday evening", "don't", "do"),
    ("They {} come to the meeting on the second floor", "cannot", "can"),
    ("He said that he had {} money left in his old wallet", "no", "so"),
]


@pytest.mark.parametrize(("frame", "one", "two"), DETAILS)
def test_numbers_and_negations_keep_pairs_apart(frame: str, one: str, two: str) -> None:
    a, b = (frame.format(detail) for detail in (one, two))
    assert likeness((a, RIGHT), (b, RIGHT), least=0.85) is None
    assert likeness((RIGHT, a), (b, RIGHT), least=0.85) is None
    assert likeness((a, RIGHT), (a + " там", RIGHT), least=0.85) is not None


def test_details_are_compared_in_order() -> None:
    pair = ("Счёт матча был 2 против 3 в пользу гостей турнира", RIGHT)
    other = ("Счёт матча был 3 против 2 в пользу гостей турнира", RIGHT)
    assert likeness(pair, other) is None


def test_a_detail_on_one_side_does_not_make_up_for_the_other() -> None:
    """What crossed sides have is compared with what they are crossed with."""
    one = "Он сегодня не пойдёт на работу в свою контору"
    two = "Он сегодня но пойдёт на работу в свою контору"
    assert likeness((one, two), (two, one), symmetric=False) is None
    assert likeness((one, two), (two, one)) == 1


def table(rows: list[tuple[int, int, float]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table([pa.array(c) for c in columns], schema=COMPARED_SCHEMA)


def test_a_chain_loses_its_middle_only() -> None:
    """2 is like 1 and 1 is like 0, but 2 is not like 0: only 1 repeats a pair that is kept."""
    assert survivors([table([(0, 1, 0.95), (1, 2, 0.92)])]) == {1: Repeat(0, 0.95)}


def test_the_most_similar_kept_row_is_named() -> None:
    compared = table([(0, 3, 0.9), (1, 3, 0.99), (2, 3, 0.99), (0, 1, 0.93)])
    assert survivors([compared]) == {1: Repeat(0, 0.93), 3: Repeat(2, 0.99)}


def test_of_equally_similar_rows_the_first_is_named() -> None:
    assert survivors([table([(4, 9, 0.9), (2, 9, 0.9), (7, 9, 0.9)])]) == {9: Repeat(2, 0.9)}


def test_nothing_compared() -> None:
    assert survivors([]) == {}
    assert survivors([table([])]) == {}


EDGES = [(0, 2, 0.9), (1, 2, 0.95), (2, 3, 0.97), (1, 4, 0.91), (3, 4, 0.99)]


def test_the_order_of_the_tables_does_not_matter() -> None:
    found = [
        survivors([table([EDGES[i]]) for i in order]) for order in permutations(range(len(EDGES)))
    ]
    assert all(one == found[0] for one in found)
    assert list(found[0].items()) == [(2, Repeat(1, 0.95)), (4, Repeat(3, 0.99))]


@settings(deadline=None)
@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda e: e[0] < e[1])))
def test_every_dropped_row_repeats_a_kept_one_and_no_two_kept_are_near(
    edges: set[tuple[int, int]],
) -> None:
    dropped = survivors([table([(a, b, 0.9) for a, b in edges])])
    assert all((repeat.earlier, row) in edges for row, repeat in dropped.items())
    assert not {repeat.earlier for repeat in dropped.values()} & dropped.keys()
    assert all(a in dropped or b in dropped for a, b in edges)


def test_a_batch_gives_what_its_rows_give_alone() -> None:
    draw = random.Random(5)
    pool = [LEFT, RIGHT, LEFT + " домой", LEFT.replace("пыльной", "пыльный"), RIGHT[:-2], "Да"]
    rows = [
        {"earlier": n, "later": n + 100, "symmetric": n % 2 == 0}
        | {f"{side}_{of}": draw.choice(pool) for side in ("query", "passage") for of in "ab"}
        for n in range(200)
    ]
    alone = [compare(pa.Table.from_pylist([row]), 0.9) for row in rows]
    together = compare(pa.Table.from_pylist(rows), 0.9)
    assert pa.concat_tables(alone).to_pylist() == together.to_pylist()
    assert 5 < together.num_rows < 150


def test_texts_as_long_as_are_compared_are_compared_quickly() -> None:
    text = ("слово и дело " * 100)[:HEAD]
    rows = [{"earlier": n, "later": n + 1, "symmetric": True} for n in range(1_000)]
    sides = {f"{side}_{of}": text for side in ("query", "passage") for of in "ab"}
    done = compare(pa.Table.from_pylist([row | sides for row in rows]), 0.9)
    assert done["similarity"].to_pylist() == [1.0] * 1_000
