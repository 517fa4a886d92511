"""The encoder's release folder: the trained model as it is, with a card from the manifests.

Weights are under the terms of the encoder that training began with. The texts are not in them, so
their licenses are told, and only credentialed ones, which bind what is made of them, forbid it.
"""

import shutil
from pathlib import Path

from data_cards.card import funnel, licenses, models, write_cards
from data_cards.front import Licensed
from data_cards.terms import refusals, release_terms
from rupairs.licenses import conditions_of
from rupairs.manifest import NAME, Manifest
from rupairs.steps import Context

_NOT_MODEL = {NAME, "report.md", "notes.md", "README.md"}


def release_encoder(context: Context) -> None:
    """Copy the model's files and write its card."""
    trained = context.inputs["training.encoder"]
    evaluation = context.inputs["training.evaluation"]
    model, measured = trained.whole(), evaluation.whole()
    for name in trained.manifest.files:
        if name in _NOT_MODEL:
            continue
        target = context.out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(model / name, target)
    for name in evaluation.manifest.files:
        # The plots that the card shows, and the page it links.
        if Path(name).suffix in (".png", ".html"):
            shutil.copyfile(measured / name, context.out / name)
    manifests = [reader.manifest for reader in context.inputs.values()]
    licensed = _licensed(manifests)
    front = {
        "language": ["ru"],
        **licensed.fields(),
        "library_name": "sentence-transformers",
        "pipeline_tag": "sentence-similarity",
        "tags": ["sentence-transformers", "feature-extraction"],
    }
    notes = measured / "notes.md"
    facts = {
        "title": context.config.title or "Russian sentence encoder",
        "models": models(manifests),
        "licenses": licenses(manifests),
        "terms": licensed.terms,
        "funnel": funnel(m for m in manifests if m.counts.rows_in),
        "training": trained.manifest,
        "evaluation": notes.read_text(encoding="utf-8").strip() if notes.is_file() else "",
        "simulated": context.simulated,
        "versions": trained.manifest.versions,
    }
    write_cards(context.out, "encoder", front, facts, context.config)
    context.facts |= licensed.facts()


def _licensed(manifests: list[Manifest]) -> Licensed:
    start = next(m for m in models(manifests) if m.role == "initial encoder")
    refused = refusals([(start.id, start.license)])
    closed = [
        f"trained on {source} ({license_id})"
        for source, license_id in licenses(manifests).items()
        if "credentialed" in conditions_of(license_id)
    ]
    terms = release_terms({start.license: 1}, of=start.id)
    return Licensed(terms, (*map(str, refused), *closed))
