"""Texts as vectors for many tasks at once: every text once, batches of equal length.

`own` is what the encoder gives when it is used as it is meant to be, at unit length. The others
are Encodechka's poolings of the last layer's token vectors, the prompt included: the first token
(`cls`), the mean and, where the checkpoint has one, the pooler; `_norm` is the same at unit length.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rupairs.errors import RupairsError

Vectors = npt.NDArray[np.float32]
Advance = Callable[[int, str], None]

# Upstream tokenizes to this length, and its published scores are made so.
MAX_LENGTH = 128
OWN = "own"
_NORM = "_norm"
_MOST_POSITIONS = 512
# Tokens of documents that go through the model together, and the length from which they may:
# a CPU adds up smaller products in another order once there are more of them.
_WORD_TOKENS = 4_096
_FEWEST_TOGETHER = 16
# Longer than any text of a task, for encoders that say no length.
LONGEST = 8_192


@dataclass(frozen=True)
class Embedded:
    """Vectors of texts by pooling; `place` is where a text's row is."""

    place: Mapping[str, int]
    vectors: Mapping[str, Vectors]

    @property
    def poolings(self) -> list[str]:
        """Return the names of all poolings but `own`."""
        raw = [name for name in self.vectors if name != OWN]
        return [*raw, *(name + _NORM for name in raw)]

    def of(self, pooling: str, texts: Iterable[str]) -> Vectors:
        """Return the vectors of texts, of shape (texts, dimensions)."""
        rows = [self.place[text] for text in texts]
        chosen = self.vectors[pooling.removesuffix(_NORM)][rows]
        return unit(chosen) if pooling.endswith(_NORM) else chosen


def unit(vectors: Vectors) -> Vectors:
    """Return the rows at length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


@contextmanager
def cut_at(model: Any, tokens: int) -> Iterator[None]:
    """Let the encoder read no more than so many tokens of a text in the block."""
    before = model.max_seq_length
    model.max_seq_length = min(tokens, before or tokens)
    try:
        yield
    finally:
        model.max_seq_length = before


def own_prompt(model: Any) -> str:
    """Return what the encoder puts before a text: its default prompt, or else its `query`."""
    name = model.default_prompt_name or "query"
    return str((model.prompts or {}).get(name) or "")


def embed(
    model: Any,
    texts: Iterable[str],
    prompt: str,
    batch_size: int = 32,
    *,
    all_poolings: bool = True,
    tell: Advance | None = None,
) -> Embedded:
    """Return the vectors of every different text, `own` alone or of all poolings."""
    pooler = _pooler(model) if all_poolings else None
    parts: dict[str, list[Vectors]] = {}
    with cut_at(model, MAX_LENGTH):
        ordered = _longest_first(model, sorted(set(texts)))
        for start in range(0, len(ordered), batch_size):
            batch = ordered[start : start + batch_size]
            for name, vectors in _batch(model, batch, prompt, pooler, all_poolings).items():
                parts.setdefault(name, []).append(vectors)
            if tell:
                tell(len(batch), "")
    whole = {name: np.concatenate(vectors) for name, vectors in parts.items()}
    if OWN in whole:
        whole[OWN] = unit(whole[OWN])
    return Embedded({text: row for row, text in enumerate(ordered)}, whole)


def _longest_first(model: Any, texts: list[str]) -> list[str]:
    """Return the texts by their number of tokens, so that little is padded."""
    lengths: list[int] = []
    for start in range(0, len(texts), 4096):
        tokens = model.tokenizer(texts[start : start + 4096], truncation=True)
        lengths += map(len, tokens["input_ids"])
    order = sorted(range(len(texts)), key=lambda i: -lengths[i])
    return [texts[i] for i in order]


def _batch(
    model: Any, texts: list[str], prompt: str, pooler: Any, all_poolings: bool
) -> dict[str, Vectors]:
    import torch

    features = model.preprocess(texts, prompt=prompt)
    features = {k: v.to(model.device) if hasattr(v, "to") else v for k, v in features.items()}
    # Pooling modules may take the prompt out of the mask; upstream's poolings have it in.
    mask = features["attention_mask"].clone()
    with torch.inference_mode():
        out = model.eval()(features)
    found = {OWN: out["sentence_embedding"]}
    if all_poolings:
        tokens = out["token_embeddings"].float()
        first = mask.argmax(dim=1)
        found["cls"] = tokens[torch.arange(len(texts), device=first.device), first]
        found["mean"] = (tokens * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        if pooler is not None:
            with torch.inference_mode():
                found["pooler"] = pooler(tokens)
    return {name: vectors.float().cpu().numpy() for name, vectors in found.items()}


def _pooler(model: Any) -> Any:
    """Return the encoder's pooler if it was trained: else it is drawn at random, or all zeros."""
    from safetensors import safe_open
    from transformers.utils import cached_file

    body = _body(model)
    pooler = getattr(body, "pooler", None)
    if pooler is None or not any(weights.any() for weights in pooler.parameters()):
        return None
    options = {"_raise_exceptions_for_missing_entries": False}
    file = cached_file(body.config.name_or_path, "model.safetensors", **options)
    if file is None:
        return None
    with safe_open(file, framework="pt") as weights:
        return pooler if any("pooler." in name for name in weights.keys()) else None  # noqa: SIM118


