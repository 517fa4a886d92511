import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from rupairs.pairs import pair_id
from rupairs.steps import Context
from ruwanli.candidates import CANDIDATE_SCHEMA
from ruwanli.filter import filter_candidates, outside
from ruwanli.variability import estimated_max_variability
from tests.ruwanli import growing, tiny
from tests.ruwanli.growing import PREMISES, Row, candidate

pytestmark = pytest.mark.usefixtures("one_thread")


def filtered(run: Path, charted: Context, rows: list[Row], **settings: object) -> Context:
    inputs = {
        "ruwanli.generate": tiny.write_stage(run, "ruwanli.generate", rows, CANDIDATE_SCHEMA),
        "ruwanli.cartography": growing.cartography(charted, run),
        "harvest.pairs": tiny.write_pairs(
            run, [tiny.row("Поезд стоит у реки.", "Поезд не едет.", "entailment")]
        ),
    }
    context = growing.context(run, "ruwanli.filter", inputs, {"filter": settings})
    context.licenses = {"own": "CC-BY-4.0", "lenta": "of no row here"}
    filter_candidates(context)
    counts = context.counts
    assert counts.rows_in == len(rows) == counts.rows_out + counts.rows_dropped
    return context


@pytest.fixture(scope="module")
def whole(charted: Context, tmp_path_factory: pytest.TempPathFactory) -> Context:
    rows = [
        candidate("«Поезд стоит у реки.»", "(Поезд ждёт у реки.)"),
        candidate("Поезд стоит у реки!", "Поезд не едет", "neutral"),
        candidate("Да.", "Нет, не так."),
        candidate(PREMISES[0], f'"{PREMISES[1]}'),
        candidate(PREMISES[0], PREMISES[1], "neutral"),
        *(
            candidate(premise, f"Вокруг тишина: {tiny.SENTENCES[n]}.", label)
            for n, premise in enumerate(PREMISES)
            for label in tiny.THREE_WAY[n % 3 : n % 3 + 1]
        ),
    ]
    return filtered(tmp_path_factory.mktemp("filtered"), charted, rows, keep=0.5)


def test_every_drop_has_its_reason_and_evidence(whole: Context) -> None:
    reasons = Counter(row["reason"] for row in growing.dropped(whole))
    assert reasons["too_short"] == 1
    assert reasons["duplicate"] == 2
    assert reasons["low_variability"] == whole.counts.rows_dropped - 3 > 0
    assert all(row["evidence"] for row in growing.dropped(whole))


def test_texts_are_tidied_before_they_are_looked_at(whole: Context) -> None:
    texts = {row["premise"] for row in growing.kept(whole)}
    texts |= {json.loads(row["row"])["premise"] for row in growing.dropped(whole)}
    assert "Поезд стоит у реки." in texts
    for row in growing.kept(whole):
        assert row["pair_id"] == pair_id(row["premise"], row["hypothesis"], symmetric=True)


def test_sigma_stands_on_every_row_that_was_measured(whole: Context) -> None:
    rows = growing.kept(whole)
    rows += [
        json.loads(row["row"])
        for row in growing.dropped(whole)
        if row["reason"] == "low_variability"
    ]
    pairs = [(row["premise"], row["hypothesis"]) for row in rows]
    folder = whole.inputs["ruwanli.cartography"].directory
    np.testing.assert_allclose(
        [row["max_variability"] for row in rows],
        estimated_max_variability(folder, pairs),
        atol=1e-5,
    )
    for label, found in whole.facts["max_variability"].items():
        mine = [r["max_variability"] for r in growing.kept(whole) if r["intended_label"] == label]
        assert min(mine) == pytest.approx(found["threshold"], abs=1e-5)


def test_terms_are_those_of_what_the_candidates_grew_from(whole: Context) -> None:
    assert whole.licenses == {"own": tiny.LICENSE}


def test_the_same_rows_give_the_same_bytes(
    whole: Context, charted: Context, tmp_path: Path
) -> None:
    again = filtered(tmp_path, charted, list(whole.inputs["ruwanli.generate"].rows()), keep=0.5)
    for name in ("part-00000.parquet", "dropped.parquet", "notes.md"):
        assert (again.out / name).read_bytes() == (whole.out / name).read_bytes()


def test_nothing_sound_is_no_crash(charted: Context, tmp_path: Path) -> None:
    assert filtered(tmp_path, charted, [candidate("Да.", "Нет.")]).counts.rows_out == 0


def test_a_candidate_that_shares_text_with_a_benchmark_is_dropped(
    charted: Context, tmp_path: Path
) -> None:
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "sts.txt").write_text(f"{PREMISES[2]}\n", encoding="utf-8")
    rows = [
        candidate(premise, f"Вокруг тишина: {tiny.SENTENCES[n]}.", "neutral")
        for n, premise in enumerate(PREMISES[:5])
    ]
    rows.append(candidate("Ветер стих к самому утру.", PREMISES[2], "neutral"))
    context = filtered(tmp_path, charted, rows, keep=1.0, benchmarks=folder)
    gone = [row for row in growing.dropped(context) if row["reason"] == "benchmark_leak"]
    assert {json.loads(row["row"])["premise"] for row in gone} == {
        PREMISES[2],
        "Ветер стих к самому утру.",
    }
    assert all("sts (1.00)" in row["evidence"] for row in gone)
    assert outside(context.stage)["benchmarks/sts.txt"]
    assert context.facts["benchmarks"] == {"sts": 1}
