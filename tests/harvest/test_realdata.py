"""Counts on real open data, where it is at hand."""

from collections import Counter
from pathlib import Path

import pytest

from harvest.fetch import native
from harvest.source import Unusable
from harvest.sources import get


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ruparadetox", {"detoxified": 11_090}),
        ("terra", {"entailment": 1_359, "not_entailment": 1_257}),
        ("miracl", {"passage_text_absent": 33_921}),
        ("bible", {"translation": 7_938, "verse_absent": 20}),
        ("ud_russian_gsd", {"sentence": 1_180}),
    ],
)
def test_native_counts(realdata: Path, name: str, expected: dict[str, int]) -> None:
    source = get(name)
    if not (realdata / name).is_dir():
        pytest.skip(f"no {name} in the real data at hand")
    read = source.pairs or source.sentences
    assert read is not None
    counts = Counter(
        row.reason if isinstance(row, Unusable) else getattr(row, "relation", "sentence")
        for row in read(native(source, realdata))
    )
    assert counts == expected


def test_bible_sides_say_the_same(realdata: Path) -> None:
    """A join that is a line off would put names beside verses that do not hold them."""
    source = get("bible")
    assert source.pairs is not None
    names = {"Павел": "Paul", "Пётр": "Peter", "Петр": "Peter", "Тимофе": "Timothy"}
    seen = found = 0
    for pair in source.pairs(native(source, realdata)):
        if isinstance(pair, Unusable):
            continue
        for russian, english in names.items():
            if russian in pair.query:
                seen += 1
                found += english in pair.passage
    assert seen > 200
    assert found / seen > 0.9
