from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from annotation.cli import register
from annotation.crowd import Pool, read_pool, read_pools
from annotation.measure import Measurement, below_majority, measure
from annotation.stage import QualitySection
from rupairs.errors import RupairsError
from tests.annotation.voting import ballots

COLUMNS = ["INPUT:first", "INPUT:second", "OUTPUT:same", "GOLDEN:same", "HINT:text"] + [
    f"ASSIGNMENT:{name}"
    for name in ("task_id", "assignment_id", "worker_id", "status", "started", "submitted")
]


def row(
    task: str, page: str, worker: str, label: str, gold: str = "", minute: int = 0
) -> list[str]:
    texts = [f"Кот «{task}» спит", f'Кот ""{task}"" не спит']
    times = [f"2024-05-01T10:{minute:02d}:00.000", f"2024-05-01T10:{minute:02d}:30.000"]
    return [*texts, label, gold, "", task, page, worker, "APPROVED", *times]


@pytest.fixture
def toloka(tmp_path: Path) -> Callable[[list[list[str]]], Path]:
    def put(rows: list[list[str]], columns: list[str] = COLUMNS) -> Path:
        path = tmp_path / "pool.tsv"
        pd.DataFrame(rows, columns=columns).to_csv(path, sep="\t", index=False)
        return path

    return put


def test_toloka_assignments_are_ballots(toloka: Any) -> None:
    pool = read_pool(
        toloka(
            [
                row("a", "p1", "u", "true"),
                row("c", "p1", "u", "false", "true"),
                row("a", "p2", "v", "false", minute=3),
            ]
        )
    )
    assert pool is not None and pool.name == "pool (same)"
    found = pool.ballots
    assert found["label"].tolist() == ["true", "false", "false"]
    assert found["kind"].tolist() == ["item", "control", "item"]
    # A page of two tasks took 30 seconds, one of one task as long.
    assert found["seconds"].tolist() == [15.0, 15.0, 30.0]
    assert found["worker"].tolist() == ["u", "u", "v"]
    assert pool.gold.to_dict() == {"c": "true"}


def test_a_file_with_two_answers_is_not_guessed_at(toloka: Any) -> None:
    rows = [[*row("a", "p1", "u", "true", "true"), "x", "y"]]
    path = toloka(rows, [*COLUMNS, "OUTPUT:other", "GOLDEN:other"])
    with pytest.raises(RupairsError, match=r"pool\.tsv: which OUTPUT is the label"):
        read_pool(path)


def test_votes_of_the_superglue_benchmark_are_ballots(tmp_path: Path) -> None:
    path = tmp_path / "assign.tsv"
    path.write_text(
        "premise;hypothesis;result;worker_id\n"
        "Аня ушла в лес.;Аня в лесу.;entailment6;u\n"
        "Аня ушла в лес.;Аня в лесу.;neutral;v\n"
        '"Вера сказала: ""да; пойду"".";Вера согласна.;entailment;u\n',
        encoding="utf-8",
    )
    (pool,) = read_pools(tmp_path)
    assert pool.ballots["label"].tolist() == ["entailment", "neutral", "entailment"]
    assert pool.ballots["task"].nunique() == 2
    assert pool.gold.empty


def test_a_folder_without_votes_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.tsv").write_text("a\tb\n1\t2\n", encoding="utf-8")
    with pytest.raises(RupairsError, match="no file of votes"):
        read_pools(tmp_path)


def crowd(spammers: int = 3) -> Pool:
    """60 items and 20 controls; six careful workers and some who answer anything."""
    rng = np.random.default_rng(3)
    labels = np.array(["a", "b", "c"])
    rows, gold = [], {}
    for n in range(80):
        task, right = f"t{n:02d}", str(labels[n % 3])
        if n >= 60:
            gold[task] = right
        for worker in rng.choice(6 + spammers, 5, replace=False):
            good = worker < 6 and rng.random() < 0.9
            rows.append((task, f"w{worker}", right if good else str(rng.choice(labels))))
    frame = ballots(rows)
    frame["kind"] = np.where(frame["task"].isin(gold), "control", "item")
    return Pool("made up", frame, pd.Series(gold))


RULES = QualitySection(min_control_accuracy=0.7, min_controls=4)
PLAIN: Any = ("majority", "wanli")


