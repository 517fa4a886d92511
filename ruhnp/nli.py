"""An NLI cross-encoder as a judge: how likely one text follows from another.

Probabilities are kept in the run's `judge.sqlite`. A batch is stored whole, and batches are cut the
same way every time: the arithmetic of a batch depends on its longest text, and a resumed run must
give the same numbers.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ruhnp.scores import ScoreStore, Texts
from ruhnp.stage import JudgeSection
from rupairs.errors import RupairsError
from rupairs.manifest import ModelFacts
from rupairs.silence import silence

# Label names as models on the Hub publish them, in lower case.
_ENTAILMENT = frozenset({"entailment", "entails", "entailed", "следование", "следует"})
_OTHERS = frozenset(
    {"neutral", "contradiction", "contradicts", "not_entailment", "non_entailment"}
    | {"нейтрально", "нейтральность", "нейтральный", "противоречие", "противоречит"}
    | {"не_следует", "неследование"}
)


def entailment_label(labels: Mapping[int, str], model: str) -> int:
    """Return the index of entailment; `RupairsError` if the names do not tell every label."""
    plain = {
        i: label.strip().lower().replace(" ", "_").replace("-", "_") for i, label in labels.items()
    }
    found = [i for i, label in plain.items() if label in _ENTAILMENT]
    unknown = [labels[i] for i, label in plain.items() if label not in _ENTAILMENT | _OTHERS]
    if len(found) != 1 or unknown or len(labels) < 2:
        shown = ", ".join(f"{i}: {label}" for i, label in sorted(labels.items()))
        raise RupairsError(
            f"judge {model}: its labels ({shown}) do not say which one is entailment; "
            "set id2label in its config.json to entailment, neutral, contradiction"
        )
    return found[0]


class CrossEncoder:
    """A sequence classifier with NLI labels, ready to score pairs."""

    def __init__(self, section: JudgeSection) -> None:
        self.section = section
        self.tokenizer, self.model = _opened(section)
        self.index = entailment_label(self.model.config.id2label, _name(section))

    def score(self, pairs: Sequence[Texts]) -> list[float]:
        """Return how likely the second text of each pair follows from the first, as one batch."""
        import torch

        given, following = [a for a, _ in pairs], [b for _, b in pairs]
        batch = self.tokenizer(
            given,
            following,
            truncation="longest_first",
            max_length=self.section.max_length,
            padding=True,
            return_tensors="pt",
        ).to(self.model.device)
        with torch.inference_mode():
            logits = self.model(**batch).logits.float()
        probabilities = torch.softmax(logits, dim=-1)[:, self.index].cpu().numpy()
        return [float(p) for p in probabilities.astype(np.float32)]


def _opened(section: JudgeSection) -> tuple[Any, Any]:
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError:
        raise RupairsError(
            "an nli judge needs the training extra: pip install 'rupairs[train]'"
        ) from None
    try:
        with silence():
            tokenizer = AutoTokenizer.from_pretrained(section.model, revision=section.revision)
            model, loaded = AutoModelForSequenceClassification.from_pretrained(
                section.model, revision=section.revision, output_loading_info=True
            )
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise RupairsError(f"judge {_name(section)}: cannot be opened ({reason})") from None
    # A bare encoder opens too, with a classifier of random numbers.
    if absent := sorted(loaded["missing_keys"]):
        raise RupairsError(
            f"judge {_name(section)}: has no trained classifier ({absent[0]} is missing); "
            "name a cross-encoder that was trained on NLI"
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return tokenizer, model.to(device).eval()


def _name(section: JudgeSection) -> str:
    return Path(section.model).name if Path(section.model).is_dir() else section.model


def judge_facts(section: JudgeSection) -> ModelFacts:
    """Return the facts a card needs about an nli judge."""
    return ModelFacts(
        role="judge",
        id=_name(section),
        revision=section.revision or "",
        license=section.license or "unknown",
    )


class Scored:
    """Probabilities of entailment by pair, from `path` where it has them, else from the model.

    The model is opened when the first one is missing.
    """

    def __init__(self, path: Path, section: JudgeSection) -> None:
        self.section = section
        decisive = section.identity()
        names = ("model", "files", "revision", "max_length")
        self._scores = ScoreStore(
            path, json.dumps([decisive.get(name) for name in names], sort_keys=True)
        )
        self._model: CrossEncoder | None = None

    def of(self, pairs: Sequence[Texts]) -> list[float]:
        """Return the probability of each pair that the second text follows from the first."""
        keys = [self._scores.key(pair) for pair in pairs]
        known = self._scores.known(keys)
        order = sorted(range(len(pairs)), key=lambda i: (sum(map(len, pairs[i])), keys[i]))
        size = self.section.batch_size
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            if any(keys[i] not in known for i in batch):
                scores = self._cross_encoder().score([pairs[i] for i in batch])
                new = {keys[i]: s for i, s in zip(batch, scores, strict=True)}
                self._scores.store(new)
                known |= new
        return [known[k] for k in keys]

    def _cross_encoder(self) -> CrossEncoder:
        if self._model is None:
            self._model = CrossEncoder(self.section)
        return self._model
