"""Counts on real open data, where it is at hand."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from harvest.fetching.fetch import native
from harvest.source import Draft, Excerpt, Unusable
from harvest.sources import get
from tests.harvest.conftest import Native, drafts_of, nli
from tests.harvest.native_files import jsonl


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


def test_votes_of_rcb_are_read_as_rcb(realdata: Path, put: Native) -> None:
    """Its test set with the labels of people, in the layout of the train set; ties are no rows."""
    path = realdata / "rsg_humanbenchmark/assign_RCB.tsv"
    if not path.is_file():
        pytest.skip("no votes of RCB in the real data at hand")
    votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter=";"):
            # A button's number stands after the label.
            votes[row["premise"], row["hypothesis"]][row["result"].rstrip("0123456789")] += 1
    assert len(votes) == 429
    assert sum(counts.total() for counts in votes.values()) == 1_398
    first = [(*sides, counts.most_common()[0][0]) for sides, counts in votes.items()]
    folder = put("rcb", {"train.jsonl": jsonl(*(nli(*row) for row in first))})
    drafts = [d for d in drafts_of(get("rcb"), native(get("rcb"), folder)) if isinstance(d, Draft)]
    assert [(d.query, d.passage, d.relation) for d in drafts] == first


def test_labelled_headlines_are_all_read(realdata: Path) -> None:
    """No source gives paraphraser.ru; the checks of RuHNP are measured on it."""
    from ruhnp.measuring.labelled import SETS

    if not (realdata / "paraphraser").is_dir():
        pytest.skip("no paraphraser in the real data at hand")
    labelled = next(s for s in SETS if s.name == "paraphraser.ru")
    sizes = {p.name: sum(1 for _ in labelled.read(p)) for p in realdata.glob(labelled.pattern)}
    assert sorted(sizes.values()) == [1_924, 7_227], sizes


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