def test_every_method_is_measured_with_and_without_the_careless() -> None:
    found = measure(crowd(), Measurement(RULES, methods=PLAIN))
    assert (found["items"], found["controls"], found["workers"]) == (60, 20, 9)
    # Eleven controls let one of the three pass by luck.
    assert found["excluded"] == 2
    assert found["alpha_without_excluded"]["value"] > found["krippendorff_alpha"]["value"] + 0.1
    majority = found["gold"]["majority"]
    assert majority["beyond_majority"] == {"value": 0.0, "low": 0.0, "high": 0.0, "items": 20}
    assert found["gold_without_excluded"]["majority"]["accuracy"]["value"] > 0.9
    assert found["gold"]["wanli"]["accuracy"]["value"] <= majority["accuracy"]["value"]
    assert found["same_label"]["majority"] == 1.0
    assert 0.4 < found["held_out"]["majority"]["accuracy"]["value"] < 0.9


def test_what_is_below_majority_is_named() -> None:
    def figures(value: float | None) -> dict[str, Any]:
        return {"beyond_majority": {"value": value, "low": -0.07, "high": 0.01}}

    row = {"pool": "p", "gold": None, "gold_without_excluded": None}
    row["held_out"] = {"majority": figures(0.0), "mace": figures(-0.03), "wanli": figures(None)}
    assert below_majority([row]) == [
        "p, held out: mace is 3.0 points below majority (-7.0 to +1.0)"
    ]
    row["held_out"] = {"mace": figures(0.0)}
    assert below_majority([row]) == []


def test_a_controls_own_label_has_no_part_in_its_score() -> None:
    pool = crowd(0)
    wrong = pool.gold.map({"a": "b", "b": "c", "c": "a"})
    loose = QualitySection(min_control_accuracy=0.0)
    right = measure(pool, Measurement(loose, methods=PLAIN))["gold"]
    turned = measure(Pool("", pool.ballots, wrong), Measurement(loose, methods=PLAIN))["gold"]
    for method in right:
        assert right[method]["accuracy"]["value"] + turned[method]["accuracy"]["value"] <= 1
    # Were a control judged by its own label, nobody would be left who gives another one.
    one = pool.gold.iloc[:1]
    strict = QualitySection(min_control_accuracy=1.0, min_controls=1)
    frame = pool.ballots[(pool.ballots["kind"] == "item") | pool.ballots["task"].isin(one.index)]
    lied = one.map({"a": "b", "b": "c", "c": "a"})
    scored = measure(Pool("", frame, lied), Measurement(strict, methods=PLAIN))
    assert scored["gold_without_excluded"]["majority"]["accuracy"]["value"] == 0.0


def test_without_known_labels_there_is_no_accuracy() -> None:
    pool = crowd()
    items = pool.ballots[pool.ballots["kind"] == "item"]
    found = measure(Pool("", items, pd.Series(dtype=str)), Measurement(RULES, methods=PLAIN))
    assert found["gold"] is None and found["control_accuracy"] is None
    assert set(found["held_out"]) == set(found["same_label"]) == set(PLAIN)
    assert (
        measure(Pool("", items, pd.Series(dtype=str)), Measurement(RULES, methods=PLAIN)) == found
    )


def command(*arguments: str) -> Any:
    app = typer.Typer()

    @app.callback()
    def main() -> None:
        pass

    register(app)
    return CliRunner().invoke(app, ["annotate", "measure", *arguments])


def test_the_verb_prints_what_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "assign.tsv"
    rows = [
        f"Дом {n} стоит.;Дом {n} есть.;{label};{w}"
        for n in range(12)
        for w, label in zip(
            "uvw", ("entailment", "entailment", "neutral" if n % 3 else "entailment"), strict=True
        )
    ]
    path.write_text("\n".join(["premise;hypothesis;result;worker_id", *rows]), encoding="utf-8")
    said = command(str(tmp_path))
    assert said.exit_code == 0, said.output
    assert "12 items, 36 votes, 3 workers" in said.output
    assert "No known labels" in said.output
    assert "majority is the default" in said.output and "never below majority" in said.output
    for method in ("majority", "wanli", "dawid_skene", "mace"):
        assert f"| {method} |" in said.output


def test_real_pools_are_read_whole(realdata: Path) -> None:
    pools = read_pools(realdata / "mera_rudetox_toloka")
    assert len(pools) == 2
    for pool in pools:
        assert pool.ballots["kind"].value_counts().to_dict() == {"item": 4000, "control": 2000}
        assert pool.ballots[pool.ballots["kind"] == "item"].groupby("task").size().eq(5).all()
        assert len(pool.gold) == 41
    (rcb,) = read_pools(realdata / "rsg_humanbenchmark")
    assert len(rcb.ballots) == 1398
    assert rcb.ballots["worker"].nunique() == 137
    assert set(rcb.ballots["label"]) == {"entailment", "neutral", "contradiction"}
