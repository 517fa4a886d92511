from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training import tiny
from training.negatives import highest, mine, nearest
from training.settings import Mining

pytestmark = pytest.mark.usefixtures("one_thread", "no_network")


def mined(folder: Path, encoder: Path, rows: list[Any], **settings: Any) -> tuple[list[Any], Any]:
    import pyarrow.parquet as pq

    pairs = tiny.write_stage(folder, "harvest.pairs", rows)
    recipe = tiny.recipe(
        encoder, negatives={"first": 0, "last": 50, "choice": "nearest"} | settings
    )
    context = tiny.context(folder, "training.negatives", recipe, {"harvest.pairs": pairs})
    mine(context)
    return pq.read_table(context.out / "part-00000.parquet").to_pylist(), context


def test_no_known_answer_is_a_negative_and_the_nearest_comes_first(
    tmp_path: Path, encoder: Path
) -> None:
    sentences = tiny.sentences()[:30]
    rows = [tiny.pair(s[:12], s, "title", symmetric=False) for s in sentences]
    twin = rows[0].query
    rows.append(tiny.pair(twin.upper(), sentences[7], source="other", symmetric=False))
    found, context = mined(tmp_path, encoder, rows, each=3, only=["own"])
    assert context.counts.rows_out == len(found) > 0
    answers = {(row.query.lower(), row.passage) for row in rows}
    for row in found:
        assert (row["query"].lower(), row["passage"]) not in answers
        assert (row["relation"], row["polarity"]) == ("irrelevant_passage", -1)
        assert (row["source"], row["license"], row["split"]) == ("own", tiny.LICENSE, "train")
        assert len(row["parents"]) == 2
    assert len({(row["query"], row["passage"]) for row in found}) == len(found)
    assert context.facts["queries"] == len({row.query for row in rows[:-1]})


def test_queries_that_have_negatives_and_held_out_ones_are_left_alone(
    tmp_path: Path, encoder: Path
) -> None:
    found, _ = mined(tmp_path, encoder, tiny.training_rows())
    assert {row["source"] for row in found} == {"news"}


def test_the_range_and_the_choice(tmp_path: Path, encoder: Path) -> None:
    rows = [tiny.pair(f"вопрос {s}", f"ответ {s}") for s in tiny.sentences()[:20]]
    near, _ = mined(tmp_path / "a", encoder, rows, each=20, last=5)
    far, _ = mined(tmp_path / "b", encoder, rows, each=20, first=5, last=8)
    drawn, _ = mined(tmp_path / "c", encoder, rows, each=1, last=5, choice="random")
    texts = [{(r["query"], r["passage"]) for r in found} for found in (near, far, drawn)]
    assert (len(near), len(far), len(drawn)) == (100, 60, 20)
    assert not texts[0] & texts[1]
    assert texts[2] < texts[0]
    none, context = mined(tmp_path / "d", encoder, rows, max_score=-1.0)
    assert none == []
    assert context.facts["queries_with_negatives"] == 0


def test_blocks_do_not_matter(tmp_path: Path, encoder: Path, monkeypatch: Any) -> None:
    rows = [tiny.pair(f"вопрос {s}", f"ответ {s}") for s in tiny.sentences()[:20]]
    whole, _ = mined(tmp_path / "a", encoder, rows, each=2)
    monkeypatch.setattr("training.negatives._CORPUS_PIECE", 3)
    pieces, _ = mined(tmp_path / "b", encoder, rows, each=2, block=7)
    assert whole == pieces


def test_limits_of_the_score() -> None:
    assert highest(Mining(), 0.9) == np.inf
    assert highest(Mining(max_score=0.7), 0.9) == 0.7
    assert highest(Mining(absolute_margin=0.1), 0.9) == pytest.approx(0.8)
    assert highest(Mining(relative_margin=0.1), 0.5) == pytest.approx(0.45)
    assert highest(Mining(relative_margin=0.1, absolute_margin=0.1), 0.5) == pytest.approx(0.4)


def test_the_nearest_by_definition() -> None:
    draw = np.random.default_rng(0)
    queries = draw.normal(size=(4, 8)).astype(np.float32)
    corpus = draw.normal(size=(50, 8)).astype(np.float16)
    for query, (scores, places) in zip(queries, nearest(queries, corpus, 6), strict=True):
        expected = corpus.astype(np.float32) @ query
        np.testing.assert_array_equal(places, np.argsort(-expected)[:6])
        np.testing.assert_allclose(scores, np.sort(expected)[::-1][:6], rtol=1e-5)