def _body(model: Any) -> Any:
    body = getattr(model[0], "auto_model", None)
    if body is None:
        raise RupairsError("this encoder has no transformer inside: its words have no vectors")
    return body


def embed_words(model: Any, documents: Sequence[Sequence[str]]) -> list[Vectors]:
    """Return an array of shape (words, dimensions) a document: means of the words' tokens.

    What is beyond the encoder's positions, or beyond 512 tokens, has zeros. Upstream embeds one
    document at a time, and the classifiers of words are not trained to their end: they turn a
    change of the last digits into hundredths of a score. So documents go through the model together
    only if they have as many tokens, which changes no digit, and short ones alone.
    """
    import torch

    body = _body(model).eval()
    nothing: Vectors = np.zeros((0, int(body.config.hidden_size)), np.float32)
    found = [nothing] * len(documents)
    same: dict[int, list[tuple[int, Any]]] = {}
    for place, words in enumerate(documents):
        if words:
            tokens = model.tokenizer(
                list(words),
                is_split_into_words=True,
                truncation=True,
                max_length=_positions(model),
            )
            same.setdefault(len(tokens["input_ids"]), []).append((place, tokens))
    for length, group in same.items():
        together = max(1, _WORD_TOKENS // length) if length >= _FEWEST_TOGETHER else 1
        for start in range(0, len(group), together):
            batch = group[start : start + together]
            given = model.tokenizer.pad([dict(tokens) for _, tokens in batch], return_tensors="pt")
            with torch.inference_mode():
                out = body(**given.to(model.device)).last_hidden_state.float().cpu().numpy()
            for (place, tokens), hidden in zip(batch, out, strict=True):
                found[place] = _word_means(hidden, tokens.word_ids(0), len(documents[place]))
    return found


def _positions(model: Any) -> int:
    # Not the tokenizer's limit: a trained encoder may have been saved with a smaller one.
    own = getattr(_body(model).config, "max_position_embeddings", _MOST_POSITIONS)
    return min(int(own), _MOST_POSITIONS)


def _word_means(hidden: Vectors, word_ids: list[int | None], count: int) -> Vectors:
    owners = np.array([-1 if word is None else word for word in word_ids])
    kept = owners >= 0
    sums = np.zeros((count, hidden.shape[1]), np.float32)
    np.add.at(sums, owners[kept], hidden[kept])
    counts = np.bincount(owners[kept], minlength=count)
    means: Vectors = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
    return means
