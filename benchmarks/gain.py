"""Does training help? Encodechka's sentence tasks before and after training on open data.

    python -m benchmarks.gain --seeds 1,2,3

run at the root of the repository with the environment of the project. Small open sets (`gain_data`)
and rewritings by rule are harvested without the texts of Encodechka, STS-B and paraphraser.ru; the
embedded multilingual-e5-small is trained on them, and scored on all eight sentence tasks before and
after, by its own pooling; with all of the data, so is the mean of the weights before and after
(LM-Cocktail). `--fractions` draws a learning curve: a part of the data takes that part of the
steps, so that every example is seen as often. Everything is a recipe: `rupairs run` makes it again,
and a killed run goes on, without scoring again what was scored. Prints Markdown and writes JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.gain_data import SOURCES, write_native
from benchmarks.harvest_measure import machine
from rupairs.arithmetic import half_precision
from rupairs.embedded.encoder import embedded_encoder
from rupairs.manifest import read_manifest
from training.evaluation.encodechka.scores import TASKS
from training.evaluation.leaks import leaks
from training.views import QUERY

ROOT = Path(__file__).resolve().parents[1]
STEPS = 120
SETTINGS = {
    "batch_size": "32",
    "max_length": "64",
    "learning_rate": "2e-5",
    "temperature": "0.05",
    "mixing": "0.7",
}
SENTENCE_TASKS = ("STS", "PI", "NLI", "SA", "TI", "IA", "IC", "ICX")


def main() -> int:
    parser = parser_of(__doc__, "gain.json")
    parser.add_argument("--fractions", default="1", help="of every source, for a learning curve")
    parser.add_argument("--steps", type=int, default=STEPS, help="with all of the data")
    parser.add_argument("--rows", type=int, help="of each of Encodechka's files: a first look")
    said = "; ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    parser.add_argument(
        "--set", action="append", default=[], help=f"NAME=VALUE of training.encoder, over: {said}"
    )
    asked = parser.parse_args()
    native = data_at_hand(asked)
    if native is None:
        return 0
    before = _scored(asked, str(embedded_encoder(pruned=True)), asked.work / "before.json")
    found: list[dict[str, Any]] = []
    for fraction in map(float, asked.fractions.split(",")):
        for seed in map(int, asked.seeds.split(",")):
            found.append(_trained(asked, native, fraction, seed))
            write_result(asked, {"before": before, "trained": found})
    print("\n".join(_table(before, found)))
    return 0


def parser_of(doc: str | None, result: str) -> argparse.ArgumentParser:
    """Return a parser of what every benchmark on the data at hand is asked with."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--realdata", type=Path, default=ROOT / "../shared/realdata")
    parser.add_argument("--work", type=Path, default=ROOT / "runs/benchmarks/gain")
    parser.add_argument("--out", type=Path, default=ROOT / "runs/benchmarks" / result)
    parser.add_argument("--seeds", default="1,2,3")
    return parser


def data_at_hand(asked: argparse.Namespace) -> Path | None:
    """Return the folder of native files, made if need be; None, said, without real data."""
    if not asked.realdata.is_dir():
        print(f"skipped: no real data at {asked.realdata}; name its folder with --realdata")
        return None
    asked.realdata, asked.work = asked.realdata.resolve(), asked.work.resolve()
    return write_native(asked.realdata, asked.work)


def _trained(asked: argparse.Namespace, native: Path, fraction: float, seed: int) -> dict[str, Any]:
    """Harvest, train and score in a run of its own; return what its manifests say."""
    run = asked.work / f"run-{fraction:g}-{seed}"
    recipe = asked.work / f"recipe-{fraction:g}-{seed}.toml"
    recipe.write_text(_recipe(asked, native, fraction, seed), encoding="utf-8")
    rupairs("run", str(recipe), "--out", str(run), "--until", "training.encoder")
    manifest = read_manifest(run / "training/encoder")
    harvest = read_manifest(run / "harvest/pairs")
    files = [name for task in SENTENCE_TASKS for name in TASKS[task].names]
    searched = leaks(harvest, files)
    trained = run / "training/encoder"
    found = {
        "fraction": fraction,
        "seed": seed,
        "pairs": harvest.counts.model_dump(),
        "training": {k: manifest.facts.get(k) for k in ("examples", "steps", "seconds")},
        "leaks": searched.sentences() if searched else [],
        "after": _scored(asked, str(trained), run / f"after-{manifest.fingerprint}.json"),
    }
    if fraction == 1:
        merged = _merged(trained, run / f"merged-{manifest.fingerprint}")
        found["merged"] = _scored(asked, str(merged), merged.with_suffix(".json"))
    return found


def _merged(trained: Path, merged: Path) -> Path:
    """Return the mean of the encoder before training and the trained one."""
    if not merged.is_dir():
        models = (str(embedded_encoder(pruned=True)), str(trained))
        weights = ("--weight", "0.5", "--weight", "0.5")
        rupairs("train", "merge", *models, *weights, "--out", str(merged))
    return merged


