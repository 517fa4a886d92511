"""Releases whose cards tests read, made from finished steps that are written by hand."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_cards.encoder import release_encoder
from data_cards.ruhnp import release_ruhnp
from data_cards.stage import STAGE
from rupairs.manifest import Counts, Manifest, ModelFacts, describe_files
from rupairs.pairs import PAIR_SCHEMA, Pair
from rupairs.progress import Progress
from rupairs.recipe import EncoderSection, Recipe, RunSection
from rupairs.steps import Context
from rupairs.store import StageReader, StageWriter, write_table
from tests.versions import version_of

GENERATOR = ModelFacts(role="generator", id="gen", revision="r1", license="MIT")
MODEL = {
    "modules.json": """[
        {"path": "", "type": "sentence_transformers.models.Transformer"},
        {"path": "pooling", "type": "sentence_transformers.models.Pooling"}
    ]""",
    "pooling/config.json": '{"word_embedding_dimension": 312, "pooling_mode_cls_token": true}',
    "config_sentence_transformers.json": """{
        "prompts": {"query": "вопрос: ", "passage": ""}, "default_prompt_name": "query"
    }""",
}
FIGURES = {
    "medians": {"query": {"texts": 20, "characters": 116.5, "words": 17.0}},
    "per_anchor": {"pos": {"mean": 2.25, "least": 2, "most": 4}},
    "changes": {"pos": {"free (generated)": 40}, "neg": {"role_swap": 9, "number": 38}},
    "origins": {"pos": {"generated": 40}, "neg": {"generated": 41, "rule": 6}},
}
_LLM = {"temperature": 1.0, "top_p": 0.9}
_PROMPTS = {"positive_prompt": "paraphrase.v1", "negative_prompt": "hard_negative.v3"}
_CODE = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)]*\)|https?://\S+", re.DOTALL)
_ENGLISH = re.compile(r"[A-Za-z][A-Za-z'-]*(?: [A-Za-z][A-Za-z'-]*){3,}")
_NUMBER = re.compile(r"\d(?:[\d.,\xa0]*\d)?")


def english_left(text: str, names: Iterable[str] = ("Gemma Terms of Use",)) -> list[str]:
    """Return what stands in English in a Russian text, but code, links and names."""
    text = _CODE.sub("", text)
    for name in names:
        text = text.replace(name, "")
    return _ENGLISH.findall(text)


def numbers(text: str) -> Counter[str]:
    """Return the figures of a text, however thousands are parted."""
    return Counter(re.sub(r"[,\xa0]", "", found) for found in _NUMBER.findall(text))


def finished(
    folder: Path,
    name: str,
    rows: list[dict[str, Any]],
    files: Mapping[str, str],
    tables: Mapping[str, list[dict[str, Any]]] | None = None,
    **said: Any,
) -> StageReader:
    """Write a step's directory and return its reader; `said` goes into its manifest."""
    directory = folder / name
    directory.mkdir(parents=True)
    with StageWriter(directory, PAIR_SCHEMA) as writer:
        for row in writer.each(rows):
            writer.keep(row)
    for file, text in files.items():
        (directory / file).parent.mkdir(exist_ok=True)
        (directory / file).write_text(text, "utf-8")
    for file, written in (tables or {}).items():
        write_table(pa.Table.from_pylist(written), directory / file)
    facts: dict[str, Any] = {
        "step": name,
        "step_version": version_of(name),
        "fingerprint": "f",
        "seed": 0,
        "config": {"llm": _LLM, **_PROMPTS},
        "inputs": {},
        "counts": Counts(
            rows_in=7_003, rows_out=7_000, rows_dropped=3, dropped_by_reason={"copy": 3}
        ),
        "files": describe_files(directory),
        "models": [GENERATOR],
        "licenses": {"wikipedia": "CC-BY-SA-4.0"},
        "facts": {"calls": 21},
        "versions": {"rupairs": "0.1"},
    }
    Manifest(**(facts | said)).write(directory)
    return StageReader(directory)


def ruhnp(folder: Path, by_rule: int = 0, simulated: bool = False, **card: Any) -> Path:
    """Return a RuHNP release of three pairs, some of them made by rules."""
    return ruhnp_context(folder, _three_pairs(by_rule), simulated, **card).out


