"""Symmetric sources: what all have in common, and the first rows of the originals."""

from collections import Counter
from pathlib import Path

import pytest

from harvest.source import Draft
from harvest.source import Native as NativeFiles
from harvest.sources import get
from rupairs.pairs import NLI_RELATIONS
from tests.harvest.conftest import drafts_of

SYMMETRIC = (
    "allnli mednli rcb terra tapaco opus100 bible rudetoxifier_data_detox ruparadetox "
    "ru_hnp ru_wanli"
)


@pytest.mark.parametrize("name", SYMMETRIC.split())
def test_the_sources_are_symmetric_and_explain_their_numbers(name: str) -> None:
    source = get(name)
    assert source.symmetric
    assert source.expected
    assert source.why


@pytest.mark.parametrize(
    ("name", "folder", "expected"),
    [
        ("rcb", "russian_super_glue/rcb__dummy_data", {"labelled": 5}),
        ("terra", "russian_super_glue/terra__dummy_data", {"labelled": 5}),
        ("tapaco", "tapaco/ru__dummy_data", {"paraphrase": 1}),
        ("opus100", "opus100/en-ru__dummy_data", {"translation": 2}),
    ],
)
def test_first_rows_of_the_originals(
    realdata: Path, name: str, folder: str, expected: dict[str, int]
) -> None:
    root = realdata / "hf_dummy" / folder
    if not root.is_dir():
        pytest.skip(f"no {folder} in the real data at hand")
    files = {p.relative_to(root).as_posix(): p for p in sorted(root.rglob("*")) if p.is_file()}
    drafts = list(drafts_of(get(name), NativeFiles(name, str(root), files, "dummy", "unknown")))
    assert all(isinstance(d, Draft) for d in drafts)
    counts = Counter("labelled" if d.relation in NLI_RELATIONS else d.relation for d in drafts)
    assert counts == expected
    assert len({d.row for d in drafts}) == len(drafts)
