import subprocess
import sys

import typer
from typer.testing import CliRunner

from annotation.cli import register
from annotation.stage import STAGE
from rupairs.steps import resolve


def test_the_verbs_are_there() -> None:
    app = typer.Typer()

    @app.callback()
    def main() -> None:
        pass

    register(app)
    said = CliRunner().invoke(app, ["annotate", "--help"])
    assert said.exit_code == 0
    for verb in ("push", "simulate", "pull", "report", "studio", "triples"):
        assert verb in said.stdout


def test_every_function_a_step_names_exists() -> None:
    for step in STAGE.steps:
        assert callable(resolve(step.run))
        assert step.external is None or callable(resolve(step.external))
        assert step.verb in STAGE.section.model_fields


def test_registering_imports_nothing_heavy() -> None:
    code = (
        "import sys, annotation.cli; print([m for m in ('pyarrow', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
