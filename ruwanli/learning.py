"""Training the task model, epoch by epoch, so that a kill changes nothing.

1. The order of an epoch and its dropout are functions of the seed and the epoch's number.
2. After each epoch weights, optimizer and the probabilities of all rows are written beside their
   final name and renamed: a folder `epoch-N` is whole. A killed run goes on after the last one.
3. Batches hold pairs of about the same length, drawn from stretches of the epoch's order.
"""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rupairs.arithmetic import deterministic, precision
from rupairs.encoder import faults_of_files
from rupairs.errors import RupairsError
from rupairs.progress import Advance
from rupairs.store import read_table, write_table
from rupairs.text import digest, share
from ruwanli.classifier import Classifier, load_weights, save_weights
from ruwanli.labels import Bools, own_logits
from ruwanli.stage import CartographySection
from ruwanli.tokens import Tokens

WEIGHTS, SCORES, OPTIMIZER, FACTS = (
    "model.safetensors",
    "scores.parquet",
    "optimizer.pt",
    "epoch.json",
)
_STRETCH = 50  # batches that are drawn together and sorted by length
_CHECK_EVERY = 50  # steps between two looks at the loss: each waits for the GPU

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """Rows in one order: ids, tokens, the gold label's place, and which are learned from."""

    ids: Sequence[str]
    tokens: Tokens
    gold: Indices
    two_way: Bools
    learned: Bools


