"""XNLI in Russian as harvested pairs under its own name, with wrong labels planted.

The five votes a row were given to the English original. The file is an evaluation set: it serves
only to exercise an algorithm, and what is made from it is marked, never trained on or released.
"""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.finished_step import write_finished
from harvest.reading.nli import THREE_WAY
from rupairs.pairs import NEGATIVE, PAIR_SCHEMA, POSITIVE, Pair, group_id, pair_id

SOURCE, LICENSE = "xnli_ru", "CC-BY-NC-4.0"


def drawn_rows(path: Path, per_label: int, seed: int) -> list[dict[str, Any]]:
    """Return the rows of `per_label` drawn premises: each has one hypothesis of every label.

    Raises `ValueError` where a row lacks a vote: without them nothing can be planted or compared.
    """
    premises: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), 1):
            votes = [row[f"label{n}"] for n in range(1, 6)]
            if not {row["gold_label"], *votes} <= set(THREE_WAY):
                raise ValueError(f"{path.name} row {number}: labels {row['gold_label']}, {votes}")
            premises[row["sentence1"]].append(
                {
                    "pair_id": pair_id(row["sentence1"], row["sentence2"], symmetric=True),
                    "premise": row["sentence1"],
                    "hypothesis": row["sentence2"],
                    "gold": row["gold_label"],
                    "votes": votes,
                }
            )
    order = np.random.default_rng(seed).permutation(sorted(premises))[:per_label].tolist()
    return [row for premise in order for row in premises[premise]]


def plant(rows: list[dict[str, Any]], share: float, seed: int) -> list[dict[str, Any]]:
    """Return the rows with `label`, in a share of them one that nobody gave, and `planted`."""
    wrong = [[w for w in THREE_WAY if w not in {row["gold"], *row["votes"]}] for row in rows]
    rng = np.random.default_rng([seed, 1])
    able = [place for place, labels in enumerate(wrong) if labels]
    count = min(round(share * len(rows)), len(able))
    label = {int(p): str(rng.choice(wrong[p])) for p in rng.choice(able, count, replace=False)}
    return [
        row | {"label": label.get(place, row["gold"]), "planted": place in label}
        for place, row in enumerate(rows)
    ]


def write_pairs(rows: list[dict[str, Any]], run: Path) -> None:
    """Write the rows as a finished `harvest.pairs` of a run, under the name of what they are."""
    pairs = (_pair(row, number).row() for number, row in enumerate(rows, 1))
    write_finished("harvest.pairs", run, PAIR_SCHEMA, pairs, licenses={SOURCE: LICENSE})


def _pair(row: dict[str, Any], number: int) -> Pair:
    return Pair(
        query=row["premise"],
        passage=row["hypothesis"],
        relation=row["label"],
        polarity=POSITIVE if row["label"] == "entailment" else NEGATIVE,
        symmetric=True,
        group_id=group_id(row["premise"]),
        source=SOURCE,
        source_revision="1",
        source_row=str(number),
        license=LICENSE,
    )
