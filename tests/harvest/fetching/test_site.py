"""The original site's way in, against a small site over real HTTP that fails in every way."""

import gzip
import io
import json
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from huggingface_hub import constants

from harvest.fetching import download, transfer
from harvest.fetching import site as site_files
from harvest.source import SiteFile, Source
from rupairs.errors import RupairsError
from tests.faulty import Answer
from tests.site import Site

BODY = Random(0).randbytes(200_000)
NAME = "pairs.bin"


@pytest.fixture
def cache(tmp_path: Path, site: Site) -> Path:
    return tmp_path / "cache" / "sites" / "rows"


def source_of(*urls: str) -> Source:
    return Source(
        name="rows",
        title="Строки",
        license="unknown",
        license_url="",
        url="https://example.org/rows",
        citation="",
        files=tuple(url.rpartition("/")[2] for url in urls),
        site=tuple(SiteFile(url, url.rpartition("/")[2]) for url in urls),
    )


def fetch(*urls: str) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in site_files.fetch(source_of(*urls)).items()}


def error_of(url: str) -> str:
    with pytest.raises(RupairsError) as caught:
        fetch(url)
    message = str(caught.value)
    assert message.startswith("rows: cannot fetch ")
    for part in (url, "DIR/rows", "--from-dir DIR --fetch-missing"):
        assert part in message
    assert "\n" not in message
    return message


def gets(site: Site) -> int:
    return len(site.requests)


def zipped(text: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", text)
    return stream.getvalue()


def test_a_file_is_fetched_once_and_kept_with_what_it_is(site: Site, cache: Path) -> None:
    url = site.add(NAME, BODY)
    assert fetch(url) == fetch(url) == {NAME: BODY}
    assert gets(site) == 1
    kept = json.loads((cache / f"{NAME}.origin.json").read_text())
    assert kept["url"] == url
    assert kept["size"] == len(BODY)
    assert kept["sha256"] == transfer.sha256_of(cache / NAME)
    assert kept["etag"]
    assert kept["last_modified"]
    assert not (cache / f"{NAME}.part").exists()


def test_a_file_may_lie_in_a_folder_of_its_own(site: Site, cache: Path) -> None:
    source = source_of(site.add("a.tsv", b"a"))
    file = SiteFile(source.site[0].url, "en-ru/a.tsv")
    deep = Source(**{**vars(source), "site": (file,)})
    assert site_files.fetch(deep) == {"en-ru/a.tsv": cache / "en-ru" / "a.tsv"}


def test_a_kept_file_needs_no_network(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    url = site.add(NAME, BODY)
    fetch(url)
    site.__exit__(None, None, None)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch(url) == {NAME: BODY}


def test_without_network_what_is_not_kept_is_an_error(
    site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(RupairsError, match=r"rows: HF_HUB_OFFLINE is set and .*pairs.bin is miss"):
        fetch(site.add(NAME, BODY))
    assert not site.requests


@pytest.mark.parametrize(
    "damage", [b"", BODY[:-1], BODY[:-1] + b"?"], ids=["empty", "short", "changed"]
)
def test_a_file_damaged_on_the_disk_is_fetched_again(
    site: Site, cache: Path, damage: bytes
) -> None:
    url = site.add(NAME, BODY[:-1] + b"!")
    fetch(url)
    (cache / NAME).write_bytes(damage)
    assert fetch(url) == {NAME: BODY[:-1] + b"!"}
    assert gets(site) == 2


def test_a_file_from_another_address_is_not_the_file(site: Site) -> None:
    fetch(site.add(NAME, BODY))
    assert fetch(site.add(f"v2/{NAME}", b"new")) == {NAME: b"new"}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_site_that_recovers_is_waited_for(site: Site, waits: list[float], status: int) -> None:
    site.faults.fail("GET *", status, times=2)
    assert fetch(site.add(NAME, BODY)) == {NAME: BODY}
    assert 0.5 <= waits[0] <= 1
    assert 1 <= waits[1] <= 2


def test_a_site_is_waited_for_as_long_as_it_asks(site: Site, waits: list[float]) -> None:
    then = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 100))
    site.faults.fail("GET *", 429, Retry_After="40")
    site.faults.fail("GET *", 503, Retry_After=then)
    assert fetch(site.add(NAME, BODY)) == {NAME: BODY}
    assert 40 <= waits[0] <= 41
    assert 95 <= waits[1] <= 101


def test_a_site_that_asks_for_hours_is_left(site: Site, waits: list[float]) -> None:
    site.faults.fail("GET *", 429, times=None, Retry_After="7200")
    assert "it asks to wait 7200 s. Run again to go on" in error_of(site.add(NAME, BODY))
    assert not waits


def test_a_site_that_does_not_recover_is_one_clear_error(site: Site) -> None:
    site.faults.fail("GET *", 503, times=None)
    assert ": HTTP 503. Run again to go on, or put pairs.bin" in error_of(site.add(NAME, BODY))
    assert gets(site) == transfer.ATTEMPTS


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_site_that_refuses_is_not_asked_again(site: Site, status: int) -> None:
    site.faults.fail("GET *", status, times=None)
    message = error_of(site.add(NAME, BODY))
    assert f": HTTP {status}. Look at https://example.org/rows, or put" in message
    assert gets(site) == 1


def test_a_site_that_is_gone_is_one_clear_error(site: Site, waits: list[float]) -> None:
    url = site.add(NAME, BODY)
    site.__exit__(None, None, None)
    assert "ConnectError" in error_of(url)
    assert len(waits) == transfer.ATTEMPTS - 1


def test_a_site_that_says_nothing_is_asked_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "SILENCE_S", 0.1)
    site.faults.stall("GET *")
    assert fetch(site.add(NAME, BODY)) == {NAME: BODY}


