"""Training speed on a CPU: ours, sentence-transformers' own trainer and FlagEmbedding's, in turns.

The same model (the embedded multilingual-e5-small), the same triples of real Russian NLI
(premise, entailment, contradiction), batch, length and rate; each way in a process of its own. The
loss is that of 200 held-out triples after the run. FlagEmbedding lives in an environment of its
own, made with pip, with the torch and transformers of ours; where that fails, the table says why.

    .venv/bin/python -m benchmarks.training
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.generation_runners import Runner, RunnerError
from benchmarks.harvest_measure import machine

# Way: pruned vocabulary, word embeddings frozen, pieces of like length, dropout of attention, bf16.
# The first is how the recipes for a CPU have it, in the peers' precision.
OURS = {
    "ours": (True, True, True, False, False),
    "ours, attention with dropout": (True, True, True, True, False),
    "ours, attention with dropout, bf16": (True, True, True, True, True),
    "ours, no pieces of like length": (True, True, False, False, False),
    "ours, word embeddings trained": (True, False, True, False, False),
    "ours, full vocabulary": (False, True, True, False, False),
    "ours, none of the four": (False, False, False, True, False),
}
PLAIN = {
    "sentence-transformers": False,
    "sentence-transformers, pruned vocabulary": True,
}
# The part after + is of one machine's torch.
SAME = tuple(f"{name}=={version(name).partition('+')[0]}" for name in ("torch", "transformers"))
FLAG = Runner("FlagEmbedding", "training_flag", "FlagEmbedding==1.4.2", SAME)
LABELS = ("entailment", "contradiction")


def main() -> None:
    """Measure every way in turns; print a Markdown table and write the JSON."""
    asked = _arguments()
    work: Path = asked.work
    work.mkdir(parents=True, exist_ok=True)
    triples = work / "triples.json"
    rows = read_triples(asked.realdata / "encodechka" / "xnli_ru.csv")
    triples.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    result: dict[str, Any] = {
        "machine": machine(os.cpu_count() or 1),
        "settings": {name: str(value) for name, value in vars(asked).items()},
        "peer": [FLAG.package, *FLAG.forgotten],
    }
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for repeat in range(asked.repeats):
        for way in asked.ways.split(";") if asked.ways else (*PLAIN, FLAG.name, *OURS):
            found[way].append(_measured(way, triples, asked, seed=repeat))
            print(json.dumps(found[way][-1], ensure_ascii=False), file=sys.stderr)
    result |= {"ways": _summary(found), "runs": found}
    print(_table(result["ways"]))
    text = json.dumps(result, ensure_ascii=False, indent=2) + "\n"
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(text, encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ways", default="", help="names with ; between them; all of them without")
    parser.add_argument("--realdata", type=Path, default=Path("../shared/realdata"))
    parser.add_argument("--work", type=Path, default=Path("runs/benchmarks/training"))
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/training.json"))
    return parser.parse_args()


def read_triples(path: Path) -> list[tuple[str, str, str]]:
    """Return (premise, entailment, contradiction) of XNLI, one a premise."""
    premises: dict[str, dict[str, str]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            premises[row["sentence1"]].setdefault(row["gold_label"], row["sentence2"])
    return [
        (premise, *(of[label] for label in LABELS))  # type: ignore[misc]
        for premise, of in premises.items()
        if all(label in of for label in LABELS)
    ]


def _measured(way: str, triples: Path, asked: argparse.Namespace, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        numbers = map(str, (asked.steps, asked.batch, asked.length, seed))
        command = [sys.executable, "-m", "benchmarks.training_run", way, folder, str(triples)]
        command += numbers
        try:
            if way == FLAG.name:
                command += FLAG.command(asked.work)
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RunnerError(done.stderr[-2000:])
        except (RunnerError, OSError, subprocess.TimeoutExpired) as error:
            if way != FLAG.name:
                raise SystemExit(f"{way}: {error}") from None
            return {"way": way, "error": str(error)}
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _summary(found: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for way, runs in found.items():
        if errors := [run["error"] for run in runs if "error" in run]:
            rows.append({"way": way, "error": errors[0]})
            continue
        medians = {
            name: statistics.median(run[name] for run in runs)
            for name in ("triples_per_second", "loss", "peak_mb", "parameters")
        }
        rows.append({"way": way, **medians})
    ran = [row for row in rows if "error" not in row]
    for row in ran:
        row["times"] = row["triples_per_second"] / ran[0]["triples_per_second"]
    return rows


def _table(rows: list[dict[str, Any]]) -> str:
    lines = ["| way | triples/s | times | held-out loss | peak MB |", "|---|--:|--:|--:|--:|"]
    for row in rows:
        if "error" in row:
            error = " ".join(row["error"].split()).replace("|", "/")
            lines.append(f"| {row['way']} | did not run: {error[-300:]} | | | |")
            continue
        lines.append(
            f"| {row['way']} | {row['triples_per_second']:.1f} | {row['times']:.2f} "
            f"| {row['loss']:.4f} | {row['peak_mb']:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
