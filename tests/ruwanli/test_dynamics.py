import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ruwanli.dynamics import accuracy, dynamics
from ruwanli.labels import (
    THREE_WAY,
    TWO_WAY,
    gold_indices,
    model_labels,
    own_logits,
    own_probabilities,
    two_way_rows,
)

# Two epochs, two rows, three labels.
PROBABILITIES = np.array(
    [
        [[0.2, 0.5, 0.3], [0.9, 0.05, 0.05]],
        [[0.6, 0.1, 0.3], [0.9, 0.1, 0.0]],
    ]
)


def test_measures_worked_out_by_hand() -> None:
    found = dynamics(PROBABILITIES, np.array([0, 0]))
    np.testing.assert_allclose(found.gold, [[0.2, 0.6], [0.9, 0.9]])
    np.testing.assert_allclose(found.confidence, [0.4, 0.9])
    np.testing.assert_allclose(found.variability, [0.2, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.max_variability, [0.2, 0.025])
    assert found.correctness.tolist() == [1, 2]
    assert accuracy(PROBABILITIES, np.array([0, 1])) == [0.0, 0.5]
    assert accuracy(PROBABILITIES[:, :0], np.array([], dtype=np.int64)) == [None, None]


@given(
    arrays(np.float32, (4, 6, 3), elements=st.floats(0, 1, width=32)),
    arrays(np.int64, 6, elements=st.integers(0, 2)),
)
def test_measures_against_plain_loops(
    probabilities: npt.NDArray[np.float32], gold: npt.NDArray[np.int64]
) -> None:
    found = dynamics(probabilities, gold)
    for row in range(6):
        by_epoch = [[float(p) for p in epoch[row]] for epoch in probabilities]
        deviations = [_deviation([p[label] for p in by_epoch]) for label in range(3)]
        own = [p[gold[row]] for p in by_epoch]
        assert found.confidence[row] == pytest.approx(sum(own) / 4, abs=1e-9)
        assert found.variability[row] == pytest.approx(deviations[gold[row]], abs=1e-9)
        assert found.max_variability[row] == pytest.approx(max(deviations), abs=1e-9)
        assert found.correctness[row] == sum(p.index(max(p)) == gold[row] for p in by_epoch)


def _deviation(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))


def test_a_model_has_three_labels_where_any_row_needs_them() -> None:
    assert model_labels(["entailment", "not_entailment"]) == TWO_WAY
    assert model_labels(["entailment", "not_entailment", "neutral"]) == THREE_WAY
    assert model_labels(["entailment", "contradiction"]) == THREE_WAY


def test_labels_of_a_row_are_those_of_its_source() -> None:
    sources = ["two", "two", "three", "three", "three"]
    labels = ["entailment", "not_entailment", *THREE_WAY]
    two_way = two_way_rows(sources, labels)
    assert two_way.tolist() == [True, True, False, False, False]
    assert gold_indices(labels, two_way).tolist() == [0, 1, 0, 1, 2]


def test_not_entailment_is_neutral_and_contradiction_together() -> None:
    import torch

    logits = np.array([[1.0, 0.9, 0.8], [1.0, 0.9, 0.8]], dtype=np.float32)
    plain = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    two_way = np.array([True, False])
    own = own_probabilities(plain[None], two_way)[0]
    np.testing.assert_allclose(own[0], [plain[0, 0], plain[0, 1] + plain[0, 2], 0], rtol=1e-6)
    np.testing.assert_allclose(own[1], plain[1], rtol=1e-6)
    # The largest of three, yet not the larger of two.
    assert own.argmax(axis=1).tolist() == [1, 0]
    folded = own_logits(torch.from_numpy(logits), torch.from_numpy(two_way))
    np.testing.assert_allclose(folded.softmax(dim=-1).numpy(), own, rtol=1e-6)


def test_the_loss_of_a_two_way_row_has_a_gradient_for_every_output() -> None:
    import torch

    logits = torch.tensor([[1.0, 0.5, -0.5], [0.0, 0.0, 0.0]], requires_grad=True)
    own = own_logits(logits, torch.tensor([True, False]))
    torch.nn.functional.cross_entropy(own, torch.tensor([1, 2])).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None and torch.isfinite(logits.grad).all()
    assert logits.grad[0, 0] > 0 > logits.grad[0, 1] and logits.grad[0, 2] < 0


def test_two_outputs_are_left_as_they_are() -> None:
    plain = np.array([[[0.3, 0.7]]])
    np.testing.assert_array_equal(own_probabilities(plain, np.array([True])), plain)
