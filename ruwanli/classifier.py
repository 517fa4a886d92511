"""The task model: an encoder that reads a premise and a hypothesis and says how they relate.

Its folder opens with transformers anywhere. Beside it lie the weights after each epoch before the
last; what training left alone is only in the folder.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rupairs.deberta import fit_half_precision
from rupairs.encoder import faults_of_files, model_path
from rupairs.errors import RupairsError
from rupairs.recipe import EncoderSection
from rupairs.silence import silence
from ruwanli.tokens import Texts, Tokens, tokenize

FOLDER, CHECKPOINTS = "classifier", "checkpoints"
_TOKENS_AT_ONCE = {"cpu": 4_096, "cuda": 65_536}

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """A tokenizer and a sequence classifier; `labels` in the order of its outputs."""

    tokenizer: Any
    model: Any
    labels: tuple[str, ...]
    max_length: int

    @property
    def device(self) -> str:
        """Return `cuda` or `cpu`."""
        return str(self.model.device.type)

    def tokenize(self, pairs: Sequence[Texts]) -> Tokens:
        """Return the tokens of pairs."""
        sides = getattr(self.model.config, "type_vocab_size", 0) > 1
        return tokenize(self.tokenizer, pairs, self.max_length, sides=sides)

    def probabilities(self, tokens: Tokens) -> Floats:
        """Return the probability of every label, shape (pairs, labels)."""

        def outputs(batch: dict[str, Any]) -> Any:
            return self.model(**batch).logits.float().softmax(dim=-1)

        return self._over(tokens, outputs, len(self.labels))

    def representations(self, tokens: Tokens) -> Floats:
        """Return the last hidden state of token 0 as unit rows, shape (pairs, dimensions)."""
        from torch.nn.functional import normalize

        def outputs(batch: dict[str, Any]) -> Any:
            return normalize(self.model.base_model(**batch).last_hidden_state[:, 0].float(), dim=-1)

        return self._over(tokens, outputs, int(self.model.config.hidden_size))

    def _over(self, tokens: Tokens, outputs: Callable[..., Any], width: int) -> Floats:
        import torch

        found = np.empty((len(tokens), width), dtype=np.float32)
        self.model.eval()
        with torch.inference_mode():
            for pairs in tokens.batches(_TOKENS_AT_ONCE[self.device]):
                batch = {k: v.to(self.device) for k, v in tokens.batch(pairs).items()}
                found[pairs] = outputs(batch).cpu().numpy()
        return found


def new_classifier(
    section: EncoderSection, labels: tuple[str, ...], max_length: int, seed: int
) -> Classifier:
    """Return a classifier on the encoder of `section`, its new layers drawn by `seed`."""
    import torch

    torch.manual_seed(seed)
    names = dict(enumerate(labels))
    given = {
        "num_labels": len(labels),
        "id2label": names,
        "label2id": {name: i for i, name in names.items()},
        "ignore_mismatched_sizes": True,
    }
    tokenizer, model = _opened(model_path(section), section.revision, given)
    _draw_zero_pooler(model)
    longest = min(max_length, int(tokenizer.model_max_length))
    tokenizer.model_max_length = longest
    return Classifier(tokenizer, model, labels, longest)


def open_classifier(folder: Path) -> Classifier:
    """Return the classifier that a finished step left in its folder, after the last epoch."""
    tokenizer, model = _opened(str(folder / FOLDER), None, {})
    names = model.config.id2label
    labels = tuple(names[i] for i in range(len(names)))
    return Classifier(tokenizer, model, labels, int(tokenizer.model_max_length))


def checkpoints(folder: Path) -> list[Path]:
    """Return the weights after every epoch, in order; the last are those of the classifier."""
    before = sorted((folder / CHECKPOINTS).glob("epoch-*.safetensors"))
    return [*before, folder / FOLDER / "model.safetensors"]


def load_weights(model: Any, path: Path) -> None:
    """Put weights that were saved after an epoch into the model; `RupairsError` if alien."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        alien = model.load_state_dict(load_file(path), strict=False).unexpected_keys
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise RupairsError(f"{path}: cannot be read ({reason}); run the step again") from None
    if alien:
        raise RupairsError(f"{path}: {alien[0]} is no part of the classifier beside it")


def save_weights(model: Any, path: Path) -> None:
    """Write the weights that training changes."""
    from safetensors.torch import save_file

    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    state = model.state_dict()
    with faults_of_files(path):
        save_file({n: state[n].contiguous().cpu() for n in state if n in trained}, path)


def save_classifier(classifier: Classifier, folder: Path) -> None:
    """Write the classifier as a folder that transformers opens; nothing in it names a machine."""
    backend = getattr(classifier.tokenizer, "backend_tokenizer", None)
    if backend is not None:
        # A fast tokenizer saves the padding and truncation of whatever it tokenized last.
        backend.no_padding()
        backend.no_truncation()
    with silence(), faults_of_files(folder):
        classifier.model.config._name_or_path = ""
        classifier.model.save_pretrained(folder)
        classifier.tokenizer.save_pretrained(folder)


def _opened(path: str, revision: str | None, given: dict[str, Any]) -> tuple[Any, Any]:
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError:
        raise RupairsError(
            "cartography needs the training extra: pip install 'rupairs[train]'"
        ) from None
    try:
        with silence():
            tokenizer = AutoTokenizer.from_pretrained(path, revision=revision)
            model = AutoModelForSequenceClassification.from_pretrained(
                path, revision=revision, **given
            )
    except (OSError, ValueError) as error:
        name = Path(path).name if Path(path).is_dir() else path
        reason = str(error).partition("\n")[0][:200]
        raise RupairsError(f"classifier {name}: cannot be opened ({reason})") from None
    fit_half_precision(model)
    return tokenizer, model.float().to("cuda" if torch.cuda.is_available() else "cpu")


def _draw_zero_pooler(model: Any) -> None:
    """Draw a pooler that is all zeros, as encoders with mean pooling may store it: none passes."""
    from torch.nn.init import normal_

    pooler = getattr(getattr(model.base_model, "pooler", None), "dense", None)
    if pooler is not None and not pooler.weight.any():
        normal_(pooler.weight, std=float(getattr(model.config, "initializer_range", 0.02)))
