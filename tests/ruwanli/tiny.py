"""A tiny random encoder that reads words, NLI rows we wrote, and contexts of the steps."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console

from rupairs.manifest import Counts, Manifest, describe_files
from rupairs.pairs import NEGATIVE, PAIR_SCHEMA, POSITIVE, Pair, group_id
from rupairs.progress import Progress
from rupairs.recipe import EncoderSection, Recipe, RunSection
from rupairs.steps import Context
from rupairs.store import StageReader, StageWriter
from rupairs.text import share
from ruwanli.stage import STAGE, RuwanliSection
from tests.versions import version_of

LICENSE = "CC-BY-4.0"
THREE_WAY = ("entailment", "neutral", "contradiction")
TWO_WAY = ("entailment", "not_entailment")
SURE = {"entailment": "верно", "neutral": "неясно", "contradiction": "ложно"}
SURE["not_entailment"] = SURE["contradiction"]
UNSURE = "пожалуй"
_NOUNS = ("кот", "дом", "лес", "поезд", "город", "врач", "мост", "сад")
_VERBS = ("стоит", "спит", "молчит", "блестит", "ждёт")
_PLACES = ("у дороги", "за холмом", "под снегом", "на севере", "у реки")
SENTENCES = [f"{noun} {verb} {place}" for noun in _NOUNS for verb in _VERBS for place in _PLACES]
SETTINGS: dict[str, Any] = {"epochs": 4, "learning_rate": 1e-2, "batch_size": 8, "max_length": 32}


def write_encoder(folder: Path) -> Path:
    """Write a BERT of 16 dimensions, with dropout, that knows the words of the rows."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    words = sorted({w for s in [*SENTENCES, *SURE.values(), UNSURE] for w in s.split()})
    vocabulary = {token: i for i, token in enumerate([*special, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), special, strict=True))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **names)
    path = folder / "tiny-encoder"
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.3,  # from the usual 0.02 so narrow a model learns nothing for long
    )
    BertModel(config).save_pretrained(path)
    fast.save_pretrained(path)
    return path


def row(premise: str, hypothesis: str, label: str, source: str = "own", **given: Any) -> Pair:
    """Return an NLI pair of the split train unless told otherwise."""
    values: dict[str, Any] = {
        "polarity": POSITIVE if label == "entailment" else NEGATIVE,
        "symmetric": True,
        "group_id": group_id(premise),
        "source_revision": "1",
        "source_row": "0",
        "license": LICENSE,
    }
    return Pair(
        query=premise, passage=hypothesis, relation=label, source=source, **(values | given)
    )


def rows(labels: tuple[str, ...] = THREE_WAY, source: str = "own", start: int = 0) -> list[Pair]:
    """Return 120 rows: of 96 one word tells the label, of 24 the label was drawn by chance."""
    found = []
    for number, premise in enumerate(SENTENCES[start : start + 120]):
        if number % 5 == 0:
            label = labels[int(share(premise, 1, "label") * len(labels))]
            found.append(row(premise, f"{UNSURE} {premise}", label, source))
        else:
            label = labels[number % len(labels)]
            found.append(row(premise, f"{SURE[label]} {premise}", label, source))
    return found


def many_rows() -> list[Pair]:
    """Return 700 rows like those of `rows`, enough to learn the words within one epoch."""
    found = []
    for number, premise in enumerate(SENTENCES):
        found += [row(premise, f"{SURE[label]} {premise}", label) for label in THREE_WAY]
        if number % 2 == 0:
            label = THREE_WAY[int(share(premise, 1, "label") * 3)]
            found.append(row(premise, f"{UNSURE} {premise}", label))
    return found


def write_stage(
    run: Path, name: str, written: Iterable[Mapping[str, Any]], schema: pa.Schema = PAIR_SCHEMA
) -> StageReader:
    """Write a finished stage directory and return its reader."""
    directory = run / name.replace(".", "/")
    directory.mkdir(parents=True, exist_ok=True)
    with StageWriter(directory, schema) as writer:
        for one in writer.each(written):
            writer.keep(one)
    return finish(directory, name, writer.counts())


def finish(directory: Path, name: str, counts: Counts) -> StageReader:
    """Write the manifest of a directory and return its reader."""
    Manifest(
        step=name,
        step_version=version_of(name),
        fingerprint="f",
        seed=0,
        config={},
        inputs={},
        counts=counts,
        files=describe_files(directory),
        licenses={"own": LICENSE},
    ).write(directory)
    return StageReader(directory)


def write_pairs(run: Path, pairs: Iterable[Pair]) -> StageReader:
    """Write a finished `harvest.pairs`."""
    return write_stage(run, "harvest.pairs", (p.row() for p in pairs))


def context(
    run: Path,
    step: str,
    encoder: Path,
    inputs: dict[str, StageReader],
    seed: int = 0,
    **settings: Any,
) -> Context:
    """Return the context of a step with `settings` for its own table."""
    found = next(s for s in STAGE.steps if s.name == step)
    section = RuwanliSection.model_validate({found.verb: settings})
    sections = {
        "run": RunSection(seed=seed),
        "encoder": EncoderSection(model=str(encoder), max_length=64, license="MIT"),
        "ruwanli": section,
    }
    out = run / "out" / found.verb
    out.mkdir(parents=True, exist_ok=True)
    quiet = Progress(Console(quiet=True))
    given = Recipe(Path("own.toml"), sections)
    return Context(found, run, out, given, section, quiet, inputs)
