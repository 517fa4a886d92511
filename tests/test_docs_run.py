"""Docs that work: every command they show is run on a finished run, or listed here with why not."""

import os
import shlex
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from rupairs.scale.rates import SHIPPED
from rupairs.store import read_table
from tests.test_docs import commands
from tests.tiny import write_recipe

# Words a command begins with → why it is not run here, and what tests it instead.
ELSEWHERE = {
    "serve": "runs until interrupted: tests/embedded, tests/vllm",
    "annotate studio": "runs until interrupted: tests/annotation",
    "annotate pull": "asks Label Studio: tests/annotation",
    "annotate triples": "needs a release of many triples: tests/annotation",
    "publish": "asks the Hub: tests/data_cards",
    "verify deepvk/ru-HNP": "asks the Hub: tests/data_cards",
    "harvest run --all": "asks the Hub and the sites: tests/harvest",
    "harvest verify": "the run must be of whole sources: tests/harvest",
    "run full": "needs a GPU and the Hub; the same chain is tests/test_chain.py",
    "plan full --out": "asks a model server: tests/llm",
    "plan RECIPE --out": "asks a model server: tests/llm",
    "scale --measured": "needs what benchmarks write: tests/test_scale_rates.py",
    "evaluate": "needs benchmarks' files: tests/training",
    "ruhnp measure": "needs labelled pairs: tests/ruhnp",
    "ruhnp shift": "needs labelled pairs: tests/ruhnp",
    "ruhnp generate": "asks a model server where the log lacks an answer: tests/test_chain.py",
    "ruwanli cartography": "the recipe has none: tests/ruwanli",
    "ruwanli complete": "the recipe has none: tests/ruwanli",
    "train ablate": "needs Encodechka: tests/training",
    "train negatives": "the recipe has none: tests/training",
    "trace terra": "the sample has no TERRa; lenta#1 is traced in tests/test_trace.py",
}


def _elsewhere(command: str) -> bool:
    words = command.removeprefix("rupairs ")
    return any(words == start or words.startswith(f"{start} ") for start in ELSEWHERE)


RUN_HERE = [command for command in commands() if not _elsewhere(command)]


def test_nothing_is_listed_that_docs_do_not_show() -> None:
    shown = [command.removeprefix("rupairs ") for command in commands()]
    for start in ELSEWHERE:
        assert any(s == start or s.startswith(f"{start} ") for s in shown), start
    assert len(RUN_HERE) > 20


@pytest.mark.parametrize("command", RUN_HERE)
def test_shown_commands_work(
    command: str, finished_run: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    done = subprocess.run(
        [sys.executable, "-m", "rupairs.cli", *_meant(command, run, tiny_encoder)],
        cwd=tmp_path,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _meant(command: str, run: Path, encoder: Path) -> list[str]:
    """Return the command's words, its placeholders replaced by things that lie beside the run."""
    folder = run.parent
    # Nothing answers there: what is done again must come from the run's own log.
    recipe = str(write_recipe(folder, "http://127.0.0.1:9/v1", encoder))
    texts = folder / "texts"
    texts.mkdir()
    (texts / "bench.txt").write_text("Лебедь плывёт по тихому озеру.\n", encoding="utf-8")
    words = shlex.split(command)[1:]
    means = {
        "RECIPE": recipe,
        "my.toml": str(SHIPPED) if words[0] == "scale" else recipe,
        "FOLDER": str(files("rupairs") / "sample") if "--from-dir" in words else str(texts),
        "PAIR_ID": read_table(run / "ruhnp/release/part-00000.parquet")["pair_id"][0].as_py(),
        **dict.fromkeys(("MODEL", "A", "B"), str(encoder)),
        "terra": "rcb",
    }
    asked = [means.get(word, word) for word in words]
    for place, word in enumerate(words):
        for name in ("RUN", "runs/full", "runs/harvest"):
            if word == name or word.startswith(f"{name}/"):
                asked[place] = str(run) + word.removeprefix(name)
    if words[:2] in (["harvest", "run"], ["train", "merge"]):
        asked[asked.index("--out") + 1] = str(folder / "made")
    return asked
