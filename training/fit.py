"""One training run: a model, the pairs on disk, and settings that say the rest.

The same plan trains in this process or in several (`training.processes`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rupairs.arithmetic import deterministic, precision
from rupairs.encoder import faults_of_files, load_transformer
from rupairs.errors import RupairsError
from rupairs.silence import silence
from training.checkpoints import history, newest_complete, step_of
from training.patience import out_of_patience
from training.plan import Fit, Plan
from training.saving import save_encoder
from training.settings import ModelTraining
from training.table import open_table
from training.views import View, build_views

PAIRS, FIT, MODEL = "pairs", "fit.json", "model"
# The most texts that go through the model at once on a CPU, in pieces of like length.
_CPU_PIECE = 64
# The library's names.
_SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}
_LOGS = ("TENSORBOARD_LOGGING_DIR", "WANDB_DIR")


def fit(plan: Plan, tell: Any) -> Fit:
    """Train as planned, from the newest whole checkpoint on; the model goes into `MODEL`.

    `tell` is a `training.trainer.Tell`. Raises `RupairsError` when the loss is not finite.
    """
    with silence(), deterministic(), _logs_in(plan.logs), faults_of_files(plan.folder):
        model, longest = open_model(plan)
        trainer = _trainer(plan, model, tell)
        checkpoint = _resumed(plan)
        output = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        if trainer.is_world_process_zero():
            save_encoder(model, plan.folder / MODEL, longest, plan.config.instructions)
    log = trainer.state.log_history
    return Fit(
        losses=[entry["loss"] for entry in log if "loss" in entry],
        resumed_at=step_of(checkpoint) if checkpoint else 0,
        seconds=float(output.metrics["train_runtime"]),
        parameters=sum(p.numel() for p in model.parameters()),
        trained=sum(p.numel() for p in model.parameters() if p.requires_grad),
        held_out=_held_out(log),
        best=trainer.state.best_global_step if plan.config.patience else None,
    )


def _resumed(plan: Plan) -> Path | None:
    """Return the checkpoint to go on from.

    With `patience` the end is always gone through: from the checkpoint at which the run stopped,
    or of its last step, the trainer would do one step too many.
    """
    patience = plan.config.patience
    found = newest_complete(plan.folder, before=plan.config.steps if patience else None)
    if patience and found and (log := history(found)) and out_of_patience(log, patience):
        return newest_complete(plan.folder, before=step_of(found))
    return found


def _held_out(log: list[dict[str, Any]]) -> list[tuple[int, dict[str, float]]]:
    found: dict[int, dict[str, float]] = {}
    for entry in log:
        for name, value in entry.items():
            if name.startswith("eval_") and name.endswith("_loss"):
                view = name.removeprefix("eval_").removesuffix("_loss")
                found.setdefault(entry["step"], {})[view] = value
    return sorted(found.items())


def open_model(plan: Plan) -> tuple[Any, int]:
    """Return the encoder to be trained and the longest input it takes, in tokens."""
    import torch

    # A hub model may lack weights that the library then draws at random (BERT's pooler).
    torch.manual_seed(plan.seed)
    model = load_transformer(plan.model, plan.revision, plan.max_length)
    longest = int(model.max_seq_length)
    model.max_seq_length = min(plan.config.max_length, longest)
    transformer = getattr(model[0], "auto_model", None)
    if plan.config.initial == "random" and plan.fresh:
        if transformer is None:
            raise RupairsError(f'{plan.model}: has no transformer for initial = "random"')
        transformer.load_state_dict(type(transformer)(transformer.config).state_dict())
    if not plan.config.attention_dropout:
        for layer in attention_dropouts(model):
            layer.p = 0.0
    if plan.config.freeze_embeddings:
        embedding_weights(model).requires_grad_(False)
    if plan.config.processes > 1 and transformer is not None:
        # Several processes wait for a gradient of every weight; no loss reaches the pooler.
        for name, weights in transformer.named_parameters():
            if name.startswith("pooler."):
                weights.requires_grad_(False)
    return model, longest


def attention_dropouts(model: Any) -> list[Any]:
    """Return the layers that drop attention weights while a SentenceTransformer is trained."""
    import torch

    attention = [m for m in model.modules() if type(m).__name__.endswith("SelfAttention")]
    found = [getattr(layer, "dropout", None) for layer in attention]
    if not found or not all(isinstance(layer, torch.nn.Dropout) for layer in found):
        raise RupairsError(
            f"{type(model[0]).__name__} has no dropout of attention that is known here; set "
            "attention_dropout = true"
        )
    return found


def embedding_weights(model: Any) -> Any:
    """Return the word embeddings of a SentenceTransformer: most of a small model's parameters."""
    transformer = getattr(model[0], "auto_model", None)
    if transformer is None:
        raise RupairsError(
            f"{type(model[0]).__name__} has no word embeddings that can be frozen; set "
            "freeze_embeddings = false"
        )
    return transformer.get_input_embeddings().weight


