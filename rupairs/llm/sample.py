"""A sample of a step's calls: the real questions, asked of the real model, and what they cost.

The step itself is run up to its first questions, of which as many as wanted are asked; their
answers stay in the run's replay log, so that the run does not pay for them again.
"""

import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rupairs.errors import RupairsError
from rupairs.llm.answering import SAMPLED, SampledError
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Request
from rupairs.llm.spent import Spent
from rupairs.manifest import NAME
from rupairs.progress import Progress
from rupairs.recipe import LLMSection, Recipe
from rupairs.steps import Context, Step, load_stages, resolve
from rupairs.store import StageReader


class InputMissingError(RupairsError):
    """A step cannot be sampled: what it reads has not been made."""


@dataclass(frozen=True)
class Sample:
    """What some calls came to; `speed` in generated tokens a second, 0 if none was sent now.

    `reasons` counts why calls failed.
    """

    calls: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    speed: float
    reasons: Counter[str] = field(default_factory=Counter)


def ask_sample(step: Step, recipe: Recipe, run: Path, calls: int, progress: Progress) -> Sample:
    """Ask `calls` questions of a step that its run has not asked yet.

    Where none is left, the answers are those of the log. Raises InputMissingError, and what
    `answer_all` raises.
    """
    steps = {s.name: s for stage in load_stages().values() for s in stage.steps}
    for name in step.inputs:
        if not (steps[name].path(run) / NAME).is_file():
            raise InputMissingError(
                f"{step.name}: not measured, it reads {name}: first "
                f"rupairs run {recipe.path} --out {run} --until {name}"
            )
    there = (n for n in step.optional_inputs if (steps[n].path(run) / NAME).is_file())
    needs = (*step.inputs, *there)
    inputs = {name: StageReader(steps[name].path(run)) for name in needs}
    stage = recipe.sections[step.stage]
    token = SAMPLED.set(calls)
    try:
        with tempfile.TemporaryDirectory() as out:
            context = Context(step, run, Path(out), recipe, stage, progress, inputs)
            with closing(context):
                resolve(step.run)(context)
    except SampledError as sampled:
        return _sample(sampled.spent, run, sampled.requests)
    finally:
        SAMPLED.reset(token)
    return Sample(0, 0, 0, 0, 0.0)


def _sample(spent: Spent, run: Path, requests: list[Request]) -> Sample:
    with ReplayLog(run / "llm.sqlite") as log:
        answers = [a for r in requests if (a := log.get(r.key))]
    return Sample(
        calls=len(requests),
        failed=len(requests) - len(answers),
        prompt_tokens=sum(a.prompt_tokens for a in answers),
        completion_tokens=sum(a.completion_tokens for a in answers),
        speed=spent.completion_tokens / spent.seconds if spent.seconds else 0.0,
        reasons=spent.failed,
    )


def figures(sample: Sample, calls: int, section: LLMSection) -> dict[str, Any]:
    """Return what `calls` calls take if they are like the sample.

    Money is None without prices, and hours are where no call was sent now. Where all failed there
    is nothing but their count and the reasons.
    """
    answered = sample.calls - sample.failed
    counted: dict[str, Any] = {"sampled": sample.calls, "failed": sample.failed}
    if sample.reasons:
        counted["failed_by"] = dict(sample.reasons)
    if not answered:
        return counted
    prompt, completion = sample.prompt_tokens / answered, sample.completion_tokens / answered
    money = None
    if section.price_prompt is not None or section.price_completion is not None:
        prices = section.price_prompt or 0.0, section.price_completion or 0.0
        money = calls * (prompt * prices[0] + completion * prices[1]) / 1e6
    return {
        **counted,
        "prompt_tokens_per_call": prompt,
        "completion_tokens_per_call": completion,
        "tokens_per_second": sample.speed,
        "prompt_tokens": round(calls * prompt),
        "completion_tokens": round(calls * completion),
        "hours": calls * completion / sample.speed / 3600 if sample.speed else None,
        "money": money,
    }
