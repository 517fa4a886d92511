"""A run with candidates as the filter of RuWANLI leaves them, and exports as people make them."""

import io
import json
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

import rupairs.execution
from annotation.stage import CANDIDATES, STAGE
from annotation.studio import find_studio
from annotation.tasks import ITEM, task_id
from rupairs.errors import RupairsError
from rupairs.execution import Outcome, run_step
from rupairs.manifest import ModelFacts
from rupairs.progress import Progress
from rupairs.recipe import Recipe, Section, validate
from rupairs.steps import Context, Stage, Step, chain
from rupairs.text import digest
from tests.annotation.studio import House, Person, opened
from tests.versions import version_of

Row = dict[str, Any]

CANDIDATE_SCHEMA = pa.schema(
    [
        pa.field(name, pa.string(), nullable=False)
        for name in ("pair_id", "premise", "hypothesis", "intended_label", "source")
    ]
)


class FilterSection(Section):
    """Settings of the stand-in for the filter: none."""


class RuwanliSection(Section):
    filter: FilterSection = FilterSection()


@dataclass
class Run:
    path: Path
    stages: dict[str, Stage]

    def recipe(self, seed: int = 0, **annotation: Any) -> Recipe:
        sections = {name: stage.section for name, stage in self.stages.items()}
        data = {"run": {"seed": seed}, "ruwanli": {}, "annotation": annotation}
        return validate(self.path / "recipe.toml", data, sections)

    def run(self, until: str, redo: bool = False, **settings: Any) -> Outcome:
        """Run the chain up to a step of annotation and return how that one ended."""
        recipe = self.recipe(**settings)
        steps = chain(recipe, self.stages)
        names = {s.name for s in steps}
        progress = Progress(Console(file=io.StringIO()))
        for step in steps:
            outcome = run_step(step, self.path, recipe, names, progress, redo)
            if step.name == f"annotation.{until}":
                return outcome
        raise AssertionError(f"{until} is not in the chain")


def write_candidates(rows: list[Row]) -> Callable[[Context], None]:
    def run(context: Context) -> None:
        context.models.append(ModelFacts(role="generator", id="m", revision="1", license="mit"))
        with context.writer(CANDIDATE_SCHEMA) as writer:
            for row in writer.each(rows):
                writer.keep(row)

    return run


@pytest.fixture
def make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Run]]:
    def make(rows: list[Row], name: str = "run") -> Run:
        module = types.ModuleType("stand_in_filter")
        module.run = write_candidates(rows)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "stand_in_filter", module)
        step = Step(CANDIDATES, "stand-in", "stand_in_filter:run", version=version_of(CANDIDATES))
        stages = {"ruwanli": Stage("ruwanli", RuwanliSection, (step,)), "annotation": STAGE}
        monkeypatch.setattr(rupairs.execution, "load_stages", lambda: stages)
        return Run(tmp_path / name, stages)

    yield make


LABELS = ("entailment", "neutral", "contradiction", "not_entailment")


def candidate(number: int, label: str | None = None) -> Row:
    return {
        "pair_id": f"{number:032x}",
        "premise": f"На складе осталось {number + 2} ящика яблок.",
        "hypothesis": f"Яблок на складе нет, ящик номер {number} пуст",
        "intended_label": label or LABELS[number % len(LABELS)],
        "source": "stand-in",
    }


@pytest.fixture
def candidates() -> list[Row]:
    return [candidate(n) for n in range(60)]


class Native:
    """Builds exports in Label Studio 1.23's own layout, texts areas prefilled as its page does."""

    def __init__(self) -> None:
        self.made = 0

    def annotation(
        self, task: Row, label: str | None, by: Any = 1, hypothesis: str | None = None, **other: Any
    ) -> Row:
        self.made += 1
        texts = {"premise": task["premise"], "hypothesis": hypothesis or task["hypothesis"]}
        results = [result(f"{k}_revised", k, "textarea", {"text": [v]}) for k, v in texts.items()]
        if label is not None:
            results.insert(0, result("nli", "hypothesis", "choices", {"choices": [label]}))
        return {
            "id": self.made,
            "completed_by": by,
            "result": results,
            "was_cancelled": False,
            "ground_truth": False,
            "created_at": f"2026-03-01T09:{self.made // 60:02d}:{self.made % 60:02d}.250000Z",
            "updated_at": "2026-03-01T10:00:00.000000Z",
            "draft_created_at": None,
            "lead_time": 7.5,
            "prediction": {},
            "result_count": len(results),
            "unique_id": "0b0f9c3e-7f0e-4a55-9d8e-2f8f4d3f4b11",
            "import_id": None,
            "last_action": None,
            "bulk_created": False,
            "task": 1,
            "project": 1,
            "updated_by": 1,
            "parent_prediction": None,
            "parent_annotation": None,
            "last_created_by": None,
        } | other

    def entry(self, task: Row, *annotations: Row) -> Row:
        return {
            "id": 1,
            "annotations": list(annotations),
            "file_upload": "64a35b65-tasks.json",
            "drafts": [],
            "predictions": [],
            "data": {
                "task": task.get("task") or task_id(task["pair_id"], ITEM, 0, 0),
                "premise": task["premise"],
                "hypothesis": task["hypothesis"],
            },
            "meta": {},
            "created_at": "2026-03-01T09:00:00.000000Z",
            "updated_at": "2026-03-01T10:00:00.000000Z",
            "allow_skip": True,
            "inner_id": 1,
            "total_annotations": len(annotations),
            "cancelled_annotations": 0,
            "total_predictions": 0,
            "comment_count": 0,
            "unresolved_comment_count": 0,
            "last_comment_updated_at": None,
            "project": 1,
            "updated_by": 1,
            "comment_authors": [],
        }


def result(name: str, to: str, kind: str, value: Row) -> Row:
    return {
        "id": "Qx3_pT7a0Z",
        "from_name": name,
        "to_name": to,
        "type": kind,
        "origin": "manual",
        "value": value,
    }


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A Label Studio for the whole test run; each test has projects of its own there."""
    try:
        find_studio()
    except RupairsError as error:
        pytest.skip(str(error))
    with opened(tmp_path_factory.mktemp("studio")) as found:
        yield found


@pytest.fixture
def native() -> Native:
    return Native()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    def put(entries: Any) -> Path:
        path = tmp_path / "from-people.json"
        path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
        return path

    return put


@pytest.fixture(scope="session")
def people(house: House) -> list[Person]:
    """Three annotators with keys of their own."""
    return [house.join(name) for name in ("anna", "boris", "vera")]


@pytest.fixture
def signed_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the toolkit the house's key, and little patience."""
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", house.key)
    monkeypatch.setattr("annotation.server._WAITS", (0.1, 0.2, 0.5, 1, 2, 4, 8, 15))


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """Return a name of this test's own: the server is shared."""
    return f"test {digest((request.node.nodeid,), size=8)}"


@pytest.fixture
def settings(house: House, project: str) -> dict[str, Any]:
    """Return a recipe that pushes to projects of this test's own, each item to one annotator."""
    return {"push": {"url": house.url, "project": project, "overlap": 1}}
