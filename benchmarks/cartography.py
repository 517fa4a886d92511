"""Does the data map show what it should? Planted wrong labels, and rows that people disagreed on.

    python -m benchmarks.cartography

run at the root of the repository with the environment of the project. Rows of XNLI in Russian come
as harvested pairs with wrong labels planted in a share of them, labels that none of the five
annotators gave; `ruwanli.cartography` charts them. Measured: held-out accuracy by epoch;
whether low confidence and low correctness find the planted; whether rows that people disagreed on
are variable. Intervals are 95 %, from a bootstrap over premises.

XNLI is an evaluation set: it serves here only to exercise the algorithm (the recipe says so with
`chart_evaluation_sets`), and what is made from it is marked, never trained on or released. Prints
Markdown and writes JSON.
"""

import argparse
import json
import os
import tomllib
from pathlib import Path
from typing import Any

from benchmarks.cartography_data import drawn_rows, plant, write_pairs
from benchmarks.cartography_measures import LOWEST, measured
from benchmarks.harvest_measure import machine
from rupairs.execution import run_step
from rupairs.progress import Progress
from rupairs.recipe import validate
from rupairs.steps import load_stages
from rupairs.store import StageReader
from rupairs.text import digest

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = {"learning_rate": "5e-5", "batch_size": "16", "max_length": "96", "heldout": "0.1"}
NOTE = (
    "The five votes a row were given to the English originals. XNLI is an evaluation set; it "
    "serves only to exercise the algorithm, and what is made from it is marked, never trained on "
    "or released."
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--realdata", type=Path, default=ROOT / "../shared/realdata")
    parser.add_argument("--work", type=Path, default=ROOT / "runs/benchmarks/cartography")
    parser.add_argument("--out", type=Path, default=ROOT / "runs/benchmarks/cartography.json")
    parser.add_argument("--rows", type=int, default=1_000, help="of each label, at most 1670")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--flips", type=float, default=0.05, help="share of wrong labels")
    parser.add_argument("--seed", type=int, default=1)
    known = "; ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    parser.add_argument(
        "--set", action="append", default=[], help=f"of ruwanli.cartography, besides {known}"
    )
    asked = parser.parse_args()
    path = asked.realdata.resolve() / "encodechka/xnli_ru.csv"
    if not path.is_file():
        print(f"skipped: no {path.name} at {path.parent}; name the real data with --realdata")
        return 0
    here = machine(os.cpu_count() or 1)
    rows = plant(drawn_rows(path, asked.rows, asked.seed), asked.flips, asked.seed)
    charted = StageReader(_chart(asked, rows))
    manifest = charted.manifest
    result = {
        "machine": here,
        "settings": {name: str(value) for name, value in vars(asked).items()},
        "note": NOTE,
        "rows_written": len(rows),
        "seconds": manifest.seconds,
        "facts": manifest.facts,
        "models": [model.model_dump() for model in manifest.models],
        **measured(rows, charted.table().to_pylist(), asked.seed),
    }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, ensure_ascii=False, indent=2) + "\n"
    asked.out.write_text(text, encoding="utf-8")
    print("\n".join(_table(result)))
    return 0


def _chart(asked: argparse.Namespace, rows: list[dict[str, Any]]) -> Path:
    """Chart the rows in a run of their own; return the step's folder."""
    given = (setting.partition("=") for setting in asked.set)
    own = SETTINGS | {"epochs": str(asked.epochs)} | {k.strip(): v.strip() for k, _, v in given}
    own["chart_evaluation_sets"] = "true"
    name = digest((str(asked.rows), str(asked.flips), str(asked.seed), json.dumps(own)), size=4)
    work = asked.work.resolve() / name
    write_pairs(rows, work / "run")
    tables = {
        "run": {"name": "cartography", "seed": asked.seed},
        "encoder": {"model": "embedded", "pruned": True},
        "ruwanli": {"cartography": {k: tomllib.loads(f"v = {v}")["v"] for k, v in own.items()}},
    }
    stage = load_stages()["ruwanli"]
    recipe = validate(work / "recipe.toml", tables, {"ruwanli": stage.section})
    step = next(s for s in stage.steps if s.name == "ruwanli.cartography")
    return run_step(step, work / "run", recipe, {step.name}, Progress()).directory


def _table(result: dict[str, Any]) -> list[str]:
    facts, lowest, charted = result["facts"], result["lowest"], result["charted"]
    lines = ["| epoch | loss | accuracy | held-out accuracy |", "|--:|--:|--:|--:|"]
    accuracies = zip(facts["loss"], facts["accuracy"], facts["accuracy_heldout"], strict=True)
    for number, (loss, own, heldout) in enumerate(accuracies, 1):
        lines.append(f"| {number} | {loss:.3f} | {own:.3f} | {_figure(heldout)} |")
    lines += [
        "",
        f"{facts['rows']:,} rows learned from, {facts['rows_heldout']:,} held out; chance is "
        "0.333. A planted label counts as the right one.",
        "",
        "| rows | of | found by | ROC AUC (95 %) | inside a label |",
        "|---|--:|---|--:|--:|",
    ]
    for row in result["aucs"]:
        cell = _figure(row["auc"])
        if row["interval"]:
            cell += f" ({'–'.join(map(_figure, row['interval']))})"
        lines.append(
            f"| {row['kind']}: {row['hits']:,} | {row['rows']:,} | {row['by']} | {cell} "
            f"| {_figure(row['auc_within_labels'])} |"
        )
    expected = lowest["rows"] * charted["planted"] / max(charted["rows"], 1)
    return [
        *lines,
        "",
        f"Of the {lowest['rows']} rows of lowest confidence ({LOWEST:.0%}), {lowest['planted']} "
        f"are planted ({lowest['planted'] / max(lowest['rows'], 1):.0%}), of "
        f"{charted['planted']} in all; by chance {expected:.1f}. "
        f"{facts['training_rows_per_second']:g} rows a second in training, on {facts['device']}.",
        "",
        NOTE,
    ]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    raise SystemExit(main())
