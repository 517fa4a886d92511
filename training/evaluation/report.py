"""The step `training.evaluation`: the encoder before and after training, side by side."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rupairs.encoder import encoder_facts, load_transformer, model_path
from rupairs.silence import silence
from rupairs.steps import Context
from training.beginning import initial_encoder
from training.evaluation import cosine, curves, mteb_runs, pareto
from training.evaluation.embedding import LONGEST, own_prompt
from training.evaluation.encodechka import scores as encodechka
from training.evaluation.measures import (
    Measured,
    Measures,
    measure,
    read_measures,
)
from training.evaluation.page import Page, write_page
from training.stage import PARTS, EvaluationSection

SIDES = ("before", "after")
_NAMES = {"after": "this encoder", "before": "before training"}
_COSINE_ROWS = {
    "gap": "mean cosine, positives minus negatives",
    "auc": "AUC, positives over negatives",
    "overlap": "overlap of the histograms",
    "mean_positive": "mean cosine, positives",
    "mean_negative": "mean cosine, negatives",
    "median_positive": "median cosine, positives",
    "median_negative": "median cosine, negatives",
}
_TEXTS_TIMED = 200
Row = tuple[str, float, float]


def evaluate(context: Context) -> None:
    """Measure the initial and the trained encoder; scores, tables and plots go into `out`."""
    measures = read_measures(context)
    section, config = initial_encoder(context.recipe), context.config
    trained = str(context.inputs["training.encoder"].whole())
    with silence():
        models = {
            "before": load_transformer(model_path(section), section.revision, LONGEST),
            "after": load_transformer(trained, None, LONGEST),
        }
    prompt = own_prompt(models["after"]) if config.prompt is None else config.prompt
    total = len(SIDES) * (encodechka.size(measures.tasks) + len(measures.sets))
    with context.progress.bar("measurements", total) as tell, silence():
        found = {
            side: measure(context, measures, side, models[side], prompt, tell) for side in SIDES
        }
        speeds = _speeds(context, measures, models, prompt) if config.compare else {}
    facts = encoder_facts(section, role="initial encoder")
    if facts not in context.models:
        context.models.append(facts)
    _write(context, measures, found, prompt, speeds)


def _speeds(
    context: Context, measures: Measures, models: Mapping[str, Any], prompt: str
) -> dict[str, pareto.Speed]:
    """Time both encoders and those of `compare` in one run."""
    config: EvaluationSection = context.config
    others = {
        Path(name).name if Path(name).is_dir() else name: load_transformer(name, None, LONGEST)
        for name in config.compare
    }
    named = {f"{side} training": model for side, model in models.items()} | others
    prompts = dict.fromkeys(named, prompt) | {n: own_prompt(m) for n, m in others.items()}
    texts = sorted(encodechka.texts(measures.tasks))
    if not texts:
        texts = sorted(str(row["query"]) for pairs in measures.sets.values() for row in pairs.rows)
    every = max(1, len(texts) // _TEXTS_TIMED)
    return pareto.measure(named, texts[::every], prompts, context.recipe.encoder.batch_size)


def _points(scores: Mapping[str, Any], speeds: Mapping[str, pareto.Speed]) -> list[pareto.Point]:
    """Return what is drawn: nothing where no encoder that was timed has a mean on Encodechka."""
    way = "official" if "official" in scores["after"]["means"] else "fixed"
    own = {f"{s} training": scores[s]["means"].get(way, {}).get("Mean S") for s in SIDES}
    points = pareto.points(speeds, own)
    return points if any(point.speed for point in points) else []


def _write(
    context: Context,
    measures: Measures,
    found: Mapping[str, Measured],
    prompt: str,
    speeds: Mapping[str, pareto.Speed],
) -> None:
    scores: dict[str, Any] = {side: measured.scores for side, measured in found.items()}
    for side in SIDES:
        tasks = scores[side].get("encodechka", {})
        means = {way: encodechka.means(tasks, way) for way in encodechka.WAYS}
        scores[side]["means"] = {way: mean for way, mean in means.items() if mean}
    scores |= {"prompt": prompt, "remarks": [*measures.remarks, *_not_zero_shot(context, scores)]}
    if measures.leaks:
        scores["leaks"] = asdict(measures.leaks)
    if speeds:
        scores["speed"] = {name: asdict(speed) for name, speed in speeds.items()}
    context.facts["scores"] = scores
    text = json.dumps(scores, ensure_ascii=False, indent=2) + "\n"
    (context.out / "scores.json").write_text(text, encoding="utf-8")
    plots = dict(_plots(context, measures, found, _points(scores, speeds)))
    notes = notes_table(scores)
    notes += "".join(f"\n![{title}]({name})\n" for name, title in plots.items())
    notes += "\nThe same with published encoders: [report.html](report.html).\n"
    (context.out / "notes.md").write_text(notes, encoding="utf-8")
    page = Page(
        title=f"{context.recipe.run.name}: the encoder before and after training",
        rows=list(rows_of(scores)),
        encoders=_encoders(scores),
        remarks=scores["remarks"],
        models=[f"{m.role}: {m.id} ({m.license}) {m.note}".strip() for m in context.models],
        plots={title: context.out / name for name, title in plots.items()},
        mteb=_russian(scores),
        simulated=context.simulated,
        sample=context.config.rows is not None,
    )
    write_page(page, context.out / "report.html")


def _plots(
    context: Context,
    measures: Measures,
    found: Mapping[str, Measured],
    points: list[pareto.Point],
) -> Iterator[tuple[str, str]]:
    """Write the plots and yield the name of each file with its title."""
    for number, name in enumerate(measures.sets):
        panels = [(f"{side} training", m.similarities[name]) for side, m in found.items()]
        title, file = f"{name}, held-out pairs", f"cosine{number or ''}.png"
        cosine.plot(panels, title, context.out / file)
        yield file, f"Cosines of positives and negatives, {title}"
    if points:
        pareto.plot(points, "Encodechka, mean of 8 tasks", context.out / "pareto.png")
        yield "pareto.png", "Quality against speed and size"
    yield from _training_plots(context)


def _training_facts(context: Context) -> dict[str, dict[str, Any]]:
    """Return step → facts of the steps that trained a model, or merged two."""
    steps = ("stage1", *PARTS, "encoder")
    named = {name: context.inputs.get(f"training.{name}") for name in steps}
    return {name: reader.manifest.facts for name, reader in named.items() if reader}


def _not_zero_shot(context: Context, scores: Mapping[str, Any]) -> list[str]:
    """Return a remark on the tasks of MTEB whose data the encoder was trained on, if any."""
    tasks = [task for found in scores["after"].get("mteb", {}).values() for task in found]
    if not tasks:
        return []
    sources = {name for of in _training_facts(context).values() for name in of.get("pairs", {})}
    known = mteb_runs.trained_on(sources, tasks)
    return [f"Trained on data of these tasks, so not zero-shot: {', '.join(known)}."] * bool(known)


def _training_plots(context: Context) -> Iterator[tuple[str, str]]:
    trained = curves.training_curves(_training_facts(context))
    if trained:
        curves.plot(trained, context.out / "loss.png")
        yield "loss.png", "Losses of training"
    merge = context.inputs["training.encoder"].whole() / "merge.png"
    if merge.is_file():
        shutil.copyfile(merge, context.out / merge.name)
        yield merge.name, "Held-out pairs by the weight of the symmetric model"


def _encoders(scores: Mapping[str, Any]) -> dict[str, Any]:
    return {name: scores[side].get("encodechka", {}) for side, name in _NAMES.items()}


def _russian(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return the means on MTEB's Russian benchmark in percent, if it was run."""
    found = {}
    for side, name in _NAMES.items():
        tasks = scores[side].get("mteb", {}).get(mteb_runs.RUSSIAN, {})
        if tasks:
            found[name] = 100 * sum(task["main_score"] for task in tasks.values()) / len(tasks)
    return found


