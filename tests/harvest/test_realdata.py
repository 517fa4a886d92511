"""Counts on real open data, where it is at hand."""

from collections import Counter
from pathlib import Path

import pytest

from harvest.fetching.fetch import native
from harvest.source import Draft, Excerpt, Unusable
from harvest.sources import get
from tests.harvest.conftest import drafts_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ruparadetox", {"detoxified": 11_090}),
        ("terra", {"entailment": 1_359, "not_entailment": 1_257}),
        ("miracl", {"passage_text_absent": 33_921}),
        ("bible", {"translation": 7_931, "verse_range": 7, "verse_absent": 20}),
        ("ud_russian_gsd", {"sentence": 1_180}),
    ],
)
def test_native_counts(realdata: Path, name: str, expected: dict[str, int]) -> None:
    if not (realdata / name).is_dir():
        pytest.skip(f"no {name} in the real data at hand")
    rows = list(drafts_of(get(name), native(get(name), realdata)))
    assert Counter(map(_kind, rows)) == expected
    names = [row.row for row in rows if not isinstance(row, Unusable)]
    assert len(set(names)) == len(names)


def _kind(row: Draft | Excerpt | Unusable) -> str:
    if isinstance(row, Unusable):
        return row.reason
    return row.relation if isinstance(row, Draft) else "sentence"


def test_bible_sides_say_the_same(realdata: Path) -> None:
    """A join that is a line off would put names beside verses that do not hold them."""
    if not (realdata / "bible").is_dir():
        pytest.skip("no bible in the real data at hand")
    names = {"Павел": "Paul", "Пётр": "Peter", "Петр": "Peter", "Тимофе": "Timothy"}
    seen = found = 0
    for pair in drafts_of(get("bible"), native(get("bible"), realdata)):
        if not isinstance(pair, Draft):
            continue
        for russian, english in names.items():
            if russian in pair.query:
                seen += 1
                found += english in pair.passage
    assert seen > 200
    assert found / seen > 0.9
