"""One training run: sentence-transformers' trainer, set up so that a kill changes nothing.

1. Batches are a function of the seed and the epoch; after a kill the trainer skips those it has
   seen and restores weights, optimizer, schedule and random states from the checkpoint.
2. The loss is recorded at every step, because the record is part of the checkpoint while the
   trainer's running average is not.
3. The last step is not checkpointed: resumed there, the trainer would do one step too many.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rupairs.errors import RupairsError
from rupairs.progress import Advance
from rupairs.silence import silence
from training.checkpoints import checkpoint_at, mark_complete, newest_complete, step_of
from training.stage import EncoderTraining
from training.views import View


@dataclass(frozen=True)
class Fit:
    """How training went: the loss of every step, and the step this process began at."""

    losses: list[float]
    resumed_at: int
    seconds: float

    @property
    def steps_per_second(self) -> float:
        """Return the speed of this process."""
        return (len(self.losses) - self.resumed_at) / max(self.seconds, 1e-9)

    def curve(self, points: int = 50) -> list[tuple[int, float]]:
        """Return (step, mean loss since the point before) for at most `points` points."""
        every = -(-len(self.losses) // points)
        ends = [*range(every, len(self.losses), every), len(self.losses)]
        return [
            (end, sum(self.losses[start:end]) / (end - start))
            for start, end in zip([0, *ends], ends, strict=False)
        ]


def fit(
    model: Any, views: list[View], config: EncoderTraining, seed: int, folder: Path, tell: Advance
) -> Fit:
    """Train `model` in place, resuming from the newest whole checkpoint in `folder`.

    The loss is InfoNCE over the batch's passages and the hard negatives of views that have them.
    """
    from datasets import DatasetDict
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    if config.freeze_embeddings:
        embedding_weights(model).requires_grad_(False)
    checkpoint = newest_complete(folder)
    resumed_at = step_of(checkpoint) if checkpoint else 0
    with silence(), _deterministic():
        trainer = _trainer_class()(
            model=model,
            args=_arguments(config, views, seed, folder),
            train_dataset=DatasetDict({view.name: view.dataset() for view in views}),
            loss=MultipleNegativesRankingLoss(model, scale=1 / config.temperature),
            callbacks=[_callback(folder, tell)],
        )
        _remove_printing(trainer)
        output = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    if not all(map(math.isfinite, losses)):
        step = next(i for i, loss in enumerate(losses, 1) if not math.isfinite(loss))
        raise RupairsError(
            f"training diverged: the loss is not finite at step {step}; lower "
            "training.encoder.learning_rate or raise training.encoder.temperature"
        )
    return Fit(losses, resumed_at, float(output.metrics["train_runtime"]))


def embedding_weights(model: Any) -> Any:
    """Return the word embeddings of a SentenceTransformer: most of a small model's parameters."""
    transformer = getattr(model[0], "auto_model", None)
    if transformer is None:
        raise RupairsError(
            f"{type(model[0]).__name__} has no word embeddings that can be frozen; set "
            "training.encoder.freeze_embeddings = false"
        )
    return transformer.get_input_embeddings().weight


def precision(config: EncoderTraining) -> str:
    """Return `bf16` or `fp32`: what was asked for, else bf16 where it is known to be faster."""
    import torch

    wanted = config.bf16
    if wanted is None and torch.cuda.is_available():
        wanted = torch.cuda.is_bf16_supported()
    elif wanted is None:
        # Intel's AVX-512 bf16 without AMX measured slower than fp32, AMD's twice as fast.
        has = torch.cpu.get_capabilities()
        amd = "AMD" in str(has.get("cpu_name", ""))
        wanted = bool(has.get("amx_bf16") or (amd and has.get("avx512_bf16")))
    return "bf16" if wanted else "fp32"


def _arguments(config: EncoderTraining, views: list[View], seed: int, folder: Path) -> Any:
    import torch
    from sentence_transformers import SentenceTransformerTrainingArguments

    return SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        max_steps=config.steps,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        seed=seed,
        use_cpu=not torch.cuda.is_available(),
        bf16=precision(config) == "bf16",
        prompts={view.name: view.prompts for view in views},
        batch_sampler="no_duplicates",
        multi_dataset_batch_sampler="proportional",
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="steps",
        save_steps=config.checkpoint_every,
        # The newest one is not whole before it is marked: the one before it must still be there.
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )


def _trainer_class() -> Any:
    from sentence_transformers import SentenceTransformerTrainer

    class Trainer(SentenceTransformerTrainer):  # type: ignore[misc]
        """The library's trainer without its model cards, which guess at the data."""

        def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
            pass

        def _save(self, output_dir: str | None = None, state_dict: object = None) -> None:
            self.model.save_pretrained(output_dir, create_model_card=False)

    return Trainer


def _callback(folder: Path, tell: Advance) -> Any:
    from transformers import TrainerCallback

    class Follow(TrainerCallback):  # type: ignore[misc]
        """Tells the progress bar of every step and marks checkpoints."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            tell(state.global_step, "")

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step >= state.max_steps:
                control.should_save = False

        def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            loss = state.log_history[-1].get("loss")
            if loss is not None:
                tell(1, f"loss {loss:.3f}")

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            mark_complete(checkpoint_at(folder, state.global_step))

    return Follow()


def _remove_printing(trainer: Any) -> None:
    from transformers.trainer_callback import PrinterCallback

    trainer.remove_callback(PrinterCallback)


@contextmanager
def _deterministic() -> Iterator[None]:
    """On a GPU, take kernels that add in the same order each time, where there are such."""
    import torch

    if not torch.cuda.is_available():
        yield
        return
    # cuBLAS reads this when its first handle is made.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
