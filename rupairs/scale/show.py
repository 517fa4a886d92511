"""The verb: what a run of a given size takes, in the terminal or on a page."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from rupairs.options import print_json
from rupairs.runs import open_recipe
from rupairs.scale import brief, work
from rupairs.scale import page as pages
from rupairs.scale.limits import limits
from rupairs.scale.measured import read_measured
from rupairs.scale.rates import SHIPPED, Rates, read_rates, write_rates
from rupairs.scale.settings import Asked, asked


def show_scale(
    recipe: str,
    overrides: list[str],
    rates_file: Path | None,
    measured: list[Path],
    given: list[str],
    write: list[Path],
    as_json: bool,
) -> None:
    """Compute from a rates file, then the files of `measured`, then the rates of `given`.

    `write` names pages between whose markers the tables are made anew, and `.toml` files that are
    to hold the rates that were computed with; without any the tables are printed.
    """
    rates = read_rates(rates_file or SHIPPED)
    for path in measured:
        rates = rates.having(read_measured(path), str(path))
    rates = rates.given(given)
    wanted = asked(open_recipe(recipe, overrides))
    made = {
        (pages.BEGIN, pages.END): pages.page(rates, wanted, recipe),
        (brief.BEGIN, brief.END): brief.brief(rates, wanted, recipe),
    }
    for path in write:
        if path.suffix == ".toml":
            write_rates(rates, path)
        else:
            pages.write_page(path, made)
    if as_json:
        print_json(figures(rates, wanted))
    elif not write:
        Console().print(Markdown(made[pages.BEGIN, pages.END]))


def figures(rates: Rates, wanted: Asked) -> dict[str, Any]:
    """Return everything that the tables show, for programs."""
    return {
        "generation": [
            {"pairs": n, "gpus": g} | asdict(work.generation(rates, wanted, n, g))
            for n in pages.GENERATED
            for g in pages.GPUS
        ],
        "harvest": [
            {"pairs": n, "cores": c} | asdict(work.harvest(rates, n, c))
            for n in pages.HARVESTED
            for c in pages.CORES
        ],
        "training": [
            {"pairs": n, "gpus": g} | asdict(work.training(rates, wanted, n, g))
            for n in pages.TRAINED
            for g in pages.TRAINING_GPUS
        ],
        "review": [{"items": n} | asdict(work.review(rates, wanted, n)) for n in pages.REVIEWED],
        "limits": [asdict(limit) for limit in limits(rates, wanted)],
        "rates": {name: asdict(rate) for name, rate in rates.by_name.items()},
    }
