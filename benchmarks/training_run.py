"""One training run of the benchmark in a process of its own; prints what it measured as JSON.

`python -m benchmarks.training_run WAY FOLDER TRIPLES STEPS BATCH LENGTH SEED [COMMAND ...]`, where
the command is that of a peer, which trains in an environment of its own.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from benchmarks.training import OURS, PLAIN
from rupairs.embedded.encoder import embedded_encoder
from rupairs.encoder import load_transformer
from rupairs.manifest import Counts, Manifest, describe_files
from rupairs.pairs import PAIR_SCHEMA, Pair, group_id
from rupairs.silence import silence
from rupairs.store import StageReader, StageWriter
from training import fit
from training.plan import Fit, Plan
from training.settings import ModelTraining
from training.table import Choice, write_table
from training.trainer import Tell

TEMPERATURE, RATE, WARMUP = 0.02, 2e-5, 0.1
PROMPT = "query: "
COLUMNS = ("anchor", "positive", "negative")
HELD_OUT = 200


def main() -> None:
    """Run one way and print the figures."""
    way, folder, triples, *numbers = sys.argv[1:8]
    command = sys.argv[8:]
    steps, batch, length, seed = map(int, numbers)
    rows = json.loads(Path(triples).read_text(encoding="utf-8"))
    train, held_out = rows[HELD_OUT:], rows[:HELD_OUT]
    run: Any = partial(_plain if way in PLAIN else _ours, way)
    process = resource.RUSAGE_SELF
    if command:
        run, process = partial(_flag, command), resource.RUSAGE_CHILDREN
    with silence():
        model, seconds = run(Path(folder), train, (steps, batch, length, seed))
        found = {
            "way": way,
            "triples_per_second": steps * batch / seconds,
            "seconds": seconds,
            "loss": _loss(model, held_out, length),
            "peak_mb": resource.getrusage(process).ru_maxrss / 1024,
            "parameters": sum(p.numel() for p in model.parameters()),
        }
    print(json.dumps(found))


def _plain(way: str, folder: Path, rows: list[Any], numbers: tuple[int, ...]) -> tuple[Any, float]:
    """Train with the library's trainer as its documentation shows it."""
    steps, batch, length, seed = numbers
    model = SentenceTransformer(str(embedded_encoder(pruned=PLAIN[way])), device="cpu")
    model.max_seq_length = length
    loss = MultipleNegativesRankingLoss(model, scale=1 / TEMPERATURE)
    trainer = library_trainer(loss, folder, rows, steps, batch, seed=seed, use_cpu=True)
    return model, float(trainer.train().metrics["train_runtime"])


def library_trainer(
    loss: Any, folder: Path, rows: list[Any], steps: int, batch: int, **settings: Any
) -> Any:
    """Return sentence-transformers' trainer of a loss's model; `settings` are further arguments."""
    return SentenceTransformerTrainer(
        model=loss.model,
        args=SentenceTransformerTrainingArguments(
            output_dir=str(folder),
            max_steps=steps,
            per_device_train_batch_size=batch,
            learning_rate=RATE,
            warmup_steps=WARMUP,
            prompts=dict.fromkeys(COLUMNS, PROMPT),
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            **settings,
        ),
        train_dataset=Dataset.from_dict(
            dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
        ),
        loss=loss,
    )


