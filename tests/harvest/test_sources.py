"""The registry of sources, and the sample that is shipped with the package."""

import re
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from harvest.fetching.fetch import native
from harvest.source import Source, Unusable
from harvest.sources import SOURCES, get
from rupairs.errors import UsageError
from tests.harvest.conftest import drafts_of


def test_the_registry_is_complete_and_unambiguous() -> None:
    names = [s.name for s in SOURCES]
    assert len(set(names)) == len(names)
    for source in SOURCES:
        assert source.gives
        assert source.files
        assert source.license
        assert source.citation
        assert bool(source.relations) == bool(source.pairs)
    with pytest.raises(UsageError, match=r"lena: no such source; known: .*\brcb, terra\b.*lenta"):
        get("lena")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_source_says_where_it_is_from_and_under_which_terms(source: Source) -> None:
    assert re.fullmatch(r"[a-z0-9_]+", source.name)
    assert source.url.startswith("https://")
    assert source.license_url or source.license == "unknown"
    for part in source.hub:
        assert part.revision is None or re.fullmatch(r"[0-9a-f]{40}|refs/.*", part.revision)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_what_is_fetched_is_pinned_or_says_why_not(source: Source) -> None:
    for part in source.hub:
        pinned = re.fullmatch(r"[0-9a-f]{40}", part.revision or "")
        assert bool(pinned) != bool(part.unpinned), part.repo


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_what_is_fetched_has_names_that_are_read(source: Source) -> None:
    fetched = [glob.replace("*", "0") for part in source.hub for glob in part.files]
    for name in [*fetched, *(file.name for file in source.site)]:
        assert any(PurePosixPath(name).match(glob) for glob in source.files), name


def test_the_shipped_sample_reads_as_its_readme_says(sample: Path) -> None:
    counts = {}
    for name in ("rcb", "lenta", "ruparadetox", "miracl"):
        source = get(name)
        rows = drafts_of(source, native(source, sample))
        counts[name] = Counter(r.reason if isinstance(r, Unusable) else r.relation for r in rows)
    assert counts == {
        "rcb": {"entailment": 22, "neutral": 22, "contradiction": 22},
        "lenta": {"title_text": 24},
        "ruparadetox": {"detoxified": 53},
        "miracl": {"relevant_passage": 28, "irrelevant_passage": 30, "passage_text_absent": 2},
    }
