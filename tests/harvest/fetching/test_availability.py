"""Where the files of a source are, found out without asking anyone."""

from pathlib import Path
from typing import Any

import pytest

from harvest.fetching.availability import Availability, probe
from harvest.fetching.fetch import native
from harvest.source import HubFiles, SiteFile, Source
from tests.hub import Hub
from tests.site import Site

REPO = "publisher/rows"


@pytest.fixture
def hub(hub: Hub) -> Hub:
    hub.add(REPO, {"a.tsv": b"a", "b.tsv": b"b"})
    return hub


def source_of(**fields: Any) -> Source:
    known = {"license_url": "", "url": "https://example.org/rows", "citation": ""}
    known |= {"name": "rows", "title": "Строки", "license": "CC-BY-4.0"}
    return Source(**{"files": ("*.tsv",), **known, **fields})


def test_ones_own_folder_comes_first(hub: Hub, tmp_path: Path) -> None:
    source = source_of(hub=(HubFiles(REPO, ("a.tsv",)),))
    (tmp_path / "rows").mkdir()
    assert probe(source, tmp_path).state == "hub"
    (tmp_path / "rows" / "a.tsv").touch()
    assert probe(source, tmp_path) == Availability(
        "rows", "folder", str(tmp_path / "rows"), "1 file"
    )


def test_a_data_set_is_cached_once_all_its_files_are(hub: Hub) -> None:
    part, whole = HubFiles(REPO, ("a.tsv",)), HubFiles(REPO, ("*.tsv",))
    source = source_of(hub=(whole,), access="accept the terms")
    assert probe(source, None) == Availability("rows", "hub", REPO, "accept the terms")
    assert not hub.requests
    native(source_of(hub=(part,)), None)
    asked = len(hub.requests)
    assert probe(source_of(hub=(part,)), None) == Availability("rows", "cached", REPO)
    assert probe(source, None).state == "hub"
    pinned = HubFiles(REPO, ("a.tsv",), "0" * 40)
    assert probe(source_of(hub=(pinned,)), None).state == "hub"
    assert len(hub.requests) == asked


def test_a_site_is_cached_once_all_its_files_are(site: Site, tmp_path: Path) -> None:
    url = site.add("q.tsv", b"q")
    source = source_of(site=(SiteFile(url, "q.tsv"),))
    assert probe(source, None) == Availability("rows", "site", url)
    assert not site.requests
    native(source, None)
    folder = tmp_path / "cache" / "sites" / "rows"
    assert probe(source, None) == Availability("rows", "site cache", str(folder))
    (folder / "q.tsv").write_bytes(b"")
    assert probe(source, None).state == "site"
    assert len(site.requests) == 1


def test_a_source_of_both_needs_both(hub: Hub, site: Site) -> None:
    part, file = HubFiles(REPO, ("a.tsv",)), SiteFile(site.add("q.tsv", b"q"), "q.tsv")
    both = source_of(hub=(part,), site=(file,))
    assert probe(both, None).state == "hub"
    native(source_of(hub=(part,)), None)
    assert probe(both, None).state == "site"
    native(both, None)
    assert probe(both, None).state == "cached"


def test_what_nothing_fetches_says_how_to_get_it() -> None:
    closed = source_of(access="sign its terms")
    note = f"sign its terms ({closed.url})"
    expected = Availability("rows", "own files only", closed.url, note)
    assert probe(closed, None) == expected
    assert "get *.tsv from https://example.org/rows" in probe(source_of(), None).note
