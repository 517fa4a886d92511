"""Hashed n-grams are those of the text, for texts of every length, side by side."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from rupairs.grams import Grams, N, characters, grams


def sets(found: Grams) -> list[list[int]]:
    spans = zip(found.offsets, found.offsets[1:], strict=False)
    return [found.hashes[a:b].tolist() for a, b in spans]


@given(st.lists(st.text(alphabet="абв😀x", max_size=12), max_size=12))
def test_equal_windows_have_equal_hashes_wherever_they_stand(texts: list[str]) -> None:
    together = sets(grams(pa.array(texts, pa.string())))
    for text, hashes in zip(texts, together, strict=True):
        windows = [text[i : i + N] for i in range(len(text) - N + 1)] or [text] * bool(text)
        assert len(hashes) == len(windows)
        alone = dict(zip(windows, sets(grams(pa.array([text], pa.string())))[0], strict=True))
        assert [alone[window] for window in windows] == hashes
        assert len(set(alone.values())) == len(alone)


def test_a_slice() -> None:
    points = characters(pa.array(["нет", "да-да", "", "ё😀"]).slice(1))
    assert points.offsets.tolist() == [0, 5, 5, 7]


def test_different_windows_do_not_collide() -> None:
    words = ["".join("абвгд"[(n // 5**k) % 5] for k in range(N)) for n in range(5**N)]
    assert len(set(grams(pa.array(words)).hashes.tolist())) == 5**N


def test_owners() -> None:
    assert grams(pa.array(["абвгде", "", "аб"])).owners().tolist() == [0, 0, 2]
