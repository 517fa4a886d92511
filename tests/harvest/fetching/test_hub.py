"""The Hub's way in, against a small Hub over real HTTP that fails in every way it can."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from harvest.fetching import hub as hub_files
from harvest.fetching import transfer
from harvest.fetching.hub import Snapshot, is_cached
from harvest.source import HubFiles, Source
from rupairs.errors import RupairsError
from tests.hub import Hub

REPO = "publisher/rows"
PARQUET = bytes(range(256)) * 40
TSV = "вопрос\tответ\nсколько?\tдва\n".encode() * 20
FILES = {
    "data/train-0.parquet": PARQUET,
    "data/train-1.parquet": PARQUET[::-1],
    "train.tsv": TSV,
    "data/test-0.parquet": b"x",
}
PART = HubFiles(REPO, ("data/train-*.parquet", "train.tsv"))
SOURCE = Source(
    name="rows",
    title="Строки",
    license="unknown",
    license_url="",
    url="https://example.org/rows",
    citation="",
    files=("train*.parquet", "train.tsv"),
    hub=(PART,),
)
TSV_FILE = "GET */resolve/*/train.tsv"


@pytest.fixture
def hub(hub: Hub) -> Hub:
    """Return the Hub with one data set on it."""
    hub.add(REPO, FILES)
    return hub


def fetch(part: HubFiles = PART) -> Snapshot:
    """Fetch as a new process would, which remembers nothing."""
    hub_files._commits.clear()
    return hub_files.fetch(SOURCE, part)


def error_of(part: HubFiles = PART) -> str:
    with pytest.raises(RupairsError) as caught:
        fetch(part)
    message = str(caught.value)
    assert message.startswith("rows: ")
    assert REPO in message
    assert "\n" not in message
    return message


def contents(snapshot: Snapshot) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in snapshot.files.items()}


WANTED = {name: body for name, body in FILES.items() if "test" not in name}


def asked_for(hub: Hub, name: str) -> int:
    return sum(r.startswith("GET") and r.endswith(name) for r in hub.requests)


def test_only_the_files_of_the_part_are_fetched_at_the_head_of_main(hub: Hub) -> None:
    made = fetch()
    assert contents(made) == WANTED
    assert made.commit == hub.add(REPO, FILES)
    assert not asked_for(hub, "test-0.parquet")


def test_a_pinned_revision_stays_when_the_branch_moves(hub: Hub) -> None:
    first = fetch().commit
    hub.add(REPO, {**FILES, "train.tsv": b"new"})
    assert contents(fetch(HubFiles(REPO, PART.files, first))) == WANTED
    assert contents(fetch())["train.tsv"] == b"new"


def test_a_process_reads_one_commit_of_a_branch_that_moves(hub: Hub) -> None:
    first = fetch()
    hub.add(REPO, {**FILES, "train.tsv": b"new"})
    assert hub_files.fetch(SOURCE, PART) == first


def test_files_that_others_left_in_the_snapshot_are_not_the_sources(hub: Hub) -> None:
    fetch(HubFiles(REPO, ("data/test-0.parquet", "train.tsv")))
    assert sorted(fetch(HubFiles(REPO, ("data/train-*",))).files) == sorted(
        n for n in FILES if n.startswith("data/train")
    )


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize(
    "asked", ["*/api/datasets/*/revision/main", "*/tree/*", "HEAD *", "GET */resolve/*"]
)
def test_a_hub_that_recovers_is_waited_for(
    hub: Hub, waits: list[float], asked: str, status: int
) -> None:
    hub.faults.fail(asked, status, times=2, Retry_After="7")
    assert contents(fetch()) == WANTED
    assert all(seconds >= 7 for seconds in waits)
    # The first attempt at a head is repeated at once.
    assert waits or asked == "HEAD *"


@pytest.mark.parametrize("asked", ["GET */api/datasets/*", "HEAD *", TSV_FILE])
def test_a_hub_that_does_not_recover_is_one_clear_error(
    hub: Hub, waits: list[float], asked: str
) -> None:
    hub.faults.fail(asked, 503, times=None)
    message = error_of()
    assert "HTTP 503" in message
    assert "Run again to go on" in message
    assert "put train*.parquet or train.tsv into DIR/rows" in message
    if asked == TSV_FILE:
        assert "train.tsv of publisher/rows (main) at" in message
        assert asked_for(hub, "train.tsv") == transfer.ATTEMPTS
    # Neither of the two that try again does it for the other.
    assert len(waits) <= 3 * transfer.ATTEMPTS


def test_what_was_whole_before_a_failure_is_not_fetched_again(hub: Hub) -> None:
    hub.faults.fail(TSV_FILE, 500, times=transfer.ATTEMPTS)
    error_of()
    assert contents(fetch()) == WANTED
    assert asked_for(hub, "train-0.parquet") == 1


def test_a_hub_that_fails_now_and_then_is_not_given_up_while_files_come(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "ATTEMPTS", 2)
    many = {f"{n:02}.txt": str(n).encode() for n in range(20)}
    hub.add(REPO, many)
    for name in many:
        hub.faults.fail(f"GET *{name}", 502)
    assert contents(fetch(HubFiles(REPO, ("*.txt",)))) == many


def test_a_wait_longer_than_a_person_would_is_not_waited(hub: Hub, waits: list[float]) -> None:
    hub.faults.fail("*/revision/main", 429, times=None, Retry_After="86400")
    assert "it asks to wait 86400 s" in error_of()
    assert not waits


def test_the_hubs_own_way_to_say_how_long_is_understood(hub: Hub, waits: list[float]) -> None:
    hub.faults.fail("*/revision/main", 429, RateLimit='"api";r=0;t=55')
    fetch()
    assert 55 <= waits[0] < 57


def test_a_file_that_breaks_off_is_gone_on_with(hub: Hub) -> None:
    hub.faults.cut(TSV_FILE)
    assert contents(fetch()) == WANTED


def test_a_file_that_always_breaks_off_is_never_taken_for_whole(hub: Hub) -> None:
    hub.cut_short = True
    assert "cannot fetch" in error_of()
    hub.cut_short = False
    assert contents(fetch()) == WANTED
    assert not list(Path(constants.HF_HUB_CACHE).rglob("*.incomplete"))


@pytest.mark.parametrize("name", ["train.tsv", "data/train-0.parquet"])
def test_wrong_bytes_under_a_right_checksum_are_fetched_again(hub: Hub, name: str) -> None:
    hub.faults.corrupt(f"GET */resolve/*/{name}")
    assert contents(fetch()) == WANTED
    assert asked_for(hub, name) == 2


@pytest.mark.parametrize("name", ["train.tsv", "data/train-0.parquet"])
def test_wrong_bytes_that_come_twice_are_an_error_and_do_not_stay(hub: Hub, name: str) -> None:
    hub.faults.corrupt(f"GET */resolve/*/{name}", times=2)
    assert f"{name} of publisher/rows (main) at" in error_of()
    assert asked_for(hub, name) == 2
    assert contents(fetch()) == WANTED


def test_a_file_damaged_on_the_disk_is_fetched_again(hub: Hub) -> None:
    blob = fetch().files["train.tsv"].resolve()
    blob.write_bytes(TSV[:-1] + b"?")
    assert contents(fetch()) == WANTED


def test_a_blob_in_the_store_that_data_sets_share_is_checked_by_its_own_name(
    hub: Hub, tmp_path: Path
) -> None:
    blob = fetch().files["data/train-0.parquet"].resolve()
    stored = tmp_path / "hub" / "blobs" / "ab" / ("ab" * 32)
    stored.parent.mkdir(parents=True)
    shutil.move(blob, stored)
    blob.symlink_to(stored)
    before = len(hub.requests)
    assert contents(fetch()) == WANTED
    assert not any("/resolve/" in request for request in hub.requests[before:])
    stored.write_bytes(b"y" * len(PARQUET))
    assert contents(fetch()) == WANTED


def test_a_file_is_hashed_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    real = transfer.sha256
    monkeypatch.setattr(transfer, "sha256", lambda p: hashed.append(p.name) or real(p))
    files = fetch().files
    fetch()
    assert transfer.sha256_of(files["data/train-0.parquet"]) == hub.checksum("a.parquet", PARQUET)
    assert sorted(hashed) == ["train-0.parquet", "train-1.parquet"]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (HubFiles("publisher/none", ("train.tsv",)), "no such data set"),
        (HubFiles(REPO, ("train.tsv",), "other"), "no such revision"),
        (HubFiles(REPO, ("train.tsv", "more/*.csv")), "has no more/*.csv; the data set has"),
    ],
)
def test_what_the_hub_does_not_have_is_named(hub: Hub, part: HubFiles, words: str) -> None:
    with pytest.raises(RupairsError) as caught:
        fetch(part)
    for word in (
        words,
        part.repo,
        f"({part.revision or 'main'})",
        hub.url,
        "--from-dir DIR --fetch-missing",
    ):
        assert word in str(caught.value)


@pytest.mark.parametrize("asked", ["*/api/datasets/*", "* */resolve/*"])
@pytest.mark.parametrize(
    ("status", "code"), [(401, "GatedRepo"), (403, "GatedRepo"), (401, ""), (403, "")]
)
def test_a_gated_data_set_says_how_to_get_in(
    hub: Hub, waits: list[float], asked: str, status: int, code: str
) -> None:
    hub.faults.fail(asked, status, times=None, X_Error_Code=code)
    message = error_of()
    assert f"accept the terms at https://huggingface.co/datasets/{REPO} and set HF_TOKEN" in (
        message.replace("Accept", "accept")
    )
    assert not waits


# The longer answer is cut where the token stands.
@pytest.mark.parametrize("said", ["bad credentials", "bad" * 95], ids=["short", "long"])
def test_the_token_is_in_no_error_and_no_log(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, said: str
) -> None:
    token = "hf_SecretOfThePerson"
    monkeypatch.setenv("HF_TOKEN", token)
    echo = json.dumps({"error": f"{said}: Bearer {token}"}).encode()
    hub.faults.fail("*", 403, times=None, body=echo)
    message = error_of()
    assert f"{said}: Bearer" in message
    assert "hf_" not in message + caplog.text
    assert any(f"Bearer {token}" in sent.values() for sent in hub.sent)


def test_a_full_disk_is_named_with_its_folder(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("huggingface_hub.file_download.http_get", full)
    with pytest.raises(
        RupairsError, match=r"rows: no space left in .*hub: [\d,.]+ MB free.*HF_HOME"
    ):
        fetch()


def test_without_the_hub_a_warm_cache_does(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fetch()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    before = len(hub.requests)
    assert fetch() == made
    assert is_cached(PART)
    assert len(hub.requests) == before


def test_without_the_hub_a_cold_cache_says_so(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not is_cached(PART)
    message = error_of()
    assert f"HF_HUB_OFFLINE is set and the cache {constants.HF_HUB_CACHE} lacks" in message
    assert "Unset HF_HUB_OFFLINE" in message
    assert not hub.requests


@pytest.mark.parametrize("listed", [True, False])
def test_without_the_hub_a_part_of_the_files_is_not_taken_for_all(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    fetch().files["data/train-1.parquet"].unlink()
    if not listed:
        shutil.rmtree(next(Path(constants.HF_HUB_CACHE).glob("datasets--*")) / "trees")
        monkeypatch.setattr("huggingface_hub._tree_cache._IN_MEMORY_TREE_CACHE", {})
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not is_cached(PART)
    assert "HF_HUB_OFFLINE is set" in error_of()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert contents(fetch()) == WANTED


def test_a_hub_that_is_gone_is_one_clear_error(hub: Hub, waits: list[float]) -> None:
    hub.__exit__(None, None, None)
    message = error_of()
    assert hub.url in message
    assert "ConnectError" in message
    assert len(waits) == transfer.ATTEMPTS - 1


def test_a_hub_that_is_gone_is_not_missed_while_the_cache_is_warm(hub: Hub) -> None:
    made = fetch()
    hub.__exit__(None, None, None)
    assert fetch() == made


@pytest.mark.parametrize("asked", ["*/revision/main", "*/tree/*"])
def test_a_hub_that_says_nothing_is_asked_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(hub_files, "SILENCE_S", 0.1)
    hub.faults.stall(asked)
    assert contents(fetch()) == WANTED


def test_a_cache_that_cannot_be_written_to_is_named(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "hub").touch()
    message = error_of()
    assert str(tmp_path / "hub") in message
    assert "Set HF_HOME to a folder that can be written to" in message


def test_an_answer_that_is_no_json_is_one_clear_error(hub: Hub) -> None:
    hub.faults.fail("*/tree/*", 200, times=None, body=b"<html>please log in</html>")
    assert "JSONDecodeError" in error_of()


def test_the_variables_of_the_hub_mean_what_they_mean_elsewhere(tmp_path: Path) -> None:
    """In a process of its own: HF_ENDPOINT and HF_HOME are read when the library is imported."""
    script = (
        "from tests.harvest.fetching.test_hub import PART, SOURCE\n"
        "from harvest.fetching.hub import fetch\n"
        "print(fetch(SOURCE, PART).commit)"
    )
    with Hub() as hub:
        commit = hub.add(REPO, FILES)
        env = os.environ | {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_TOKEN": "hf_mine"}
        env |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        env.pop("HF_HUB_CACHE", None)
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=env | {"HF_HUB_OFFLINE": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stdout.split() == [commit], done.stderr
    assert (tmp_path / "hub").is_dir()
    assert any("Bearer hf_mine" in sent.values() for sent in hub.sent)
