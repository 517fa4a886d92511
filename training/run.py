"""The step `training.encoder`: pairs in, an encoder out."""

import json
from pathlib import Path
from typing import Any

from rupairs.encoder import encoder_facts, load_transformer, model_path
from rupairs.manifest import versions
from rupairs.silence import silence
from rupairs.steps import Context
from rupairs.text import digest
from training.checkpoints import only
from training.fit import Fit, fit, precision
from training.saving import save_encoder
from training.stage import EncoderTraining
from training.views import build_views, count_views, training_pairs


def train(context: Context) -> None:
    """Train the run's encoder on the train split of the inputs; the model goes into `out`."""
    config: EncoderTraining = context.config
    pairs = training_pairs(context.inputs.values())
    views = build_views(pairs, config.sources, context.seed)
    counts = count_views(views)
    for source in sorted(s for s, cap in config.sources.items() if cap and s not in counts):
        context.progress.say(f"  training.encoder.sources: there are no pairs of {source}")
    context.models.append(encoder_facts(context.recipe.encoder, role="initial encoder"))
    model, longest = initial_encoder(context)
    model.max_seq_length = min(config.max_length, longest)
    with context.progress.bar("steps", config.steps) as tell:
        done = fit(model, views, config, context.seed, checkpoint_folder(context), tell)
    with silence():
        save_encoder(model, context.out, longest)
    context.facts |= _facts(model, config, done) | {"pairs": counts}
    (context.out / "notes.md").write_text(_notes(counts, config, done), encoding="utf-8")


def initial_encoder(context: Context) -> tuple[Any, int]:
    """Return the encoder to be trained and the longest input it takes, in tokens."""
    import torch

    section = context.recipe.encoder
    # A hub model may lack weights that the library then draws at random (BERT's pooler).
    torch.manual_seed(context.seed)
    with silence():
        model = load_transformer(model_path(section), section.revision, section.max_length)
    return model, int(model.max_seq_length)


def checkpoint_folder(context: Context) -> Path:
    """Return the folder of this run's checkpoints, named after everything that decides them."""
    import torch

    decides = {
        "training": context.config.identity(),
        "encoder": context.recipe.encoder.identity(),
        "precision": precision(context.config),
        "device": "cuda" if torch.cuda.is_available() else "cpu",
        "seed": context.seed,
        "inputs": {name: reader.manifest.content for name, reader in context.inputs.items()},
        "versions": versions(),
    }
    return only(context.work / digest((json.dumps(decides, sort_keys=True),), size=8))


def _facts(model: Any, config: EncoderTraining, done: Fit) -> dict[str, Any]:
    curve = done.curve()
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return {
        "steps": config.steps,
        "examples": config.steps * config.batch_size,
        "seconds": round(done.seconds, 2),
        "steps_per_second": round(done.steps_per_second, 3),
        "resumed_at_step": done.resumed_at,
        "final_loss": curve[-1][1],
        "loss_curve": curve,
        "precision": precision(config),
        "parameters": sum(p.numel() for p in model.parameters()),
        "parameters_trained": trained,
    }


def _notes(counts: dict[str, dict[str, int]], config: EncoderTraining, done: Fit) -> str:
    # Nothing measured by a clock: the same seed gives the same bytes.
    lines = ["| source | positives with a hard negative | without |", "|---|--:|--:|"]
    for source, of in counts.items():
        lines.append(f"| {source} | {of['with_negative']} | {of['without_negative']} |")
    curve = done.curve()
    lines += [
        "",
        f"{config.steps} steps of {config.batch_size} examples; mean loss {curve[0][1]:.3f} over "
        f"the first {curve[0][0]} and {curve[-1][1]:.3f} at the end.",
    ]
    return "\n".join(lines) + "\n"