def rows_of(scores: Mapping[str, Any]) -> Iterator[Row]:
    """Yield (measure, before, after) of everything measured on both sides."""
    before, after = (scores[side] for side in SIDES)
    for task, entry in before.get("encodechka", {}).items():
        for way in encodechka.WAYS:
            if entry[way] is not None:
                yield f"Encodechka {task}, {way}", entry[way], after["encodechka"][task][way]
    for way, means in before["means"].items():
        for name, mean in means.items():
            yield f"Encodechka {name}, {way}", mean, after["means"][way][name]
    for name, separation in before.get("cosine", {}).items():
        for column, label in _COSINE_ROWS.items():
            yield f"{name}: {label}", separation[column], after["cosine"][name][column]
    for name, result in before.get("retrieval", {}).items():
        for column, label in (("main_score", "nDCG@10"), ("recall_at_100", "recall@100")):
            yield f"{name}: {label}", result[column], after["retrieval"][name][column]
    for benchmark, tasks in before.get("mteb", {}).items():
        for task, result in tasks.items():
            score = after["mteb"][benchmark][task]["main_score"]
            yield f"{benchmark} {task}", result["main_score"], score


def notes_table(scores: Mapping[str, Any]) -> str:
    """Return the Markdown table of scores before and after, then the remarks."""
    rows, lines = list(rows_of(scores)), []
    if rows:
        lines += ["| measure | before | after | difference |", "|---|--:|--:|--:|"]
        lines += [f"| {label} | {b:.4f} | {a:.4f} | {a - b:+.4f} |" for label, b, a in rows]
        lines.append("")
    lines += [f"- {remark}" for remark in scores["remarks"]]
    return "\n".join(lines) + "\n"
