"""What a run's encoder is measured on, and the measurements of one encoder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rupairs.manifest import read_manifest, sha256
from rupairs.progress import Advance
from rupairs.steps import Context
from rupairs.text import digest
from training.beginning import initial_encoder
from training.evaluation import cosine, mteb_runs
from training.evaluation.cosine import HeldOut, Similarities
from training.evaluation.embedding import MAX_LENGTH, cut_at
from training.evaluation.encodechka import scores as encodechka
from training.evaluation.leaks import Leaks, leaks
from training.evaluation.retrieval import Collection, read_collection, retrieval_task
from training.stage import EvaluationSection, TrainingSection

SETS = {
    "ruhnp.release": "RuHNP",
    "ruwanli.release": "RuWANLI",
    "harvest.pairs": "harvested pairs",
}


@dataclass(frozen=True)
class Measures:
    """What is measured, and why something is not."""

    tasks: encodechka.Rows
    sets: Mapping[str, HeldOut]
    collection: Collection | None
    leaks: Leaks | None
    remarks: tuple[str, ...]


@dataclass
class Measured:
    """What one encoder scored, ready for JSON but for the cosines themselves."""

    scores: dict[str, Any] = field(default_factory=dict)
    similarities: dict[str, Similarities] = field(default_factory=dict)


def file_hashes(section: TrainingSection) -> dict[str, str]:
    """Return file name → hash of everything that is read from outside the run."""
    found = encodechka.file_hashes(section)
    path = section.evaluation.retrieval
    if path is not None:
        whole = read_manifest(path).content if path.is_dir() else sha256(path)
        found[f"retrieval/{path.name}"] = whole
    return found


def read_measures(context: Context) -> Measures:
    """Read what the recipe asks for; `RupairsError` names a file that cannot be used."""
    config: EvaluationSection = context.config
    remarks: list[str] = []
    tasks: encodechka.Rows = {}
    if config.encodechka is None:
        remarks.append("Encodechka: not measured, give evaluation.encodechka.")
    else:
        tasks = encodechka.read_tasks(config.encodechka, config.tasks, config.rows)
        if config.rows:
            remarks.append(f"Encodechka: {config.rows} rows of each file only.")
        if config.bf16:
            remarks.append("Encodechka: computed in bf16: scores move by some thousandths.")
    harvested = context.inputs.get("harvest.pairs")
    names = sorted({name for task in tasks for name in encodechka.TASKS[task].names})
    known = leaks(harvested.manifest if harvested else None, names)
    remarks += known.sentences() if known else []
    sets = _sets(context, config, remarks)
    collection = read_collection(config.retrieval) if config.retrieval else None
    return Measures(tasks, sets, collection, known, tuple(remarks))


def _sets(context: Context, config: EvaluationSection, remarks: list[str]) -> dict[str, HeldOut]:
    found: dict[str, HeldOut] = {}
    for step, name in SETS.items():
        if step not in context.inputs:
            continue
        pairs = cosine.held_out(context.inputs[step].rows(), config.cosine_rows)
        lack, splits = pairs.lack(), " and ".join(pairs.splits)
        if lack is None:
            unusual = not set(pairs.splits) & set(cosine.HELD_OUT)
            note = "; there is no validation or test" if unusual else ""
            remarks.append(f"Cosines: pairs of {name}, split {splits}{note}.")
            found[name] = pairs
        else:
            remarks.append(f"Cosines: not measured, {lack} in {name}.")
    if not any(step in context.inputs for step in SETS):
        remarks.append("Cosines: not measured, this run makes no pairs.")
    return found


def measure(
    context: Context, measures: Measures, side: str, model: Any, prompt: str, tell: Advance
) -> Measured:
    """Measure one encoder; what a killed run had scored is read back."""
    config: EvaluationSection = context.config
    found = Measured()
    if measures.tasks:
        way = encodechka.Way(config.mode, prompt, context.recipe.encoder.batch_size, config.bf16)
        kept = context.work / f"{side}-{_identity(context)}.json"
        found.scores["encodechka"] = _kept(kept) or {
            task: asdict(score)
            for task, score in encodechka.score(model, measures.tasks, way, tell).items()
        }
        kept.write_text(json.dumps(found.scores["encodechka"]), encoding="utf-8")
    with cut_at(model, MAX_LENGTH):
        for name, pairs in measures.sets.items():
            found.similarities[name] = cosine.similarities(
                model, pairs, context.recipe.encoder.batch_size
            )
            tell(1, f"cosines of {name}, {side} training")
    separations = {n: asdict(cosine.separation(s)) for n, s in found.similarities.items()}
    if separations:
        found.scores["cosine"] = separations
    found.scores |= _mteb(context, measures, side, model)
    return found


def _mteb(context: Context, measures: Measures, side: str, model: Any) -> dict[str, Any]:
    config: EvaluationSection = context.config
    batch_size = context.recipe.encoder.batch_size
    folder, name = context.work / "mteb", f"{side}-{_identity(context)}"
    found: dict[str, Any] = {}
    if measures.collection is not None:
        task = retrieval_task(measures.collection)
        (result,) = mteb_runs.run(model, name, [task], folder, batch_size)
        found["retrieval"] = {measures.collection.name: asdict(result)}
    for benchmark in config.mteb:
        tasks = mteb_runs.benchmark_tasks(benchmark)
        results = mteb_runs.run(model, name, tasks, folder, batch_size)
        found.setdefault("mteb", {})[benchmark] = {r.task: asdict(r) for r in results}
    return found


def _identity(context: Context) -> str:
    decides = {
        "config": context.config.identity(),
        "encoder": initial_encoder(context.recipe).identity(),
        "inputs": {name: reader.manifest.content for name, reader in context.inputs.items()},
        "files": file_hashes(context.stage),
    }
    return digest((json.dumps(decides, sort_keys=True),), size=8)


def _kept(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
