from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rupairs.manifest import sha256
from tests.training.tiny import pair
from training.evaluation.cosine import (
    Similarities,
    held_out,
    plot,
    separation,
    side_prompts,
    similarities,
)
from training.saving import save_encoder


def cosines(positive: list[float], negative: list[float]) -> Similarities:
    return Similarities(np.array(positive, np.float32), np.array(negative, np.float32))


def test_auc_is_the_share_of_negatives_a_positive_beats() -> None:
    found = separation(cosines([0.9, 0.6], [0.7, 0.5, 0.1]))
    assert found.auc == pytest.approx(5 / 6)
    assert (found.positives, found.negatives) == (2, 3)
    assert found.mean_positive == pytest.approx(0.75)
    assert found.median_negative == pytest.approx(0.5)
    assert found.gap == pytest.approx(0.75 - 1.3 / 3)


def test_overlap_of_equal_and_of_distant_histograms() -> None:
    assert separation(cosines([0.1, 0.9], [0.1, 0.9])).overlap == pytest.approx(1)
    assert separation(cosines([0.8, 0.9], [0.1, 0.2])).overlap == 0
    # Half of the positives lie among the negatives.
    assert separation(cosines([0.9, 0.1], [0.1, 0.1])).overlap == pytest.approx(0.5)


def rows(**splits: int) -> list[dict[str, Any]]:
    made = []
    for split, count in splits.items():
        for i in range(count):
            made.append(pair(f"кот {i}", f"пёс {i}", split=split).row())
            made.append(
                pair(f"кот {i}", f"дом {i}", "contradiction", polarity=-1, split=split).row()
            )
    return made


def test_held_out_pairs_are_validation_and_test_or_else_whatever_is_not_train() -> None:
    usual = held_out(rows(train=3, validation=1, test=2, dev=1))
    assert usual.splits == ("test", "validation")
    assert len(usual.rows) == 6
    assert usual.lack() is None
    assert held_out(rows(train=3, dev=1)).splits == ("dev",)
    assert held_out(rows(train=3)).lack() == "no pair is held out from training"
    assert held_out(rows(test=2)[::2]).lack() == "the held-out pairs have no negatives"
    assert held_out(rows(test=2)[1::2]).lack() == "the held-out pairs have no positives"


def test_cosines_take_the_prompts_of_training(encoder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder), device="cpu")
    pairs = held_out(
        [
            pair("кот спит", "кот дремлет", split="test").row(),
            pair("кот", "пёс лает", "title", symmetric=False, polarity=-1, split="test").row(),
        ]
    )
    found = similarities(model, pairs)
    same = model.encode("кот спит", prompt="query: ") @ model.encode(
        "кот дремлет", prompt="query: "
    )
    other = model.encode("кот", prompt="query: ") @ model.encode("пёс лает", prompt="passage: ")
    assert found.positive == pytest.approx([same], abs=1e-5)
    assert found.negative == pytest.approx([other], abs=1e-5)


def test_cosines_take_a_models_own_prompts_even_empty_ones(encoder: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder), device="cpu")
    assert side_prompts(model) == ("query: ", "passage: ")
    model.prompts, model.default_prompt_name = {"query": "q: ", "document": "d: "}, None
    assert side_prompts(model) == ("q: ", "d: ")
    save_encoder(model, tmp_path / "bare", 64, instructions=False)
    assert side_prompts(SentenceTransformer(str(tmp_path / "bare"), device="cpu")) == ("", "")


def test_the_plot_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    panels = [
        ("before training", cosines([0.9, 0.8], [0.85, 0.7])),
        ("after training", cosines([0.9, 0.8], [0.2, 0.1])),
    ]
    for name in ("a.png", "b.png"):
        plot(panels, "RuHNP, held-out pairs", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert sha256(tmp_path / "a.png") == sha256(tmp_path / "b.png")