def test_a_download_that_breaks_off_goes_on(site: Site) -> None:
    site.faults.cut("GET *", times=2)
    assert fetch(site.add(NAME, BODY)) == {NAME: BODY}
    assert site.ranges == [f"bytes={len(BODY) // 2}-", f"bytes={len(BODY) * 3 // 4}-"]


def test_a_download_that_gains_is_not_given_up(site: Site) -> None:
    site.faults.cut("GET *", times=2 * transfer.ATTEMPTS)
    assert fetch(site.add(NAME, BODY)) == {NAME: BODY}


@pytest.mark.parametrize("without", ["ranges", "validators"])
def test_where_it_cannot_go_on_it_starts_anew(site: Site, without: str) -> None:
    site.ranged = without != "ranges"
    headers = {"ETag": "", "Last-Modified": ""} if without == "validators" else {}
    site.faults.cut("GET *", times=2)
    assert fetch(site.add(NAME, BODY, **headers)) == {NAME: BODY}
    assert len(site.ranges) == (0 if without == "validators" else 2)


def test_where_it_only_starts_anew_it_ends_some_time(site: Site, cache: Path) -> None:
    site.ranged = False
    site.faults.cut("GET *", times=None)
    url = site.add(NAME, BODY)
    assert "RemoteProtocolError" in error_of(url)
    assert gets(site) <= transfer.ATTEMPTS + 1
    assert not (cache / NAME).exists()


def test_halves_of_two_versions_are_never_joined(site: Site) -> None:
    url = site.add(NAME, BODY)
    site.faults.cut("GET *")
    plain = site.answer

    def answer(path: str) -> Answer:
        if gets(site) == 2:
            site.add(NAME, BODY[::-1])
        return plain(path)

    site.answer = answer  # type: ignore[method-assign]
    assert fetch(url) == {NAME: BODY[::-1]}
    assert len(site.ranges) == 1


@pytest.mark.parametrize(
    "told",
    [
        {"Content-Range": "bytes 100000-199999/200000", "ETag": '"another"'},
        {"Content-Range": "bytes 100000-199999/200001"},
        {"Content-Range": "bytes 0-99999/200000"},
        {},
    ],
)
def test_a_server_that_goes_on_with_something_else_is_not_believed(
    site: Site, told: dict[str, str]
) -> None:
    url = site.add(NAME, BODY)
    site.faults.cut("GET *")
    plain = site.answer

    def answer(path: str) -> Answer:
        return (206, told, BODY[:100_000]) if gets(site) == 2 else plain(path)

    site.answer = answer  # type: ignore[method-assign]
    assert fetch(url) == {NAME: BODY}
    assert gets(site) == 3


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("a.zip", zipped("раз"), zipped("раз")[:-30]),
        ("a.csv.gz", gzip.compress(BODY), gzip.compress(BODY)[:-9]),
        ("b.csv.gz", gzip.compress(BODY), b"x,y\n1,2\n"),
    ],
    ids=["zip", "gzip cut short", "no gzip"],
)
def test_an_archive_that_cannot_be_opened_is_fetched_again_once(
    site: Site, cache: Path, name: str, good: bytes, bad: bytes
) -> None:
    url = site.add(name, bad)
    assert "damaged archive" in error_of(url)
    assert gets(site) == 2
    assert sorted(p.name for p in cache.iterdir()) == [f"{name}.lock", f"{name}.origin.json"]
    site.add(name, good)
    assert fetch(url) == {name: good}


