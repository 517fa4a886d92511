"""The losses: InfoNCE, with AnglE beside it where wanted, over one forward pass.

1. The texts of all columns go through the model together, sorted by length and cut into pieces, so
   that a short text is not padded to the longest one. The loss is the same but for dropout.
2. InfoNCE: of all positives and hard negatives of the batch the anchor's own positive should have
   the largest cosine (arXiv 1807.03748).
3. AnglE over triples: every positive pair of the batch should have a larger angle similarity than
   every negative pair (arXiv 2309.12871). That similarity is 1 for opposite vectors too, so it
   never stands alone. Pairs without negatives have no such term.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from sentence_transformers.base.losses.gradcache import CachedLossMixin
from sentence_transformers.base.losses.merged_forward import embed_columns
from sentence_transformers.sentence_transformer.losses import (
    AnglELoss,
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.util import all_gather_with_grad
from torch import Tensor, nn
from torch.nn.functional import pad

from rupairs.errors import RupairsError

Features = dict[str, Any]
_TEXT = {"input_ids", "attention_mask", "token_type_ids"}
# What a piece costs beside its tokens, in tokens: measured on CPUs, where more pieces than this
# allows cost more than the padding they spare.
_PIECE_TOKENS = 48


@dataclass(frozen=True)
class LossSettings:
    """What a loss is made of; `piece` is how many texts go through the model at once, at most.

    With `cached` it is just that many, and only one piece's activations are in memory (GradCache,
    arXiv 2101.06983).
    """

    temperature: float
    angle_weight: float = 0.0
    angle_scale: float = 20.0
    matryoshka: tuple[int, ...] = ()
    piece: int | None = None
    cached: bool = False
    gather: bool = False


def make_loss(model: Any, settings: LossSettings) -> nn.Module:
    """Return the loss of a model, over columns anchor, positive and any number of negatives."""
    kind = CachedContrastive if settings.cached else Contrastive
    loss: nn.Module = kind(model, settings)
    if settings.matryoshka:
        loss = MatryoshkaLoss(model, loss, settings.matryoshka)
    return loss


class Contrastive(nn.Module):
    """InfoNCE plus, for triples, AnglE."""

    def __init__(self, model: Any, settings: LossSettings) -> None:
        super().__init__()
        self.model = model
        self.settings = settings
        self.info_nce = MultipleNegativesRankingLoss(model, scale=1 / settings.temperature)
        self.angle = AnglELoss(model, scale=settings.angle_scale)

    def forward(
        self, sentence_features: Iterable[Features], labels: Tensor | None = None
    ) -> Tensor:
        """Return the loss of a batch, given the tokens of its columns."""
        return self.of_embeddings(embed(self.model, list(sentence_features), self.settings.piece))

    def of_embeddings(self, embeddings: list[Tensor]) -> Tensor:
        """Return the loss of embeddings, a tensor of shape (examples, dimensions) a column."""
        # Cosines are divided by the temperature: what bf16 rounds off them would be a good part
        # of the gradient.
        with torch.autocast(embeddings[0].device.type, enabled=False):
            return self._of_floats([column.float() for column in embeddings])

    def _of_floats(self, embeddings: list[Tensor]) -> Tensor:
        # Held-out batches are the same in every process: there is nothing to gather.
        gather = self.settings.gather and self.model.training
        self.info_nce.gather_across_devices = gather
        loss: Tensor = self.info_nce.compute_loss_from_embeddings(embeddings, None)
        if self.settings.angle_weight and len(embeddings) > 2:
            if gather:
                embeddings = [all_gather_with_grad(column) for column in embeddings]
            angle = self.angle.compute_loss_from_embeddings(embeddings, None)
            loss = loss + self.settings.angle_weight * angle
        return loss


class CachedContrastive(CachedLossMixin, Contrastive):  # type: ignore[misc]
    """The same with cached gradients: memory goes by the piece and not by the batch."""

    def __init__(self, model: Any, settings: LossSettings) -> None:
        super().__init__(model, settings)
        self.mini_batch_size = settings.piece or 32
        self.order = torch.empty(0, dtype=torch.long)
        self.columns = 0

    def forward(
        self, sentence_features: Iterable[Features], labels: Tensor | None = None
    ) -> Tensor:
        """Return the loss of a batch; its backward pass goes through the model piece by piece."""
        features = list(sentence_features)
        self.columns = len(features)
        same = shared(self.model, features)
        if same is None:
            raise RupairsError(
                "mini_batch_size needs texts that go through the model alike: it takes prompts of "
                "one length only, because its pooling leaves them out"
            )
        texts = merged(features)
        self.order = by_length(texts)
        sorted_texts = {name: values[self.order] for name, values in texts.items()}
        loss: Tensor = CachedLossMixin.forward_cached(self, [sorted_texts | same])
        return loss

    def calculate_loss(
        self, reps: list[list[Tensor]], labels: Tensor | None = None, *, with_backward: bool = False
    ) -> Tensor:
        """Return the loss of the pieces' embeddings, its gradient left in them if wanted."""
        embeddings = torch.cat(reps[0])[torch.argsort(self.order)]
        loss = self.of_embeddings(list(embeddings.chunk(self.columns)))
        if with_backward:
            loss.backward()  # type: ignore[no-untyped-call]
            loss = loss.detach()
        return loss


