"""Peers: near-duplicate search alone, ours and other people's, on the same documents.

1. A document is `query\\npassage` of a row that the single-row checks kept, each pair id once.
   That the sides of a symmetric pair may change places is not known to a peer, so recall is
   given with and without such rows.
2. A peer lives in an environment of its own, made here with pip. Where that or the run fails, the
   error is the result.
3. Each peer has the settings that gave the best F1 of those tried on 10,000 of these pairs, with
   words in place of longer word n-grams, in which one typo changes too much of a short text.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.harvest_measure import CommandError, run
from benchmarks.harvest_truth import Place, Truth, score_documents
from harvest.marks import COLUMNS

_HERE = Path(__file__).parent
_TAIL = 1_500
_SHOWN = 220


@dataclass(frozen=True)
class Peer:
    """A package to install with `needs`, the script that runs it, and how it is set."""

    name: str
    version: str
    needs: tuple[str, ...]
    oldest: tuple[int, int]
    script: str
    settings: dict[str, Any]
    processes: str

    def told(self, processes: int) -> dict[str, Any]:
        """Return the settings with the number of processes."""
        return self.settings | {self.processes: processes}


PEERS = (
    Peer(
        "text-dedup",
        "0.4.1",
        (),
        (3, 12),
        "harvest_text_dedup.py",
        # By default min_length is 5 tokens, and shorter documents are left out of the result;
        # check_false_positive is off. Bands and rows are what it works out from the threshold.
        {
            "num_perm": 128,
            "ngram_size": 1,
            "min_length": 1,
            "threshold": 0.75,
            "check_false_positive": True,
        },
        "num_proc",
    ),
    Peer(
        "datatrove",
        "0.10.1",
        ("pyarrow", "spacy", "tokenizers", "xxhash<4", "regex", "orjson"),
        (3, 10),
        "harvest_datatrove.py",
        # By default n_grams is 5, the buckets 14 of 8 hashes and the language English.
        {"n_grams": 1, "num_buckets": 20, "hashes_per_bucket": 16, "language": "rus"},
        "workers",
    ),
)


def compare_peers(
    names: Iterable[str], rows: Path, truth: Truth, work: Path, processes: int
) -> list[dict[str, Any]]:
    """Return the figures of our search and of each peer asked for, on the rows of a stage."""
    documents, places = _documents(rows, work / "documents", processes)
    ours = [sys.executable, "-m", "benchmarks.harvest_near", str(documents / "pairs")]
    said = {"bands": 25, "rows": 5, "grams": "5 characters", "similarity": 0.9}
    search = _Search(work, truth, places, documents / "texts")
    found = [search.measured("rupairs", said, [*ours, "{out}", str(processes)])]
    for peer in PEERS:
        if peer.name not in names:
            continue
        print(f"  peers: {peer.name} {peer.version}", file=sys.stderr)
        settings = work / f"{peer.name}.json"
        settings.write_text(json.dumps(peer.told(processes)), encoding="utf-8")
        told = {"version": peer.version, **peer.told(processes)}
        try:
            python = _environment(peer, work / "environments")
        except CommandError as error:
            found.append({"name": peer.name, "settings": told, "error": str(error)})
            continue
        texts = str(documents / "texts")
        command = [python, "-P", str(_HERE / peer.script), texts, "{out}", str(settings)]
        found.append(search.measured(peer.name, told, command))
    return found


@dataclass(frozen=True)
class _Search:
    """The documents that all searches are given, and the rows they are made of."""

    work: Path
    truth: Truth
    places: list[Place]
    texts: Path

    def measured(self, name: str, settings: dict[str, Any], command: list[str]) -> dict[str, Any]:
        """Return the figures of one search; `{out}` in its command is where it is to write."""
        out, cache = self.work / f"near-{name}", self.work / "cache"
        shutil.rmtree(out, ignore_errors=True)
        result: dict[str, Any] = {"name": name, "settings": settings}
        try:
            took = run(
                [part.replace("{out}", str(out)) for part in command],
                self.work / f"near-{name}.log",
                _HERE.parent,
                {"HF_HOME": str(cache), "HF_HUB_OFFLINE": "1"},
            )
            gone = set(json.loads((out / "gone.json").read_text(encoding="utf-8")))
        except CommandError as error:
            return result | {"error": str(error)}
        finally:
            shutil.rmtree(cache, ignore_errors=True)
            shutil.rmtree(out, ignore_errors=True)
        scores = {
            "all": score_documents(self.truth, self.places, gone, swapped=True),
            "without_swapped": score_documents(self.truth, self.places, gone, swapped=False),
        }
        return {
            **result,
            **took.figures(),
            **scores,
            "gone": len(gone),
            "documents": len(self.places),
            "documents_per_second": round(len(self.places) / took.seconds, 1),
            "wrong_examples": self._shown(scores["all"].pop("wrong")),
        }

    def _shown(self, numbers: list[int]) -> list[str]:
        texts = pq.read_table(self.texts, columns=["text"])["text"]
        return [texts[number].as_py()[:_SHOWN] for number in numbers]


def _documents(rows: Path, folder: Path, parts: int) -> tuple[Path, list[Place]]:
    """Write the documents in as many files as processes; returns the row of each as well.

    `pairs` has the columns that our search reads, `texts` the two that a peer needs.
    """
    table = pa.concat_tables(
        pq.read_table(p, columns=COLUMNS) for p in sorted(rows.glob("part-*.parquet"))
    )
    table = table.take(_firsts(table["pair_id"]))
    # A peer takes the number 0 for no number.
    names = pa.arange(0, table.num_rows).cast(pa.string())
    text = pc.binary_join_element_wise(table["query"], table["passage"], "\n")
    texts = pa.table({"doc": names, "text": text})
    shutil.rmtree(folder, ignore_errors=True)
    size = -(-table.num_rows // parts)
    for name, columns in (("pairs", table), ("texts", texts)):
        (folder / name).mkdir(parents=True)
        for number in range(parts):
            part = columns.slice(number * size, size)
            pq.write_table(part, folder / name / f"{number:05d}.parquet", row_group_size=10_000)
    (folder / "count.json").write_text(str(table.num_rows), encoding="utf-8")
    sides = (table[n].to_pylist() for n in ("source", "source_row"))
    return folder, list(zip(*sides, strict=True))


def _firsts(ids: pa.ChunkedArray) -> pa.Array:
    """Return the numbers of the rows whose id no earlier row has, in order."""
    table = pa.table({"id": ids, "row": pa.arange(0, len(ids))})
    first = table.group_by("id").aggregate([("row", "min")]).sort_by("row_min")["row_min"]
    return first.combine_chunks()


def _environment(peer: Peer, folder: Path) -> str:
    """Return the Python of the peer's environment, made now unless it is there."""
    home = folder / f"{peer.name}-{peer.version}"
    python, mark = home / "bin/python", home / "complete"
    wanted = " ".join(peer.needs)
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return str(python)
    shutil.rmtree(home, ignore_errors=True)
    base = _python(peer.oldest)
    _do([base, "-m", "venv", str(home)])
    package = f"{peer.name}=={peer.version}"
    _do([str(python), "-m", "pip", "install", "--quiet", package, *peer.needs])
    mark.write_text(wanted, encoding="utf-8")
    return str(python)


def _python(oldest: tuple[int, int]) -> str:
    """Return a Python of that version or newer; `CommandError` if there is none."""
    if sys.version_info[:2] >= oldest:
        return str(Path(getattr(sys, "_base_executable", sys.executable)))
    wanted = [f"3.{minor}" for minor in range(oldest[1], oldest[1] + 3)]
    found = [shutil.which(f"python{version}") for version in wanted]
    versions = Path.home() / ".pyenv/versions"
    found += [str(p) for v in wanted for p in sorted(versions.glob(f"{v}.*/bin/python"))]
    for path in found:
        # A shim of a version manager is there for versions that are not installed.
        if path and _works(path):
            return path
    raise CommandError(f"needs Python {'.'.join(map(str, oldest))} or newer; none was found")


def _works(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def _do(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1_800)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandError(f"{' '.join(command)}: {error}") from None
    if done.returncode:
        tail = (done.stderr or done.stdout)[-_TAIL:]
        raise CommandError(f"{' '.join(command)} ended with {done.returncode}: {tail}")
