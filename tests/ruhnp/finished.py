"""Finished stage directories of RuHNP with rows we wrote, and the contexts of its steps."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console

from ruhnp.generated import VERIFIED_SCHEMA
from ruhnp.stage import STAGE, RuhnpSection
from rupairs.manifest import Counts, Manifest, ModelFacts, describe_files
from rupairs.pairs import group_id
from rupairs.progress import Progress
from rupairs.recipe import EncoderSection, Recipe, RunSection
from rupairs.sentences import SENTENCE_SCHEMA, Sentence
from rupairs.steps import Context
from rupairs.store import StageReader, StageWriter, read_table
from tests.versions import version_of

Row = dict[str, Any]
GENERATOR = ModelFacts(role="generator", id="gen", revision="r1", license="Own terms")
PROMPTS = {"positive_prompt": "paraphrase.v1", "negative_prompt": "hard_negative.v3"}


def write_stage(
    run: Path,
    name: str,
    schema: pa.Schema,
    rows: Iterable[Row],
    config: Mapping[str, Any] | None = None,
) -> StageReader:
    """Write a finished stage directory and return its reader."""
    directory = run / name.replace(".", "/")
    directory.mkdir(parents=True)
    with StageWriter(directory, schema) as writer:
        for row in writer.each(rows):
            writer.keep(row)
    finish(directory, name, writer.counts(), config)
    return StageReader(directory)


def finish(
    directory: Path, name: str, counts: Counts, config: Mapping[str, Any] | None = None
) -> None:
    """Write the manifest of a stage directory."""
    Manifest(
        step=name,
        step_version=version_of(name),
        fingerprint="f",
        seed=5,
        config=dict(config or {}),
        inputs={},
        counts=counts,
        files=describe_files(directory),
    ).write(directory)


def context(run: Path, verb: str, inputs: Mapping[str, StageReader], **settings: Any) -> Context:
    """Return the context of a step of RuHNP; `encoder` is the encoder's folder."""
    encoder = settings.pop("encoder", "embedded")
    step = next(s for s in STAGE.steps if s.verb == verb)
    section = RuhnpSection.model_validate({verb: settings})
    sections = {"run": RunSection(seed=5), "encoder": EncoderSection(model=str(encoder))}
    recipe = Recipe(Path("own.toml"), {**sections, "ruhnp": section})
    out = step.path(run)
    out.mkdir(parents=True)
    quiet = Progress(Console(quiet=True))
    return Context(step, run, out, recipe, section, quiet, inputs, models=[GENERATOR])


def texts_of(run: Path, texts: Iterable[str], title: str = "") -> StageReader:
    """Return a finished `harvest.texts` of these sentences."""
    rows = [Sentence(t, title, "own", "1", str(n), "CC0-1.0").row() for n, t in enumerate(texts)]
    return write_stage(run, "harvest.texts", SENTENCE_SCHEMA, rows)


def verified(anchor: str, kind: str, text: str, change: str = "", **given: Any) -> Row:
    """Return a verified text, written by the model unless told otherwise."""
    row = {
        "anchor_id": f"id {anchor}",
        "anchor": anchor,
        "kind": kind,
        "change": change,
        "text": text,
        "group_id": group_id(anchor),
        "source": "own",
        "source_row": "1",
        "license": "CC0-1.0",
        "origin": "generated",
        "call_id": f"call {text}",
        "sample": 0,
        "similarity": 0.9,
    }
    rest = {f.name: None for f in VERIFIED_SCHEMA if f.name not in row}
    return rest | row | given


def dropped(out: Path) -> list[Row]:
    """Return the dropped rows of a stage directory."""
    rows: list[Row] = read_table(out / "dropped.parquet").to_pylist()
    return rows


def kept(out: Path) -> list[Row]:
    """Return the rows of a stage directory."""
    rows: list[Row] = read_table(out / "part-00000.parquet").to_pylist()
    return rows
