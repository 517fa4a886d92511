import errno
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rupairs.errors import RupairsError
from rupairs.evaluation_sets import FACT
from rupairs.manifest import describe_files, sha256
from rupairs.steps import Context
from rupairs.store import StageReader, read_table, write_table
from ruwanli import learning
from ruwanli.cartography import chart
from ruwanli.classifier import checkpoints
from ruwanli.pool import nli_rows
from ruwanli.variability import estimated_max_variability
from tests.ruwanli import tiny

pytestmark = pytest.mark.usefixtures("one_thread")

REPOSITORY = Path(__file__).parents[2]


def charting(run: Path, encoder: Path, pairs: StageReader, seed: int = 0, **given: Any) -> Context:
    context = tiny.context(
        run,
        "ruwanli.cartography",
        encoder,
        {"harvest.pairs": pairs},
        seed,
        **(tiny.SETTINGS | given),
    )
    shutil.rmtree(context.out)
    context.out.mkdir()
    chart(context)
    return context


def written(context: Context) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table(context.out / "part-00000.parquet").to_pylist()
    return rows


def hashes(folder: Path) -> dict[str, str]:
    return {name: facts.sha256 for name, facts in describe_files(folder).items()}


def test_every_row_has_its_own_measures(charted: Context) -> None:
    rows = {row["pair_id"]: row for row in written(charted)}
    assert rows.keys() == {pair.pair_id for pair in tiny.rows()}
    for pair in tiny.rows():
        row = rows[pair.pair_id]
        by_epoch = np.array(row["probabilities"], dtype=np.float64)
        assert (row["label"], row["source"]) == (pair.relation, pair.source)
        assert len(by_epoch) == tiny.SETTINGS["epochs"]
        assert row["confidence"] == pytest.approx(by_epoch.mean(), abs=1e-6)
        assert row["variability"] == pytest.approx(by_epoch.std(), abs=1e-6)
        assert row["max_variability"] >= row["variability"] - 1e-6
        assert 0 <= row["correctness"] <= tiny.SETTINGS["epochs"]