def embed(model: Any, features: list[Features], piece: int | None) -> list[Tensor]:
    """Return the embeddings of each column, of shape (examples, dimensions).

    At most `piece` texts go through the model at once, of like length; all of a column with None.
    """
    same = shared(model, features)
    if piece is None or same is None:
        return list(embed_columns(model, features))
    texts = merged(features)
    order = by_length(texts)
    lengths = texts["attention_mask"].sum(1)[order].tolist()
    pieces = [
        model(shortened({k: v[numbers] for k, v in texts.items()}) | same)["sentence_embedding"]
        for numbers in torch.split(order, cut(lengths, piece))
    ]
    embeddings = torch.cat(pieces)[torch.argsort(order)]
    return list(embeddings.chunk(len(features)))


def cut(lengths: Sequence[int], most: int, each: int = _PIECE_TOKENS) -> list[int]:
    """Return the sizes of pieces, at most `most` each, that texts are best cut into.

    `lengths` are those of the texts in tokens, the longest first. The sum over the pieces of their
    tokens, padded to the first text of each, and of `each` more is the least there is.
    """
    costs, sizes = [0], [0]
    for end in range(1, len(lengths) + 1):
        cost, size = min(
            (costs[end - size] + size * lengths[end - size] + each, size)
            for size in range(1, min(most, end) + 1)
        )
        costs.append(cost)
        sizes.append(size)
    found: list[int] = []
    end = len(lengths)
    while end:
        found.append(sizes[end])
        end -= sizes[end]
    return found[::-1]


def shared(model: Any, features: list[Features]) -> Features | None:
    """Return what the columns hold besides tokens, None where they differ in it.

    The length of a prompt counts only for a model whose pooling leaves prompts out.
    """
    ignored = _TEXT if _leaves_prompts_out(model) else _TEXT | {"prompt_length"}
    rest = [{k: v for k, v in column.items() if k not in ignored} for column in features]
    tensors = any(isinstance(value, Tensor) for column in rest for value in column.values())
    return None if tensors or any(column != rest[0] for column in rest) else rest[0]


def _leaves_prompts_out(model: Any) -> bool:
    # In several processes the model is inside of what keeps them together.
    modules = getattr(model, "module", model)
    return any(not getattr(module, "include_prompt", True) for module in modules)


def merged(features: list[Features]) -> dict[str, Tensor]:
    """Return the tokens of all columns, one column after the other, padded to the longest."""
    width = max(column["attention_mask"].shape[1] for column in features)
    return {
        name: torch.cat([pad(c[name], (0, width - c[name].shape[1])) for c in features])
        for name in features[0]
        if name in _TEXT
    }


def by_length(texts: dict[str, Tensor]) -> Tensor:
    """Return the numbers of the texts, the longest first."""
    return torch.argsort(texts["attention_mask"].sum(1), descending=True, stable=True)


def shortened(texts: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return tokens without the places at the end that are padding in every text."""
    used = int(texts["attention_mask"].any(0).nonzero().max()) + 1
    return {name: values[:, :used] for name, values in texts.items()}