def test_a_gzip_file_is_not_unpacked_because_a_server_calls_it_encoded(site: Site) -> None:
    packed = gzip.compress(BODY)
    assert fetch(site.add("a.csv.gz", packed, Content_Encoding="gzip")) == {"a.csv.gz": packed}


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Content_Type": "text/html; charset=utf-8"}, "a web page comes instead of the file"),
        ({"Content_Encoding": "gzip"}, "compresses what was asked for"),
    ],
)
def test_what_is_not_the_file_is_not_kept(
    site: Site, cache: Path, headers: dict[str, str], words: str
) -> None:
    assert words in error_of(site.add("a.csv", BODY, **headers))
    assert not list(cache.glob("a.csv*[!k]"))


def test_a_body_without_a_length_is_read_to_its_end(site: Site, cache: Path) -> None:
    assert fetch(site.add(NAME, BODY, Content_Length="")) == {NAME: BODY}
    assert json.loads((cache / f"{NAME}.origin.json").read_text())["size"] == len(BODY)


def test_redirects_are_followed(site: Site) -> None:
    url = site.add(NAME, BODY)
    site.faults.fail("GET */moved/*", 302, Location=url)
    assert fetch(f"{site.url}/moved/{NAME}") == {NAME: BODY}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_named_with_its_folder(
    site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = site.add(NAME, BODY)
    real = Path.open

    def full(path: Path, *args: str, **options: Any) -> Any:
        return real(Path("/dev/full") if path.suffix == ".part" else path, *args, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(RupairsError, match=rf"rows: no space left in {re.escape(str(cache))}: "):
        fetch(url)


def test_a_file_larger_than_the_disk_is_not_begun(site: Site, cache: Path) -> None:
    huge = str(10**18)
    with pytest.raises(RupairsError, match=r"MB free of 1,000,000,000,000.0 MB needed; .*RUPAIRS_"):
        fetch(site.add(NAME, BODY, Content_Length=huge))
    assert not (cache / f"{NAME}.part").exists()


def test_a_cache_that_cannot_be_written_to_is_named(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RUPAIRS_CACHE", str(tmp_path / "file"))
    with pytest.raises(RupairsError, match=r"cannot write .*pairs.bin .*set RUPAIRS_CACHE"):
        fetch(site.add(NAME, BODY))


SCRIPT = """
import sys
from tests.harvest.fetching.test_site import source_of
from harvest.fetching.site import fetch
fetch(source_of(sys.argv[1]))
"""


def test_a_download_that_is_killed_goes_on_where_it_was(cache: Path) -> None:
    with Site() as site:
        url = site.add(NAME, BODY)
        site.pace = (1_000, 0.01)
        running = subprocess.Popen([sys.executable, "-c", SCRIPT, url])
        part = cache / f"{NAME}.part"
        try:
            deadline = time.monotonic() + 20
            while not (part.exists() and part.stat().st_size > 10_000):
                assert running.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.005)
        finally:
            running.send_signal(signal.SIGKILL)
            running.wait()
        got = part.stat().st_size
        assert 0 < got < len(BODY)
        assert not (cache / NAME).exists()
        site.pace = None
        assert fetch(url) == {NAME: BODY}
        assert site.ranges == [f"bytes={got}-"]
        assert gets(site) == 2


def test_two_runs_at_once_fetch_a_file_once(cache: Path) -> None:
    with Site() as site:
        url = site.add(NAME, BODY)
        site.pace = (20_000, 0.05)
        command = [sys.executable, "-c", SCRIPT, url]
        both = [subprocess.Popen(command) for _ in range(2)]
        assert [run.wait() for run in both] == [0, 0]
        assert gets(site) == 1
        assert fetch(url) == {NAME: BODY}
