"""The encoder's release folder: the trained model as it is, with a card from the manifests."""

import shutil
from pathlib import Path

from data_cards.card import funnel, licenses, models, render
from rupairs.manifest import NAME
from rupairs.steps import Context

_NOT_MODEL = {NAME, "report.md", "notes.md", "README.md"}


def release_encoder(context: Context) -> None:
    """Copy the model's files and write its card."""
    trained = context.inputs["training.encoder"]
    evaluation = context.inputs["training.evaluation"]
    for name in trained.manifest.files:
        if name in _NOT_MODEL:
            continue
        target = context.out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(trained.directory / name, target)
    for name in evaluation.manifest.files:
        if Path(name).suffix == ".png":
            shutil.copyfile(evaluation.directory / name, context.out / name)
    manifests = [reader.manifest for reader in context.inputs.values()]
    front = {
        "language": ["ru"],
        "license": "other",
        "license_name": "see-the-license-section",
        "library_name": "sentence-transformers",
        "pipeline_tag": "sentence-similarity",
        "tags": ["sentence-transformers", "feature-extraction"],
    }
    notes = evaluation.directory / "notes.md"
    facts = {
        "title": context.config.title or "Russian sentence encoder",
        "models": models(manifests),
        "licenses": licenses(manifests),
        "funnel": funnel(m for m in manifests if m.counts.rows_in),
        "training": trained.manifest,
        "evaluation": notes.read_text(encoding="utf-8").strip() if notes.is_file() else "",
        "simulated": context.simulated,
        "versions": trained.manifest.versions,
    }
    card = render("encoder.md.jinja", front, facts)
    (context.out / "README.md").write_text(card, encoding="utf-8")
