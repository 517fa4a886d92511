"""The release folders of the two datasets, in the columns and splits of the published sets."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_cards.annotations import ANNOTATION_SCHEMA, annotations
from data_cards.card import description, funnel, licenses, models, size_category, write_cards
from data_cards.croissant import About, write_croissant
from data_cards.front import Files, Licensed, configs, dataset_info
from rupairs import views
from rupairs.errors import RupairsError
from rupairs.manifest import generator
from rupairs.redistribution import forbidding
from rupairs.steps import Context
from rupairs.store import write_table

Row = dict[str, Any]
View = Callable[[Iterable[Row]], Iterator[Row]]

_PICTURES = {"ruwanli.cartography": "datamap.png", "ruwanli.release": "funnel.png"}
_SIMULATED = "Reviewers were simulated: their votes were made by a program, not by people."
# Split name → file stem, as the published sets have them.
_FILES = {"train": "train", "validation": "val", "test": "test"}


def release_ruhnp(context: Context) -> None:
    """Write `train/val/test.parquet` with query, pos, neg, the card and `croissant.json`."""
    pairs = _pairs(context, "ruhnp.release")
    files = _write_splits(context.out, "", pairs, views.by_anchor, views.ANCHOR_SCHEMA)
    _write_card(context, "ruhnp", "RuHNP", {"default": files}, pairs)


def release_ruwanli(context: Context) -> None:
    """Write `data/` with premise, hypothesis, label, `triplets/`, `annotations/`, and the card.

    `croissant.json` says the same as the card, for programs.
    """
    pairs = _pairs(context, "ruwanli.release")
    default = _write_splits(context.out, "data/", pairs, views.nli, views.NLI_SCHEMA)
    triplets = _write_splits(context.out, "triplets/", pairs, views.triplets, views.TRIPLET_SCHEMA)
    votes = list(_votes(context, pairs))
    annotated = _write_splits(context.out, "annotations/", votes, iter, ANNOTATION_SCHEMA)
    files = {"default": default, "triplets": triplets, "annotations": annotated}
    for step, picture in _PICTURES.items():
        shutil.copyfile(context.inputs[step].whole() / picture, context.out / picture)
    _write_card(context, "ruwanli", "RuWANLI", files, pairs)


def _pairs(context: Context, step: str) -> list[Row]:
    """Return the rows of a release, or those of them that may be passed on."""
    pairs = list(context.inputs[step].rows())
    if context.config.only_redistributable:
        kept = [pair for pair in pairs if forbidding(pair["license"]) is None]
        context.facts["left_out"] = len(pairs) - len(kept)
        return kept
    return pairs


def _votes(context: Context, pairs: list[Row]) -> Iterator[Row]:
    columns = ["pair_id", "premise", "hypothesis", "group_id"]
    candidates = context.inputs["ruwanli.complete"].table(columns).to_pylist()
    pulled, counted = (
        context.inputs[name].rows() for name in ("annotation.pull", "annotation.quality")
    )
    return annotations(pulled, candidates, pairs, counted)


def _write_splits(
    out: Path, folder: str, pairs: list[Row], view: View, schema: pa.Schema
) -> dict[str, tuple[Path, ...]]:
    """Write one file a split and return them; an empty split gets none: `datasets` opens none."""
    files: dict[str, tuple[Path, ...]] = {}
    for split, stem in _FILES.items():
        table = pa.Table.from_pylist(list(view(p for p in pairs if p["split"] == split)), schema)
        path = out / f"{folder}{stem}.parquet"
        files[split] = (path,) if table.num_rows else ()
        if table.num_rows:
            path.parent.mkdir(exist_ok=True)
            write_table(table, path)
    return files


def _write_card(
    context: Context,
    template: str,
    title: str,
    files: Files,
    pairs: list[Row],
) -> None:
    if not pairs:
        raise RupairsError(
            f"{context.step.name}: no row has come through; the reports of the steps before say why"
        )
    manifests = [reader.manifest for reader in context.inputs.values()]
    licensed = Licensed.of((pair["pair_id"], pair["license"]) for pair in pairs)
    info = dataset_info(files)
    rows = {config: dict.fromkeys(splits, 0) for config, splits in files.items()}
    for config in info:
        for split in config["splits"]:
            rows[config["config_name"]][split["name"]] = split["num_examples"]
    front: dict[str, Any] = {
        "language": ["ru"],
        **licensed.fields(),
        "pretty_name": context.config.title or title,
        "size_categories": [size_category(sum(rows["default"].values()))],
        "task_categories": ["sentence-similarity", "text-classification"],
        "configs": configs(context.out, files),
        "dataset_info": info,
        "tags": ["synthetic", *(["simulated-annotation"] if context.simulated else [])],
    }
    facts: dict[str, Any] = {
        "title": context.config.title or title,
        "generator": generator(models(manifests)),
        "models": models(manifests),
        # Of the rows: what the classifier learned from is not in them.
        "licenses": licenses(manifests[-1:]),
        "terms": licensed.terms,
        "funnel": funnel(manifests),
        "steps": {m.step: m for m in manifests},
        "rows": rows,
        "pairs": len(pairs),
        "by_rule": sum(pair["origin"] == "rule" for pair in pairs),
        "simulated": context.simulated,
        "labels": _shares(pairs),
        "versions": manifests[-1].versions,
    }
    write_cards(context.out, template, front, facts, context.config)
    said = [description(template, facts), facts["generator"].note]
    said += [_SIMULATED] if context.simulated else []
    about = About(
        name=facts["title"],
        description=" ".join(filter(None, said)),
        terms=licensed.terms,
        keywords=tuple(front["tags"]),
        url=context.config.url,
    )
    write_croissant(context.out, files, about)
    context.facts |= {"rows": rows, **licensed.facts()}


def _shares(pairs: list[Row]) -> dict[str, int]:
    relations = sorted(pair["relation"] for pair in pairs)
    return {relation: relations.count(relation) for relation in dict.fromkeys(relations)}
