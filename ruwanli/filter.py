"""The filter: heuristics, benchmarks, repeats; the most variable part of the rest goes to review.

The estimated max variability (`ruwanli.variability`) needs no label: it says how much the mind of
the cartography's classifier changed over its training about a pair that it never saw.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rupairs.benchmark_leaks import leaks
from rupairs.benchmark_texts import benchmark_hashes, read_benchmarks
from rupairs.steps import Context
from rupairs.text import key, share
from ruwanli.candidates import FILTERED_SCHEMA, Row, with_texts
from ruwanli.heuristics import fault, tidy
from ruwanli.repeats import Fault, nli_texts, repeats
from ruwanli.selection import Measured, Selection, most_variable
from ruwanli.stage import FilterSection
from ruwanli.variability import estimated_max_variability

_TOLD_EVERY = 256


def filter_candidates(context: Context) -> None:
    """Write the candidates that go to review; the others are dropped with reason."""
    generated, harvest = context.inputs["ruwanli.generate"], context.inputs["harvest.pairs"]
    # The harvest is only looked at: candidates grow from the seeds, under their terms.
    context.licenses = dict(generated.manifest.licenses)
    rows = [with_texts(r, tidy(r["premise"]), tidy(r["hypothesis"])) for r in generated.rows()]
    faults = _heuristics(context, rows)
    faults |= leaking(context, rows, faults)
    left = [n for n in range(len(rows)) if n not in faults]
    passing = [rows[n] for n in left]
    found = repeats(nli_texts(harvest), passing, context.config.near, context.work)
    faults |= {left[place]: why for place, why in found.items()}
    selection = _select(context, rows, faults)
    with context.writer(FILTERED_SCHEMA) as writer:
        for number, row in writer.each(enumerate(rows)):
            if why := faults.get(number):
                writer.drop(row, *why)
            else:
                writer.keep(row)
    context.facts["max_variability"] = selection.labels
    (context.out / "notes.md").write_text(_notes(selection, context.config), encoding="utf-8")


def outside(section: Any) -> dict[str, str]:
    """Return the hashes of the benchmark files, which lie outside the run."""
    return benchmark_hashes(section.filter.benchmarks)


def leaking(context: Context, rows: Sequence[Row], faults: Mapping[int, Fault]) -> dict[int, Fault]:
    """Return which rows without a fault share text with a benchmark, by number."""
    config: FilterSection = context.stage.filter
    if config.benchmarks is None:
        return {}
    known = read_benchmarks(config.benchmarks)
    if known.skipped:
        context.progress.say(f"  benchmarks: not read: {', '.join(known.skipped)}")
    context.facts["benchmarks"] = known.files
    left = [number for number in range(len(rows)) if number not in faults]
    sides = {n: [key(rows[n][side]) for side in ("premise", "hypothesis")] for n in left}
    texts = list(dict.fromkeys(text for both in sides.values() for text in both))
    found = {
        texts[place]: said for place, said in leaks(texts, known, config.contamination).items()
    }
    return {
        n: ("benchmark_leak", next(found[text] for text in both if text in found))
        for n, both in sides.items()
        if any(text in found for text in both)
    }


def _heuristics(context: Context, rows: Sequence[Row]) -> dict[int, Fault]:
    faults: dict[int, Fault] = {}
    with context.progress.bar("heuristics", len(rows)) as advance:
        for number, row in enumerate(rows):
            why = fault(row["premise"], row["hypothesis"], row["examples"], context.config)
            if why:
                faults[number] = why
            if number % _TOLD_EVERY == _TOLD_EVERY - 1:
                advance(_TOLD_EVERY, "")
    return faults


def _select(context: Context, rows: list[Row], faults: dict[int, Fault]) -> Selection:
    """Measure the rows without a fault, and add the faults of those that are not kept."""
    config: FilterSection = context.config
    left = [number for number in range(len(rows)) if number not in faults]
    measure(context, [rows[number] for number in left])
    measured = [
        Measured(
            label=rows[n]["intended_label"],
            sigma=rows[n]["max_variability"],
            tie=share(rows[n]["pair_id"], context.seed, "review"),
        )
        for n in left
    ]
    selection = most_variable(measured, config.keep, config.per_label)
    faults.update({left[place]: why for place, why in selection.faults.items()})
    return selection


def measure(context: Context, rows: Sequence[Row]) -> None:
    """Put `max_variability` into rows, in six digits: what is below is the machine's."""
    if rows:
        folder = context.inputs["ruwanli.cartography"].whole()
        pairs = [(row["premise"], row["hypothesis"]) for row in rows]
        for row, sigma in zip(rows, estimated_max_variability(folder, pairs), strict=True):
            row["max_variability"] = round(float(sigma), 6)


def _notes(selection: Selection, config: FilterSection) -> str:
    lines = [
        f"Of the candidates without a fault, the most variable {config.keep:.0%} go to review, "
        "equally many of each intended label; variability is WANLI's estimated max variability.",
        "",
        "| intended label | without a fault | median | kept from | kept |",
        "|---|--:|--:|--:|--:|",
    ]
    found: dict[str, Any]
    for label, found in selection.labels.items():
        numbers = f"{found['median']:g} | {found['threshold']:g} | {found['kept']}"
        lines.append(f"| {label} | {found['passed']} | {numbers} |")
    return "\n".join(lines) + "\n"