@dataclass(frozen=True)
class Epoch:
    """A finished epoch: its folder, and what was measured."""

    folder: Path
    loss: float
    training_s: float
    scoring_s: float

    def probabilities(self, ids: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the probabilities of rows by their ids, shape (rows, labels)."""
        table = read_table(self.folder / SCORES)
        place = {name: i for i, name in enumerate(table["pair_id"].to_pylist())}
        flat = table["probabilities"].combine_chunks().flatten().to_numpy()
        scores: npt.NDArray[np.float32] = flat.reshape(len(place), -1)
        return scores[[place[name] for name in ids]]


def learn(
    classifier: Classifier,
    examples: Examples,
    config: CartographySection,
    seed: int,
    folder: Path,
    tell: Advance,
) -> list[Epoch]:
    """Train `classifier` in place and return its epochs; those in `folder` are not done again."""
    if config.freeze_embeddings:
        classifier.model.get_input_embeddings().requires_grad_(False)
    course = _Course(classifier, examples, config, seed)
    done = [e for e in (_finished(folder, n) for n in range(1, config.epochs + 1)) if e]
    tell(len(done) * len(course.learned), "")
    if done:
        load_weights(classifier.model, done[-1].folder / WEIGHTS)
        if len(done) < config.epochs:
            course.load(done[-1].folder / OPTIMIZER)
    with deterministic():
        for number in range(len(done) + 1, config.epochs + 1):
            started = time.monotonic()
            loss = course.epoch(number, tell)
            trained = time.monotonic()
            scores = classifier.probabilities(examples.tokens)
            facts = {
                "loss": loss,
                "training_s": round(trained - started, 2),
                "scoring_s": round(time.monotonic() - trained, 2),
            }
            done.append(_save(course, folder, number, scores, facts))
    return done


class _Course:
    """The optimizer, and one epoch at a time."""

    def __init__(
        self, classifier: Classifier, examples: Examples, config: CartographySection, seed: int
    ) -> None:
        import torch

        self.classifier = classifier
        self.examples = examples
        self.config = config
        self.seed = seed
        self.learned = np.flatnonzero(examples.learned)
        self.steps = -(-len(self.learned) // config.batch_size)
        self.optimizer = torch.optim.AdamW(_groups(classifier.model, config.weight_decay))
        self.parameters = [p for p in classifier.model.parameters() if p.requires_grad]

    def load(self, path: Path) -> None:
        """Put the state after an earlier epoch into the optimizer."""
        import torch

        self.optimizer.load_state_dict(torch.load(path, weights_only=True))

    def epoch(self, number: int, tell: Advance) -> float:
        """Train on every learned row once and return the mean loss of the batches."""
        import torch

        start = (number - 1) * self.steps
        torch.manual_seed(int(digest((str(self.seed), str(number)), size=4), 16))
        self.classifier.model.train()
        total = torch.zeros((), device=self.classifier.device)
        for step, batch in enumerate(self.batches(number), 1):
            total += self.step(batch, start + step - 1)
            if (step % _CHECK_EVERY == 0 or step == self.steps) and not torch.isfinite(total):
                raise RupairsError(
                    f"cartography: the loss is not finite by step {step} of epoch {number}; lower "
                    "ruwanli.cartography.learning_rate, or set bf16 = false"
                )
            tell(len(batch), f"epoch {number}")
        return round(float(total) / self.steps, 6)

    def batches(self, number: int) -> Iterator[Indices]:
        """Yield the batches of an epoch."""
        ids, size = self.examples.ids, self.config.batch_size
        lengths = self.examples.tokens.lengths
        chance = {i: share(ids[i], self.seed, f"epoch {number}") for i in self.learned.tolist()}
        order = np.array(sorted(chance, key=lambda i: (chance[i], ids[i])), dtype=np.int64)
        for start in range(0, len(order), size * _STRETCH):
            stretch = order[start : start + size * _STRETCH]
            stretch = stretch[np.argsort(lengths[stretch], kind="stable")]
            cut = [stretch[i : i + size] for i in range(0, len(stretch), size)]
            yield from sorted(cut, key=lambda batch: chance[int(batch[0])])

    def step(self, batch: Indices, before: int) -> Any:
        """Take one step after `before` others and return its loss."""
        import torch

        config, classifier = self.config, self.classifier
        whole = config.epochs * self.steps
        warmup = config.warmup * whole
        rate = min((before + 1) / max(warmup, 1), (whole - before) / max(whole - warmup, 1))
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate * min(rate, 1.0)
        examples, device = self.examples, classifier.device
        given = {k: v.to(device) for k, v in examples.tokens.batch(batch).items()}
        bf16 = precision(config.bf16) == "bf16"
        with torch.autocast(device, dtype=torch.bfloat16, enabled=bf16):
            logits = classifier.model(**given).logits
        two_way = torch.from_numpy(examples.two_way[batch]).to(device)
        gold = torch.from_numpy(examples.gold[batch]).to(device)
        loss = torch.nn.functional.cross_entropy(own_logits(logits.float(), two_way), gold)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters, config.clip)
        self.optimizer.step()
        return loss.detach()


def _groups(model: Any, decay: float) -> list[dict[str, Any]]:
    """Return the trained parameters; biases and the scales of norms are one-dimensional."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _folder(folder: Path, number: int) -> Path:
    return folder / f"epoch-{number:02d}"


def _finished(folder: Path, number: int) -> Epoch | None:
    path = _folder(folder, number)
    if not path.is_dir():
        return None
    return Epoch(path, **json.loads((path / FACTS).read_text(encoding="utf-8")))


def _save(
    course: _Course,
    folder: Path,
    number: int,
    scores: npt.NDArray[np.float32],
    facts: dict[str, float],
) -> Epoch:
    import torch

    final = _folder(folder, number)
    unfinished = final.with_name(f".{final.name}.partial")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    save_weights(course.classifier.model, unfinished / WEIGHTS)
    if number < course.config.epochs:
        with faults_of_files(unfinished / OPTIMIZER):
            torch.save(course.optimizer.state_dict(), unfinished / OPTIMIZER)
    columns = {
        "pair_id": pa.array(course.examples.ids, pa.string()),
        "probabilities": pa.FixedSizeListArray.from_arrays(scores.ravel(), scores.shape[1]),
    }
    write_table(pa.table(columns), unfinished / SCORES)
    (unfinished / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    unfinished.rename(final)
    (_folder(folder, number - 1) / OPTIMIZER).unlink(missing_ok=True)
    return Epoch(final, **facts)
