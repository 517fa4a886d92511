"""Which settings train best on the data at hand, decided without Encodechka.

    python -m benchmarks.development

run at the root of the repository with the environment of the project. The data and settings are
those of `benchmarks.gain`, with one change at a time; what is compared is Spearman's correlation on
`--rows` pairs of the train parts of STS-B (Russian) and paraphraser.ru. Neither is trained on: the
harvest keeps the texts of both out, as it does those of Encodechka. Scores are kept by change and
seed, so that a killed run goes on. Prints Markdown and writes JSON.
"""

import argparse
import csv
import statistics
from pathlib import Path
from typing import Any

from benchmarks.gain import (
    SETTINGS,
    STEPS,
    data_at_hand,
    parser_of,
    recipe_of_data,
    rupairs,
    scored,
    spans,
    write_result,
)
from benchmarks.gain_data import SOURCES, paraphrases
from rupairs.embedded.encoder import embedded_encoder
from training.evaluation.encodechka.files import spread
from training.evaluation.encodechka.scores import TASKS as ENCODECHKA

# In the form of whose files the sets are laid out.
TASKS = {"STS": ENCODECHKA["STS"], "PI": ENCODECHKA["PI"]}
# Name → what is set otherwise than in `benchmarks.gain`.
CHANGES: dict[str, dict[str, str]] = {
    "as it is": {},
    "learning rate 5e-5": {"learning_rate": "5e-5"},
    "temperature 0.02": {"temperature": "0.02"},
    "AnglE by 0.02": {"angle_weight": "0.02"},
    "AnglE by 0.1": {"angle_weight": "0.1"},
    "AnglE by 1": {"angle_weight": "1.0"},
    "no rewritings by rule": {"without": '["ru_hnp"]'},
}


def main() -> int:
    parser = parser_of(__doc__, "development.json")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--rows", type=int, default=3_000, help="pairs of each set")
    parser.add_argument("--changes", default=";".join(CHANGES), help="names with ; between them")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.changes.split(";")) - set(CHANGES)):
        parser.error(f"{unknown[0]}: no such change; there are {'; '.join(CHANGES)}")
    native = data_at_hand(asked)
    if native is None:
        return 0
    folder = write_development(asked.realdata, asked.work / f"development-{asked.rows}", asked.rows)
    encoder = str(embedded_encoder(pruned=True))
    before = scored(encoder, folder, list(TASKS), folder / "before.json")
    found: list[dict[str, Any]] = []
    for change in asked.changes.split(";"):
        for seed in map(int, asked.seeds.split(",")):
            found.append(_trained(asked, native, folder, change, seed))
            write_result(asked, {"before": before, "trained": found})
    print("\n".join(_table(before, found)))
    return 0


def write_development(realdata: Path, folder: Path, rows: int) -> Path:
    """Return a folder of both sets, written unless it is there."""
    if folder.is_dir():
        return folder
    unfinished = folder.with_suffix(".partial")
    unfinished.mkdir(parents=True, exist_ok=True)
    with (realdata / "stsb_multi_mt/stsb-ru-train.csv").open(encoding="utf-8", newline="") as file:
        pairs = {"STS": [tuple(row) for row in csv.reader(file)]}
    pairs["PI"] = list(paraphrases(realdata / "paraphraser/paraphrases_train.xml"))
    for task, form in TASKS.items():
        head = (form.first, form.second, form.gold)
        with (unfinished / form.name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *spread(pairs[task], rows)])
    unfinished.rename(folder)
    return folder


def _trained(
    asked: argparse.Namespace, native: Path, folder: Path, change: str, seed: int
) -> dict[str, Any]:
    """Train with a change and score, unless the scores are kept."""
    kept = folder / f"{change}, {asked.steps} steps, seed {seed}.json"
    model = asked.work / f"development-{seed}/training/encoder"
    if not kept.is_file():
        recipe = asked.work / f"development-{seed}.toml"
        settings = SETTINGS | CHANGES[change]
        text = recipe_of_data(asked.work, native, seed, SOURCES, settings, asked.steps)
        recipe.write_text(text, encoding="utf-8")
        rupairs("run", str(recipe), "--out", str(model.parents[1]), "--until", "training.encoder")
    return {"change": change, "seed": seed, "after": scored(str(model), folder, list(TASKS), kept)}


def _table(before: dict[str, Any], found: list[dict[str, Any]]) -> list[str]:
    """Return a row a change: means over the seeds, and what lies between their ends."""
    lines = ["| change | STS-B | paraphraser.ru | mean |", "|---|--:|--:|--:|"]
    rows = {"before training": [_values(before)]}
    for run in found:
        rows.setdefault(run["change"], []).append(_values(run["after"]))
    return lines + [f"| {' | '.join([name, *spans(runs)])} |" for name, runs in rows.items()]


def _values(scores: dict[str, Any]) -> list[float]:
    values = [scores["tasks"][task]["fixed"] for task in TASKS]
    return [*values, statistics.mean(values)]


if __name__ == "__main__":
    raise SystemExit(main())
