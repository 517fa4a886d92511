"""Native files in a temporary folder, and harvests of them."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

import harvest.reporting.overview
import rupairs
import rupairs.execution
from harvest.fetching.fetch import native
from harvest.source import Draft, Excerpt, Source, Unusable
from harvest.source import Native as NativeFiles
from harvest.sources import get
from harvest.stage import STAGE, HarvestSection
from rupairs.execution import run_step
from rupairs.progress import Progress
from rupairs.recipe import validate
from rupairs.steps import chain
from rupairs.store import StageReader, read_table

Native = Callable[[str, dict[str, str | bytes]], Path]
Read = Callable[..., list[Any]]
Harvest = Callable[..., dict[str, StageReader]]


# The sources of the shipped sample that give pairs.
SAMPLE_PAIRS = ["rcb", "ruparadetox", "miracl", "lenta"]


def nli(premise: str, hypothesis: str, label: str = "entailment") -> dict[str, object]:
    """Return a row as RCB and TERRa write it."""
    return {"premise": premise, "hypothesis": hypothesis, "label": label}


def news(*articles: tuple[str, str]) -> str:
    """Return titles and texts as Lenta writes them."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["url", "title", "text", "topic", "tags"])
    writer.writerows([f"https://example.org/{n}", *a, "", ""] for n, a in enumerate(articles))
    return stream.getvalue()


def dropped(stage: StageReader) -> list[dict[str, Any]]:
    """Return the rows that a step did not keep."""
    rows: list[dict[str, Any]] = read_table(stage.directory / "dropped.parquet").to_pylist()
    return rows


def reasons(stage: StageReader) -> list[tuple[str, str]]:
    """Return (reason, evidence) of the rows that a step did not keep."""
    return [(row["reason"], row["evidence"]) for row in dropped(stage)]


def assert_balanced(stage: StageReader) -> None:
    """Check that every row of a step, and every native row of every source, is accounted for."""
    counts, sources = stage.manifest.counts, stage.manifest.facts["sources"]
    assert counts.rows_in == counts.rows_out + counts.rows_dropped
    assert counts.rows_dropped == sum(counts.dropped_by_reason.values()) == len(dropped(stage))
    assert counts.rows_out == stage.table().num_rows
    assert counts.rows_out == sum(tally["kept"] for tally in sources.values())
    for name, tally in sources.items():
        assert tally["native"] == tally["kept"] + sum(tally["dropped"].values()), name
        assert tally["kept"] == sum(tally["relations"].values()), name


@pytest.fixture
def sample() -> Path:
    return Path(rupairs.__file__).parent / "sample"


@pytest.fixture
def put(tmp_path: Path) -> Native:
    """Write the native files of a source; returns the folder that holds its folder."""

    def write(source: str, files: dict[str, str | bytes]) -> Path:
        for name, content in files.items():
            path = tmp_path / "native" / source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path / "native"

    return write


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read every native row of a source that `put` wrote, whole tables as drafts too."""

    def rows(name: str, **fields: Any) -> list[Any]:
        source = get(name)
        files = replace(native(source, tmp_path / "native"), **fields)
        return list(drafts_of(source, files))

    return rows


def drafts_of(source: Source, files: NativeFiles) -> Iterator[Draft | Excerpt | Unusable]:
    """Read a source, whole tables as drafts too."""
    reader: Callable[[NativeFiles], Iterator[Any]] | None = source.pairs or source.texts
    assert reader is not None
    for item in reader(files):
        if isinstance(item, pa.Table):
            yield from (Draft(**row) for row in item.to_pylist())
        else:
            yield item


@pytest.fixture
def without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the plots, which take longer than the rest of a small harvest."""
    for name in ("draw_sources", "draw_dropped", "draw_lengths", "draw_matrix"):
        monkeypatch.setattr(harvest.reporting.overview, name, lambda *_: None)


@pytest.fixture(name="harvest")
def harvest_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harvest:
    """Run the steps a section asks for; returns what they made by verb."""
    monkeypatch.setattr(rupairs.execution, "load_stages", lambda: {"harvest": STAGE})

    def run(
        from_dir: Path | None, out: str = "run", seed: int = 0, **tables: Any
    ) -> dict[str, Any]:
        place = {} if from_dir is None else {"from_dir": str(from_dir)}
        data = {"run": {"seed": seed}, "harvest": {**place, **tables}}
        recipe = validate(tmp_path / "recipe.toml", data, {"harvest": HarvestSection})
        quiet = Progress(Console(quiet=True))
        steps = chain(recipe, {"harvest": STAGE})
        made = {s.verb: run_step(s, tmp_path / out, recipe, set(), quiet) for s in steps}
        return {verb: StageReader(outcome.directory) for verb, outcome in made.items()}

    return run
