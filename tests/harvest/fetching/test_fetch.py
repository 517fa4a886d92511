"""Three ways to the native files of a source, one result."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harvest.fetching import fetch
from harvest.fetching.fetch import native, row_files, text_files
from harvest.source import HubFiles, SiteFile, Source
from rupairs.errors import RupairsError, UsageError
from tests.hub import Hub
from tests.site import Site

ROWS = "вопрос\tответ\nГде он?\tДома.\n".encode()
JUDGED = b"1\t0\t2\t1\n"
REPO = "publisher/rows"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with Hub() as running:
        running.stand_in(monkeypatch, tmp_path / "hub")
        yield running


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setenv("RUPAIRS_CACHE", str(tmp_path / "cache"))
    with Site() as running:
        yield running


def source_of(**fields: Any) -> Source:
    known = {"license_url": "", "url": "https://example.org/rows", "citation": ""}
    known |= {"name": "rows", "title": "Строки", "license": "CC-BY-4.0"}
    return Source(**{"files": ("*.tsv",), **known, **fields})


def put(folder: Path, **files: bytes) -> Path:
    for name, content in files.items():
        path = folder / "rows" / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_folder_of_ones_own_holds_the_files_in_any_of_its_folders(tmp_path: Path) -> None:
    source = source_of(hub=(HubFiles(REPO, ("data/*.parquet",)),), site=(SiteFile("", "q.txt"),))
    folder = put(tmp_path, a_tsv=ROWS, data__b_parquet=b"b", q_txt=b"q", other_csv=b"c")
    found = native(source, folder)
    assert sorted(found.files) == ["a.tsv", "data/b.parquet", "q.txt"]
    assert found.where == str(tmp_path / "rows")
    assert found.revision.startswith("files-")


def test_the_revision_of_ones_own_files_is_their_content(tmp_path: Path) -> None:
    source = source_of()
    first = native(source, put(tmp_path / "1", a_tsv=ROWS)).revision
    assert native(source, put(tmp_path / "2", a_tsv=ROWS)).revision == first
    assert native(source, put(tmp_path / "3", b_tsv=ROWS)).revision != first
    assert native(source, put(tmp_path / "4", a_tsv=ROWS + b"\n")).revision != first


def test_a_folder_that_is_given_is_the_only_place(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, {"a.tsv": ROWS})
    source = source_of(hub=(HubFiles(REPO, ("a.tsv",)),), access="ask the publisher")
    wanted = r"it should hold \*.tsv; ask the publisher"
    with pytest.raises(UsageError, match=rf"{tmp_path / 'rows'}: no such folder; {wanted}"):
        native(source, tmp_path)
    with pytest.raises(UsageError, match=r"rows: holds none of \*.tsv; ask the publisher"):
        native(source, put(tmp_path, a_csv=b""))
    assert not hub.requests


def test_the_hub_gives_files_and_the_commit(hub: Hub) -> None:
    commit = hub.add(REPO, {"a.tsv": ROWS, "b.md": b"b"}, "refs/convert/parquet")
    found = native(source_of(hub=(HubFiles(REPO, ("*.tsv",), "refs/convert/parquet"),)), None)
    assert {name: path.read_bytes() for name, path in found.files.items()} == {"a.tsv": ROWS}
    assert (found.where, found.revision) == (REPO, commit)


def test_a_source_may_be_spread_over_data_sets_and_a_site(hub: Hub, site: Site) -> None:
    first = hub.add(REPO, {"a.tsv": ROWS})
    second = hub.add("other/texts", {"t.tsv": b"t"})
    url = site.add("qrels.tsv", JUDGED)
    parts = HubFiles(REPO, ("a.tsv",)), HubFiles("other/texts", ("t.tsv",))
    found = native(source_of(hub=parts, site=(SiteFile(url, "qrels.tsv"),)), None)
    assert sorted(found.files) == ["a.tsv", "qrels.tsv", "t.tsv"]
    assert found.revision == f"{first}+{second}+site-{sha256(JUDGED)[:16]}"
    assert found.where == f"{REPO} and other/texts and {url.split('/')[2]}"


def test_the_revision_of_a_site_is_the_content_of_its_files(site: Site) -> None:
    first = SiteFile(site.add("a.tsv", ROWS), "a.tsv")
    one = native(source_of(site=(first,)), None)
    assert one.revision == f"site-{sha256(ROWS)[:16]}"
    assert one.files["a.tsv"].read_bytes() == ROWS
    both = source_of(site=(first, SiteFile(site.add("b.tsv", JUDGED), "b.tsv")))
    whole = sha256(f"{sha256(ROWS)} {sha256(JUDGED)}".encode())
    assert native(both, None).revision == f"site-{whole[:16]}"


def test_one_name_from_two_places_is_an_error(hub: Hub) -> None:
    hub.add(REPO, {"a.tsv": ROWS})
    hub.add("other/texts", {"a.tsv": JUDGED})
    parts = HubFiles(REPO, ("a.tsv",)), HubFiles("other/texts", ("a.tsv",))
    with pytest.raises(RupairsError, match=r"rows: a.tsv comes from two places"):
        native(source_of(hub=parts), None)


def test_a_source_that_nothing_fetches_says_how_to_get_it() -> None:
    with pytest.raises(
        UsageError, match=r"rows: sign its terms \(https://example.org/rows\); put \*.tsv"
    ):
        native(source_of(access="sign its terms"), None)
    with pytest.raises(UsageError, match=r"rows: not on the Hugging Face Hub; get \*.tsv from htt"):
        native(source_of(), None)


def test_the_recipes_answers_go_with_the_files(tmp_path: Path) -> None:
    folder = put(tmp_path, a_tsv=ROWS)
    plain = native(source_of(), folder)
    assert (plain.license, plain.columns) == ("CC-BY-4.0", {})
    told = native(source_of(), folder, "MIT", {"query": "вопрос"})
    assert (told.license, told.columns) == ("MIT", {"query": "вопрос"})


def test_the_inputs_are_the_hashes_of_all_files(
    hub: Hub, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(REPO, {"a.tsv": ROWS})
    known = {
        "rows": source_of(hub=(HubFiles(REPO, ("a.tsv",)),)),
        "texts": source_of(name="texts", site=(SiteFile(site.add("q.tsv", JUDGED), "q.tsv"),)),
    }
    monkeypatch.setattr(fetch, "get", known.__getitem__)
    section: Any = SimpleNamespace(
        from_dir=None,
        rows=SimpleNamespace(sources=("rows", "texts")),
        texts=SimpleNamespace(sources=("texts",)),
    )
    judged = {"texts/q.tsv": sha256(JUDGED)}
    assert row_files(section) == {"rows/a.tsv": sha256(ROWS)} | judged
    assert text_files(section) == judged
    section.from_dir = put(tmp_path, c_tsv=b"c")
    section.rows.sources = ("rows",)
    assert row_files(section) == {"rows/c.tsv": sha256(b"c")}
