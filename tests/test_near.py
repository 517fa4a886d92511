"""Rows whose n-grams overlap meet as often as theory says, and few others do."""

import math
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rupairs.grams import Grams, grams
from rupairs.near import BANDS, ROWS, SKETCH, Buckets, signatures

_WORDS = (
    "вечер окно поезд дорога яблоко письмо город утро берег лодка учитель книга музыка огонь зима "
    "ветер тишина старый новый тихий быстрый синий тёплый поёт едет читает молчит видит помнит "
    "ищет находит зовёт около напротив сквозь вдоль потом всегда редко снова сегодня завтра"
)
VOCABULARY = _WORDS.split()


def of(sets: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return hashes and offsets of rows given by their grams."""
    offsets = np.cumsum([0, *map(len, sets)])
    return np.array([gram for row in sets for gram in row], np.uint64), offsets


def buckets(folder: Path, found: Grams | tuple[np.ndarray, np.ndarray], step: int = 0) -> Buckets:
    hashes, offsets = (found.hashes, found.offsets) if isinstance(found, Grams) else found
    bands, sketches = signatures(hashes, offsets)
    made = Buckets.open(folder)
    for start in range(0, len(bands), step or max(1, len(bands))):
        stop = start + (step or len(bands))
        made.add(bands[start:stop], sketches[start:stop])
    return made


def meetings(made: Buckets, alive: np.ndarray | None = None) -> list[tuple[int, int]]:
    earlier, later = made.candidates(alive)
    return list(zip(earlier.tolist(), later.tolist(), strict=True))


def sentences(count: int, draw: random.Random) -> list[str]:
    return [" ".join(draw.choices(VOCABULARY, k=draw.randint(8, 20))) for _ in range(count)]


def test_signatures_know_neither_order_nor_repetition() -> None:
    draw = random.Random(1)
    row = [draw.getrandbits(64) for _ in range(80)]
    shuffled = draw.sample(row, len(row))
    repeated = row + draw.choices(row, k=200)
    other = [*row[:40], *(draw.getrandbits(64) for _ in range(40))]
    bands, sketches = signatures(*of([row, shuffled, other, repeated]))
    assert bands.shape == (4, BANDS)
    assert sketches.shape == (4, SKETCH)
    assert sketches.dtype == np.uint8
    assert (bands[[1, 3]] == bands[0]).all()
    assert (sketches[[1, 3]] == sketches[0]).all()
    assert (bands[2] != bands[0]).mean() > 0.8


def test_a_row_has_the_same_signature_in_any_batch() -> None:
    draw = random.Random(2)
    rows = [[draw.getrandbits(64) for _ in range(draw.randint(1, 50))] for _ in range(30)]
    bands, sketches = signatures(*of(rows))
    alone = [signatures(*of([row])) for row in rows]
    assert (np.concatenate([one[0] for one in alone]) == bands).all()
    assert (np.concatenate([one[1] for one in alone]) == sketches).all()


def test_no_rows_and_rows_without_grams() -> None:
    bands, sketches = signatures(np.zeros(0, np.uint64), np.zeros(1, np.int64))
    assert (bands.shape, sketches.shape) == ((0, BANDS), (0, SKETCH))
    bands, _ = signatures(*of([[], [1, 2, 3], []]))
    assert (bands[0] == bands[2]).all()
    assert (bands[0] != bands[1]).all()


def overlapping(jaccard: float, pairs: int, draw: random.Random) -> list[list[int]]:
    """Return rows, two by two, whose sets of grams overlap by `jaccard`."""
    union, rows = 200, []
    common = round(jaccard * union)
    for _ in range(pairs):
        grams_ = [draw.getrandbits(64) for _ in range(union)]
        middle = common + (union - common) // 2
        rows += [grams_[:middle], grams_[:common] + grams_[middle:]]
    return rows


@pytest.mark.parametrize("jaccard", [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.05])
def test_rows_meet_as_often_as_theory_says(jaccard: float) -> None:
    pairs = 800
    bands, _ = signatures(*of(overlapping(jaccard, pairs, random.Random(11))))
    met = (bands[::2] == bands[1::2]).any(1).mean()
    expected = 1 - (1 - jaccard**ROWS) ** BANDS
    assert abs(met - expected) < 4 * math.sqrt(expected * (1 - expected) / pairs) + 2 / pairs


@pytest.mark.parametrize("jaccard", [0.9, 0.7, 0.5, 0.3, 0.05])
def test_the_share_of_agreeing_slots_is_the_overlap(jaccard: float) -> None:
    pairs = 400
    _, sketches = signatures(*of(overlapping(jaccard, pairs, random.Random(12))))
    agree = (sketches[::2] == sketches[1::2]).mean(1)
    chance = jaccard + (1 - jaccard) / 256
    assert abs(agree.mean() - chance) < 0.015
    assert agree.std() < 2 * math.sqrt(chance * (1 - chance) / SKETCH)


def test_candidates_are_ordered_and_each_once(tmp_path: Path) -> None:
    rows = [[5, 6, 7], [1, 2], [5, 6, 7], [9], [1, 2], [5, 6, 7]]
    assert meetings(buckets(tmp_path, of(rows))) == [(0, 2), (0, 5), (1, 4), (2, 5)]


def test_batches_of_any_size_and_old_files_do_not_matter(tmp_path: Path) -> None:
    rows = overlapping(0.8, 60, random.Random(4))
    whole = meetings(buckets(tmp_path, of(rows)))
    assert meetings(buckets(tmp_path, of(rows), step=7)) == whole
    assert len(whole) >= 60


def test_no_rows_at_all(tmp_path: Path) -> None:
    made = Buckets.open(tmp_path)
    assert meetings(made) == []
    made.add(np.zeros((0, BANDS), np.uint64), np.zeros((0, SKETCH), np.uint8))
    assert meetings(made) == []


def test_dead_rows_are_not_there(tmp_path: Path) -> None:
    draw = random.Random(6)
    rows = [row for j in (1.0, 0.9, 0.8) for row in overlapping(j, 40, draw)] + [[7, 8]] * 30
    draw.shuffle(rows)
    alive = np.array([draw.random() < 0.7 for _ in rows])
    numbers = np.flatnonzero(alive).tolist()
    (tmp_path / "living").mkdir()
    living = buckets(tmp_path / "living", of([rows[n] for n in numbers]))
    expected = [(numbers[a], numbers[b]) for a, b in meetings(living)]
    made = buckets(tmp_path, of(rows))
    assert meetings(made, alive) == expected
    assert meetings(made, np.zeros(len(rows), bool)) == []


@pytest.mark.parametrize("size", [2, 11, 12])
def test_in_small_buckets_all_meet_all(tmp_path: Path, size: int) -> None:
    found = meetings(buckets(tmp_path, of([[1, 2, 3]] * size)))
    assert found == [(a, b) for a in range(size) for b in range(a + 1, size)]


def test_huge_buckets_stay_linear(tmp_path: Path) -> None:
    count = 20_000
    found = meetings(buckets(tmp_path, of([[1, 2, 3]] * count)))
    assert len(found) == 2 * count - 3
    assert {b for _, b in found} == set(range(1, count))
    assert all(a in (0, b - 1) for a, b in found)


def test_rows_that_agree_on_a_band_only_are_no_candidates(tmp_path: Path) -> None:
    bands = np.random.default_rng(1).integers(0, 1 << 60, (40, BANDS), np.uint64)
    bands[:, 3] = 9
    sketches = np.random.default_rng(2).integers(0, 256, (40, SKETCH), np.uint8)
    sketches[20:, :24] = sketches[0, :24]
    made = Buckets.open(tmp_path)
    made.add(bands, sketches)
    assert meetings(made) == [(0, row) for row in range(20, 40)] + list(pairwise(range(20, 40)))


def test_candidates_are_those_of_a_search_of_all_pairs(tmp_path: Path) -> None:
    draw = random.Random(8)
    texts = sentences(300, draw)
    for text in texts[:200]:
        words = text.split()
        for _ in range(draw.randint(1, 2)):
            words[draw.randrange(len(words))] = draw.choice(VOCABULARY)
        texts.append(" ".join(words))
    draw.shuffle(texts)
    sets = [{text[i : i + 5] for i in range(len(text) - 4)} for text in texts]
    overlap = {
        (a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b])
        for a in range(len(sets))
        for b in range(a + 1, len(sets))
    }
    near = {pair for pair, jaccard in overlap.items() if jaccard >= 0.8}
    found = set(meetings(buckets(tmp_path, grams(pa.array(texts)))))
    assert len(near) > 30
    assert len(near & found) / len(near) > 0.97
    assert min(overlap[pair] for pair in found) > 0.15
    assert len([pair for pair in found if overlap[pair] < 0.3]) <= 0.1 * len(found)
