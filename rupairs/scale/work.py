"""Formulas: hours, money, disk and memory of each kind of work, from rates and a recipe.

Everything is linear in the number of rows, but for a fixed start, and for what one process does
alone (Amdahl 1967, doi:10.1145/1465482.1465560). Bytes are bytes, times hours, money in the
currency of the price.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from rupairs.near import BANDS, SKETCH
from rupairs.scale.rates import TOKENS
from rupairs.scale.settings import Asked

Values = Mapping[str, float]
HOUR = 3600
# `rupairs.store.StageWriter` begins a new part after so many rows; an engine is given tables of so
# many, and Ray a file of each.
ROWS_PER_PART, ROWS_PER_TABLE = 1_000_000, 8_192
# Band hashes and sketches lie on disk while near-duplicates are looked for.
SCRATCH_BYTES = 8 * BANDS + SKETCH


@dataclass(frozen=True)
class Generation:
    """What so many generated pairs take; `log` is the replay log, `bound` what limits the speed."""

    calls: float
    hours: float
    money: float
    log: float
    tables: float
    bound: str


def calls_a_pair(rates: Values, asked: Asked) -> float:
    """Return the calls that one pair of a whole row costs, those asked again included."""
    anchors = 1 / (asked.pairs * rates["complete_share"])
    again = rates["top_up_share"] if asked.rounds else 0
    return anchors * asked.calls * (1 + again)


def call_speed(rates: Values, step: str) -> float:
    """Return the calls of a step that one GPU answers in a second."""
    return rates["tokens_per_second"] * rates["client_share"] / rates[TOKENS[step]]


def generation(rates: Values, asked: Asked, pairs: float, gpus: int) -> Generation:
    """Return what it takes to generate `pairs` that end in whole rows."""
    calls = pairs * calls_a_pair(rates, asked)
    server = call_speed(rates, "ruhnp.generate")
    client = rates["client_calls_per_second"]
    speed = min(gpus * server, client)
    hours = (rates["server_start_seconds"] + calls / speed) / HOUR
    return Generation(
        calls=calls,
        hours=hours,
        money=gpus * hours * rates["gpu_hour_price"],
        log=calls * rates["log_bytes"],
        tables=pairs * rates["generated_bytes"],
        bound="GPUs" if gpus * server <= client else "client",
    )


def gpus_of_a_client(rates: Values) -> float:
    """Return how many GPUs one run keeps busy."""
    return rates["client_calls_per_second"] / call_speed(rates, "ruhnp.generate")


@dataclass(frozen=True)
class Harvest:
    """What a harvest takes; `tables` are the files that Ray is given at once."""

    hours: float
    ray_hours: float
    disk: float
    memory: float
    parts: int
    tables: int


def main_seconds(rates: Values) -> float:
    """Return the seconds a pair that one process of a harvest works, however many there are."""
    return _core_seconds(rates) * rates["harvest_main_share"]


def _core_seconds(rates: Values) -> float:
    """Return the seconds that one core would need for a pair."""
    alone = rates["harvest_main_share"]
    return 1 / rates["harvest_pairs_per_second"] / (alone + (1 - alone) / rates["harvest_cores"])


def harvest(rates: Values, pairs: int, cores: int) -> Harvest:
    """Return what it takes to harvest `pairs` on so many cores."""
    shared = _core_seconds(rates) - main_seconds(rates)
    seconds = pairs * (main_seconds(rates) + shared / cores)
    hours = (rates["harvest_start_seconds"] + seconds) / HOUR
    return Harvest(
        hours=hours,
        ray_hours=hours * rates["ray_ratio"],
        disk=pairs * (rates["harvest_bytes"] + SCRATCH_BYTES),
        memory=rates["harvest_memory_base"] + pairs * rates["harvest_memory_bytes"],
        parts=ceil(pairs / ROWS_PER_PART),
        tables=ceil(pairs / ROWS_PER_TABLE),
    )


@dataclass(frozen=True)
class Training:
    """What one pass over so many pairs takes."""

    steps: int
    hours: float
    money: float
    disk: float
    memory: float


def training(rates: Values, asked: Asked, pairs: int, gpus: int) -> Training:
    """Return what one pass takes, the GPUs sharing the work without loss."""
    hours = pairs / (gpus * rates["triples_per_second"]) / HOUR
    return Training(
        steps=ceil(pairs / asked.batch),
        hours=hours,
        money=gpus * hours * rates["gpu_hour_price"],
        disk=pairs * rates["training_bytes"],
        memory=pairs * rates["training_memory_bytes"],
    )


@dataclass(frozen=True)
class Review:
    """What so many reviewed items take.

    `calls` are those that write them, in `gpu_hours` of one GPU; `hours` those of all people
    together.
    """

    calls: float
    gpu_hours: float
    money: float
    log: float
    tasks: int
    files: int
    votes: float
    hours: float
    hours_each: float
    push_hours: float
    memory: float


def hours_an_item(rates: Values, asked: Asked) -> float:
    """Return the hours of people that one item takes, repeats included."""
    return asked.overlap * (1 + asked.repeats) * rates["seconds_per_vote"] / HOUR


def review(rates: Values, asked: Asked, items: int) -> Review:
    """Return what it takes to have `items` reviewed as the recipe says."""
    hours = items * hours_an_item(rates, asked)
    calls = items * (asked.nli_calls + asked.completions)
    gpu_hours = items * _writing_seconds(rates, asked) / HOUR
    return Review(
        calls=calls,
        gpu_hours=gpu_hours,
        money=gpu_hours * rates["gpu_hour_price"],
        log=calls * rates["log_bytes"],
        tasks=round(items * (1 + asked.overlap * asked.repeats)),
        files=asked.people * ceil(items / (asked.items or items)),
        votes=items * asked.overlap * (1 + asked.repeats),
        hours=hours,
        hours_each=hours / asked.people,
        push_hours=items / rates["push_items_per_second"] / HOUR,
        memory=items * rates["push_memory_bytes"],
    )


def _writing_seconds(rates: Values, asked: Asked) -> float:
    """Return the seconds in which one GPU writes an item; short answers wait for the client."""
    client = rates["client_calls_per_second"]
    asks = (("ruwanli.generate", asked.nli_calls), ("ruwanli.complete", asked.completions))
    return sum(calls / min(call_speed(rates, step), client) for step, calls in asks)
