import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ruhnp.contrast import PairSet, read_sets
from ruhnp.generated import GENERATED_SCHEMA, VERIFIED_SCHEMA
from ruhnp.release import release
from ruhnp.shift import Separation, Similarities, bins, mean_of, separation
from ruhnp.shift_report import write_shift
from rupairs.errors import RupairsError, UsageError
from rupairs.manifest import sha256
from rupairs.store import write_table
from tests.ruhnp import finished
from tests.ruhnp.finished import verified

ROWS = [
    ("Кот спит на печи.", "На печи спит кот.", 1),
    ("Кот спит на печи.", "Кот спит под печью.", 0),
    ("Лес шумит, а поле молчит.", "Шумит лес, поле молчит.", 1),
    ("Лес шумит, а поле молчит.", "Поле шумит, а лес молчит.", -1),
]


def similarities(positive: list[float], negative: list[float]) -> Similarities:
    return Similarities(np.array(positive, np.float32), np.array(negative, np.float32))


def test_separation_of_sides_that_are_apart_alike_and_mixed() -> None:
    apart = separation(similarities([0.9, 0.95], [0.1, 0.2, 0.3]))
    assert (apart.auc, apart.overlap) == (1.0, 0.0)
    assert apart.gap == pytest.approx(0.925 - 0.2)
    alike = separation(similarities([0.5, 0.6, 0.7], [0.5, 0.6, 0.7]))
    assert (alike.auc, alike.gap) == (0.5, 0.0) and alike.overlap == pytest.approx(1)
    mixed = separation(similarities([0.0, 1.0], [0.0, 0.5]))
    # 1 beats both, 0 ties with one: (0.5 + 2) of 4.
    assert mixed.auc == pytest.approx(0.625) and mixed.overlap == pytest.approx(0.5)


def test_the_auc_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(3)
    positive, negative = draw.normal(0.6, 0.1, 70).round(2), draw.normal(0.5, 0.1, 90).round(2)
    labels = [1] * 70 + [0] * 90
    expected = roc_auc_score(labels, np.concatenate([positive, negative]))
    assert separation(Similarities(positive, negative)).auc == pytest.approx(expected)


def test_small_sets_have_few_bins() -> None:
    def sizes(positive: int, negative: int) -> int:
        return bins(similarities([0.9] * positive, [0.8] * negative))

    assert [sizes(3, 900), sizes(57, 743), sizes(400, 10_000)] == [4, 7, 20]


def test_figures_of_a_group_are_means() -> None:
    one, two = Separation(1.0, 0.0, 0.8, 0.2, 0.6), Separation(0.5, 1.0, 0.6, 0.4, 0.2)
    assert mean_of([one, two]) == Separation(*map(pytest.approx, (0.75, 0.5, 0.7, 0.3, 0.4)))


