"""A run written by hand: its recipe, and step directories with rows, plots and facts."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from rupairs.manifest import Manifest, ModelFacts, describe_files
from rupairs.runs import COPY, open_recipe
from rupairs.steps import Step, load_stages
from rupairs.store import StageWriter, write_table
from tests.tiny import write_recipe

# One pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)
TEXTS = (
    "<script>document.title = 'взлом'</script>",
    "\"><img src=x onerror=\"document.title='взлом'\"> «кавычки» & ' ` {{ 7 * 7 }} {% raw %}",
    "Обычный текст \u202eтскет йынчыбО\u2066 и дальше",
)
WRITER = ModelFacts(
    role="generator", id="gemma-3-270m-q4_k_m", revision="r1", license="Gemma", note="Пишет плохо."
)
TERMS = {"terms": {"hub": "cc0-1.0", "name": "", "reasons": []}, "refusals": []}


class WrittenRun:
    """A run directory; every method writes one finished step into it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "run"
        self.path.mkdir(parents=True)
        recipe = write_recipe(folder, "http://127.0.0.1:9/v1", folder / "encoder")
        (self.path / COPY).write_text(open_recipe(str(recipe), []).to_json(), encoding="utf-8")
        self.steps = {s.name: s for stage in load_stages().values() for s in stage.steps}

    def rows(
        self, name: str, kept: Sequence[Any], dropped: Sequence[tuple[Any, str]] = (), **given: Any
    ) -> Path:
        """Write a step that kept and dropped rows; `dropped` is (row, reason)."""
        directory = self._directory(name)
        schema = pa.Table.from_pylist([*kept, *(row for row, _ in dropped)]).schema
        with StageWriter(directory, schema) as writer:
            for row in writer.each(kept):
                writer.keep(row)
            for row, reason in writer.each(dropped):
                writer.drop(row, reason, "видно по тексту")
        return self._finish(name, directory, counts=writer.counts(), **given)

    def files(
        self,
        name: str,
        tables: dict[str, list[Any]] | None = None,
        others: dict[str, bytes] | None = None,
        **given: Any,
    ) -> Path:
        """Write a step of tables by file name, and of other files."""
        directory = self._directory(name)
        for file, rows in (tables or {}).items():
            (directory / file).parent.mkdir(exist_ok=True)
            write_table(pa.Table.from_pylist(rows), directory / file)
        for file, content in (others or {}).items():
            (directory / file).write_bytes(content)
        return self._finish(name, directory, counts={}, **given)

    def _directory(self, name: str) -> Path:
        directory = self.step(name).path(self.path)
        directory.mkdir(parents=True)
        return directory

    def step(self, name: str) -> Step:
        """Return a step by name."""
        return self.steps[name]

    def _finish(self, name: str, directory: Path, **given: Any) -> Path:
        if picture := given.pop("picture", None):
            (directory / picture).write_bytes(PNG)
        (directory / "report.md").write_text("# Отчёт\n", encoding="utf-8")
        values: dict[str, Any] = {
            "step": name,
            "step_version": self.step(name).version,
            "fingerprint": "f",
            "seed": 3,
            "config": {},
            "inputs": {},
            "files": describe_files(directory),
            "seconds": 1.5,
            "versions": {"rupairs": "0.1.0", "pyarrow": "26"},
        }
        Manifest.model_validate(values | given).write(directory)
        return directory


def whole(folder: Path) -> WrittenRun:
    """Return a run with something of every kind; the texts are hostile."""
    run = WrittenRun(folder)
    pairs = [{"pair_id": f"{n:032x}", "query": t, "passage": "Да."} for n, t in enumerate(TEXTS)]
    gone = [({"query": f"Лишнее {n} {TEXTS[0]}"}, "duplicate") for n in range(5)]
    run.rows("harvest.pairs", pairs, gone, picture="sources.png")
    made = [{"premise": "Идёт дождь.", "hypothesis": TEXTS[1]}]
    run.rows("ruwanli.generate", made, models=[WRITER.model_dump()])
    run.rows("ruwanli.release", made, simulated=True, models=[WRITER.model_dump()])
    row = {"premise": "Идёт дождь.", "hypothesis": TEXTS[2], "examples": ["Мокро.", TEXTS[0]]}
    run.files(
        "data_cards.ruwanli",
        {"data/train.parquet": [row], "data/test.parquet": [row] * 2},
        {"README.md": b"# RuWANLI\n", "sources.png": PNG},
        simulated=True,
        facts={"rows": {"default": {"train": 1, "test": 2}}, **TERMS},
    )
    losses = {
        "loss_curve": [[10, 2.0], [20, 1.0], [30, 0.5]],
        "held_out_losses": [[20, {TEXTS[0]: 0.75}]],
    }
    run.files("training.encoder", others={"config.json": b"{}"}, facts=losses)
    scores = {
        "before": {"cosine": {"RuHNP": {"auc": 0.5, "positives": 5}}, "means": {}},
        "after": {"cosine": {"RuHNP": {"auc": 0.75, "positives": 5}}, "means": {}},
    }
    run.files(
        "training.evaluation",
        others={"report.html": b"<p>", "cosine.png": PNG + b"\n"},
        facts={"scores": scores},
    )
    return run
