"""What a training run is given, and how it went."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from training.settings import ModelTraining


@dataclass(frozen=True)
class Plan:
    """What is trained: checkpoints, the pairs and the result are in `folder`.

    `fresh` says that no stage came before; `logs` is where TensorBoard's files go.
    """

    model: str
    revision: str | None
    max_length: int
    fresh: bool
    config: ModelTraining
    seed: int
    folder: Path
    logs: Path

    def write(self) -> Path:
        """Write the plan into its folder and return the file."""
        fields = set(ModelTraining.model_fields)
        config = self.config.model_dump(mode="json", include=fields)
        values = {**asdict(self), "config": config}
        path = self.folder / "plan.json"
        path.write_text(json.dumps(values, default=str, ensure_ascii=False), encoding="utf-8")
        return path

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the plan that `write` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        values["config"] = ModelTraining.model_validate(values["config"])
        values |= {name: Path(values[name]) for name in ("folder", "logs")}
        return cls(**values)


@dataclass(frozen=True)
class Fit:
    """How training went: the loss of every step, and the step this process began at.

    `held_out` is (step, loss by view) of each measurement, `best` the step that was kept.
    """

    losses: list[float]
    resumed_at: int
    seconds: float
    parameters: int
    trained: int
    held_out: list[tuple[int, dict[str, float]]]
    best: int | None = None

    @property
    def steps_per_second(self) -> float:
        """Return the speed of this process."""
        return (len(self.losses) - self.resumed_at) / max(self.seconds, 1e-9)

    def curve(self, points: int = 50) -> list[tuple[int, float]]:
        """Return (step, mean loss since the point before) for at most `points` points."""
        every = -(-len(self.losses) // points)
        ends = [*range(every, len(self.losses), every), len(self.losses)]
        return [
            (end, sum(self.losses[start:end]) / (end - start))
            for start, end in zip([0, *ends], ends, strict=False)
        ]