def _trainer(plan: Plan, model: Any, tell: Any) -> Any:
    from transformers.trainer_callback import PrinterCallback

    from training.trainer import Follow, Trainer

    config = plan.config
    table = open_table(plan.folder / PAIRS)
    views = build_views(table, config, plan.seed).all
    held_out: tuple[View, ...] = ()
    if config.validate_every:
        held_out = build_views(table, config, plan.seed, held_out=True).all
    losses = _losses(model, (*views, *held_out), config)
    arguments = _arguments(plan, (*views, *held_out), measured=bool(held_out))
    try:
        trainer = Trainer(
            views,
            held_out,
            config,
            model=model,
            args=arguments,
            loss=next(iter(losses.values())),
            callbacks=[Follow(plan.folder, tell, config.patience)],
        )
    except (ValueError, RuntimeError) as error:
        if not config.report_to:
            raise
        raise RupairsError(f"report_to = {list(config.report_to)}: {error}") from None
    trainer.loss = losses
    trainer.remove_callback(PrinterCallback)
    return trainer


def _losses(model: Any, views: tuple[View, ...], config: ModelTraining) -> dict[str, Any]:
    """Return view name → loss: AnglE is for symmetric pairs, temperatures go by the source."""
    import torch

    from training.losses import LossSettings, make_loss

    small = config.mini_batch_size
    part = config.batch_size // config.processes
    cached = small is not None and small < part
    piece = small if cached else None if torch.cuda.is_available() else _CPU_PIECE
    losses = {}
    for view in views:
        source = config.sources.get(view.source)
        settings = LossSettings(
            temperature=(source and source.temperature) or config.temperature,
            angle_weight=config.angle_weight if view.symmetric else 0.0,
            angle_scale=config.angle_scale,
            matryoshka=config.matryoshka,
            piece=piece,
            cached=cached,
            gather=config.processes > 1,
        )
        losses[view.name] = make_loss(model, settings)
    return losses


def _arguments(plan: Plan, views: tuple[View, ...], *, measured: bool) -> Any:
    import torch
    from sentence_transformers import SentenceTransformerTrainingArguments

    config = plan.config
    every = config.validate_every if config.patience else config.checkpoint_every
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(plan.folder),
        num_train_epochs=1,
        max_steps=config.steps,
        per_device_train_batch_size=config.batch_size // config.processes,
        per_device_eval_batch_size=min(config.batch_size, 64),
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        lr_scheduler_type=_SCHEDULES[config.schedule],
        weight_decay=config.weight_decay,
        seed=plan.seed,
        use_cpu=not torch.cuda.is_available(),
        bf16=precision(config.bf16) == "bf16",
        activation_checkpointing=config.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        ddp_find_unused_parameters=False,
        prompts={view.name: view.prompts for view in views},
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="steps" if measured else "no",
        eval_steps=config.validate_every,
        load_best_model_at_end=config.patience is not None,
        metric_for_best_model="held_out_mean" if config.patience else None,
        greater_is_better=False if config.patience else None,
        save_strategy="steps",
        save_steps=every,
        # The newest one is not whole before it is marked: the one before it must still be there.
        save_total_limit=2,
        report_to=list(config.report_to) or "none",
        disable_tqdm=True,
        dataloader_num_workers=config.workers,
        dataloader_pin_memory=torch.cuda.is_available(),
    )
    # Of several GPUs one process takes the first; the library would copy the model to all.
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    return arguments


@contextmanager
def _logs_in(folder: Path) -> Iterator[None]:
    """Have the trackers' files written to a folder, unless the environment names another."""
    ours = [name for name in _LOGS if name not in os.environ]
    os.environ.update(dict.fromkeys(ours, str(folder)))
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]
