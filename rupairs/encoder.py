"""The sentence encoder of a run: the embedded one, a Hugging Face id or a local folder."""

import errno
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rupairs.deberta import fit_half_precision
from rupairs.errors import RupairsError
from rupairs.manifest import ModelFacts
from rupairs.recipe import EncoderSection
from rupairs.silence import silence

# What safetensors and torch.save say of a full disk; the last where only the end finds no room.
_FULL = re.compile(r"os error 28|PytorchStreamWriter failed|inline_container|iostream error")

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Anything that turns texts into unit vectors."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (texts, dimensions), rows of length 1."""


class SentenceEncoder:
    """A SentenceTransformer behind the protocol, with one prompt for every text."""

    def __init__(self, model: Any, batch_size: int = 32, prompt: str = "query: ") -> None:
        self.model = model
        self.batch_size = batch_size
        self.prompt = prompt

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (texts, dimensions)."""
        vectors: Vectors = self.model.encode(
            list(texts),
            prompt=self.prompt,
            batch_size=self.batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return vectors.astype(np.float32)


def model_path(section: EncoderSection) -> str:
    """Return what `SentenceTransformer` opens; converts the embedded encoder on first use."""
    if section.model != "embedded":
        return section.model
    from rupairs.embedded.encoder import embedded_encoder

    return str(embedded_encoder(pruned=section.pruned))


def load_transformer(path: str, revision: str | None = None, max_length: int = 128) -> Any:
    """Return a SentenceTransformer (mean pooling is added to a bare encoder).

    Raises `RupairsError` naming the model when it can be neither opened nor fetched.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise RupairsError(
            "encoders need the training extra: pip install 'rupairs[train]'"
        ) from None
    try:
        with silence():
            model = SentenceTransformer(path, revision=revision)
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise RupairsError(f"encoder {path}: cannot be opened ({reason})") from None
    model.max_seq_length = min(max_length, model.max_seq_length or max_length)
    fit_half_precision(model)
    return model


def load_encoder(section: EncoderSection) -> SentenceEncoder:
    """Return the run's encoder, ready to encode."""
    model = load_transformer(model_path(section), section.revision, section.max_length)
    return SentenceEncoder(model, section.batch_size)


def encoder_facts(section: EncoderSection, role: str) -> ModelFacts:
    """Return the facts a card needs about the encoder."""
    if section.model == "embedded":
        from rupairs.embedded.assets import E5_SMALL
        from rupairs.embedded.encoder import embedded_encoder_revision

        return ModelFacts(
            role=role,
            id="intfloat/multilingual-e5-small",
            revision=embedded_encoder_revision(section.pruned),
            license=E5_SMALL.license,
            note=f"4-bit weights of the package {E5_SMALL.package} {E5_SMALL.version}.",
        )
    name = Path(section.model).name if Path(section.model).is_dir() else section.model
    return ModelFacts(
        role=role, id=name, revision=section.revision or "", license=section.license or "unknown"
    )


@contextmanager
def faults_of_files(path: Path) -> Iterator[None]:
    """Turn what libraries raise when the disk is full while they save weights into `OSError`."""
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, RuntimeError) as error:
        if not _FULL.search(str(error)):
            raise
        raise OSError(errno.ENOSPC, str(error).partition("\n")[0], str(path)) from None