def write_pairs(path: Path) -> Path:
    """Write `ROWS` in the layout of the suffix."""
    columns = dict(zip(("text1", "text2", "label"), zip(*ROWS, strict=True), strict=True))
    if path.suffix == ".parquet":
        write_table(pa.table({name: list(values) for name, values in columns.items()}), path)
        return path
    if path.suffix == ".jsonl":
        lines = [json.dumps(dict(zip(columns, row, strict=True))) for row in ROWS]
    else:
        mark = "\t" if path.suffix == ".tsv" else ","
        lines = [mark.join(columns)]
        lines += [mark.join((f'"{a}"', f'"{b}"', str(label))) for a, b, label in ROWS]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_pairs_are_read_from_every_kind_of_table(tmp_path: Path, kind: str) -> None:
    path = write_pairs(tmp_path / f"own.{kind}")
    positive = [(a, b) for a, b, label in ROWS if label > 0]
    negative = [(a, b) for a, b, label in ROWS if label <= 0]
    assert read_sets(path) == [PairSet(f"own.{kind}", positive, negative)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "text1,text2,score\nа,б,1\n", "no column label; a table has text1"),
        ("a.csv", "text1,text2,label\nа,б,1\nв,г,да\n", "row 2: label 'да': write 1"),
        ("a.csv", "text1,text2,label\nа,,1\n", "row 1: an empty text"),
        ("a.csv", "text1,text2,label\nа,б,1\n", "no negative pairs in a.csv"),
        ("a.jsonl", '{"text1": "а"}\n', "no column text2"),
        ("a.jsonl", "а\n", "line 1: not JSON"),
        ("a.txt", "а", "not one of .csv .tsv .jsonl .parquet"),
        ("a.tsv", "", "the file is empty"),
    ],
)
def test_a_wrong_table_is_one_clear_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RupairsError, match=message) as error:
        read_sets(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def released(run: Path) -> Path:
    rows = []
    for n in range(12):
        anchor = f"паром номер {n} ходит через пролив"
        rows.append(verified(anchor, "positive", f"через пролив ходит паром номер {n}"))
        rows.append(verified(anchor, "negative", f"паром номер {n} стоит", "antonym"))
    inputs = {
        "ruhnp.verify": finished.write_stage(run, "ruhnp.verify", VERIFIED_SCHEMA, rows),
        "ruhnp.generate": finished.write_stage(run, "ruhnp.generate", GENERATED_SCHEMA, []),
    }
    settings = {"min_positives": 1, "min_negatives": 1, "validation": 1, "test": 5}
    context = finished.context(run, "release", inputs, **settings)
    release(context)
    finished.finish(context.out, "ruhnp.release", context.counts)
    return run


def test_the_shift_of_a_group_is_written_and_the_same_every_time(
    tmp_path: Path, encoder: Path
) -> None:
    run = released(tmp_path / "run")
    pairs = write_pairs(tmp_path / "own.csv")
    trained = tmp_path / "trained"
    shutil.copytree(encoder, trained)
    models = {"before": [str(encoder)] * 2, "after": [str(trained), str(encoder)]}
    rows = write_shift(run, models, [pairs])
    named = [(r["when"], r["encoder"], r["model"]) for r in rows if r["set"] == "own.csv"]
    assert named == [
        ("before", 1, "tiny-encoder"),
        ("before", 2, "tiny-encoder"),
        ("before", None, "mean"),
        ("after", 1, "trained"),
        ("after", 2, "tiny-encoder"),
        ("after", None, "mean"),
    ]
    assert {r["positives"] for r in rows if r["set"] == "RuHNP, test"} == {5}
    means = {(r["set"], r["when"]): r for r in rows if r["model"] == "mean"}
    for name in ("RuHNP, test", "own.csv"):
        before, after = means[name, "before"], means[name, "after"]
        assert before["auc"] == pytest.approx(after["auc"])
        assert 0 <= before["auc"] <= 1 and 0 <= before["overlap"] <= 1
    folder = run / "ruhnp" / "shift"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(first) == {"shift.png", "shift.json", "shift.md"}
    assert first["shift.png"].startswith(b"\x89PNG") and b"Software" not in first["shift.png"]
    write_shift(run, models, [pairs])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    page = first["shift.md"].decode()
    assert "| own.csv | +0.0000 |" in page and str(tmp_path) not in page
    assert str(tmp_path) not in first["shift.json"].decode()
    named = json.loads(first["shift.json"])["encoders"]
    assert [e["id"] for e in named["after"]] == ["trained", "tiny-encoder"]
    weights = {sha256(encoder / "model.safetensors")}
    assert {w for e in named["before"] for w in e["weights"].values()} == weights
    assert next(iter(weights))[:16] in page


def with_prompts(encoder: Path, folder: Path, prompts: dict[str, str], default: str | None) -> str:
    """Return a copy of an encoder that has prompts of its own."""
    shutil.copytree(encoder, folder)
    path = folder / "config_sentence_transformers.json"
    config = json.loads(path.read_text("utf-8")) if path.exists() else {}
    config |= {"prompts": prompts, "default_prompt_name": default}
    path.write_text(json.dumps(config), encoding="utf-8")
    return str(folder)


def test_each_encoder_is_asked_with_its_own_prompt(tmp_path: Path, encoder: Path) -> None:
    run, bare = released(tmp_path / "run"), str(encoder)
    e5 = with_prompts(encoder, tmp_path / "e5", {"query": "query: "}, None)
    sts = with_prompts(encoder, tmp_path / "sts", {"a": "STS: ", "query": "q: "}, "a")
    models = {"before": [bare, e5, bare], "after": [sts, sts, bare]}

    def asked(*prompts: str) -> list[tuple[str, str]]:
        write_shift(run, models, [], prompts)
        found = json.loads((run / "ruhnp/shift/shift.json").read_text("utf-8"))["encoders"]
        return [
            (before["prompt"], after["prompt"])
            for before, after in zip(found["before"], found["after"], strict=True)
        ]

    assert asked() == [("STS: ", "STS: "), ("query: ", "STS: "), ("", "")]
    assert asked("x: ") == [("x: ", "x: ")] * 3
    assert asked("x: ", "", "y: ") == [("x: ", "x: "), ("", ""), ("y: ", "y: ")]
    with pytest.raises(UsageError, match="2 prompts for 3 encoders"):
        asked("x: ", "y: ")


def test_every_encoder_is_named_before_and_after(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2 before and 1 after: name every encoder once"):
        write_shift(tmp_path, {"before": ["a", "b"], "after": ["a"]}, [])


def test_a_release_without_a_test_part_is_said(tmp_path: Path) -> None:
    finished.write_stage(tmp_path, "ruhnp.release", VERIFIED_SCHEMA, [])
    with pytest.raises(RupairsError, match="no positive pairs in RuHNP, test"):
        write_shift(tmp_path, {"before": ["a"], "after": ["a"]}, [])
