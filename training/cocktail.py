"""Weighted sums of models (LM-Cocktail, https://arxiv.org/abs/2311.13534).

The models must come from the same weights: what is compared here shows that they could. Unlike
the authors' code, a model keeps its own pooling, and whole numbers are copied, not summed.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rupairs.encoder import load_transformer
from rupairs.errors import RupairsError, UsageError
from rupairs.silence import silence
from training.saving import save_module_folder


def check_weights(weights: Sequence[float], models: int) -> None:
    """Raise `UsageError` unless there is a weight for each model and they sum up to 1."""
    if len(weights) != models or models < 2:
        raise UsageError(
            f"{len(weights)} weights for {models} models: give one each, of two or more"
        )
    if not all(map(math.isfinite, weights)) or abs(sum(weights) - 1) > 1e-6:
        raise UsageError(f"weights {', '.join(map(str, weights))} do not sum up to 1")


def open_alike(paths: Sequence[str]) -> list[Any]:
    """Open SentenceTransformers; `RupairsError` says how one differs from the first."""
    models = [load_transformer(path, max_length=1_000_000) for path in paths]
    for path, model in zip(paths[1:], models[1:], strict=True):
        for difference in differences(models[0], model):
            raise RupairsError(f"{path} cannot be merged with {paths[0]}: {difference}")
    return models


def differences(first: Any, other: Any) -> Iterator[str]:
    """Yield how a model differs from another in what a sum of their weights needs equal."""
    kinds = [[type(module).__name__ for module in model] for model in (first, other)]
    if kinds[0] != kinds[1]:
        yield f"modules {' + '.join(kinds[1])} instead of {' + '.join(kinds[0])}"
        return
    for name, module, twin in zip(kinds[0], first, other, strict=True):
        configs = [m.get_config_dict() for m in (module, twin)]
        if configs[0] != configs[1]:
            yield f"settings of {name} differ ({_unequal(*configs)})"
    # Which of them is the default says nothing about weights; a saved encoder has its own.
    if first.prompts != other.prompts:
        yield f"prompts {other.prompts} instead of {first.prompts}"
    if first.tokenizer.get_vocab() != other.tokenizer.get_vocab():
        yield "another vocabulary"
    weights = [model.state_dict() for model in (first, other)]
    if names := set(weights[0]) ^ set(weights[1]):
        yield f"weights that only one of them has, such as {min(names)}"
        return
    for name, tensor in weights[0].items():
        if tensor.shape != weights[1][name].shape:
            shapes = [tuple(of[name].shape) for of in reversed(weights)]
            yield f"{name} has shape {shapes[0]} instead of {shapes[1]}"


def _unequal(first: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    return ", ".join(sorted(k for k in {**first, **other} if first.get(k) != other.get(k)))


def weighted_sum(states: Sequence[Mapping[str, Any]], weights: Sequence[float]) -> dict[str, Any]:
    """Return the sum of state dictionaries, in double precision; whole numbers are the first's."""
    summed: dict[str, Any] = {}
    for name, tensor in states[0].items():
        if not tensor.is_floating_point():
            summed[name] = tensor.clone()
            continue
        total = sum(w * state[name].double() for w, state in zip(weights, states, strict=True))
        summed[name] = total.to(tensor.dtype)
    return summed


def merge_folders(paths: Sequence[str], weights: Sequence[float], out: Path) -> None:
    """Merge models by fixed weights into the folder `out`, with the first one's default prompt."""
    check_weights(weights, len(paths))
    with silence():
        models = open_alike(paths)
        models[0].load_state_dict(weighted_sum([model.state_dict() for model in models], weights))
        save_module_folder(models[0], out)
