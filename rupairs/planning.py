"""The plan: what a recipe would do, how many calls it would make, before anything is spent.

Calls follow from the recipe. Prompt lengths are those of the real prompts around texts of the
published median length. Generated tokens are an upper bound: calls times `max_tokens`. Hours are
by the rates that `rupairs scale` computes with, most of them assumed. A sample of calls, asked of
the real model (`rupairs.llm.sample`), says what they come to in fact.
"""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from rupairs.options import print_json
from rupairs.progress import Progress
from rupairs.recipe import Recipe
from rupairs.runs import open_recipe
from rupairs.scale.rates import ASSUMED, MEASURED, SHIPPED, TOKENS, read_rates
from rupairs.steps import chain, load_stages, resolve


def show_plan(
    name: str, overrides: list[str], tokens_per_second: float | None, as_json: bool
) -> None:
    """Print the steps of a recipe and what each asks of the LLM."""
    recipe = open_recipe(name, overrides)
    rows = plan(recipe, tokens_per_second)
    if as_json:
        print_json(rows)
        return
    _print(recipe, rows, "tokens at most", "tokens")
    for line in (*notes(recipe, rows, tokens_per_second), *step_notes(recipe)):
        _say(line)


def show_measured_plan(
    name: str, overrides: list[str], calls: int, out: Path, as_json: bool
) -> None:
    """Ask `calls` questions of each generating step in the run `out`; print what all would take."""
    recipe = open_recipe(name, overrides)
    rows, missing = measure(recipe, out, calls)
    if as_json:
        print_json(rows)
        return
    _print(recipe, rows, "tokens", "completion_tokens", measured=True)
    for line in (*missing, *measured_notes(recipe, rows), *step_notes(recipe)):
        _say(line)