def _scored(asked: argparse.Namespace, model: str, kept: Path) -> dict[str, Any]:
    """Return the scores of a model on Encodechka's sentence tasks."""
    kept = kept.with_stem(f"{kept.stem}-{asked.rows or 'all'}")
    rows = ("--rows", str(asked.rows)) if asked.rows else ()
    return scored(model, asked.realdata / "encodechka", SENTENCE_TASKS, kept, *rows)


def scored(
    model: str, data: Path, tasks: Sequence[str], kept: Path, *options: str
) -> dict[str, Any]:
    """Return the scores of a model by its own pooling, with the prompt that training gives it.

    They are read from `kept` if they are there, and else left there.
    """
    if not kept.is_file():
        how = ("--mode", "fixed", "--tasks", ",".join(tasks), "--prompt", QUERY, "--json", *options)
        how += ("--bf16",) * half_precision()
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".partial")
        unfinished.write_text(rupairs("evaluate", "encodechka", model, "--data", str(data), *how))
        unfinished.rename(kept)
    scores: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return scores


def rupairs(*words: str) -> str:
    """Run a command of the toolkit; return what it prints."""
    command = [str(Path(sys.executable).with_name("rupairs")), *words]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def _recipe(asked: argparse.Namespace, native: Path, fraction: float, seed: int) -> str:
    steps = max(1, round(fraction * asked.steps))
    caps = {name: max(1, round(fraction * cap)) for name, cap in SOURCES.items()}
    own = {name.strip(): value for name, _, value in (s.partition("=") for s in asked.set)}
    return recipe_of_data(asked.work, native, seed, caps, SETTINGS | own, steps)


def recipe_of_data(
    work: Path,
    native: Path,
    seed: int,
    caps: Mapping[str, int],
    settings: Mapping[str, str] = SETTINGS,
    steps: int = STEPS,
) -> str:
    """Return a recipe that harvests the data at hand, less the benchmarks, and trains on them.

    `caps` are the most positives of a source, `settings` those of `[training.encoder]`.
    """
    own = "".join(f"{name} = {value}\n" for name, value in settings.items())
    of_sources = "".join(
        f"[training.encoder.sources.{name}]\ncap = {cap}\n" for name, cap in caps.items()
    )
    return f"""\
[run]
name = "gain"
seed = {seed}

[encoder]
model = "embedded"
pruned = true

[harvest]
from_dir = {json.dumps(str(native))}

[harvest.rows]
sources = {json.dumps(list(caps))}

[harvest.pairs]
benchmarks = {json.dumps(str(work / "benchmarks"))}

[training.encoder]
steps = {steps}
{own}
{of_sources}"""


def write_result(asked: argparse.Namespace, found: Mapping[str, Any]) -> None:
    """Write what was found, with the machine and the settings."""
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    settings = {name: str(value) for name, value in vars(asked).items()}
    result = {"machine": machine(os.cpu_count() or 1), "settings": settings, **found}
    text = json.dumps(result, ensure_ascii=False, indent=2) + "\n"
    asked.out.write_text(text, encoding="utf-8")


def _table(before: dict[str, Any], found: list[dict[str, Any]]) -> list[str]:
    """Return a row a part of the data: means over the seeds, and what lies between their ends."""
    head = ["of the data", "seeds", "examples", *SENTENCE_TASKS, "Mean S"]
    lines = [f"| {' | '.join(head)} |", f"|---{'|--:' * (len(head) - 1)}|"]
    lines.append(_row("before training", "", "", [_values(before)]))
    for fraction in dict.fromkeys(run["fraction"] for run in found):
        runs = [run for run in found if run["fraction"] == fraction]
        seen = f"{statistics.mean(run['training']['examples'] for run in runs):,.0f}"
        for name, which in ((f"{fraction:.0%}", "after"), ("… merged with the start", "merged")):
            if values := [_values(run[which]) for run in runs if which in run]:
                lines.append(_row(name, str(len(values)), seen, values))
    rows = {score["rows"] for score in before["tasks"].values()}
    said = " ".join(found[0]["leaks"])
    lines += ["", f"Rows of a task: {min(rows):,} to {max(rows):,}. {said}"]
    return lines


def _values(scores: dict[str, Any]) -> list[float]:
    tasks = scores["tasks"]
    return [*(tasks[task]["fixed"] for task in SENTENCE_TASKS), scores["means"]["fixed"]["Mean S"]]


def _row(name: str, seeds: str, examples: str, runs: list[list[float]]) -> str:
    return f"| {' | '.join([name, seeds, examples, *spans(runs)])} |"


def spans(runs: list[list[float]]) -> list[str]:
    """Return the mean of every value over the runs, with the lowest and the highest."""
    found = []
    for values in zip(*runs, strict=True):
        ends = f" ({min(values):.3f}–{max(values):.3f})" if len(values) > 1 else ""
        found.append(f"{statistics.mean(values):.3f}{ends}")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
