"""Three ways to the native files of a source, one result."""

import hashlib
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
        fetch_missing=False,
        skip_unavailable=False,
        rows=SimpleNamespace(sources=("rows", "texts")),
        texts=SimpleNamespace(sources=("texts",)),
    )
    judged = {"texts/q.tsv": sha256(JUDGED)}
    assert row_files(section) == {"rows/a.tsv": sha256(ROWS)} | judged
    assert text_files(section) == judged
    section.from_dir = put(tmp_path, c_tsv=b"c")
    with pytest.raises(
        UsageError, match=r"1 of 2 sources cannot be had:\n  texts: .* no such fold"
    ):
        row_files(section)
    section.fetch_missing = True
    assert row_files(section) == {"rows/c.tsv": sha256(b"c")} | judged
    section.rows.sources = ("rows",)
    assert row_files(section) == {"rows/c.tsv": sha256(b"c")}


def test_a_source_without_a_folder_may_be_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.add(REPO, {"a.tsv": ROWS})
    source = source_of(hub=(HubFiles(REPO, ("a.tsv",)),))
    with pytest.raises(UsageError, match=r"no such folder; .*; with --fetch-missing it is fetched"):
        native(source, tmp_path)
    assert native(source, tmp_path, fetch_missing=True).where == REPO
    with pytest.raises(UsageError, match="licenses describes files of one's own"):
        native(source, tmp_path, "MIT", fetch_missing=True)
    # A folder that is there is meant, whatever it holds.
    (tmp_path / "rows").mkdir()
    with pytest.raises(UsageError, match="holds none of"):
        native(source, tmp_path, fetch_missing=True)
    assert native(source, put(tmp_path, b_tsv=JUDGED), fetch_missing=True).where != REPO
    with pytest.raises(UsageError, match=r"absent: no such folder$"):
        native(source, tmp_path / "absent", fetch_missing=True)
    closed = source_of(name="closed", access="sign its terms")
    with pytest.raises(
        UsageError, match=r"closed: no such folder; it should hold .*sign its terms"
    ):
        native(closed, tmp_path, fetch_missing=True)


def test_all_that_cannot_be_had_is_told_at_once_or_left_out(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(REPO, {"a.tsv": ROWS})
    known = {
        "closed": source_of(name="closed", access="sign its terms"),
        "other": source_of(name="other"),
        "gone": source_of(name="gone", hub=(HubFiles("publisher/gone", ("a.tsv",)),)),
        "rows": source_of(hub=(HubFiles(REPO, ("a.tsv",)),)),
    }
    monkeypatch.setattr(fetch, "get", known.__getitem__)
    section: Any = SimpleNamespace(
        from_dir=None,
        fetch_missing=False,
        skip_unavailable=False,
        rows=SimpleNamespace(sources=tuple(known)),
    )
    with pytest.raises(UsageError) as error:
        row_files(section)
    said = str(error.value).splitlines()
    assert said[0] == "2 of 4 sources cannot be had:"
    assert said[1].startswith("  closed: sign its terms (https://example.org/rows); put *.tsv into")
    assert said[2].startswith("  other: not on the Hugging Face Hub; get *.tsv from https://")
    assert said[3].startswith("Go on without closed, other: --skip-unavailable (in a recipe: skip")
    assert not hub.requests, "something was fetched for a run that could not start"

    section.rows.sources = ("gone", "rows")
    with pytest.raises(RupairsError, match=r"1 of 2 sources cannot be had:\n  gone: ") as failed:
        row_files(section)
    assert not isinstance(failed.value, UsageError)
    assert fetch.unavailable(known, section) == {}

    section.skip_unavailable, section.rows.sources = True, tuple(known)
    assert row_files(section) == {"rows/a.tsv": sha256(ROWS)}
    assert list(fetch.unavailable(known, section)) == ["closed", "other", "gone"]
    hub.add("publisher/gone", {"a.tsv": JUDGED})
    assert set(row_files(section)) == {"rows/a.tsv", "gone/a.tsv"}
    assert list(fetch.unavailable(known, section)) == ["closed", "other"]
    section.rows.sources = ("closed", "other")
    with pytest.raises(UsageError, match="2 of 2 sources cannot be had"):
        row_files(section)
