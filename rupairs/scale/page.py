"""The page: every table of `docs/scale.md` as Markdown, computed from rates and a recipe.

Under each table stand the assumed rates that it rests on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rupairs.errors import UsageError
from rupairs.scale import work
from rupairs.scale.limits import limits
from rupairs.scale.rates import ASSUMED, UNITS, Rates
from rupairs.scale.settings import Asked

BEGIN, END = "<!-- computed: begin -->", "<!-- computed: end -->"
GENERATED = (100_000, 10_000_000, 1_000_000_000)
GPUS = (1, 8, 64)
HARVESTED = (3_350_000, 300_000_000, 10_000_000_000)
CORES = (2, 16, 128, 1_024)
TRAINED = (3_000_000, 300_000_000)
# `training.encoder.processes` are those of one machine.
TRAINING_GPUS = (1, 8)
REVIEWED = (10_000, 100_000, 1_000_000)

Row = Sequence[str]


def page(rates: Rates, asked: Asked, recipe: str) -> str:
    """Return all tables; `recipe` is the name of the recipe they hold for."""
    parts: tuple[tuple[str, Callable[[Rates, Asked], Iterator[str]]], ...] = (
        (f"Generation, as `{recipe}` asks for it", _generation),
        ("Harvest", _harvest),
        ("Training, one pass", _training),
        (f"RuWANLI: generation and review, as `{recipe}` asks for it", _review),
        ("What breaks first", _limits),
    )
    lines: list[str] = []
    for title, part in parts:
        own = rates.afresh()
        lines += [f"## {title}", "", *part(own, asked), "", *assumed(own), ""]
    return "\n".join([*lines, "## Rates", "", *_rates(rates), ""])


def write_page(path: Path, texts: Mapping[tuple[str, str], str]) -> None:
    """Put texts between those of their two markers that a page has; `UsageError` if it has none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such page") from None
    found = 0
    for (begin, end), made in texts.items():
        before, first, rest = text.partition(begin)
        _, second, after = rest.partition(end)
        if first and second:
            text = f"{before}{begin}\n\n{made.strip()}\n\n{end}{after}"
            found += 1
    if not found:
        marks = " or ".join(f"{begin} and {end}" for begin, end in texts)
        raise UsageError(f"{path}: the lines {marks} must stand in it")
    path.write_text(text, encoding="utf-8")


def _generation(rates: Rates, asked: Asked) -> Iterator[str]:
    rows = []
    for pairs in GENERATED:
        for gpus in GPUS:
            found = work.generation(rates, asked, pairs, gpus)
            took = (count(found.calls), hours(found.hours), f"{found.money:,.0f}")
            disk = (size(found.log), size(found.tables))
            rows.append((count(pairs), str(gpus), *took, *disk, found.bound))
    columns = ("pairs", "GPUs", "calls", "hours", "money", "replay log", "tables", "waits for")
    yield from table(columns, rows)
    yield ""
    yield (
        "These are RuHNP's pairs; RuWANLI's stand under the review. A prompt has "
        f"{asked.prompt:,.0f} characters a call; reading it costs no time of its own here, because "
        "`tokens_per_second` is what comes out while prompts are read, as `plan --measure` counts."
    )
    yield ""
    if asked.judged:
        yield judge(asked, "the recipe")
        yield ""
    yield (
        f"One run keeps {work.gpus_of_a_client(rates):,.0f} GPUs busy. The plain checks, in one "
        f"process, take {hours(_check_hours(rates, asked, GENERATED[1]))} hours more for "
        f"{count(GENERATED[1])} pairs, whatever the GPUs."
    )


def judge(asked: Asked, recipe: str) -> str:
    """Return what is said of the judge, whose speed nobody has measured yet."""
    name = recipe if " " in recipe else f"`{recipe}`"
    return (
        f"**Not in these figures**: the judge of {name} answers up to {count(asked.judged)} short "
        f"questions for {count(asked.generated)} pairs, two a text that passes the checks before "
        "it. `plan --measure` does not time them; leave `[ruhnp.verify.judge]` out to do without."
    )


def _check_hours(rates: Rates, asked: Asked, pairs: int) -> float:
    texts = pairs / (asked.pairs * rates["complete_share"]) * asked.texts
    return texts / rates["checks_per_second"] / work.HOUR


def _harvest(rates: Rates, asked: Asked) -> Iterator[str]:
    rows = []
    for pairs in HARVESTED:
        found = [work.harvest(rates, pairs, cores) for cores in CORES]
        some = found[0]
        fits = "" if some.memory <= rates["memory"] else " (too much)"
        rows.append(
            (
                count(pairs),
                *(hours(f.hours) for f in found),
                hours(found[-1].ray_hours),
                f"{size(some.memory)}{fits}",
                size(some.disk),
                f"{some.parts:,}",
                f"{some.tables:,}",
            )
        )
    cores = (f"hours, {n:,} cores" for n in CORES)
    columns = (
        "pairs",
        *cores,
        f"{CORES[-1]:,} cores, Ray",
        "memory",
        "disk",
        "parts",
        "files for Ray",
    )
    yield from table(columns, rows)
    yield ""
    yield (
        f"Measured on {rates['harvest_cores']:.0f} cores; more are computed, without the network's "
        f"cost. On Ray a small harvest took "
        f"{rates['ray_ratio']:.3g} times as long on one machine, its start included; a large one "
        f"is taken to do so too. {100 * rates['harvest_main_share']:.0f} % of the "
        "processor time is one process's, which holds most of the memory too. For Ray every table "
        "is a file first, which takes as much disk again as the texts."
    )


