"""Rates: what one unit of work takes, each with where the figure comes from.

A rates file is TOML, a table a rate:

    [client_calls_per_second]
    value = 500
    basis = "measured"            # or "assumed"
    source = "python -m benchmarks.generation"
    machine = "2 cores"           # of what was measured
    date = "2026-11-23"

Which rates there are, and in which units, says `UNITS`.
"""

import json
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rupairs.errors import UsageError

SHIPPED = Path(__file__).parent / "rates.toml"
MEASURED, ASSUMED = "measured", "assumed"
UNITS: Mapping[str, str] = {
    "tokens_per_second": "generated tokens/s a GPU, the prompts read meanwhile",
    "tokens_per_call": "generated tokens a call of ruhnp.generate",
    "nli_tokens_per_call": "generated tokens a call of ruwanli.generate",
    "completion_tokens_per_call": "generated tokens a call of ruwanli.complete",
    "top_up_share": "calls asked again, of first calls",
    "complete_share": "anchors that end as a whole row",
    "server_start_seconds": "s until a model server answers",
    "gpu_hour_price": "money a GPU hour",
    "client_share": "of the server's own tokens/s",
    "client_calls_per_second": "calls/s of one run",
    "checks_per_second": "generated texts/s through the plain checks",
    "log_bytes": "B of replay log a call",
    "generated_bytes": "B of Parquet a pair, all steps",
    "anchor_memory_bytes": "B of memory an anchor",
    "text_memory_bytes": "B of memory a verified text",
    "harvest_pairs_per_second": "pairs/s",
    "harvest_cores": "cores it was measured on",
    "harvest_main_share": "of its processor time, in one process",
    "harvest_start_seconds": "s whatever the size",
    "harvest_bytes": "B of Parquet a pair, both steps",
    "harvest_memory_bytes": "B of memory a pair",
    "harvest_memory_base": "B of memory whatever the size",
    "ray_ratio": "hours of a harvest on Ray, of those without",
    "triples_per_second": "examples/s a GPU",
    "training_bytes": "B of disk a pair",
    "training_memory_bytes": "B of memory a pair",
    "push_items_per_second": "items/s",
    "push_memory_bytes": "B of memory an item",
    "nli_memory_bytes": "B of memory an item in ruwanli.release",
    "card_memory_bytes": "B of memory an item in data_cards.ruwanli",
    "seconds_per_vote": "s of a person a vote",
    "annotator_hours": "h a person can give",
    "memory": "B of memory of the machine",
    "disk": "B of disk of the machine",
}
# Steps that ask the LLM → the tokens of their calls.
TOKENS: Mapping[str, str] = {
    "ruhnp.generate": "tokens_per_call",
    "ruwanli.generate": "nli_tokens_per_call",
    "ruwanli.complete": "completion_tokens_per_call",
}
_MAY_BE_ZERO = frozenset({"top_up_share", "harvest_start_seconds", "server_start_seconds"})
_SHARES = frozenset({"complete_share", "harvest_main_share", "client_share"})


@dataclass(frozen=True)
class Rate:
    """A figure: `basis` is `measured` or `assumed`; `source` a command or who published it."""

    value: float
    basis: str
    source: str
    machine: str = ""
    date: str = ""


@dataclass(frozen=True)
class Rates(Mapping[str, float]):
    """All rates by name; `asked` are the names whose values were looked up."""

    by_name: Mapping[str, Rate]
    asked: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> float:
        self.asked.add(name)
        return self.by_name[name].value

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def afresh(self) -> "Rates":
        """Return the same rates, of which none was looked up yet."""
        return Rates(self.by_name)

    def having(self, others: Mapping[str, Rate], where: str) -> "Rates":
        """Return the rates with others in place of some; `UsageError` if one cannot be."""
        for name, rate in others.items():
            _check(name, rate, where)
        return Rates({**self.by_name, **others})

    def given(self, settings: Iterable[str]) -> "Rates":
        """Return the rates with those of the command line, `name=value` each."""
        found: dict[str, Rate] = {}
        for setting in settings:
            name, _, text = setting.partition("=")
            try:
                value = float(text)
            except ValueError:
                raise UsageError(f"--rate {setting}: write name=number") from None
            found[name.strip()] = Rate(value, ASSUMED, "given on the command line")
        return self.having(found, "--rate")


def read_rates(path: Path) -> Rates:
    """Return the rates of a file; `UsageError` names the file and the key that is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such rates file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    rates = {name: _rate(name, table, path) for name, table in data.items()}
    if missing := [name for name in UNITS if name not in rates]:
        raise UsageError(f"{path}: {missing[0]}: missing ({UNITS[missing[0]]})")
    return Rates({name: rates[name] for name in UNITS})


def write_rates(rates: Rates, path: Path) -> None:
    """Write a rates file."""
    tables = [
        "\n".join([f"[{name}]  # {UNITS[name]}", *_lines(rate)])
        for name, rate in rates.by_name.items()
    ]
    path.write_text("\n\n".join(tables) + "\n", encoding="utf-8")


def _lines(rate: Rate) -> Iterator[str]:
    yield f"value = {rate.value:.6g}"
    for key in ("basis", "source", "machine", "date"):
        if text := getattr(rate, key):
            # JSON's strings are TOML's too.
            yield f"{key} = {json.dumps(text, ensure_ascii=False)}"


def _rate(name: str, table: Any, path: Path) -> Rate:
    if not isinstance(table, dict):
        raise UsageError(f"{path}: {name}: write a table [{name}] with value, basis and source")
    try:
        rate = Rate(**table)
    except TypeError:
        raise UsageError(
            f"{path}: {name}: a rate has value, basis, source, machine and date, no more; "
            "the first three are needed"
        ) from None
    _check(name, rate, str(path))
    return rate


def _check(name: str, rate: Rate, where: str) -> None:
    if name not in UNITS:
        raise UsageError(f"{where}: {name}: no such rate; rates: {', '.join(UNITS)}")
    value = rate.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{where}: {name}: value must be a number, not {value!r}")
    if value < 0 or (value == 0 and name not in _MAY_BE_ZERO):
        raise UsageError(f"{where}: {name}: value must be above 0, not {value:g}")
    if name in _SHARES and value > 1:
        raise UsageError(f"{where}: {name}: a share is at most 1, not {value:g}")
    if rate.basis not in (MEASURED, ASSUMED):
        raise UsageError(f'{where}: {name}: basis is "measured" or "assumed", not {rate.basis!r}')
    needed = {"source": rate.source}
    if rate.basis == MEASURED:
        needed |= {"machine": rate.machine, "date": rate.date}
    for key, text in needed.items():
        if not isinstance(text, str) or not text:
            raise UsageError(f"{where}: {name}: {key} is missing; a {rate.basis} rate needs it")
