"""A generated stage to verify, the recipe around it, and a tiny NLI classifier with random weights.

The sentences are written for the tests.
"""

from pathlib import Path
from typing import Any

from rich.console import Console

from ruhnp.generated import GENERATED_SCHEMA
from ruhnp.stage import STAGE, RuhnpSection
from rupairs.execution import Outcome, run_step
from rupairs.manifest import Counts, Manifest, ModelFacts, describe_files
from rupairs.progress import Progress
from rupairs.recipe import EncoderSection, LLMSection, Recipe, RunSection
from rupairs.store import StageReader, StageWriter
from tests.versions import version_of

ANCHOR = "Старый паром ходит через пролив два раза в день."
POSITIVE = "Через пролив два раза в день ходит старый паром."
NEGATIVE = "Старый паром ходит через пролив пять раз в день."
LABELS = ("entailment", "neutral", "contradiction")
# Nothing is decided by a random encoder.
OPEN = {"min_positive_similarity": -1.0, "min_negative_similarity": -1.0}


def row(kind: str, text: str, **given: Any) -> dict[str, Any]:
    """Return a generated row of the anchor unless told otherwise."""
    values = {
        "anchor_id": "a",
        "anchor": ANCHOR,
        "kind": kind,
        "change": "",
        "text": text,
        "group_id": "g",
        "source": "own",
        "source_row": "1",
        "license": "CC0-1.0",
        "origin": "generated",
        "call_id": None,
        "sample": 0,
    }
    return values | given


ROWS = (
    row("positive", POSITIVE),
    row("positive", "Старенький паром дважды в день ходит через пролив."),
    row("negative", NEGATIVE, change="number"),
    row("negative", "Старый паром ходит вдоль пролива два раза в день.", change="number"),
    row("negative", "Новый паром ходит через пролив два раза в день.", change="antonym"),
    row("negative", "Старый паром не ходит через пролив.", change="negation", origin="rule"),
)


def write_generated(run: Path, rows: tuple[dict[str, Any], ...] = ROWS) -> None:
    """Write `ruhnp.generate` as a finished stage."""
    directory = run / "ruhnp" / "generate"
    directory.mkdir(parents=True)
    with StageWriter(directory, GENERATED_SCHEMA) as writer:
        for given in writer.each(rows):
            writer.keep(given)
    Manifest(
        step="ruhnp.generate",
        step_version=version_of("ruhnp.generate"),
        fingerprint="f",
        seed=0,
        config={},
        inputs={},
        counts=Counts(rows_in=len(rows), rows_out=len(rows)),
        files=describe_files(directory),
        models=[ModelFacts(role="generator", id="own", revision="1", license="CC0-1.0")],
    ).write(directory)


def recipe(encoder: Path, url: str = "http://127.0.0.1:9/v1", **given: Any) -> Recipe:
    """Return a recipe; `llm` adds to its [llm], the rest are settings of [ruhnp.verify]."""
    llm = {"urls": [url], "model": "scripted", "license": "CC0-1.0", "kind": "base"}
    llm |= {"concurrency": 1, "attempts": 1, **given.pop("llm", {})}
    sections = {
        "run": RunSection(seed=5),
        "encoder": EncoderSection(model=str(encoder), max_length=64, license="MIT"),
        "llm": LLMSection.model_validate(llm),
        "ruhnp": RuhnpSection.model_validate({"verify": OPEN | given}),
    }
    return Recipe(Path("own.toml"), sections)


def verify(run: Path, given: Recipe) -> Outcome:
    """Run the step over what `write_generated` wrote."""
    step = next(s for s in STAGE.steps if s.name == "ruhnp.verify")
    return run_step(step, run, given, {"ruhnp.generate", step.name}, Progress(Console(quiet=True)))


def kept(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the rows that passed."""
    return list(StageReader(outcome.directory).rows())


def write_nli(folder: Path, labels: tuple[str, ...] = LABELS, bare: bool = False) -> Path:
    """Save a BERT classifier of letters with random weights; `bare` leaves the classifier out."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        BertModel,
        PreTrainedTokenizerFast,
    )

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    letters = sorted(set("абвгдежзийклмнопрстуфхцчшщъыьэюяё 0123456789.,"))
    vocabulary = {token: i for i, token in enumerate([*special, *letters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), special, strict=True))
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=256,
        initializer_range=0.4,
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )
    model = BertModel(config) if bare else BertForSequenceClassification(config)
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return folder