def _three_pairs(by_rule: int) -> list[Pair]:
    texts = [("Лена поёт.", 1, "train"), ("Лена молчит.", -1, "train"), ("Мост открыт.", 1, "test")]
    return [
        Pair(
            query="Поёт Лена." if split == "train" else "Мост открыли.",
            passage=text,
            relation="paraphrase" if polarity > 0 else "non_paraphrase",
            polarity=polarity,
            symmetric=True,
            group_id=split,
            source="ruhnp",
            source_revision="gen@r1",
            source_row=str(number),
            license="CC-BY-SA-4.0; MIT",
            origin="rule" if number < by_rule else "generated",
            split=split,
        )
        for number, (text, polarity, split) in enumerate(texts)
    ]


def ruhnp_context(
    folder: Path, pairs: list[Pair], simulated: bool = False, least: int = 1, **card: Any
) -> Context:
    """Return the context of a RuHNP release that has been written; anchors need `least` a side."""
    return ruhnp_of(folder, ruhnp_inputs(folder, pairs, least), simulated, **card)


def ruhnp_inputs(folder: Path, pairs: list[Pair], least: int = 1) -> dict[str, StageReader]:
    """Write the steps that a RuHNP release is made from."""
    rows = [pair.row() for pair in pairs]
    names = ("ruhnp.anchors", "ruhnp.generate", "ruhnp.verify", "ruhnp.release")
    made = {"config": {"llm": _LLM, **_PROMPTS, "checks": ["length", "copy"]}}
    inputs = {name: finished(folder, name, [], {}, **made) for name in names[:-1]}
    provenance = [{"pair_id": row["pair_id"], "change": "number"} for row in rows]
    config = {"min_positives": least, "min_negatives": least}
    inputs[names[-1]] = finished(
        folder,
        names[-1],
        rows,
        {},
        {"provenance.parquet": provenance},
        config=config,
        facts={"statistics": FIGURES},
    )
    return inputs


def ruhnp_of(
    folder: Path,
    inputs: dict[str, StageReader],
    simulated: bool = False,
    out: str = "out",
    **card: Any,
) -> Context:
    """Write the release of finished steps."""
    context = _context(folder, "data_cards.ruhnp", {"ruhnp": card}, inputs, simulated, out)
    release_ruhnp(context)
    return context


def encoder(folder: Path, notes: str, note: str = "", **card: Any) -> Path:
    """Return an encoder's release with these notes of its evaluation."""
    start = ModelFacts(role="initial encoder", id="a/b", revision="", license="MIT", note=note)
    models = [GENERATOR, start]
    files = {"notes.md": notes, "cosine.png": "a plot", "report.html": "a page"}
    inputs = {
        "training.encoder": finished(
            folder,
            "training.encoder",
            [],
            MODEL,
            models=models,
            config={"steps": 200, "mini_batch_size": None, "angle_weight": 0.0, "only": ["terra"]},
            facts={"steps": 200, "final_loss": 0.25, "loss_curve": [[1, 2.0]]},
        ),
        "training.stage1": finished(
            folder,
            "training.stage1",
            [],
            {},
            config={"steps": 1_500, "batch_size": 1_024},
            facts={
                "examples": 90,
                "seconds": 7.25,
                "steps_per_second": 33.5,
                "resumed_at_step": 20,
            },
        ),
        "training.evaluation": finished(folder, "training.evaluation", [], files, models=models),
    }
    context = _context(folder, "data_cards.encoder", {"encoder": card}, inputs, True)
    release_encoder(context)
    return context.out


def _context(
    folder: Path,
    name: str,
    section: Any,
    inputs: dict[str, StageReader],
    simulated: bool,
    to: str = "out",
) -> Context:
    out = folder / to
    out.mkdir()
    stage = STAGE.section.model_validate(section)
    sections = {"run": RunSection(), "encoder": EncoderSection(), "data_cards": stage}
    return Context(
        step=next(step for step in STAGE.steps if step.name == name),
        run=folder,
        out=out,
        recipe=Recipe(Path("r.toml"), sections),
        stage=stage,
        progress=Progress(),
        inputs=inputs,
        simulated=simulated,
    )
