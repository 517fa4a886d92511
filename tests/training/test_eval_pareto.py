from pathlib import Path

import pytest

from training.evaluation import published
from training.evaluation.pareto import Point, Speed, front, measure, plot, points

FAST = Speed(1000.0, 2.0, 100.0)


def test_the_front_holds_what_nothing_beats_in_both() -> None:
    speed_and_quality = [(10.0, 0.9), (100.0, 0.7), (50.0, 0.6), (200.0, 0.5)]
    assert front(speed_and_quality, low=False) == [0, 1, 3]
    size_and_quality = [(10.0, 0.5), (100.0, 0.7), (90.0, 0.4), (50.0, 0.7)]
    assert front(size_and_quality, low=True) == [0, 3]
    assert front([], low=True) == []


def test_a_score_measured_here_comes_before_a_published_one() -> None:
    small = "intfloat/multilingual-e5-small"
    found = {p.model: p for p in points({"own": FAST, small: FAST, "unknown": FAST}, {"own": 0.5})}
    assert (found["own"].published, found["own"].quality) == (False, 0.5)
    assert found[small].published
    assert found[small].quality == pytest.approx(0.742, abs=0.001)
    assert found[small].speed is FAST
    assert "unknown" not in found
    # Nobody's published speed is drawn.
    assert all(p.speed is None for name, p in found.items() if name not in ("own", small))
    again = points({small: FAST}, {small: 0.7})
    assert [p.published for p in again if p.model == small] == [False]


def test_published_means_are_those_of_the_scores() -> None:
    known = {entry.model: entry for entry in published.encodechka()}
    assert len(known) == 15
    assert known["deepvk/USER-base"].mean == pytest.approx(0.772, abs=0.001)
    assert known["deepvk/USER-bge-m3"].mean == pytest.approx(0.799, abs=0.002)
    assert known["deepvk/USER-base"].megabytes == pytest.approx(473.2, abs=1)
    assert "NE1" not in known["sentence-transformers/paraphrase-multilingual-mpnet-base-v2"].scores
    assert "README" in published.source("encodechka")
    assert published.mteb()["deepvk/USER-base"] == 58.32


@pytest.mark.usefixtures("one_thread")
def test_encoders_are_timed_and_drawn(encoder: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder), device="cpu")
    both = {"one": model, "two": model}
    speeds = measure(both, ["кот спит", "дом"] * 8, dict.fromkeys(both, ""), 4)
    assert set(speeds) == {"one", "two"}
    assert min(min(s.texts_per_second, s.milliseconds, s.megabytes) for s in speeds.values()) > 0
    drawn = [*points(speeds, {"one": 0.4}), Point("x/published", 0.7, True, 300.0)]
    plot(drawn, "Encodechka, mean of 8 tasks", tmp_path / "pareto.png")
    assert (tmp_path / "pareto.png").read_bytes().startswith(b"\x89PNG")
