"""The verbs of `rupairs ruhnp`."""

from pathlib import Path
from typing import Annotated

import typer

from ruhnp.studies import audit, shift
from rupairs.options import AsJson, Set, print_json, step_verb

Data = Annotated[Path, typer.Option("--data", help="Folder of labelled pairs.")]
Reports = Annotated[Path, typer.Option("--out", help="Where measure.md and measure.json go.")]
Recipe = Annotated[str, typer.Option("--recipe", help="Whose encoder and checks are measured.")]


def register(app: typer.Typer) -> None:
    """Add the stage's verbs to the command line."""
    ruhnp = typer.Typer(help="Paraphrases and hard non-paraphrases.", no_args_is_help=True)
    step_verb(ruhnp, "anchors", "ruhnp.anchors", "Choose the anchor sentences.")
    step_verb(ruhnp, "generate", "ruhnp.generate", "Ask the model; resumes from the replay log.")
    step_verb(ruhnp, "verify", "ruhnp.verify", "Check every generated text.")
    step_verb(ruhnp, "release", "ruhnp.release", "Make rows and splits.")

    @ruhnp.command("measure")
    def measure(
        data: Data,
        recipe: Recipe = "demo",
        out: Reports = Path("runs/measure"),
        override: Set = None,
        as_json: AsJson = False,
    ) -> None:
        """Try the checks on pairs that people have labelled; writes measure.md and .json."""
        facts = _measured(data, recipe, out, override or [])
        if as_json:
            print_json(facts)
        else:
            typer.echo((out / "measure.md").read_text(encoding="utf-8"), nl=False)

    ruhnp.command("audit")(audit)
    ruhnp.command("shift")(shift)
    app.add_typer(ruhnp, name="ruhnp")


def _measured(data: Path, recipe: str, out: Path, overrides: list[str]) -> dict[str, object]:
    from ruhnp.measure import measure_folder
    from ruhnp.stage import STAGE
    from rupairs.errors import UsageError
    from rupairs.execution import locked
    from rupairs.progress import Progress
    from rupairs.runs import open_recipe
    from rupairs.steps import Context

    opened = open_recipe(recipe, overrides)
    if "ruhnp" not in opened.sections:
        raise UsageError(f"{opened.path}: has no [ruhnp] section whose checks could be measured")
    step = next(s for s in STAGE.steps if s.name == "ruhnp.verify")
    section = opened.sections["ruhnp"]
    with locked(out):
        context = Context(step, out, out, opened, section, Progress(), inputs={})
        return measure_folder(context, data)
