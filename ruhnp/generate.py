"""Generation: every anchor is put to the model with both prompts; every answer becomes rows."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ruhnp.stage import PROMPTS, GenerateSection
from rupairs.llm.answering import Asked, answer_all, read_all
from rupairs.llm.models import LanguageModel, language_model
from rupairs.llm.request import Rejected
from rupairs.llm.task import load_task
from rupairs.recipe import Recipe
from rupairs.steps import Context

GENERATED_SCHEMA = pa.schema(
    [
        pa.field("anchor_id", pa.string(), nullable=False),
        pa.field("anchor", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("license", pa.string(), nullable=False),
        pa.field("call_id", pa.string(), nullable=False),
        pa.field("sample", pa.int32(), nullable=False),
    ]
)


def questions(
    anchors: Iterator[dict[str, Any]], model: LanguageModel, config: GenerateSection
) -> Iterator[Asked]:
    """Yield every call: both prompts for each anchor, as many as the model class needs."""
    tasks = [
        ("positive", config.positives, config.positive_prompt),
        ("negative", config.negatives, config.negative_prompt),
    ]
    loaded = [(k, n, load_task(PROMPTS / f"{p}.toml", count=n)) for k, n, p in tasks]
    for anchor in anchors:
        for kind, n, task in loaded:
            subject = {
                "anchor_id": anchor["text_id"],
                "anchor": anchor["text"],
                "kind": kind,
                "group_id": anchor["group_id"],
                "source": anchor["source"],
                "source_row": anchor["source_row"],
                "license": anchor["license"],
            }
            for request in model.requests(task, {"anchor": anchor["text"]}, n):
                yield Asked(subject, task, request)


def generate(context: Context) -> None:
    """Write one row a generated text; cut, unparsable and failed answers are dropped."""
    model = language_model(context.recipe.llm)
    anchors = context.inputs["ruhnp.anchors"]
    asked = list(questions(anchors.rows(), model, context.config))
    answer_all(context, asked, "paraphrases and hard negatives")
    with context.writer(GENERATED_SCHEMA) as writer:
        for subject, found in writer.each(read_all(context, model, asked)):
            if isinstance(found, Rejected):
                row = subject | {"call_id": found.call_id}
                writer.drop(row, found.reason, found.evidence)
            else:
                text = found.fields["text"]
                row = {"text": text, "call_id": found.call_id, "sample": found.sample}
                writer.keep(subject | row)


def plan(recipe: Recipe) -> tuple[int, int]:
    """Return (calls, prompt characters) for as many anchors as the recipe allows.

    Anchors are taken to have the 115 characters that the published set has in the median.
    """
    section: Any = recipe.sections["ruhnp"]
    anchor = dict.fromkeys(GENERATED_SCHEMA.names, "") | {"text_id": "", "text": "о" * 115}
    requests = [
        a.request for a in questions(iter([anchor]), language_model(recipe.llm), section.generate)
    ]
    limit = section.anchors.limit
    return limit * len(requests), limit * sum(r.prompt_characters for r in requests)
