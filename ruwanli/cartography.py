"""The step `ruwanli.cartography`: how a classifier's mind changes about every NLI row of the run.

Training dynamics of a task model (Swayamdipta et al. 2020, arXiv 2009.10795), as the WANLI
algorithm uses them (Liu et al. 2022, arXiv 2201.05955). The folder keeps the weights after every
epoch, with which `ruwanli.variability` estimates the same of new pairs.
"""

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rupairs.arithmetic import precision
from rupairs.encoder import encoder_facts
from rupairs.errors import RupairsError
from rupairs.evaluation_sets import EVALUATION_SETS, marked
from rupairs.manifest import versions
from rupairs.recipe import EncoderSection
from rupairs.steps import Context
from rupairs.text import digest, share
from ruwanli.classifier import CHECKPOINTS, FOLDER, Classifier, new_classifier, save_classifier
from ruwanli.datamap import PLOT, draw_map, notes
from ruwanli.dynamics import Dynamics, accuracy, dynamics
from ruwanli.labels import Bools, gold_indices, model_labels, own_probabilities, two_way_rows
from ruwanli.learning import WEIGHTS, Epoch, Examples, learn
from ruwanli.pool import nli_rows
from ruwanli.stage import CartographySection

DYNAMICS_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
        pa.field("variability", pa.float32(), nullable=False),
        pa.field("correctness", pa.int32(), nullable=False),
        pa.field("max_variability", pa.float32(), nullable=False),
        pa.field("probabilities", pa.list_(pa.float32()), nullable=False),
    ]
)
# Rows of the split `validation` are held out too; `test` is touched by nothing here.
_SPLITS = ("train", "validation")


def chart(context: Context) -> None:
    """Train the classifier and write the dynamics of every row that it learned from."""
    config: CartographySection = context.config
    pool = nli_rows(context.inputs["harvest.pairs"], config.sources, _SPLITS, "ruwanli.cartography")
    drawn = _drawn(pool, config.per_label, context.seed)
    rows = pool.filter(pa.array(drawn))
    ids, labels, sources = (rows[n].to_pylist() for n in ("pair_id", "relation", "source"))
    evaluation = set(sources) & {*EVALUATION_SETS, *config.evaluation_sources}
    if evaluation and not config.chart_evaluation_sets:
        raise _refused(evaluation)
    context.facts = marked(context.facts, evaluation)
    context.licenses = {s: terms for s, terms in context.licenses.items() if s in set(sources)}
    encoder = base_encoder(config, context.recipe.encoder)
    context.models.append(encoder_facts(encoder, role="classifier's encoder"))
    classifier = new_classifier(encoder, model_labels(labels), config.max_length, context.seed)
    pairs = list(zip(rows["query"].to_pylist(), rows["passage"].to_pylist(), strict=True))
    two_way = two_way_rows(sources, labels)
    examples = Examples(
        ids=ids,
        tokens=classifier.tokenize(pairs),
        gold=gold_indices(labels, two_way),
        two_way=two_way,
        learned=_learned(rows, config.heldout, context.seed),
    )
    with context.progress.bar("rows", config.epochs * int(examples.learned.sum())) as tell:
        epochs = learn(classifier, examples, config, context.seed, _work(context, encoder), tell)
    probabilities = own_probabilities(np.stack([e.probabilities(ids) for e in epochs]), two_way)
    found = dynamics(probabilities, examples.gold)
    _write(context, pool, drawn, found, examples.learned)
    _keep_weights(classifier, epochs, context.out)
    charted = _Charted(classifier, examples, epochs, probabilities)
    context.facts |= charted.facts(config, labels, sources)
    draw_map(_only(found, examples.learned), len(epochs), context.out / PLOT)
    page = notes(_only(found, examples.learned), context.facts)
    (context.out / "notes.md").write_text(page, encoding="utf-8")


def base_encoder(config: CartographySection, own: EncoderSection) -> EncoderSection:
    """Return the encoder that the classifier is made of: the run's own, or that of the section."""
    if config.model == "encoder":
        return own
    return EncoderSection(model=config.model, revision=config.revision, license=config.license)


def _refused(evaluation: set[str]) -> RupairsError:
    return RupairsError(
        f"ruwanli.cartography: {', '.join(sorted(evaluation))} is an evaluation set: nothing that "
        "is released may grow from its rows; leave it out of ruwanli.cartography.sources, or set "
        "chart_evaluation_sets = true to exercise the algorithm (what grows from it is marked, and "
        "never trained on or published)"
    )


def _drawn(rows: pa.Table, per_label: int | None, seed: int) -> Bools:
    """Return which rows are charted: of each label the first `per_label` by hash."""
    if per_label is None:
        return np.ones(rows.num_rows, dtype=bool)
    ids, labels = rows["pair_id"].to_pylist(), rows["relation"].to_pylist()
    chance = [(share(i, seed, "charted"), i) for i in ids]
    drawn = np.zeros(rows.num_rows, dtype=bool)
    taken: Counter[str] = Counter()
    for place in sorted(range(len(ids)), key=chance.__getitem__):
        taken[labels[place]] += 1
        drawn[place] = taken[labels[place]] <= per_label
    return drawn


