"""A tiny random encoder, pairs we wrote, and a step's context made of them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console

from rupairs.manifest import Counts, Manifest, describe_files
from rupairs.pairs import PAIR_SCHEMA, Pair, group_id
from rupairs.progress import Progress
from rupairs.recipe import EncoderSection, Recipe, RunSection
from rupairs.steps import Context
from rupairs.store import StageReader, StageWriter
from training.stage import STAGE, TrainingSection

LICENSE = "CC-BY-4.0"
_NOUNS = ["кот", "дом", "лес", "поезд", "город", "врач", "река", "мост"]
_VERBS = ["стоит", "спит", "растёт", "молчит", "блестит"]
_PLACES = ["у дороги", "за холмом", "под снегом", "на севере"]


def write_encoder(folder: Path) -> Path:
    """Write a SentenceTransformer of 16 dimensions that reads letters; has dropout."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    base, whole = folder / "base", folder / "tiny-encoder"
    tokenizer = _letters()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(base)
    tokenizer.save_pretrained(base)
    modules = [Transformer(str(base), max_seq_length=64), Pooling(16, "mean"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(
        str(whole), create_model_card=False
    )
    return whole


def _letters() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    letters = sorted(set("абвгдежзийклмнопрстуфхцчшщъыьэюяё 0123456789:.,querypassage"))
    vocabulary = {token: i for i, token in enumerate([*special, *letters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), special, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **names)


def pair(query: str, passage: str, relation: str = "paraphrase", **given: Any) -> Pair:
    """Return a positive symmetric pair of the source `own` unless told otherwise."""
    values: dict[str, Any] = {
        "polarity": 1,
        "symmetric": True,
        "group_id": group_id(query),
        "source": "own",
        "source_revision": "1",
        "source_row": "0",
        "license": LICENSE,
    }
    return Pair(query=query, passage=passage, relation=relation, **(values | given))


def sentences() -> list[str]:
    """Return 160 different sentences."""
    return [f"{n} {v} {p}" for n in _NOUNS for v in _VERBS for p in _PLACES]


def training_rows() -> list[Pair]:
    """Return pairs of two sources: triples that are symmetric, and asymmetric pairs."""
    rows: list[Pair] = []
    for sentence in sentences()[:40]:
        rows.append(pair(sentence, f"{sentence}, это так"))
        rows.append(pair(sentence, f"неправда: {sentence}", "contradiction", polarity=-1))
    rows += [
        pair(sentence[:12], sentence, "title", source="news", symmetric=False)
        for sentence in sentences()[40:66]
    ]
    for number, sentence in enumerate(sentences()[66:86]):
        held_out = "test" if number % 2 else "validation"
        rows.append(pair(sentence, f"{sentence}, это так", split=held_out))
        negative = f"неправда: {sentence}"
        rows.append(pair(sentence, negative, "contradiction", polarity=-1, split=held_out))
    return rows


def write_stage(run: Path, name: str, pairs: Iterable[Pair]) -> StageReader:
    """Write a finished stage directory of pairs and return its reader."""
    directory = run / name.replace(".", "/")
    directory.mkdir(parents=True)
    with StageWriter(directory, PAIR_SCHEMA) as writer:
        for row in writer.each(pairs):
            writer.keep(row.row())
    Manifest(
        step=name,
        step_version=1,
        fingerprint="f",
        seed=0,
        config={},
        inputs={},
        counts=Counts(rows_in=writer.rows_in, rows_out=writer.rows_out),
        files=describe_files(directory),
        licenses={"own": LICENSE},
    ).write(directory)
    return StageReader(directory)


def recipe(model: Path, seed: int = 0, **training: Any) -> Recipe:
    """Return a recipe whose `training` section is given as nested dictionaries."""
    sections = {
        "run": RunSection(seed=seed),
        "encoder": EncoderSection(model=str(model), max_length=64, license="MIT"),
        "training": TrainingSection.model_validate(training),
    }
    return Recipe(Path("own.toml"), sections)


def context(run: Path, step: str, given: Recipe, inputs: dict[str, StageReader]) -> Context:
    """Return the context of a training step whose output folder exists."""
    found = next(s for s in STAGE.steps if s.name == step)
    out = run / "out" / found.verb
    out.mkdir(parents=True, exist_ok=True)
    quiet = Progress(Console(quiet=True))
    return Context(found, run, out, given, given.sections["training"], quiet, inputs)
