"""What was measured, as Markdown: nothing beyond these sets, sizes and thresholds is claimed."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ruhnp.measuring.figures import RESAMPLES, Estimate
from ruhnp.notes import table
from rupairs.encoder import encoder_facts
from rupairs.steps import Context

if TYPE_CHECKING:
    from ruhnp.measure import Chain, Measured

_LABELS = ("same", "between", "other")


def settings(context: Context) -> dict[str, Any]:
    """Return the settings that were measured: encoder, seed, and [ruhnp.verify] as it decides."""
    encoder = encoder_facts(context.recipe.encoder, role="similarity")
    verify = context.stage.verify.identity()
    judge = verify.pop("judge")
    if judge and judge["kind"] == "llm":
        judge["model"] = context.recipe.llm.model
    return {
        "encoder": encoder.pinned,
        "judge": {k: v for k, v in judge.items() if k != "files"} if judge else None,
        "seed": context.seed,
        "resamples": RESAMPLES,
        "verify": verify,
    }


def page(context: Context, measured: "Sequence[Measured]") -> str:
    """Return the section of a report."""
    verify = context.stage.verify
    parts = [
        "## The checks on labelled pairs\n\n",
        _settings(settings(context)),
        "\n### Ranking\n\nArea under the ROC curve, same over other; pairs in between are left "
        f"out. Intervals: the middle 95 % of {RESAMPLES} bootstrap samples.\n\n",
        table(("set", "pairs", *_LABELS, "similarity", "judge"), map(_ranking, measured)),
        "\n### As positives\n\nPrecision: of the accepted pairs that are clearly one or the other, "
        "those that say the same. Recall: of the pairs that say the same, those accepted. Both "
        "depend on how many of a set say the same.\n\n",
        _decisions(measured, lambda m: m.positives),
        "\n### As negatives\n\nOn pairs that share their words: overlap (token sort ratio) of "
        f"{verify.measure_overlap} or more. Precision: of the accepted pairs, those that do not "
        "say the same; recall: of the pairs that do not, those accepted.\n\n",
        _decisions(measured, lambda m: m.negatives),
        "\n### What each check drops\n\n",
        table(("set", "as", "dropped because", *_LABELS), _faults(measured)),
        "\n### Sets\n\n",
        *(f"- {m.name} ({', '.join(m.files)}; {m.size} pairs): {m.meaning}.\n" for m in measured),
    ]
    return "".join(parts)


def _settings(found: dict[str, Any]) -> str:
    judge = found["judge"]
    said = (
        ", ".join(f"{k} {v}" for k, v in judge.items() if v not in (None, "")) if judge else "none"
    )
    thresholds = ", ".join(
        f"{name} {value}"
        for name, value in found["verify"].items()
        if isinstance(value, float | int) and not isinstance(value, bool)
    )
    checks = found["verify"]["checks"]
    return (
        f"Encoder {found['encoder']}; judge: {said}; seed {found['seed']}.\n"
        f"Checks: {', '.join(checks) if checks is not None else 'all'}; {thresholds}.\n"
    )


def _ranking(m: "Measured") -> tuple[object, ...]:
    judge = _shown(m.judge_auc) + (f"; {m.unjudged} unjudged" if m.unjudged else "")
    drawn = [m.drawn[label] for label in _LABELS]
    return (m.name, sum(drawn), *drawn, _shown(m.similarity_auc), judge)


def _decisions(measured: "Sequence[Measured]", of: "Callable[[Measured], Chain]") -> str:
    rows = []
    for m in measured:
        chain = of(m)
        counts = [f"{chain.accepted[label]} of {chain.pairs[label]}" for label in _LABELS]
        found = chain.decision
        rows.append((m.name, *counts, _shown(found.precision), _shown(found.recall)))
    columns = ("set", *(f"accepted, {label}" for label in _LABELS), "precision", "recall")
    return table(columns, rows)


def _faults(measured: "Sequence[Measured]") -> list[tuple[object, ...]]:
    return [
        (m.name, kind, reason, *(counts[label] for label in _LABELS))
        for m in measured
        for kind, chain in (("positive", m.positives), ("negative", m.negatives))
        for reason, counts in chain.faults.items()
    ]


def _shown(estimate: Estimate | None) -> str:
    return str(estimate) if estimate else "—"