@pytest.fixture(scope="module")
def learned(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A cartography whose classifier has learned what can be learned."""
    run = tmp_path_factory.mktemp("learned")
    return charting(run, encoder, tiny.write_pairs(run, tiny.many_rows()))


def test_rows_labelled_by_chance_are_the_ambiguous_ones(learned: Context) -> None:
    texts = {pair.pair_id: pair.passage for pair in tiny.many_rows()}
    unsure = [r for r in written(learned) if texts[r["pair_id"]].startswith(tiny.UNSURE)]
    sure = [r for r in written(learned) if not texts[r["pair_id"]].startswith(tiny.UNSURE)]
    means = {
        name: [float(np.mean([row[name] for row in rows])) for rows in (unsure, sure)]
        for name in ("variability", "max_variability", "confidence", "correctness")
    }
    assert means["variability"][0] > 2 * means["variability"][1]
    assert means["max_variability"][0] > 2 * means["max_variability"][1]
    assert means["confidence"][0] < 0.6 and means["confidence"][1] > 0.9
    assert means["correctness"][0] < 3 < means["correctness"][1]
    assert learned.facts["accuracy"][-1] > 0.8


def test_new_pairs_are_measured_with_the_same_weights_in_any_order(charted: Context) -> None:
    texts = {pair.pair_id: (pair.query, pair.passage) for pair in tiny.rows()}
    rows = written(charted)[::-3]
    found = estimated_max_variability(charted.out, [texts[row["pair_id"]] for row in rows])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [row["max_variability"] for row in rows], atol=1e-5)
    assert len(estimated_max_variability(charted.out, [])) == 0


def test_a_damaged_checkpoint_is_named(charted: Context, tmp_path: Path) -> None:
    copy = tmp_path / "charted"
    shutil.copytree(charted.out, copy)
    first = checkpoints(copy)[0]
    first.write_bytes(first.read_bytes()[:100])
    with pytest.raises(RupairsError, match=r"epoch-01\.safetensors"):
        estimated_max_variability(copy, [("кот спит", "кот ждёт")])


def test_the_classifier_opens_anywhere_and_names_its_labels_and_no_machine(
    learned: Context, encoder: Path
) -> None:
    from transformers import pipeline

    folder = learned.out / "classifier"
    judge = pipeline("text-classification", model=str(folder), device="cpu")
    premise = tiny.SENTENCES[1]
    answer = judge({"text": premise, "text_pair": f"{tiny.SURE['contradiction']} {premise}"})
    assert answer["label"] == "contradiction"
    for path in [*folder.glob("*.json"), learned.out / "notes.md"]:
        assert str(encoder.parent) not in path.read_text(encoding="utf-8"), path
        assert str(learned.run) not in path.read_text(encoding="utf-8"), path


def test_a_run_killed_while_it_writes_an_epoch_ends_with_the_same_bytes(
    charted: Context, encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.ruwanli.killed_cartography"]
    command += [str(encoder), str(pairs.directory), str(tmp_path)]
    died = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert died.returncode == -9, died.stderr
    epochs = tmp_path / ".work" / "ruwanli.cartography"
    assert [p.name for p in epochs.glob("*/epoch-*")] == ["epoch-01"]
    first = next(epochs.glob("*/epoch-01/model.safetensors")).stat().st_mtime_ns
    resumed = charting(tmp_path, encoder, pairs)
    assert next(epochs.glob("*/epoch-01/model.safetensors")).stat().st_mtime_ns == first
    assert hashes(resumed.out) == hashes(charted.out)
    assert not list(epochs.glob("*/epoch-0[123]/optimizer.pt"))


def test_a_run_stopped_within_an_epoch_ends_with_the_same_bytes(
    charted: Context,
    encoder: Path,
    pairs: StageReader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[int] = []

    def step_or_stop(course: Any, batch: Any, before: int) -> Any:
        if len(steps) == 40:
            raise KeyboardInterrupt
        steps.append(before)
        return step(course, batch, before)

    step = learning._Course.step
    with monkeypatch.context() as patch:
        patch.setattr(learning._Course, "step", step_or_stop)
        with pytest.raises(KeyboardInterrupt):
            charting(tmp_path, encoder, pairs)
    assert steps == list(range(40))
    assert hashes(charting(tmp_path, encoder, pairs).out) == hashes(charted.out)


def test_the_seed_decides(
    charted: Context, encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    weights = "classifier/model.safetensors"
    other = charting(tmp_path, encoder, pairs, seed=1)
    assert sha256(other.out / weights) != sha256(charted.out / weights)


def test_other_settings_do_not_go_on_from_old_epochs(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    charting(tmp_path, encoder, pairs, epochs=1)
    work = tmp_path / ".work" / "ruwanli.cartography"
    before = [p.name for p in work.iterdir()]
    charting(tmp_path / "again", encoder, pairs, epochs=1, learning_rate=1e-3)
    charting(tmp_path, encoder, pairs, epochs=1, learning_rate=1e-3)
    assert [p.name for p in work.iterdir()] != before and len(list(work.iterdir())) == 1


def test_two_way_rows_beside_three_way_rows(encoder: Path, tmp_path: Path) -> None:
    mixed = [*tiny.rows()[:80], *tiny.rows(tiny.TWO_WAY, "terra", start=80)]
    pairs = tiny.write_pairs(tmp_path, mixed)
    context = charting(tmp_path, encoder, pairs)
    assert context.facts["labels"] == list(tiny.THREE_WAY)
    assert context.facts["two_way_sources"] == ["terra"]
    two_way = [row for row in written(context) if row["source"] == "terra"]
    assert {row["label"] for row in two_way} == set(tiny.TWO_WAY)
    for row in two_way:
        # Of two labels the one says all of the other.
        assert row["max_variability"] == pytest.approx(row["variability"], abs=1e-5)
        right = sum(p > 0.5 for p in row["probabilities"])
        assert row["correctness"] == right


def test_two_way_rows_alone_make_a_two_way_model(encoder: Path, tmp_path: Path) -> None:
    pairs = tiny.write_pairs(tmp_path, tiny.rows(tiny.TWO_WAY, "terra"))
    context = charting(tmp_path, encoder, pairs, epochs=2)
    assert context.facts["labels"] == list(tiny.TWO_WAY)
    assert "entailment and not_entailment" in (context.out / "notes.md").read_text()


def test_held_out_rows_are_scored_and_dropped(encoder: Path, tmp_path: Path) -> None:
    rows = tiny.rows()
    premise = "кот спит у моста"
    aside = [
        tiny.row(premise, f"{tiny.SURE[label]} {premise}", label, split=split)
        for label in tiny.THREE_WAY
        for split in ("validation", "test")
    ]
    pairs = tiny.write_pairs(tmp_path, [*rows, *aside[::2], aside[1]])
    context = charting(tmp_path, encoder, pairs, epochs=2, heldout=0.2)
    dropped = context.counts.dropped_by_reason["held_out"]
    assert context.counts.rows_in == len(rows) + 3, "the test row is not touched"
    assert 3 + 10 < dropped < 3 + 40 and context.facts["rows_heldout"] == dropped
    assert all(0 <= a <= 1 for a in context.facts["accuracy_heldout"])


def test_at_most_so_many_rows_of_a_label_are_charted(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    context = charting(tmp_path, encoder, pairs, epochs=1, per_label=10)
    labels = [row["label"] for row in written(context)]
    assert [labels.count(label) for label in tiny.THREE_WAY] == [10, 10, 10]
    assert context.counts.dropped_by_reason == {"over_quota": 90}
    relations = {pair.pair_id: pair.relation for pair in tiny.rows()}
    assert all(relations[row["pair_id"]] == row["label"] for row in written(context))
    assert {row["max_variability"] for row in written(context)} == {0.0}, (
        "one epoch varies in nothing"
    )


def test_nothing_trains_in_frozen_embeddings_and_checkpoints_leave_them_out(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    from safetensors.numpy import load_file

    context = charting(tmp_path, encoder, pairs, epochs=2, freeze_embeddings=True)
    name = "embeddings.word_embeddings.weight"
    first, final = (load_file(path) for path in checkpoints(context.out))
    assert f"bert.{name}" not in first
    frozen = load_file(encoder / "model.safetensors")[name]
    np.testing.assert_array_equal(final[f"bert.{name}"], frozen)
    texts = {pair.pair_id: (pair.query, pair.passage) for pair in tiny.rows()}
    rows = written(context)
    found = estimated_max_variability(context.out, [texts[row["pair_id"]] for row in rows])
    np.testing.assert_allclose(found, [row["max_variability"] for row in rows], atol=1e-5)


def test_an_evaluation_set_is_refused(encoder: Path, tmp_path: Path) -> None:
    pairs = tiny.write_pairs(tmp_path, tiny.rows(source="xnli_ru"))
    for settings in ({}, {"evaluation_sources": ()}, {"evaluation_sources": ("own",)}):
        with pytest.raises(RupairsError, match="xnli_ru is an evaluation set"):
            charting(tmp_path, encoder, pairs, **settings)
    other = tiny.write_pairs(tmp_path / "other", tiny.rows())
    with pytest.raises(RupairsError, match="own is an evaluation set"):
        charting(tmp_path, encoder, other, evaluation_sources=("own",))


def test_an_evaluation_set_is_charted_openly_and_marked(encoder: Path, tmp_path: Path) -> None:
    pairs = tiny.write_pairs(tmp_path, [*tiny.rows(source="xnli_ru"), *tiny.rows(start=120)])
    found = charting(tmp_path, encoder, pairs, chart_evaluation_sets=True, epochs=2)
    assert found.facts[FACT] == ["xnli_ru"]
    assert {row["source"] for row in written(found)} == {"own", "xnli_ru"}


def test_rows_that_leak_a_benchmark_are_not_in_the_pool(tmp_path: Path) -> None:
    reader = tiny.write_pairs(tmp_path, tiny.rows())
    ids = [row["pair_id"] for row in reader.rows()]
    write_table(pa.table({"pair_id": ids[:7]}), reader.directory / "leaks.parquet")
    assert nli_rows(reader, (), ("train",), "step")["pair_id"].to_pylist() == ids[7:]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sources": ("rcb",)}, "no NLI rows of rcb"),
        ({"learning_rate": 1e30, "warmup": 0}, "not finite by step 15 of epoch 1"),
        ({"model": "нет-такой-модели"}, "cannot be opened"),
    ],
)
def test_clear_errors(
    encoder: Path, pairs: StageReader, tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(RupairsError, match=message):
        charting(tmp_path, encoder, pairs, **given)


def test_a_full_disk_is_one_whatever_library_meets_it(
    small_disk: Path, encoder: Path, tmp_path: Path
) -> None:
    pairs = tiny.write_pairs(tmp_path, tiny.rows())
    met = set()
    for kib in range(4, 260, 16):
        run, filler = small_disk / f"run-{kib}", small_disk / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - kib * 1024))
        try:
            charting(run, encoder, pairs, epochs=2)
        except OSError as error:
            assert error.errno == errno.ENOSPC
            met.add(Path(str(error.filename)).name)
        shutil.rmtree(run, ignore_errors=True)
        filler.unlink()
    assert {learning.OPTIMIZER, learning.WEIGHTS} <= met
