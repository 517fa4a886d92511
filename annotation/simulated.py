"""Simulated reviewers: a made-up export in Label Studio's own shape, for runs without people.

1. Every answer is drawn by hash from the task, the seed and the annotator, so that a repeat is
   answered anew.
2. The right answer is a control's known label, else the intended one; where only "not entailment"
   is known, it is neutral or contradiction, drawn once a pair so that the annotators agree on it.
3. A careless annotator answers at once and anything.
4. Every annotation says `"simulated": true` and comes from `simulated-1`, `simulated-2`, ...
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from annotation.page import CHOICE, CHOICE_TEXT, DISCARD, LABELS, REVISED
from annotation.stage import CANDIDATES, SimulatedSection
from annotation.tasks import ITEM, blind, write_list
from rupairs.steps import Context
from rupairs.text import digest, share

EXPORT = "export.json"
# A date on which nobody can have labelled anything.
_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


def simulate(context: Context) -> None:
    """Write `export.json`: one annotation a pushed task and annotator."""
    context.simulated = True
    candidates = context.inputs[CANDIDATES].table(["pair_id", "intended_label"])
    intended = dict(zip(*(c.to_pylist() for c in candidates.columns), strict=True))
    tasks = context.inputs["annotation.push"].rows()
    config: SimulatedSection = context.config
    write_list(context.out / EXPORT, _entries(tasks, intended, config, context.seed))
    pushed = context.inputs["annotation.push"].manifest.counts.rows_out
    context.facts["votes"] = pushed * config.annotators
    context.facts["reviewers"] = "simulated: labels and edits were drawn at random by a program"


def _entries(
    tasks: Iterator[Row], intended: dict[str, str], config: SimulatedSection, seed: int
) -> Iterator[Row]:
    for number, task in enumerate(tasks):
        right = task["gold"] or truth(task["pair_id"], intended[task["pair_id"]], seed)
        annotations = []
        for annotator in range(1, config.annotators + 1):
            vote = number * config.annotators + annotator
            answer = Answer(task, annotator, config, seed)
            annotations.append(_annotation(answer, right, number + 1, vote))
        yield {
            "id": number + 1,
            "annotations": annotations,
            "drafts": [],
            "predictions": [],
            "data": blind(task),
            "meta": {},
            "created_at": _time(0),
            "updated_at": _time(number),
            "inner_id": number + 1,
            "total_annotations": len(annotations),
            "cancelled_annotations": 0,
            "total_predictions": 0,
        }


def truth(pair_id: str, intended: str, seed: int) -> str:
    """Return the label that an unerring reviewer would give."""
    if intended != "not_entailment":
        return intended
    return "neutral" if share(pair_id, seed, "simulated truth") < 0.5 else "contradiction"


class Answer:
    """One simulated reviewer before one task; every draw has a purpose of its own."""

    def __init__(self, task: Row, annotator: int, config: SimulatedSection, seed: int) -> None:
        self.task = task
        self.name = f"simulated-{annotator}"
        self.config = config
        self.seed = seed
        self.careless = annotator > config.annotators - config.careless
        self.key = task["pair_id"] if task["kind"] == ITEM else task["task"]

    def draw(self, purpose: str) -> float:
        """Return this reviewer's number in [0, 1) for a purpose."""
        return share(self.key, self.seed, f"{self.name} {purpose}")

    def label(self, right: str) -> str:
        """Return the vote."""
        if self.careless:
            return LABELS[int(self.draw("anything") * len(LABELS))]
        if self.draw("discard") < self.config.discard:
            return DISCARD
        if self.draw("accuracy") < self.config.accuracy:
            return right
        wrong = [label for label in LABELS if label not in (right, DISCARD)]
        return wrong[int(self.draw("error") * len(wrong))]

    def seconds(self) -> float:
        """Return how long the answer took."""
        return 0.5 + self.draw("seconds") if self.careless else 3 + 20 * self.draw("seconds")

    def texts(self, label: str) -> dict[str, str]:
        """Return both texts as the reviewer leaves them."""
        texts = {field: self.task[field] for field in REVISED}
        if label != DISCARD and not self.careless and self.draw("revise") < self.config.revise:
            field = "premise" if self.draw("side") < 0.5 else "hypothesis"
            texts[field] = retouched(texts[field])
        return texts


def retouched(text: str) -> str:
    """Return `text` with the final full stop put or taken away; `?` and `!` stay as they are."""
    if text[-1:].isalnum():
        return text + "."
    if text.endswith(".") and not text.endswith(".."):
        return text[:-1].rstrip() or text
    return text


def _annotation(answer: Answer, right: str, task: int, vote: int) -> Row:
    label = answer.label(right)
    results = [_result(CHOICE, CHOICE_TEXT, "choices", {"choices": [label]}, vote)]
    for field, text in answer.texts(label).items():
        results.append(_result(REVISED[field], field, "textarea", {"text": [text]}, vote))
    return {
        "id": vote,
        "completed_by": {"id": answer.name},
        "result": results,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": _time(vote),
        "updated_at": _time(vote),
        "draft_created_at": None,
        "lead_time": round(answer.seconds(), 3),
        "prediction": {},
        "result_count": len(results),
        "task": task,
        "simulated": True,
    }


def _result(name: str, to: str, kind: str, value: Row, vote: int) -> Row:
    mark = digest((name, str(vote)), size=5)
    return {
        "value": value,
        "id": mark,
        "from_name": name,
        "to_name": to,
        "type": kind,
        "origin": "manual",
    }


def _time(second: int) -> str:
    return (_BEGIN + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
