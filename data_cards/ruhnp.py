"""The release folder of RuHNP: one row an anchor, in columns and splits of the published set."""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from data_cards.caveats import WRITTEN, ruhnp_faults, searched
from data_cards.dataset_card import Contents, Named, write_dataset_card
from data_cards.left_out import INCOMPLETE, LeftOut
from data_cards.plots import draw_counts
from data_cards.shards import Shards
from rupairs.anchor_statistics import Statistics
from rupairs.errors import RupairsError
from rupairs.pairs import NEGATIVE, POSITIVE
from rupairs.steps import Context
from rupairs.store import StageReader, read_batches
from rupairs.views import ANCHOR_SCHEMA, by_anchor

Row = dict[str, Any]

_PROVENANCE = "provenance.parquet"
_SIDES = {POSITIVE: "positive", NEGATIVE: "negative"}
_NAMED = Named(
    "ruhnp", "RuHNP", {"task_categories": ["sentence-similarity", "text-classification"]}
)


def release_ruhnp(context: Context) -> None:
    """Write `train/val/test.parquet` with query, pos, neg, the card and `croissant.json`.

    Pairs come an anchor at a time, and none is held. With `only_redistributable`, pairs that may
    not be passed on are left out, and anchors that then have too few texts.
    """
    reader = context.inputs["ruhnp.release"]
    shards, contents = Shards(context.out, ANCHOR_SCHEMA), Contents()
    counted = Statistics()
    redistributable = context.config.only_redistributable
    with LeftOut(context.out, redistributable) as left_out:
        for anchor in _anchors(reader, redistributable):
            kept = _kept(anchor, reader, left_out)
            if not kept:
                continue
            for pair in kept:
                contents.add(pair)
            shards.add(kept[0]["split"], next(by_anchor(kept)))
            if redistributable:
                counted.add([_as_text(pair) for pair in kept], kept[0]["split"])
    contents.files = {"default": shards.close()}
    contents.figures = (
        counted.facts() if left_out.reasons else reader.manifest.facts.get("statistics", {})
    )
    write_dataset_card(context, _NAMED, contents, left_out, _more(context, contents.figures))


def _more(context: Context, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Draw the picture of the card, and return the facts that only this set has."""
    steps = {name: reader.manifest for name, reader in context.inputs.items()}
    if figures:
        draw_counts(figures["changes"], context.out / "changes.png")
    audit = _audit(context.run, steps["ruhnp.release"].content)
    anchors = ("the sentences that became anchors", "в исходных предложениях")
    return {
        "audit": audit,
        "faults": ruhnp_faults(steps, bool(audit), context.simulated),
        "searched": [searched(steps["ruhnp.anchors"], anchors), WRITTEN],
    }


def _audit(run: Path, release: str) -> dict[str, Any]:
    """Return what an audit of this very release found, if there was one."""
    folder = run / "ruhnp" / "audit"
    try:
        sample = json.loads((folder / "sample.json").read_text(encoding="utf-8"))
        found: dict[str, Any] = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise RupairsError(f"{folder}: damaged ({error}); count its votes again") from None
    return found if sample.get("release") == release else {}


def _anchors(reader: StageReader, measured: bool) -> Iterator[list[Row]]:
    """Yield the pairs of each anchor, which stand together; `measured` joins what made them."""
    pairs = _measured(reader) if measured else reader.rows()
    for _, anchor in groupby(pairs, key=lambda pair: pair["group_id"]):
        yield list(anchor)


def _measured(reader: StageReader) -> Iterator[Row]:
    path = reader.directory / _PROVENANCE
    made = (row for batch in read_batches(path) for row in batch.to_pylist())
    for pair, origin in zip(reader.rows(), made, strict=True):
        if pair["pair_id"] != origin["pair_id"]:
            raise RupairsError(f"{path}: has other rows than the pairs; run ruhnp.release again")
        yield pair | {"change": origin["change"]}


def _kept(anchor: list[Row], reader: StageReader, left_out: LeftOut) -> list[Row]:
    """Return what stays of an anchor's pairs: nothing where too few of a side are left."""
    kept = []
    for pair in anchor:
        if left_out.forbids(pair["license"]):
            left_out.add(_bare(pair))
        else:
            kept.append(pair)
    if len(kept) < len(anchor) and not _complete(kept, reader):
        for pair in kept:
            left_out.add(_bare(pair), INCOMPLETE)
        return []
    return kept


def _complete(pairs: list[Row], reader: StageReader) -> bool:
    config = reader.manifest.config
    sides = [_SIDES[pair["polarity"]] for pair in pairs]
    return all(sides.count(side) >= config.get(f"min_{side}s", 1) for side in _SIDES.values())


def _bare(pair: Row) -> Row:
    return {name: value for name, value in pair.items() if name != "change"}


def _as_text(pair: Row) -> Row:
    """Return a pair as the figures count it."""
    return {
        "anchor": pair["query"],
        "text": pair["passage"],
        "kind": _SIDES[pair["polarity"]],
        "change": pair["change"],
        "origin": pair["origin"],
    }
