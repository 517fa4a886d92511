"""What was measured, as Markdown: nothing beyond these sets, sizes and thresholds is claimed."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ruhnp.measuring.figures import RESAMPLES, Estimate
from ruhnp.notes import table
from rupairs.encoder import encoder_facts
from rupairs.steps import Context

if TYPE_CHECKING:
    from ruhnp.measure import Measured
    from ruhnp.measuring.chain import Chain
    from ruhnp.measuring.thresholds import Effect

_LABELS = ("same", "between", "other")
_CHOICE = ("set", "setting", "part", "as", "value", "precision", "recall", "balance")


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
        "\n### What each check drops\n\nPairs that a check fails on, by label, whatever the other "
        "checks say; in brackets those that it alone drops.\n\n",
        table(("set", "as", "check", *_LABELS), _firings(measured)),
        "\n### Thresholds\n\nBalance: the mean of the share of right pairs that all checks "
        "together accept and the share of wrong pairs that they do not. The best value is chosen "
        "on the development part; files that benchmarks test on are held out, and half of a set "
        "that has none.\n\n",
        table(_CHOICE, _choices(measured)),
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
        if isinstance(value, float | int) and value is not False
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


def _firings(measured: "Sequence[Measured]") -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for m in measured:
        for kind, chain in (("positive", m.positives), ("negative", m.negatives)):
            for name, firing in chain.checks.items():
                cells = [
                    f"{_percent(firing.fails[label], chain.pairs[label])} ({firing.alone[label]})"
                    for label in _LABELS
                ]
                rows.append((m.name, kind, name, *cells))
    return rows


def _choices(measured: "Sequence[Measured]") -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for m in measured:
        for choice in m.thresholds:
            for part in ("development", "held_out"):
                for said, effect in zip(("set", "best"), getattr(choice, part), strict=False):
                    rows.append((m.name, choice.setting, part, said, *_effect(effect)))
    return rows


def _effect(effect: "Effect") -> tuple[str, ...]:
    value = "off" if effect.value is None else f"{effect.value:g}"
    precision = "—" if effect.precision is None else f"{effect.precision:.3f}"
    return value, precision, f"{effect.recall:.3f}", f"{effect.balance:.3f}"


def _percent(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f", {part / whole:.1%}" if whole else "")


def _shown(estimate: Estimate | None) -> str:
    return str(estimate) if estimate else "—"
