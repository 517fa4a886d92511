from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from rupairs.errors import RupairsError
from training.losses import LossSettings, cut, embed, make_loss

pytestmark = pytest.mark.usefixtures("one_thread")

COLUMNS = [
    ["кот спит у дороги", "дом", "лес растёт на севере, и снег блестит", "врач молчит"],
    ["кот дремлет", "дом стоит", "лес", "врач не говорит ни слова за холмом"],
    ["пёс лает", "дом сгорел", "поле", "врач поёт"],
]


@pytest.fixture
def model(encoder: Path) -> Any:
    found = SentenceTransformer(str(encoder), device="cpu")
    return found.eval()  # no dropout, so that values can be compared


def features(model: Any, columns: int = 3) -> list[dict[str, Any]]:
    return [model.preprocess(texts) for texts in COLUMNS[:columns]]


def gradients(model: Any, loss: Any) -> dict[str, torch.Tensor]:
    model.zero_grad()
    loss(features(model), None).backward()
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("piece", [1, 3, 5, 64])
def test_pieces_of_like_length_give_the_same_embeddings(model: Any, piece: int) -> None:
    whole = embed(model, features(model), None)
    pieces = embed(model, features(model), piece)
    for column, other in zip(whole, pieces, strict=True):
        torch.testing.assert_close(column, other)


def padded(lengths: list[int], sizes: list[int], each: int) -> int:
    """Return what pieces cost: the tokens of each, padded to its first text, and `each` a piece."""
    starts = [sum(sizes[:n]) for n in range(len(sizes))]
    return sum(size * lengths[start] + each for size, start in zip(sizes, starts, strict=True))


@pytest.mark.parametrize(("most", "each"), [(1, 10), (3, 0), (3, 20), (9, 5), (9, 20), (9, 500)])
@pytest.mark.parametrize(
    "lengths", [[7], [40, 40, 40], [128, 60, 30, 30, 12, 9, 9, 8, 3], [50, 49, 20, 19, 18, 5, 5]]
)
def test_no_other_pieces_cost_less(lengths: list[int], most: int, each: int) -> None:
    found = cut(lengths, most, each)
    assert sum(found) == len(lengths)
    assert max(found) <= most
    ends = range(1, len(lengths))
    cuts = (c for count in range(len(lengths)) for c in combinations(ends, count))
    ways = [[b - a for a, b in pairwise([0, *inner, len(lengths)])] for inner in cuts]
    best = min(padded(lengths, way, each) for way in ways if max(way) <= most)
    assert padded(lengths, found, each) == best


def prompted(model: Any, prompts: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        model.preprocess(texts, prompt=prompt)
        for texts, prompt in zip(COLUMNS, prompts, strict=True)
    ]


def places(model: Any, given: list[dict[str, Any]], piece: int | None) -> int:
    """Return how many places, padding included, go through the model."""
    seen = []
    hook = model[0].register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0]["input_ids"].numel())
    )
    try:
        embed(model, given, piece)
    finally:
        hook.remove()
    return sum(seen)


@pytest.mark.parametrize("prompts", [("query: ",) * 3, ("query: ", "passage: ", "passage: ")])
def test_pieces_spare_padding_of_texts_with_prompts(model: Any, prompts: tuple[str, ...]) -> None:
    given = prompted(model, prompts)
    assert {"modality", "prompt_length"} <= set(given[0])
    used = sum(int(column["attention_mask"].sum()) for column in given)
    assert places(model, given, 1) == used < places(model, given, None)
    for column, other in zip(embed(model, given, None), embed(model, given, 3), strict=True):
        torch.testing.assert_close(column, other)


def test_prompts_left_out_of_the_pooling_are_told_apart_by_length(model: Any) -> None:
    model[1].include_prompt = False
    for prompts in (("query: ",) * 3, ("query: ", "passage: кот ", "passage: кот ")):
        given = prompted(model, prompts)
        for column, other in zip(embed(model, given, None), embed(model, given, 3), strict=True):
            torch.testing.assert_close(column, other)
    loss = make_loss(model, LossSettings(temperature=0.05, piece=3, cached=True))
    with pytest.raises(RupairsError, match="prompts of one length"):
        loss(given, None)


def test_without_angle_it_is_the_librarys_loss(model: Any) -> None:
    ours = make_loss(model, LossSettings(temperature=0.05, piece=3))
    theirs = MultipleNegativesRankingLoss(model, scale=20.0)
    torch.testing.assert_close(ours(features(model), None), theirs(features(model), None))


def test_angle_by_its_closed_form(model: Any) -> None:
    """Every positive pair of the batch against every negative pair, not its own alone."""
    anchors, positives, negatives = (column.detach() for column in embed(model, features(model), 8))

    def angle(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        (a, b), (c, d) = x.chunk(2, dim=1), y.chunk(2, dim=1)
        product = (x * y).sum(1) + (b * c - a * d).sum(1)
        similarity: torch.Tensor = (product / (x.norm(dim=1) * y.norm(dim=1))).abs()
        return similarity

    good, bad = angle(anchors, positives), angle(anchors, negatives)
    expected = torch.log(1 + torch.exp(20 * (bad[:, None] - good[None, :])).sum())
    alone = make_loss(model, LossSettings(temperature=0.05))(features(model), None)
    both = make_loss(model, LossSettings(temperature=0.05, angle_weight=0.5))(features(model), None)
    torch.testing.assert_close(both - alone, 0.5 * expected, rtol=1e-4, atol=1e-5)


def test_pairs_without_negatives_have_no_angle_term(model: Any) -> None:
    values = [
        make_loss(model, LossSettings(temperature=0.05, angle_weight=w))(features(model, 2), None)
        for w in (0.0, 1.0)
    ]
    torch.testing.assert_close(*values)


@pytest.mark.parametrize("matryoshka", [(), (16, 8)])
def test_cached_gradients_are_the_gradients(model: Any, matryoshka: tuple[int, ...]) -> None:
    settings: dict[str, Any] = {"temperature": 0.05, "angle_weight": 0.3, "matryoshka": matryoshka}
    whole = gradients(model, make_loss(model, LossSettings(**settings)))
    cached = gradients(model, make_loss(model, LossSettings(**settings, piece=5, cached=True)))
    assert whole.keys() == cached.keys()
    for name, gradient in whole.items():
        torch.testing.assert_close(gradient, cached[name], rtol=1e-3, atol=1e-5)
    assert max(float(g.abs().max()) for g in whole.values()) > 1e-3


def test_the_loss_is_computed_in_full_precision_under_autocast(model: Any) -> None:
    torch.manual_seed(0)
    columns = [torch.randn(64, 16) for _ in range(3)]
    columns[1] = columns[0] + 0.3 * columns[1]
    loss = make_loss(model, LossSettings(0.02, angle_weight=1.0))
    exact = loss.of_embeddings(columns)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert loss.of_embeddings(columns) == exact
        halved = loss.of_embeddings([column.bfloat16() for column in columns])
    assert halved.dtype == torch.float32
