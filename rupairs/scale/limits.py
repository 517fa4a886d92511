"""Limits: where each part of a run breaks, and the setting of the recipe that moves it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rupairs.scale.settings import Asked
from rupairs.scale.work import (
    HOUR,
    SCRATCH_BYTES,
    Values,
    calls_a_pair,
    hours_an_item,
    main_seconds,
)

DAY = 24 * HOUR
HARVESTED, GENERATED = "harvested pairs", "generated pairs"
REVIEWED, TRAINED = "reviewed items", "trained pairs"
# `rupairs.near` packs the numbers of two rows into 64 bits.
MOST_ROWS = 2**32


@dataclass(frozen=True)
class Limit:
    """`at` so many `rows` something is used up; `setting` of the recipe moves it, as `how` says."""

    rows: str
    what: str
    at: float
    setting: str
    how: str


def limits(rates: Values, asked: Asked) -> list[Limit]:
    """Return all limits, for each kind of rows the first to break first."""
    parts: tuple[Callable[[Values, Asked], Iterator[Limit]], ...] = (
        _harvest,
        _generation,
        _review,
        _training,
    )
    return [limit for part in parts for limit in sorted(part(rates, asked), key=lambda x: x.at)]


def _harvest(rates: Values, asked: Asked) -> Iterator[Limit]:
    sources = "harvest.rows.sources"
    room = max(rates["memory"] - rates["harvest_memory_base"], 0)
    yield Limit(
        HARVESTED,
        "memory of `harvest.pairs`",
        room / rates["harvest_memory_bytes"],
        sources,
        "a run for each part of the sources; repeats between runs are then not seen",
    )
    yield Limit(
        HARVESTED,
        "disk, scratch included",
        rates["disk"] / (rates["harvest_bytes"] + SCRATCH_BYTES),
        "harvest.rows.cut_characters",
        "shorter passages; or `--out` on a larger disk",
    )
    yield Limit(
        HARVESTED,
        "row numbers of 32 bits in the search for near-duplicates",
        MOST_ROWS,
        "harvest.pairs.near",
        "0 leaves the search out",
    )
    yield Limit(
        HARVESTED,
        "a day of the one process that more cores do not help",
        DAY / main_seconds(rates),
        sources,
        "a run for each part of the sources, side by side",
    )


def _generation(rates: Values, asked: Asked) -> Iterator[Limit]:
    limit = "ruhnp.anchors.limit"
    whole = asked.pairs * rates["complete_share"]
    yield Limit(
        GENERATED,
        "memory of `ruhnp.generate`, which holds all anchors",
        rates["memory"] / rates["anchor_memory_bytes"] * whole,
        limit,
        "several runs over different texts",
    )
    yield Limit(
        GENERATED,
        "memory of `ruhnp.anchors`, which holds the pool they are drawn from",
        rates["memory"] / (rates["anchor_memory_bytes"] * asked.pool) * whole,
        "ruhnp.anchors.surplus",
        "a smaller pool; or several runs",
    )
    yield Limit(
        GENERATED,
        "memory of `ruhnp.release`, which remembers all verified texts",
        rates["memory"] / rates["text_memory_bytes"] * whole / asked.texts,
        limit,
        "several runs; repeats between them are then not seen",
    )
    yield Limit(
        GENERATED,
        "disk: replay log and tables",
        rates["disk"]
        / (calls_a_pair(rates, asked) * rates["log_bytes"] + rates["generated_bytes"]),
        "ruhnp.generate.top_up_rounds",
        "fewer calls asked again; or `--out` on a larger disk",
    )
    yield Limit(
        GENERATED,
        "a day of the client, however many GPUs there are",
        DAY * rates["client_calls_per_second"] / calls_a_pair(rates, asked),
        "ruhnp.release.max_positives",
        "more of a call's texts kept; or several runs side by side",
    )
    yield Limit(
        GENERATED,
        "a day of the plain checks, in one process",
        DAY * rates["checks_per_second"] * whole / asked.texts,
        "ruhnp.verify.checks",
        "fewer checks; or several runs side by side",
    )


def _review(rates: Values, asked: Asked) -> Iterator[Limit]:
    people = asked.people * rates["annotator_hours"]
    yield Limit(
        REVIEWED,
        f"the hours of {asked.people} annotators",
        people / hours_an_item(rates, asked),
        "annotation.push.annotators",
        "more people; or fewer votes an item (`annotation.push.overlap`)",
    )
    yield Limit(
        REVIEWED,
        "memory of `annotation.push`",
        rates["memory"] / rates["push_memory_bytes"],
        "ruwanli.filter.per_label",
        "fewer candidates",
    )
    yield Limit(
        REVIEWED,
        "memory of `ruwanli.release`, which holds candidates and decisions",
        rates["memory"] / rates["nli_memory_bytes"],
        "ruwanli.complete.fraction",
        "fewer completions; or several runs",
    )
    yield Limit(
        REVIEWED,
        "memory of `data_cards.ruwanli`, which holds rows, candidates and votes",
        rates["memory"] / rates["card_memory_bytes"],
        "ruwanli.seeds.per_label",
        "several runs over different seeds",
    )


def _training(rates: Values, asked: Asked) -> Iterator[Limit]:
    yield Limit(
        TRAINED,
        "memory of the rows' hashes and order",
        rates["memory"] / rates["training_memory_bytes"],
        "training.encoder.only",
        "fewer sources",
    )
    yield Limit(
        TRAINED,
        "disk for the texts as they are read",
        rates["disk"] / rates["training_bytes"],
        "training.encoder.only",
        "fewer sources; or `--out` on a larger disk",
    )
    yield Limit(
        TRAINED,
        "a day of one GPU",
        DAY * rates["triples_per_second"],
        "training.encoder.processes",
        "more GPUs of one machine",
    )