def _training(rates: Rates, asked: Asked) -> Iterator[str]:
    rows = []
    for pairs in TRAINED:
        for gpus in TRAINING_GPUS:
            found = work.training(rates, asked, pairs, gpus)
            figures = (f"{found.steps:,}", hours(found.hours), f"{found.money:,.0f}")
            rows.append((count(pairs), str(gpus), *figures, size(found.disk), size(found.memory)))
    yield from table(("pairs", "GPUs", "steps", "hours", "money", "disk", "memory"), rows)
    yield ""
    yield (
        "A pass is `steps` of the recipe's `batch_size`. GPUs are taken to share the work without "
        "loss. `training.encoder.processes` are those of one machine: 64 GPUs are not offered."
    )


def _review(rates: Rates, asked: Asked) -> Iterator[str]:
    rows = []
    for items in REVIEWED:
        found = work.review(rates, asked, items)
        rows.append(
            (
                count(items),
                count(found.calls),
                hours(found.gpu_hours),
                f"{found.money:,.0f}",
                size(found.log),
                f"{found.votes:,.0f}",
                hours(found.hours),
                hours(found.hours_each),
                f"{found.tasks:,}",
                f"{found.files:,}",
                hours(found.push_hours),
            )
        )
    columns = ("items", "calls", "hours of one GPU", "money", "replay log", "votes")
    people = ("hours of people", f"each of {asked.people}", "tasks", "files or projects")
    yield from table((*columns, *people, "hours to prepare"), rows)
    yield ""
    yield (
        f"An item is a candidate that reaches the reviewers; the recipe asks for "
        f"{count(asked.reviewed)}, {100 * asked.completions:.0f} % of them completions."
    )


def _limits(rates: Rates, asked: Asked) -> Iterator[str]:
    yield (
        f"On a machine with {size(rates['memory'])} of memory and {size(rates['disk'])} of disk; "
        "for each kind of rows, what breaks first stands first."
    )
    yield ""
    rows = [
        (limit.rows, limit.what, count(limit.at), f"`{limit.setting}`", limit.how)
        for limit in limits(rates, asked)
    ]
    yield from table(("rows", "what is used up", "at", "setting", "what it does"), rows)


def assumed(rates: Rates) -> Iterator[str]:
    """Yield the line that names the assumed ones of the rates that were looked up."""
    names = [n for n in UNITS if n in rates.asked and rates.by_name[n].basis == ASSUMED]
    if names:
        yield f"Assumed: {', '.join(f'`{n}` = {figure(n, rates[n])}' for n in names)}."
    else:
        yield "Nothing assumed: all rates of it were measured."


def _rates(rates: Rates) -> Iterator[str]:
    rows = []
    for name, rate in rates.by_name.items():
        where = ", ".join(filter(None, (rate.source, rate.machine, rate.date)))
        rows.append((f"`{name}`", figure(name, rate.value), UNITS[name], rate.basis, where))
    yield from table(("rate", "value", "unit", "", "where it comes from"), rows)


def table(columns: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a Markdown table; columns of figures are on the right."""
    rows = list(rows)
    numbers = [all(_figure(row[n]) for row in rows) for n in range(len(columns))]
    yield f"| {' | '.join(columns)} |"
    yield f"|{'|'.join('--:' if number else '---' for number in numbers)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _figure(cell: str) -> bool:
    """Say whether a cell holds a figure, or nothing where others do."""
    return not cell or cell[0].isdigit() or cell[0] == "<"


def figure(name: str, value: float) -> str:
    """Return the value of a rate, large numbers of bytes as `size` shows them."""
    if UNITS[name].startswith("B ") and value >= 1e6:
        return size(value)
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def count(rows: float) -> str:
    """Return a number of rows in about three figures: 3.35M."""
    return _short(rows, ((1e9, "B"), (1e6, "M"), (1e3, "k"), (1, "")))


def size(of: float) -> str:
    """Return bytes in about three figures: 1.3 TB."""
    return _short(of, ((1e12, " TB"), (1e9, " GB"), (1e6, " MB"), (1e3, " kB"), (1, " B")))


def _short(value: float, units: Iterable[tuple[float, str]]) -> str:
    for unit, name in units:
        if value >= unit:
            of = value / unit
            return f"{of:,.0f}{name}" if of >= 100 else f"{of:.3g}{name}"
    return "0"


def hours(of: float) -> str:
    """Return hours in two figures or three."""
    if of < 0.005:
        return "<0.01"
    if of < 1:
        return f"{of:.2f}"
    return f"{of:,.1f}" if of < 100 else f"{of:,.0f}"
