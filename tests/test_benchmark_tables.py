"""The README's tables are those of the results that are kept; every benchmark can be asked for."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as front
from benchmarks import results
from tests.shown import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
SCORES = {
    "near": {"recall": 0.9957},
    "repeats": {"precision": 1.0},
    "leaks": {"recall": 0.99, "precision": 0.987},
}
RESULTS: dict[str, dict[str, Any]] = {
    "harvested": {
        "sources": [
            {
                "source": "terra",
                "title": "TERRa",
                "native": 2616,
                "kept": 2613,
                "dropped": {"unfit": 1, "near_duplicate": 2},
            }
        ]
    },
    "harvest": {
        "settings": {"work": "/somewhere/else", "seed": "1"},
        "stage": [
            {"pairs": n, "seconds": n / 5000, "pss": n << 10, "scores": SCORES, "mistakes": [1]}
            for n in (200_000, 800_000)
        ],
        "baseline": {
            "rupairs": {"pairs": 200_000, "runs": [1]},
            "ratio_of_pairs_a_second": 7.84,
        },
        "peers": [
            {
                "name": "rupairs",
                "settings": {},
                "documents": 48_513,
                "documents_per_second": 8236.4,
                "all": {"recall": 0.994, "precision": 1.0},
            },
            {"name": "text-dedup", "settings": {"version": "0.4.1"}, "error": "no pip"},
        ],
    },
    "generation": {
        "settings": {
            "calls": "3000",
            "resume_calls": "10000",
            "concurrency": "64",
            "latency": "0.05",
            "timeout": "300.0",
        },
        "runners": {
            "bare": {"package": "", "calls_per_s": 388.2, "resumed_over_one_pass": 1.5019},
            "rupairs": {"package": "", "calls_per_s": 500.4, "resumed_over_one_pass": 1.006},
            "distilabel": {"package": "distilabel[openai]==1.5.3", "calls_per_s": 120.0},
            "curator": {"package": "bespokelabs-curator==0.1.31", "error": "no pip"},
        },
    },
    "serving": {
        "settings": {"prompts": "256", "concurrency": "16", "tokens": "96", "repeats": "2"},
        "vllm": "0.32",
        "medians": {"rupairs": 798.4},
        "runs": {"rupairs": [{"tokens_per_s": 785.4}, {"tokens_per_s": 810.2}]},
    },
    "training": {
        "settings": {"steps": "20", "batch": "16", "repeats": "1"},
        "ways": [
            {
                "way": "ours",
                "triples_per_second": 12.0,
                "times": 1.98,
                "loss": 1.3971,
                "peak_mb": 2161.0,
            },
            {"way": "FlagEmbedding", "error": "no pip"},
        ],
    },
    "faults": {
        "points": [
            {"kind": "kill", "run": 1, "met": True, "clear_error": False, "failures": []},
            {"kind": "disk", "run": 1, "met": True, "clear_error": True, "failures": []},
            {"kind": "disk", "run": 2, "met": True, "clear_error": False, "failures": ["lost"]},
            {"kind": "disk", "run": 3, "met": False, "clear_error": False, "failures": []},
        ]
    },
}
LINES = {
    "harvested": "| `terra` | 2,616 | 2,613 | 2 near duplicate, 1 unfit |",
    "harvest": "| leaks found; right | 99.0 %; 98.7 % | 99.0 %; 98.7 % |",
    "generation": "| rupairs, replay log on | 500 | 1.006 |\n| bare | 388 | 1.502 |\n"
    "| distilabel 1.5.3 | 120 | not in 300 s |",
    "serving": "| rupairs, replay log on | 798 | 785 to 810 |",
    "training": "| rupairs | 12.0 | 1.98 | 1.397 | 2,161 |",
    "faults": "| kill | 1 | 1 | 0 | 0 |\n| disk | 2 | 0 | 1 | 1 |",
}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "MADE", tmp_path / "made")
    monkeypatch.setattr(results, "KEPT", tmp_path / "kept")
    (tmp_path / "made").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", results.TABLES)
def test_a_table_says_what_its_result_does(folders: Path, name: str) -> None:
    made = folders / f"made/{name}.json"
    made.write_text(json.dumps(RESULTS[name]), encoding="utf-8")
    results.take(name)
    shown = results.shown(name)
    assert shown and LINES[name] in shown
    assert "no pip" not in shown
    columns = [line.count("|") for line in shown.splitlines() if line.startswith("|")]
    assert min(columns) > 2


def test_what_is_kept_is_small_and_names_no_machines_path(folders: Path) -> None:
    kept = results.small(RESULTS["harvest"])
    assert kept["settings"] == {"seed": "1"}
    assert "mistakes" not in kept["stage"][0]
    assert "runs" not in kept["baseline"]["rupairs"]
    assert kept["peers"][1]["settings"]["version"] == "0.4.1"


def test_one_step_takes_a_result_into_the_readme(folders: Path) -> None:
    readme = folders / "README.md"
    begin, end = results.marks("training")
    other = "\n".join(results.marks("serving"))
    before = f"Before\n\n{begin}\n\nby hand\n\n{end}\n\nbetween\n\n{other}\n\nAfter\n"
    readme.write_text(before, encoding="utf-8")
    assert results.write_readme(readme) == []
    assert readme.read_text(encoding="utf-8") == before
    (folders / "made/training.json").write_text(json.dumps(RESULTS["training"]), encoding="utf-8")
    results.take("training")
    assert results.write_readme(readme) == ["training"]
    text = readme.read_text(encoding="utf-8")
    assert LINES["training"] in text and "by hand" not in text
    assert text.startswith("Before\n") and text.endswith(f"{other}\n\nAfter\n")
    with pytest.raises(SystemExit, match=r"serving\.json: not there; run python -m benchmarks"):
        results.take("serving")


@pytest.mark.parametrize("name", results.TABLES)
def test_the_readme_shows_what_is_kept(name: str) -> None:
    begin, end = results.marks(name)
    _, first, rest = README.partition(begin)
    shown, second, _ = rest.partition(end)
    assert first and second, f"the README has no marks of {name}"
    expected = results.shown(name)
    if expected is not None:
        assert shown.strip() == expected, "python -m benchmarks tables --write"


def test_what_is_kept_has_a_table_and_names_no_machines_path() -> None:
    for path in results.KEPT.glob("*.json"):
        assert path.stem in results.TABLES, path
        assert path.stat().st_size < 100_000, path
        assert '"/' not in path.read_text(encoding="utf-8"), path


def test_every_benchmark_is_a_module_or_a_verb_and_stands_on_the_page() -> None:
    page = (REPOSITORY / "benchmarks/README.md").read_text(encoding="utf-8")
    for name in front.NAMES:
        if name not in front.VERBS:
            assert (REPOSITORY / f"benchmarks/{name}.py").is_file(), name
        assert f"`python -m benchmarks {name}`" in page, name
    assert set(results.TABLES) <= set(front.NAMES)


def test_wrong_names_are_told(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "no-such"])
    with pytest.raises(SystemExit):
        front.main()
    assert "no-such: no such benchmark; there are annotation_push" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["benchmarks", "tables", "--write", "gain"])
    with pytest.raises(SystemExit, match="the README has no table of it"):
        front.main()
