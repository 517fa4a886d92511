"""The house rules that a reader relies on: who may import whom, and how fast the door opens."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rupairs.options import RECIPES

REPOSITORY = Path(__file__).parent.parent
STAGES = ("harvest", "ruhnp", "ruwanli", "annotation", "training", "data_cards")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("owner", ["rupairs", *STAGES])
def test_stages_meet_through_files_only(owner: str) -> None:
    others = set(STAGES) - {owner}
    for path in (REPOSITORY / owner).rglob("*.py"):
        assert not imports(path) & others, path


def test_nothing_imports_benchmarks_or_tests() -> None:
    for owner in ("rupairs", *STAGES):
        for path in (REPOSITORY / owner).rglob("*.py"):
            assert not imports(path) & {"benchmarks", "tests"}, path


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    command = [sys.executable, "-c", "import sys; from rupairs.cli import main; main()", "--help"]
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds.append(time.perf_counter() - started)
        assert done.returncode == 0, done.stderr
    assert min(seconds) < 0.5
    for verb in ("demo", "run", "harvest", "ruhnp", "ruwanli", "annotate", "train", "card"):
        assert verb in done.stdout


def test_heavy_libraries_are_not_imported_by_the_door() -> None:
    code = (
        "import sys, contextlib, io\n"
        "from rupairs.cli import main\n"
        "sys.argv = ['rupairs', '--help']\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    main()\n"
        "print([m for m in ('torch', 'pyarrow', 'pandas', 'openai', 'datasets') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_names_the_shipped_recipes() -> None:
    shipped = {path.stem for path in (REPOSITORY / "recipes").glob("*.toml")}
    assert set(RECIPES.removeprefix("A .toml file, or ").removesuffix(".").split(", ")) == shipped
    written = [p for owner in ("rupairs", *STAGES) for p in (REPOSITORY / owner).rglob("*.py")]
    spelled = [p for p in written if "demo, real, full" in p.read_text(encoding="utf-8")]
    assert spelled == [REPOSITORY / "rupairs/options.py"]
