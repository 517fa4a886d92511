"""XNLI in Russian as native files of a source of the harvest, with wrong labels planted.

The five votes a row were given to the English original. The file is an evaluation set: it serves
only to exercise an algorithm, and nothing made from it is kept for training or release.
"""

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harvest.reading.nli import THREE_WAY
from rupairs.pairs import pair_id

SOURCE, LICENSE = "allnli", "CC-BY-NC-4.0"


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


def write_native(rows: list[dict[str, Any]], work: Path) -> Path:
    """Write the rows as files of the source, and `truth.jsonl` beside them; return their folder."""
    folder = work / "native"
    (folder / SOURCE).mkdir(parents=True, exist_ok=True)
    columns = {
        "premise_ru": [row["premise"] for row in rows],
        "hypothesis_ru": [row["hypothesis"] for row in rows],
        "label": [row["label"] for row in rows],
        "source": ["mnli"] * len(rows),
    }
    pq.write_table(pa.table(columns), folder / SOURCE / "train.parquet")
    with (work / "truth.jsonl").open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return folder
