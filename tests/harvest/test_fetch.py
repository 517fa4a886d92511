"""The Hub's way in, against a small Hub over real HTTP and in a process of its own."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harvest.test_sources import MIRACL, parquet
from tests.hub import Hub

# HF_ENDPOINT and HF_HOME are read when huggingface_hub is imported, hence another process.
SCRIPT = """
import json, sys
from harvest.fetch import native, pair_files
from harvest.sources import get
from harvest.stage import HarvestSection
from rupairs.errors import RupairsError
try:
    files = native(get(sys.argv[1]), None)
    section = HarvestSection.model_validate({"pairs": {"sources": [sys.argv[1]]}})
    hashes = pair_files(section)
    rows = [getattr(r, "relation", None) or r.reason for r in get(sys.argv[1]).pairs(files)]
    made = {"revision": files.revision, "hashes": hashes, "rows": rows, "where": files.where}
except RupairsError as error:
    made = {"error": str(error)}
print(json.dumps(made))
"""
TSV = "ru_toxic_comment\tru_neutral_comment\nгрубо\tвежливо\n".encode()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as running:
        yield running


def fetch(hub: Hub, home: Path, source: str) -> dict[str, Any]:
    env = os.environ | {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    for name in ("HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE"):
        env.pop(name, None)
    command = [sys.executable, "-c", SCRIPT, source]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def test_only_the_files_of_the_source_are_fetched_from_its_branch(hub: Hub, tmp_path: Path) -> None:
    rows = [{"premise": "Он спит.", "hypothesis": f"Г{n}.", "label": n} for n in range(3)]
    branch = "refs/convert/parquet"
    files = {"rcb/train/0000.parquet": parquet(rows), "rcb/test/0000.parquet": b"", "a.py": b"x"}
    commit = hub.add("RussianNLP/russian_super_glue", files, branch)
    made = fetch(hub, tmp_path, "rcb")
    assert made["rows"] == ["entailment", "contradiction", "neutral"]
    assert made["revision"] == commit
    assert list(made["hashes"]) == ["rcb/rcb/train/0000.parquet"]
    fetched = {r.split("/resolve/")[1] for r in hub.requests if "/resolve/" in r}
    assert fetched == {f"{commit}/rcb/train/0000.parquet"}


def test_a_source_may_be_spread_over_two_data_sets(hub: Hub, tmp_path: Path) -> None:
    topics, qrels = (f"{n}.miracl-v1.0-ru-train.tsv" for n in ("topics", "qrels"))
    judged = hub.add(
        "miracl/miracl",
        {
            f"miracl-v1.0-ru/topics/{topics}": MIRACL[topics].encode(),
            f"miracl-v1.0-ru/qrels/{qrels}": MIRACL[qrels].encode(),
        },
    )
    docs = {
        f"miracl-corpus-v1.0-ru/{name}.gz": gzip.compress(text.encode())
        for name, text in MIRACL.items()
        if name.startswith("docs")
    }
    corpus = hub.add("miracl/miracl-corpus", docs)
    made = fetch(hub, tmp_path, "miracl")
    assert made["revision"] == f"{judged}+{corpus}"
    assert made["rows"][:2] == ["relevant_passage", "irrelevant_passage"]
    assert len(made["hashes"]) == 4


def test_what_was_fetched_is_read_again_without_the_hub(hub: Hub, tmp_path: Path) -> None:
    hub.add("s-nlp/ru_paradetox", {"train.tsv": TSV, "dev.tsv": b""})
    first = fetch(hub, tmp_path, "ruparadetox")
    hub.__exit__(None, None, None)
    assert fetch(hub, tmp_path, "ruparadetox") == first
    assert first["rows"] == ["detoxified"]


@pytest.mark.parametrize("fault", ["no data set", "no such branch", "no such file", "gone"])
def test_what_the_hub_does_not_give_is_one_clear_error(
    hub: Hub, tmp_path: Path, fault: str
) -> None:
    repo = "RussianNLP/russian_super_glue"
    if fault == "no such branch":
        hub.add(repo, {"rcb/train/0000.parquet": b""})
    elif fault == "no such file":
        hub.add(repo, {"README.md": b"x"}, "refs/convert/parquet")
    elif fault == "gone":
        hub.__exit__(None, None, None)
    error = fetch(hub, tmp_path, "rcb")["error"]
    assert error.startswith("rcb: ")
    assert "\n" not in error
    for part in (repo, "refs/convert/parquet", hub.url):
        assert part in error
    wanted = "has no rcb/train/*.parquet" if fault == "no such file" else "put train.jsonl or"
    assert wanted in error


def test_a_download_that_breaks_off_is_not_taken_for_the_file(hub: Hub, tmp_path: Path) -> None:
    hub.add("s-nlp/ru_paradetox", {"train.tsv": TSV * 50})
    hub.cut_short = True
    assert "cannot fetch s-nlp/ru_paradetox" in fetch(hub, tmp_path, "ruparadetox")["error"]
    hub.cut_short = False
    assert "rows" in fetch(hub, tmp_path, "ruparadetox")
