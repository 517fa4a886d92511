"""The same in brief, for the README: what the recipe takes on one GPU, and ten million pairs."""

from collections.abc import Iterator

from rupairs.scale import work
from rupairs.scale.page import (
    CORES,
    GENERATED,
    HARVESTED,
    assumed,
    count,
    hours,
    judge,
    size,
    table,
)
from rupairs.scale.rates import Rates
from rupairs.scale.settings import Asked

BEGIN, END = "<!-- computed in brief: begin -->", "<!-- computed in brief: end -->"
_PAIRS, _MANY, _CORES = HARVESTED[0], GENERATED[1], CORES[1]


def brief(rates: Rates, asked: Asked, recipe: str) -> str:
    """Return the table and what it rests on; `recipe` is the name of the recipe it holds for."""
    own = rates.afresh()
    return "\n".join([*_brief(own, asked, recipe), "", *assumed(own)])


def _brief(rates: Rates, asked: Asked, recipe: str) -> Iterator[str]:
    pairs = asked.generated * rates["complete_share"]
    generated = work.generation(rates, asked, pairs, 1)
    reviewed = work.review(rates, asked, asked.reviewed)
    trained = work.training(rates, asked, asked.steps * asked.batch, 1)
    harvested = work.harvest(rates, _PAIRS, _CORES)
    many = work.generation(rates, asked, _MANY, 1)
    read = work.training(rates, asked, _PAIRS, 1).disk
    parts = (
        (
            f"RuHNP: {count(pairs)} pairs, {count(generated.calls)} calls",
            (generated.hours, generated.money, generated.log + generated.tables),
        ),
        (
            f"RuWANLI: {count(asked.reviewed)} items to review, {count(reviewed.calls)} calls",
            (reviewed.gpu_hours, reviewed.money, reviewed.log),
        ),
        (
            f"training: {asked.steps:,} steps of {asked.batch:,} examples",
            (trained.hours, trained.money, read),
        ),
        (
            f"harvest of {count(_PAIRS)} pairs: {hours(harvested.hours)} hours of {_CORES} cores",
            (0.0, 0.0, harvested.disk),
        ),
    )
    whole = [sum(of) for of in zip(*(figures for _, figures in parts), strict=True)]
    rows = [
        *parts,
        (f"**`{recipe}` in all{', but for the judge' if asked.judged else ''}**", whole),
        (f"{count(_MANY)} pairs of RuHNP", (many.hours, many.money, many.log + many.tables)),
    ]
    yield from table(
        ("one 80 GB GPU", "GPU hours", "money", "disk"),
        [
            (name, hours(of[0]) if of[0] else "", f"{of[1]:,.0f}" if of[0] else "", size(of[2]))
            for name, of in rows
        ],
    )
    yield ""
    if asked.judged:
        yield judge(asked, recipe)
        yield ""
    yield (
        f"Reviewing those items takes people {hours(reviewed.hours)} hours: "
        "fewer candidates or fewer votes an item move that."
    )
