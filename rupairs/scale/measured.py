"""Rates out of what benchmarks, and `rupairs plan --measure N --json`, wrote.

A file is known by its keys. None holds a date: that of the file is taken.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rupairs.errors import UsageError
from rupairs.scale.rates import MEASURED, TOKENS, Rate
from rupairs.scale.settings import GENERATE

Found = Mapping[str, float]
_PLAN = "rupairs plan RECIPE --out RUN --measure N --json"


def read_measured(path: Path) -> dict[str, Rate]:
    """Return the rates that a file holds; `UsageError` if it is none that is known."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except ValueError as error:
        raise UsageError(f"{path}: not valid JSON: {error}") from None
    if isinstance(data, list):
        return _rates(path, _PLAN, _plan, data)
    for marks, command, read in _KINDS:
        if isinstance(data, dict) and marks <= set(data):
            return _rates(path, command, read, data)
    raise UsageError(f"{path}: no result of a benchmark whose rates are known")


def _rates(path: Path, command: str, read: Callable[[Any], Found], data: Any) -> dict[str, Rate]:
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    try:
        found, machine = read(data), _machine(data)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    except (LookupError, TypeError, AttributeError, ZeroDivisionError, StopIteration) as error:
        raise UsageError(
            f"{path}: not what `{command}` writes: {type(error).__name__} {error}"
        ) from None
    return {n: Rate(float(value), MEASURED, command, machine, day) for n, value in found.items()}


def _machine(data: Any) -> str:
    told = data.get("machine") if isinstance(data, dict) else None
    if isinstance(told, dict):
        return f"{told['cores']} cores, {told['cpu']}"
    return str(told or "machine not said")


def _harvest(data: dict[str, Any]) -> Found:
    """Return the slopes and the starts of lines through the sizes that were measured."""
    runs = [run for run in data["stage"] if run["pairs"]]
    pairs = [run["pairs"] for run in runs]
    if len(set(pairs)) < 2:
        raise ValueError("one size says nothing of others: measure at least two")
    a_pair, start = np.polyfit(pairs, [run["seconds"] for run in runs], 1)
    bytes_a_pair, base = np.polyfit(pairs, [run["pss"] for run in runs], 1)
    return {
        "harvest_pairs_per_second": 1 / a_pair,
        "harvest_cores": data["machine"]["processes"],
        "harvest_start_seconds": max(0.0, start),
        "harvest_memory_bytes": bytes_a_pair,
        "harvest_memory_base": base,
    }


def _generation(data: dict[str, Any]) -> Found:
    return {"client_calls_per_second": data["runners"]["rupairs"]["calls_per_s"]}


def _serving(data: dict[str, Any]) -> Found:
    medians = data["medians"]
    return {"client_share": min(1.0, medians["rupairs"] / max(medians.values()))}


def _push(data: dict[str, Any]) -> Found:
    used = (data["peak_mib"] - data["peak_mib_before"]) * 2**20
    return {
        "push_items_per_second": data["items"] / data["seconds"],
        "push_memory_bytes": used / data["items"],
    }


def _training(data: dict[str, Any]) -> Found:
    ours = next(way for way in data["ways"] if way["way"] == "ours")
    return {"triples_per_second": ours["triples_per_second"]}


def _sizes(data: dict[str, Any]) -> Found:
    return dict(data["scale"])


def _plan(rows: list[dict[str, Any]]) -> Found:
    measured = {r["step"]: r for r in rows if r["step"] in TOKENS and r.get("tokens_per_second")}
    if GENERATE not in measured:
        raise ValueError(f"holds no measured {GENERATE}")
    tokens = {TOKENS[s]: row["completion_tokens_per_call"] for s, row in measured.items()}
    return tokens | {"tokens_per_second": measured[GENERATE]["tokens_per_second"]}


_KINDS: tuple[tuple[set[str], str, Callable[[Any], Found]], ...] = (
    ({"stage"}, "python -m benchmarks.harvest", _harvest),
    ({"runners"}, "python -m benchmarks.generation", _generation),
    ({"medians", "vllm"}, "python -m benchmarks.serving", _serving),
    ({"tasks", "peak_mib"}, "python -m benchmarks.annotation_push", _push),
    ({"ways"}, "python -m benchmarks.training", _training),
    ({"scale"}, "python -m benchmarks.scale", _sizes),
)
