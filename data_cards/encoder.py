"""The encoder's release folder: the trained model as it is, with a card from the manifests.

Weights are under the terms of the encoder that training began with. The texts are not in them, so
their licenses are told, and only credentialed ones, which bind what is made of them, forbid it.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_cards.card import funnel, licenses, models, write_cards
from data_cards.caveats import encoder_faults, listed
from data_cards.citation import bibtex
from data_cards.front import Licensed
from data_cards.modules import described
from data_cards.terms import refusals, release_terms
from rupairs.licenses import conditions_of
from rupairs.manifest import NAME, Manifest, ModelFacts
from rupairs.steps import Context
from rupairs.store import StageReader

_NOT_MODEL = {NAME, "report.md", "notes.md", "README.md"}
_PHASES = tuple(
    f"training.{name}" for name in ("stage1", "negatives", "symmetric", "asymmetric", "encoder")
)
# Nothing that a clock or a kill decides: a run made again has the same card.
_OF_THE_CLOCK = {"seconds", "steps_per_second", "resumed_at_step"}


def release_encoder(context: Context) -> None:
    """Copy the model's files and write its card."""
    trained = context.inputs["training.encoder"]
    evaluation = context.inputs["training.evaluation"]
    _copy(context.out, trained, evaluation)
    steps = {name: reader.manifest for name, reader in context.inputs.items()}
    manifests = list(steps.values())
    start = next(m for m in models(manifests) if m.role == "initial encoder")
    licensed = _licensed(start, manifests)
    front = {
        "language": ["ru"],
        **licensed.fields(),
        "library_name": "sentence-transformers",
        "pipeline_tag": "sentence-similarity",
        **({"base_model": [start.id]} if start.id.count("/") == 1 else {}),
        "tags": ["sentence-transformers", "feature-extraction"],
    }
    notes = evaluation.directory / "notes.md"
    title = context.config.title or "Russian sentence encoder"
    facts = {
        "title": title,
        "start": start,
        "model": described(context.out),
        "models": models(manifests),
        "licenses": licenses(manifests),
        "terms": licensed.terms,
        "funnel": funnel(m for m in manifests if m.counts.rows_in),
        "phases": phases(steps),
        "leaks": _leaks(evaluation.manifest),
        "evaluation": notes.read_text(encoding="utf-8").strip() if notes.is_file() else "",
        "faults": encoder_faults(steps, context.simulated),
        "citation": bibtex(title, context.config.url),
        "simulated": context.simulated,
        "versions": trained.manifest.versions,
    }
    write_cards(context.out, "encoder", front, facts, context.config)
    context.facts |= licensed.facts()


def _copy(out: Path, trained: StageReader, evaluation: StageReader) -> None:
    model, measured = trained.whole(), evaluation.whole()
    for name in trained.manifest.files:
        if name in _NOT_MODEL:
            continue
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(model / name, target)
    for name in evaluation.manifest.files:
        # The plots that the card shows, and the page it links.
        if Path(name).suffix in (".png", ".html"):
            shutil.copyfile(measured / name, out / name)


def phases(steps: Mapping[str, Manifest]) -> list[dict[str, Any]]:
    """Return a table for each phase of training: its settings, and what it came to.

    What was not set, or holds more than one figure, is left out, and what a clock decides.
    """
    found = []
    for name, manifest in listed(_PHASES, steps).items():
        settings = {k: _shown(v) for k, v in manifest.config.items() if _is_shown(v)}
        # A step is asked for in the settings, and its count told again by what it came to.
        figures = {
            k: _shown(v)
            for k, v in manifest.facts.items()
            if _is_shown(v) and k not in _OF_THE_CLOCK and _shown(v) != settings.get(k)
        }
        found.append({"name": name.partition(".")[2], "settings": settings, "figures": figures})
    return found


def _is_shown(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(part, str | int | float) for part in value)
    return value is not None and value != "" and isinstance(value, str | int | float)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _leaks(evaluation: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = {"searched": {}, "removed": True, "unsearched": []}
    found |= evaluation.facts.get("scores", {}).get("leaks", {})
    return found


def _licensed(start: ModelFacts, manifests: list[Manifest]) -> Licensed:
    refused = refusals([(start.id, start.license)])
    closed = [
        f"trained on {source} ({license_id})"
        for source, license_id in licenses(manifests).items()
        if "credentialed" in conditions_of(license_id)
    ]
    terms = release_terms({start.license: 1}, of=start.id)
    return Licensed(terms, (*map(str, refused), *closed))
