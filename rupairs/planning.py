"""The plan: what a recipe would do, how many calls it would make, before anything is spent.

Calls follow from the recipe. Prompt lengths are those of the real prompts around texts of the
published median length. Generated tokens are an upper bound: calls times `max_tokens`.
"""

from typing import Any

from rich.console import Console
from rich.table import Table

from rupairs.options import print_json
from rupairs.recipe import Recipe
from rupairs.runs import open_recipe
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
    table = Table(title=f"{recipe.path.name}: plan")
    for column in ("step", "calls", "prompt characters", "tokens at most", "hours"):
        left = column == "step"
        table.add_column(column, justify="left" if left else "right", no_wrap=left)
    for row in rows:
        cells = (f"{row[k]:,}" if row[k] else "" for k in ("calls", "prompt_characters", "tokens"))
        table.add_row(row["step"], *cells, f"{row['hours']:.1f}" if row["hours"] else "")
    console = Console()
    console.print(table)
    for line in notes(recipe, rows, tokens_per_second):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def plan(recipe: Recipe, tokens_per_second: float | None) -> list[dict[str, Any]]:
    """Return a row a step: step, title, calls, prompt_characters, tokens, hours (0 if none)."""
    rows = []
    for step in chain(recipe, load_stages()):
        calls = characters = 0
        if step.plan:
            calls, characters = resolve(step.plan)(recipe)
        tokens = calls * recipe.llm.max_tokens if calls else 0
        rows.append(
            {
                "step": step.name,
                "title": step.title,
                "calls": calls,
                "prompt_characters": characters,
                "tokens": tokens,
                "hours": tokens / tokens_per_second / 3600 if tokens_per_second else 0.0,
            }
        )
    return rows


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
    if tokens_per_second is None:
        lines.append("hours: give --tokens-per-second as measured on your server")
    if llm.max_calls is not None and llm.max_calls < calls:
        lines.append(f"max_calls = {llm.max_calls} stops this run before its {calls} calls")
    return lines
