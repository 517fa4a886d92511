"""The verbs of training: `train` on a run, and `evaluate` on any encoder."""

from pathlib import Path
from typing import Annotated

import typer

from rupairs.options import RECIPES, AsJson, Out, Recipe, Redo, Set, step_verb
from training.evaluation.verbs import register as register_evaluation

Model = Annotated[
    str, typer.Argument(help="A folder, a Hugging Face id, or `embedded`.", metavar="MODEL")
]


def register(app: typer.Typer) -> None:
    """Add the groups `train` and `evaluate`."""
    train = typer.Typer(help="Train the encoder.", no_args_is_help=True)
    app.add_typer(train, name="train")
    train.command("run")(_run)
    step_verb(train, "negatives", "training.negatives", "Find hard negatives with the encoder.")
    train.command("merge")(_merge)
    train.command("ablate")(_ablate)
    train.command("export")(_export)

    register_evaluation(app)


def _run(
    recipe: Recipe,
    out: Out,
    redo: Redo = False,
    override: Set = None,
) -> None:
    """Train the encoder on the pairs of a run, with all steps before it."""
    from training.phases import run_phases

    raise typer.Exit(run_phases(recipe, out, override or [], redo))


def _merge(
    models: Annotated[
        list[str],
        typer.Argument(help="Folders, Hugging Face ids, or `embedded`.", metavar="MODEL MODEL..."),
    ],
    weight: Annotated[list[float], typer.Option("--weight", help="One a model; 1 in sum.")],
    out: Annotated[Path, typer.Option("--out", help="The folder of the merged model.")],
) -> None:
    """Merge models of the same origin by weights (LM-Cocktail)."""
    from rupairs.encoder import model_path
    from rupairs.recipe import EncoderSection
    from training.cocktail import merge_folders

    merge_folders([model_path(EncoderSection(model=model)) for model in models], weight, out)
    typer.echo(f"{out}: {len(models)} models merged")


def _ablate(
    recipe: Annotated[str, typer.Argument(help=RECIPES)],
    out: Out,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="This variant; may be repeated.")
    ] = None,
    override: Set = None,
    as_json: AsJson = False,
) -> None:
    """Train the recipe with one thing left out at a time, and compare the scores."""
    from training.ablation import ablate

    ablate(recipe, out, override or [], only or [], as_json)


def _export(
    model: Model,
    out: Annotated[Path, typer.Option("--out", help="A new folder: the model and its graphs.")],
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="onnx or openvino; may be repeated. Default: both."),
    ] = None,
) -> None:
    """Write the encoder for ONNX Runtime and OpenVINO, checked against its own vectors."""
    from rupairs.encoder import model_path
    from rupairs.recipe import EncoderSection
    from training.export import FORMATS, export_encoder

    path = model_path(EncoderSection(model=model))
    for name, distance in export_encoder(path, formats or FORMATS, out).items():
        typer.echo(f"{out}/{name}: at most {distance:.1e} from the model's unit vectors")