def _learned(rows: pa.Table, heldout: float, seed: int) -> Bools:
    """Return which rows are learned from: whole groups are held out."""
    groups, splits = rows["group_id"].to_pylist(), rows["split"].to_pylist()
    learned = [
        split == "train" and share(group, seed, "cartography") >= heldout
        for group, split in zip(groups, splits, strict=True)
    ]
    if not any(learned):
        raise RupairsError(
            f"ruwanli.cartography: all {len(learned)} rows are held out; lower "
            "ruwanli.cartography.heldout"
        )
    return np.array(learned, dtype=bool)


def _work(context: Context, encoder: EncoderSection) -> Path:
    """Return the folder of this run's epochs, named after everything that decides them."""
    import torch

    decides = {
        "step": context.step.version,
        "config": context.config.identity(),
        "encoder": encoder.identity(),
        "precision": precision(context.config.bf16),
        "device": "cuda" if torch.cuda.is_available() else "cpu",
        "seed": context.seed,
        "inputs": {name: reader.manifest.content for name, reader in context.inputs.items()},
        "versions": versions(),
    }
    folder = context.work / digest((json.dumps(decides, sort_keys=True),), size=8)
    for other in context.work.iterdir():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    return folder


def _only(found: Dynamics, rows: Bools) -> Dynamics:
    return Dynamics(*(values[rows] for values in vars(found).values()))


def _write(context: Context, pool: pa.Table, drawn: Bools, found: Dynamics, learned: Bools) -> None:
    """Write the measures of the rows learned from; `found` and `learned` are of the drawn ones."""
    each = (row for batch in pool.to_batches() for row in batch.to_pylist())
    place = -1
    with context.writer(DYNAMICS_SCHEMA) as writer:
        for row, charted in zip(writer.each(each), drawn, strict=True):
            if not charted:
                writer.drop(row, "over_quota", f"per_label {context.config.per_label}")
                continue
            place += 1
            if not learned[place]:
                gold = found.gold[place].round(3).tolist()
                writer.drop(row, "held_out", f"p(gold) by epoch: {gold}")
                continue
            measures = {name: values[place] for name, values in vars(found).items()}
            writer.keep(
                {
                    "pair_id": row["pair_id"],
                    "label": row["relation"],
                    "source": row["source"],
                    "probabilities": measures.pop("gold"),
                    **measures,
                }
            )


def _keep_weights(classifier: Classifier, epochs: list[Epoch], out: Path) -> None:
    """Write the final classifier as a folder, and the weights of the epochs before it."""
    save_classifier(classifier, out / FOLDER)
    (out / CHECKPOINTS).mkdir()
    for number, epoch in enumerate(epochs[:-1], 1):
        name = f"epoch-{number:02d}.safetensors"
        shutil.copyfile(epoch.folder / WEIGHTS, out / CHECKPOINTS / name)


@dataclass(frozen=True)
class _Charted:
    classifier: Classifier
    examples: Examples
    epochs: list[Epoch]
    probabilities: npt.NDArray[np.float64]

    def facts(
        self, config: CartographySection, labels: list[str], sources: list[str]
    ) -> dict[str, Any]:
        """Return what the manifest tells of the training."""
        learned, gold = self.examples.learned, self.examples.gold
        rows, heldout = int(learned.sum()), int((~learned).sum())
        two_way = sorted({s for s, two in zip(sources, self.examples.two_way, strict=True) if two})
        training_s = sum(e.training_s for e in self.epochs)
        scoring_s = sum(e.scoring_s for e in self.epochs)
        parameters = list(self.classifier.model.parameters())
        return {
            "labels": list(self.classifier.labels),
            "rows": rows,
            "rows_heldout": heldout,
            "rows_by_label": dict(sorted(Counter(labels).items())),
            "rows_by_source": dict(sorted(Counter(sources).items())),
            "two_way_sources": two_way,
            "epochs": len(self.epochs),
            "loss": [e.loss for e in self.epochs],
            "accuracy": accuracy(self.probabilities[:, learned], gold[learned]),
            "accuracy_heldout": accuracy(self.probabilities[:, ~learned], gold[~learned]),
            "precision": precision(config.bf16),
            "device": self.classifier.device,
            "parameters": sum(p.numel() for p in parameters),
            "parameters_trained": sum(p.numel() for p in parameters if p.requires_grad),
            "training_rows_per_second": round(rows * len(self.epochs) / max(training_s, 1e-3), 1),
            "scoring_rows_per_second": round(
                len(gold) * len(self.epochs) / max(scoring_s, 1e-3), 1
            ),
        }