def _flag(
    command: list[str], folder: Path, rows: list[Any], numbers: tuple[int, ...]
) -> tuple[Any, float]:
    """Train with FlagEmbedding's runner, with the settings of `_plain` by its names."""
    steps, batch, length, seed = numbers
    data, settings, saved = folder / "data.jsonl", folder / "settings.json", folder / "saved"
    with data.open("w", encoding="utf-8") as stream:
        for texts in rows:
            query, positive, negative = (PROMPT + text for text in texts)
            row = {"query": query, "pos": [positive], "neg": [negative]}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    given = {
        "model_name_or_path": str(embedded_encoder(pruned=False)),
        "train_data": [str(data)],
        "cache_path": str(folder / "cache"),
        "train_group_size": 2,
        "query_max_len": length,
        "passage_max_len": length,
        "sentence_pooling_method": "mean",
        "normalize_embeddings": True,
        "temperature": TEMPERATURE,
        "output_dir": str(saved),
        "max_steps": steps,
        "per_device_train_batch_size": batch,
        "learning_rate": RATE,
        "warmup_steps": WARMUP,
        "seed": seed,
        "use_cpu": True,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }
    settings.write_text(json.dumps(given), encoding="utf-8")
    done = subprocess.run(
        [*command, str(settings)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    if done.returncode:
        raise SystemExit(f"{done.stderr}\nexit {done.returncode}")
    # It saves no pooling; the mean is what a bare encoder gets.
    model = load_transformer(str(saved), None, length)
    return model, float(done.stdout.splitlines()[-1])


def _ours(way: str, folder: Path, rows: list[Any], numbers: tuple[int, ...]) -> tuple[Any, float]:
    """Train with the step's own trainer, checkpoints and all."""
    steps, batch, length, seed = numbers
    pruned, frozen, pieces, dropout, bf16 = OURS[way]
    if not pieces:
        fit._CPU_PIECE = None  # type: ignore[assignment]
    done = train_ours(
        str(embedded_encoder(pruned=pruned)),
        folder,
        rows,
        lambda steps, loss: None,
        steps=steps,
        length=length,
        seed=seed,
        batch_size=batch,
        freeze_embeddings=frozen,
        attention_dropout=dropout,
        bf16=bf16,
    )
    return load_transformer(str(folder / fit.MODEL), None, length), done.seconds


def train_ours(
    model: str,
    folder: Path,
    rows: list[Any],
    tell: Tell,
    *,
    steps: int,
    length: int,
    seed: int,
    **settings: Any,
) -> Fit:
    """Train on triples as the step does; `settings` are further ones of `ModelTraining`."""
    write_table([_pairs(folder, rows)], Choice(), folder / fit.PAIRS)
    config = ModelTraining(
        steps=steps,
        max_length=length,
        learning_rate=RATE,
        warmup=WARMUP,
        temperature=TEMPERATURE,
        checkpoint_every=10 * steps,
        **settings,
    )
    return fit.fit(Plan(model, None, length, True, config, seed, folder, folder), tell)


def _pairs(folder: Path, rows: list[Any]) -> Any:
    """Return triples as the stage directory of pairs that training reads."""
    given: dict[str, Any] = {
        "symmetric": True,
        "source": "xnli",
        "source_revision": "",
        "source_row": "",
        "license": "",
    }
    directory = Path(tempfile.mkdtemp(dir=folder))
    with StageWriter(directory, PAIR_SCHEMA) as writer:
        for anchor, positive, negative in rows:
            for passage, relation, sign in (
                (positive, "entailment", 1),
                (negative, "contradiction", -1),
            ):
                group = group_id(anchor)
                row = Pair(anchor, passage, relation, sign, group_id=group, **given)
                for one in writer.each([row]):
                    writer.keep(one.row())
    Manifest(
        step="harvest.pairs",
        step_version=1,
        fingerprint="",
        seed=0,
        config={},
        inputs={},
        counts=Counts(rows_in=writer.rows_in, rows_out=writer.rows_out),
        files=describe_files(directory),
    ).write(directory)
    return StageReader(directory)


def _loss(model: Any, rows: list[Any], length: int) -> float:
    """Return InfoNCE over all held-out triples as one batch."""
    model.max_seq_length = length
    columns = [
        torch.from_numpy(model.encode(list(texts), prompt=PROMPT, batch_size=32))
        for texts in zip(*rows, strict=True)
    ]
    loss = MultipleNegativesRankingLoss(model, scale=1 / TEMPERATURE)
    return float(loss.compute_loss_from_embeddings(columns, None))


if __name__ == "__main__":
    main()