def measure(recipe: Recipe, out: Path, calls: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of the plan with what a sample says, and why a step has none."""
    from rupairs.execution import locked
    from rupairs.llm.sample import InputMissingError, ask_sample, figures

    rows, missing = plan(recipe, None), []
    steps = {s.name: s for s in chain(recipe, load_stages())}
    progress = Progress()
    with locked(out):
        for row in rows:
            if row["calls"]:
                try:
                    sample = ask_sample(steps[row["step"]], recipe, out, calls, progress)
                except InputMissingError as error:
                    missing.append(str(error))
                else:
                    row.update(figures(sample, row["calls"], recipe.llm))
    return rows, missing


def measured_notes(recipe: Recipe, rows: list[dict[str, Any]]) -> list[str]:
    """Return how the figures of a measured plan came about, and their sums."""
    measured = [row for row in rows if row.get("sampled")]
    lines = [_measured_line(row) for row in measured]
    fresh = [row for row in measured if row.get("tokens_per_second")]
    few = [r["sampled"] for r in fresh if r["sampled"] < 2 * recipe.llm.concurrency]
    if few:
        lines.append(
            f"the speed is that of {min(few)} calls at a concurrency of {recipe.llm.concurrency}: "
            "measure a few hundred to see it under load"
        )
    if fresh:
        lines.append(f"hours: {sum(row['hours'] for row in fresh):.1f}")
    money = [row["money"] for row in measured if row.get("money") is not None]
    if money:
        lines.append(f"money: {sum(money):,.2f}")
    elif measured:
        lines.append("money: give price_prompt and price_completion in [llm], a million tokens")
    return [*lines, *_more_notes(rows)]


def _measured_line(row: dict[str, Any]) -> str:
    said = f"{row['step']}: {row['sampled']} calls, {row['failed']} failed"
    if by := row.get("failed_by"):
        said += f" ({', '.join(f'{reason} {n}' for reason, n in by.items())})"
    if "prompt_tokens_per_call" not in row:
        return f"{said}: nothing could be measured, see to the server and measure again"
    prompt, completion = row["prompt_tokens_per_call"], row["completion_tokens_per_call"]
    said += f", {prompt:.0f} + {completion:.0f} tokens a call"
    if row["tokens_per_second"]:
        return f"{said}, {row['tokens_per_second']:.0f} tokens/s"
    return f"{said}; all of them were in the log, so the hours are not known"


def _more_notes(rows: list[dict[str, Any]]) -> list[str]:
    """Return how much more than the plan the rounds after the first may take."""
    more = [f"{r['step']} {r['calls_more']:,}" for r in rows if r["calls_more"]]
    if not more:
        return []
    return [f"calls are those of the first round; top-ups at most: {', '.join(more)}"]


def _print(
    recipe: Recipe, rows: list[dict[str, Any]], title: str, field: str, measured: bool = False
) -> None:
    table = Table(title=f"{recipe.path.name}: plan")
    for column in ("step", "calls", "prompt characters", title, "hours"):
        left = column == "step"
        table.add_column(column, justify="left" if left else "right", no_wrap=left)
    if measured:
        table.add_column("money", justify="right")
    for row in rows:
        found = (row.get(k) for k in ("calls", "prompt_characters", field))
        cells = [f"{value:,}" if value else "" for value in found]
        cells.append(f"{row['hours']:.1f}" if row["hours"] else "")
        if measured:
            cells.append(f"{row['money']:,.2f}" if row.get("money") is not None else "")
        table.add_row(row["step"], *cells)
    Console().print(table)


def _say(line: str) -> None:
    Console().print(line, markup=False, highlight=False, soft_wrap=True)


def plan(recipe: Recipe, tokens_per_second: float | None) -> list[dict[str, Any]]:
    """Return a row a step: step, title, calls, prompt_characters, tokens, hours (0 if none).

    `calls_more` is what later rounds may add, at most.
    """
    rows = []
    for step in chain(recipe, load_stages()):
        calls = characters = 0
        if step.plan:
            calls, characters = resolve(step.plan)(recipe)
        more = resolve(step.plan_more)(recipe)[0] if step.plan_more else 0
        tokens = calls * recipe.llm.max_tokens if calls else 0
        rows.append(
            {
                "step": step.name,
                "title": step.title,
                "calls": calls,
                "calls_more": more,
                "prompt_characters": characters,
                "tokens": tokens,
                "hours": _hours(recipe, step.name, calls, tokens_per_second) if calls else 0.0,
            }
        )
    return rows


def _hours(recipe: Recipe, step: str, calls: int, tokens_per_second: float | None) -> float:
    """Return the hours of one GPU, as `rupairs scale` has them; 0 where no rate is known.

    Where the speed alone is known, calls are taken to be as long as they may be.
    """
    from rupairs.scale.work import call_speed

    if not _rated(recipe, step):
        tokens = calls * recipe.llm.max_tokens
        return tokens / tokens_per_second / 3600 if tokens_per_second else 0.0
    rates = read_rates(SHIPPED)
    if tokens_per_second:
        rates = rates.given([f"tokens_per_second={tokens_per_second}"])
    return calls / call_speed(rates, step) / 3600


def _rated(recipe: Recipe, step: str) -> bool:
    """Say whether the shipped rates are those of such calls: an instruct model on a GPU."""
    llm = recipe.llm
    return step in TOKENS and llm.kind == "instruct" and llm.server != "embedded"


def notes(recipe: Recipe, rows: list[dict[str, Any]], tokens_per_second: float | None) -> list[str]:
    """Return what the plan needs before it can run."""
    calls = sum(row["calls"] for row in rows)
    if not calls:
        return []
    llm = recipe.llm
    at = f" at {llm.revision}" if llm.revision else ""
    lines = [f"model: {llm.model}{at} ({llm.license}), asked as {llm.kind}"]
    if llm.server == "url":
        lines.append(f"servers that must answer: {', '.join(llm.urls)}")
    if rated := [row["step"] for row in rows if row["calls"] and _rated(recipe, row["step"])]:
        lines.append(_hours_note(rated, tokens_per_second))
    elif tokens_per_second is None:
        lines.append("hours: give --tokens-per-second as measured on your server")
    lines += _more_notes(rows)
    if llm.max_calls is not None and llm.max_calls < calls:
        lines.append(f"max_calls = {llm.max_calls} stops this run before its {calls} calls")
    return lines


def step_notes(recipe: Recipe) -> list[str]:
    """Return what the steps themselves have to say before anything is spent."""
    steps = chain(recipe, load_stages())
    return [line for s in steps if s.plan_notes for line in resolve(s.plan_notes)(recipe)]


def _hours_note(steps: list[str], tokens_per_second: float | None) -> str:
    rates = read_rates(SHIPPED).by_name
    names = [TOKENS[step] for step in steps]
    names += [] if tokens_per_second else ["tokens_per_second"]
    said = ", ".join(f"{name} = {rates[name].value:,.0f}" for name in names)
    basis = ASSUMED if any(rates[name].basis == ASSUMED for name in names) else MEASURED
    return (
        f"hours: of one GPU, by {basis} rates of `rupairs scale` ({said}); "
        "--measure N asks your own server"
    )
