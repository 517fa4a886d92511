"""The release folders of the two datasets, in the columns and splits of the published sets."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_cards.card import funnel, licenses, models, render, size_category
from rupairs import views
from rupairs.errors import RupairsError
from rupairs.manifest import generator
from rupairs.steps import Context
from rupairs.store import write_table

Row = dict[str, Any]
View = Callable[[Iterable[Row]], Iterator[Row]]

# Split name → file stem, as the published sets have them.
_FILES = {"train": "train", "validation": "val", "test": "test"}


def release_ruhnp(context: Context) -> None:
    """Write `train/val/test.parquet` with query, pos, neg, and the card."""
    pairs = list(context.inputs["ruhnp.release"].rows())
    rows = _write_splits(context.out, "", pairs, views.by_anchor, views.ANCHOR_SCHEMA)
    _write_card(context, "ruhnp.md.jinja", "RuHNP", {"default": ("", rows)}, pairs)


def release_ruwanli(context: Context) -> None:
    """Write `data/` with premise, hypothesis, label, `triplets/`, and the card."""
    pairs = list(context.inputs["ruwanli.release"].rows())
    default = _write_splits(context.out, "data/", pairs, views.nli, views.NLI_SCHEMA)
    triplets = _write_splits(context.out, "triplets/", pairs, views.triplets, views.TRIPLET_SCHEMA)
    configs = {"default": ("data/", default), "triplets": ("triplets/", triplets)}
    _write_card(context, "ruwanli.md.jinja", "RuWANLI", configs, pairs)


def _write_splits(
    out: Path, folder: str, pairs: list[Row], view: View, schema: pa.Schema
) -> dict[str, int]:
    """Write one file a split and return the rows of each.

    An empty split gets no file: `datasets` cannot open one.
    """
    rows: dict[str, int] = {}
    for split, stem in _FILES.items():
        table = pa.Table.from_pylist(list(view(p for p in pairs if p["split"] == split)), schema)
        rows[split] = table.num_rows
        if table.num_rows:
            path = out / f"{folder}{stem}.parquet"
            path.parent.mkdir(exist_ok=True)
            write_table(table, path)
    return rows


def _config(name: str, folder: str, rows: dict[str, int]) -> dict[str, Any]:
    files = [
        {"split": split, "path": f"{folder}{stem}.parquet"}
        for split, stem in _FILES.items()
        if rows[split]
    ]
    return {"config_name": name, "data_files": files} | (
        {"default": True} if name == "default" else {}
    )


def _write_card(
    context: Context,
    template: str,
    title: str,
    configs: dict[str, tuple[str, dict[str, int]]],
    pairs: list[Row],
) -> None:
    if not pairs:
        raise RupairsError(
            f"{context.step.name}: no row has come through; the reports of the steps before say why"
        )
    manifests = [reader.manifest for reader in context.inputs.values()]
    rows = {name: counts for name, (_, counts) in configs.items()}
    total = sum(rows["default"].values())
    front = {
        "language": ["ru"],
        "license": "other",
        "license_name": "see-the-license-section",
        "pretty_name": context.config.title or title,
        "size_categories": [size_category(total)],
        "task_categories": ["sentence-similarity", "text-classification"],
        "configs": [
            _config(name, folder, counts)
            for name, (folder, counts) in configs.items()
            if any(counts.values())
        ],
        "tags": ["synthetic", *(["simulated-annotation"] if context.simulated else [])],
    }
    facts = {
        "title": context.config.title or title,
        "generator": generator(models(manifests)),
        "models": models(manifests),
        "licenses": licenses(manifests),
        "row_licenses": sorted({pair["license"] for pair in pairs}),
        "funnel": funnel(manifests),
        "steps": {m.step: m for m in manifests},
        "rows": rows,
        "pairs": len(pairs),
        "simulated": context.simulated,
        "labels": _shares(pairs),
        "versions": manifests[-1].versions,
    }
    (context.out / "README.md").write_text(render(template, front, facts), encoding="utf-8")
    context.facts["rows"] = rows


def _shares(pairs: list[Row]) -> dict[str, int]:
    relations = sorted(pair["relation"] for pair in pairs)
    return {relation: relations.count(relation) for relation in dict.fromkeys(relations)}
