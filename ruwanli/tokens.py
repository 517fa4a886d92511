"""Tokens of many pairs in flat arrays, and batches of pairs of about the same length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Texts = tuple[str, str]
"""(premise, hypothesis)."""

_TOKENIZED_AT_ONCE = 10_000


@dataclass(frozen=True)
class Tokens:
    """Token ids of pair `i` are `ids[ends[i]:ends[i + 1]]`; `types` tell the sides apart."""

    ids: npt.NDArray[np.int32]
    types: npt.NDArray[np.int32] | None
    ends: npt.NDArray[np.int64]
    pad: int

    def __len__(self) -> int:
        return len(self.ends) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Return the tokens of each pair."""
        return np.diff(self.ends)

    def batch(self, pairs: npt.NDArray[np.int64]) -> dict[str, Any]:
        """Return the named tensors that a model takes, of shape (pairs, longest of them)."""
        import torch

        lengths = self.ends[pairs + 1] - self.ends[pairs]
        places = np.arange(lengths.max())
        present = places < lengths[:, None]
        where = np.where(present, self.ends[pairs][:, None] + places, 0)
        arrays = {
            "input_ids": np.where(present, self.ids[where], self.pad),
            "attention_mask": present,
        }
        if self.types is not None:
            arrays["token_type_ids"] = np.where(present, self.types[where], 0)
        return {name: torch.from_numpy(a.astype(np.int64)) for name, a in arrays.items()}

    def batches(self, tokens: int) -> Iterator[npt.NDArray[np.int64]]:
        """Yield the indices of all pairs, shortest first, at most `tokens` padded ones a batch.

        The same pairs give the same batches: the arithmetic of a batch depends on its shape.
        """
        lengths = self.lengths
        order = np.argsort(lengths, kind="stable")
        start = 0
        while start < len(order):
            longest = lengths[order[start : start + tokens]]
            room = np.arange(1, len(longest) + 1) * longest
            size = max(1, int(np.searchsorted(room, tokens, side="right")))
            yield order[start : start + size]
            start += size


def tokenize(tokenizer: Any, pairs: Sequence[Texts], max_length: int, *, sides: bool) -> Tokens:
    """Return the tokens of pairs, the longer side cut first; with `sides`, also whose they are."""
    ids: list[npt.NDArray[np.int32]] = []
    types: list[npt.NDArray[np.int32]] = []
    lengths = [0]
    for start in range(0, len(pairs), _TOKENIZED_AT_ONCE):
        part = pairs[start : start + _TOKENIZED_AT_ONCE]
        encoded = tokenizer(
            [premise for premise, _ in part],
            [hypothesis for _, hypothesis in part],
            truncation="longest_first",
            max_length=max_length,
            return_attention_mask=False,
            return_token_type_ids=sides,
        )
        ids += [np.array(one, dtype=np.int32) for one in encoded["input_ids"]]
        lengths += [len(one) for one in encoded["input_ids"]]
        if sides:
            types += [np.array(one, dtype=np.int32) for one in encoded["token_type_ids"]]
    nothing = np.empty(0, dtype=np.int32)
    return Tokens(
        ids=np.concatenate([nothing, *ids]),
        types=np.concatenate([nothing, *types]) if sides else None,
        ends=np.cumsum(lengths, dtype=np.int64),
        pad=int(tokenizer.pad_token_id or 0),
    )
