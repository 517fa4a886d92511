"""The step `training.evaluation`: the encoder before and after training, side by side."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rupairs.encoder import encoder_facts, load_transformer, model_path
from rupairs.silence import silence
from rupairs.steps import Context
from training.evaluation import cosine, encodechka
from training.evaluation.cosine import HeldOut, Similarities
from training.stage import EvaluationSection, Task

PAIRS, PAIRS_NAME = "ruhnp.release", "RuHNP"
_COSINE_ROWS = {
    "gap": "mean cosine, positives minus negatives",
    "auc": "AUC, positives over negatives",
    "overlap": "overlap of the histograms",
    "mean_positive": "mean cosine, positives",
    "mean_negative": "mean cosine, negatives",
    "median_positive": "median cosine, positives",
    "median_negative": "median cosine, negatives",
}


@dataclass
class Measured:
    """What one encoder scored."""

    tasks: dict[Task, encodechka.Score] = field(default_factory=dict)
    similarities: Similarities | None = None

    def scores(self) -> dict[str, Any]:
        """Return the scores, ready for JSON."""
        found: dict[str, Any] = {}
        if self.tasks:
            found["encodechka"] = {task: asdict(score) for task, score in self.tasks.items()}
        if self.similarities is not None:
            found["cosine"] = asdict(cosine.separation(self.similarities))
        return found


@dataclass(frozen=True)
class Measures:
    """What is measured, and why something is not."""

    tasks: Mapping[Task, encodechka.SentencePairs]
    held_out: HeldOut | None
    remarks: tuple[str, ...]


def evaluate(context: Context) -> None:
    """Measure the initial and the trained encoder; scores, a table and a plot go into `out`."""
    measures = _measures(context)
    section = context.recipe.encoder
    trained = str(context.inputs["training.encoder"].directory)
    encoders = {
        "before": (model_path(section), section.revision),
        "after": (trained, None),
    }
    found: dict[str, Measured] = {}
    total = len(encoders) * (len(measures.tasks) + (measures.held_out is not None))
    with context.progress.bar("measurements", total) as tell, silence():
        for name, (path, revision) in encoders.items():
            model = load_transformer(path, revision, encodechka.MAX_LENGTH)
            found[name] = Measured()
            for task, pairs in measures.tasks.items():
                found[name].tasks[task] = encodechka.score(model, pairs, section.batch_size)
                tell(1, f"{task}, {name} training")
            if measures.held_out is not None:
                found[name].similarities = cosine.similarities(
                    model, measures.held_out, section.batch_size
                )
                tell(1, f"cosines, {name} training")
    facts = encoder_facts(section, role="initial encoder")
    if facts not in context.models:
        context.models.append(facts)
    _write(context, measures, found)


def _measures(context: Context) -> Measures:
    config: EvaluationSection = context.config
    remarks = []
    tasks = {}
    if config.encodechka is None:
        remarks.append("Encodechka: not measured, give evaluation.encodechka.")
    else:
        tasks = {task: encodechka.read_task(config.encodechka, task) for task in config.tasks}
    held_out: HeldOut | None = None
    if PAIRS not in context.inputs:
        remarks.append(f"Cosines: not measured, this run makes no {PAIRS_NAME}.")
    else:
        held_out = cosine.held_out(context.inputs[PAIRS].rows())
        lack, splits = held_out.lack(), " and ".join(held_out.splits)
        if lack is None:
            unusual = not set(held_out.splits) & set(cosine.HELD_OUT)
            note = "; there is no validation or test" if unusual else ""
            remarks.append(f"Cosines: pairs of {PAIRS_NAME}, split {splits}{note}.")
        else:
            remarks.append(f"Cosines: not measured, {lack} in {PAIRS_NAME}.")
            held_out = None
    return Measures(tasks, held_out, tuple(remarks))


def _write(context: Context, measures: Measures, found: Mapping[str, Measured]) -> None:
    scores: dict[str, Any] = {name: measured.scores() for name, measured in found.items()}
    scores["remarks"] = list(measures.remarks)
    context.facts["scores"] = scores
    text = json.dumps(scores, ensure_ascii=False, indent=2) + "\n"
    (context.out / "scores.json").write_text(text, encoding="utf-8")
    notes = notes_table(scores)
    panels = [(f"{n} training", m.similarities) for n, m in found.items() if m.similarities]
    if panels:
        title = f"{PAIRS_NAME}, held-out pairs"
        cosine.plot(panels, title, context.out / "cosine.png")
        notes += f"\n![Cosines of positives and negatives, {title}](cosine.png)\n"
    (context.out / "notes.md").write_text(notes, encoding="utf-8")


def notes_table(scores: Mapping[str, Any]) -> str:
    """Return the Markdown table of scores before and after, then the remarks."""
    before, after = scores["before"], scores["after"]
    rows: list[tuple[str, float, float]] = []
    for task in before.get("encodechka", {}):
        for way in ("fixed", "official"):
            values = (side["encodechka"][task][way] for side in (before, after))
            rows.append((f"Encodechka {task}, {way}", *values))
    for name, label in _COSINE_ROWS.items():
        if "cosine" in before:
            rows.append((label, before["cosine"][name], after["cosine"][name]))
    lines = []
    if rows:
        lines += ["| measure | before | after | difference |", "|---|--:|--:|--:|"]
        lines += [f"| {label} | {b:.4f} | {a:.4f} | {a - b:+.4f} |" for label, b, a in rows]
        lines.append("")
    lines += [f"- {remark}" for remark in scores["remarks"]]
    return "\n".join(lines) + "\n"
