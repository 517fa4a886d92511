"""The release folder of RuWANLI: pairs, triplets, and every vote behind them."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_cards.agreement import agreement
from data_cards.annotations import ANNOTATION_SCHEMA, CONTROL, annotations
from data_cards.card import models
from data_cards.caveats import WRITTEN, ruwanli_faults, searched
from data_cards.citation import WANLI
from data_cards.dataset_card import Contents, Named, write_dataset_card
from data_cards.left_out import LeftOut
from data_cards.shards import STEMS, Shards
from rupairs import views
from rupairs.manifest import generator
from rupairs.nli_statistics import statistics
from rupairs.redistribution import joined
from rupairs.steps import Context
from rupairs.store import StageReader, read_table

Row = dict[str, Any]
View = Callable[[Iterable[Row]], Iterator[Row]]

_PICTURES = {"ruwanli.cartography": "datamap.png", "ruwanli.release": "funnel.png"}
_PROVENANCE = "provenance.parquet"
_SHOWN = ("pair_id", "premise", "hypothesis", "group_id", "license")
_NAMED = Named(
    "ruwanli",
    "RuWANLI",
    {
        "task_categories": ["text-classification", "sentence-similarity"],
        "task_ids": ["natural-language-inference"],
    },
)


def release_ruwanli(context: Context) -> None:
    """Write `data/` with premise, hypothesis, label, `triplets/`, `annotations/`, and the card.

    `croissant.json` says the same as the card, for programs. With `only_redistributable`, pairs
    that may not be passed on are left out, and votes on such texts come without them.
    """
    reader, contents = context.inputs["ruwanli.release"], Contents()
    pairs: list[Row] = []
    with LeftOut(context.out, context.config.only_redistributable) as left_out:
        for pair in reader.rows():
            if left_out.forbids(pair["license"]):
                left_out.add(pair)
            else:
                pairs.append(pair)
                contents.add(pair)
    votes, blank = _votes(context, pairs, contents, left_out)
    contents.files = {
        "default": _write(context.out / "data", pairs, views.nli, views.NLI_SCHEMA),
        "triplets": _write(context.out / "triplets", pairs, views.triplets, views.TRIPLET_SCHEMA),
        "annotations": _write(context.out / "annotations", votes, iter, ANNOTATION_SCHEMA),
    }
    contents.figures = reader.manifest.facts["statistics"]
    if left_out.reasons:
        contents.figures = _figures(reader, pairs)
    for step, picture in _PICTURES.items():
        shutil.copyfile(context.inputs[step].whole() / picture, context.out / picture)
    more = _more(context) | {"blank": blank}
    write_dataset_card(context, _NAMED, contents, left_out, more)
    context.facts["votes_without_texts"] = blank


def _more(context: Context) -> dict[str, Any]:
    """Return the facts that only this set's card has."""
    steps = {name: reader.manifest for name, reader in context.inputs.items()}
    seeds = ("the pairs that seeds were drawn from", "в парах, из которых взяты затравки,")
    return {
        "agreement": agreement(steps["annotation.decisions"]),
        "faults": ruwanli_faults(steps, context.simulated),
        "searched": [searched(steps["harvest.pairs"], seeds), WRITTEN],
        "follows": WANLI,
    }


def _votes(
    context: Context, pairs: list[Row], contents: Contents, left_out: LeftOut
) -> tuple[list[Row], int]:
    """Return the votes, and how many come without texts since those may not be passed on.

    What was voted on and not released is there with its texts, so its license counts.
    """
    candidates = _candidates(context)
    released = {pair["pair_id"] for pair in pairs}
    closed = {c["pair_id"] for c in candidates if left_out.forbids(c["license"])}
    pulled, counted = (
        context.inputs[name].rows() for name in ("annotation.pull", "annotation.quality")
    )
    votes = list(annotations(pulled, candidates, pairs, counted, closed))
    terms = {c["pair_id"]: c["license"] for c in candidates}
    shown = {vote["pair_id"] for vote in votes if vote["premise"] is not None}
    for name in sorted(shown - released):
        contents.tally.add(name, terms[name])
    return votes, sum(v["pair_id"] in closed and v["kind"] != CONTROL for v in votes)


def _candidates(context: Context) -> list[Row]:
    """Return what reviewers were shown, under the terms of its seed and of who wrote it."""
    model = generator(models(reader.manifest for reader in context.inputs.values()))
    found: list[Row] = context.inputs["ruwanli.complete"].table(list(_SHOWN)).to_pylist()
    return [row | {"license": joined((row["license"], model.license))} for row in found]


def _write(
    folder: Path, rows: list[Row], view: View, schema: pa.Schema
) -> dict[str, tuple[Path, ...]]:
    """Write the view of every split and return its files."""
    shards = Shards(folder, schema)
    for split in STEMS:
        for row in view(row for row in rows if row["split"] == split):
            shards.add(split, row)
    return shards.close()


def _figures(reader: StageReader, pairs: list[Row]) -> dict[str, Any]:
    """Return the figures of those pairs that stay, counted as those of all were."""
    table = read_table(reader.directory / _PROVENANCE)
    origins = {row["pair_id"]: row for row in table.to_pylist()}
    decisions = [{"premise": p["query"], "hypothesis": p["passage"]} for p in pairs]
    return statistics(decisions, [origins[pair["pair_id"]] for pair in pairs])
