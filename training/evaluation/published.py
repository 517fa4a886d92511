"""What others published about Russian encoders, from `published.toml` beside this file."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("published.toml")
_BYTES_A_WEIGHT = 4
_SENTENCE_TASKS = 8


@dataclass(frozen=True)
class Published:
    """An encoder's scores on Encodechka as published; `parameters` are millions."""

    model: str
    parameters: float
    scores: dict[str, float]

    @property
    def mean(self) -> float:
        """Return the mean over the eight sentence tasks."""
        return sum(list(self.scores.values())[:_SENTENCE_TASKS]) / _SENTENCE_TASKS

    @property
    def megabytes(self) -> float:
        """Return the size of the weights in MiB as float32."""
        return self.parameters * _BYTES_A_WEIGHT * 1e6 / (1 << 20)


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def source(benchmark: str) -> str:
    """Return where the scores of `encodechka` or `mteb` were published."""
    return str(_tables()[benchmark]["source"])


def encodechka() -> list[Published]:
    """Return the published scores on Encodechka, the best mean first."""
    table = _tables()["encodechka"]
    found = [
        Published(name, entry["parameters"], dict(zip(table["tasks"], entry["scores"])))  # noqa: B905
        for name, entry in table["models"].items()
    ]
    return sorted(found, key=lambda published: -published.mean)


def mteb() -> dict[str, float]:
    """Return the published means over MTEB(rus, v1.1) in percent, the best first."""
    return dict(_tables()["mteb"]["models"])
