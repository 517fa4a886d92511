"""sentence-transformers' trainer with our batches, held-out losses and checkpoints.

1. The data of a run are one long epoch of `Batches`; after a kill the trainer skips those it has
   seen and restores weights, optimizer, schedule and random states from the checkpoint.
2. The loss is recorded at every step, because the record is part of the checkpoint while the
   trainer's running average is not. One that is not finite ends the run before it is saved.
3. The last step is not checkpointed: resumed there, the trainer would do one step too many.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformerTrainer
from torch.utils.data import DataLoader
from transformers import TrainerCallback

from rupairs.errors import RupairsError
from training.batches import Batches, Examples, fixed_batches
from training.checkpoints import checkpoint_at, mark_complete
from training.patience import HELD_OUT_MEAN, out_of_patience
from training.settings import ModelTraining
from training.views import View

Tell = Callable[[int, float | None], None]
"""Called with the steps done and the loss of the last one, None at the start."""


class Trainer(SentenceTransformerTrainer):  # type: ignore[misc]
    """The library's trainer without its model cards, which guess at the data."""

    def __init__(
        self, views: Sequence[View], held_out: Sequence[View], config: ModelTraining, **given: Any
    ) -> None:
        self.views = views
        self.settings = config
        super().__init__(
            train_dataset={view.name: view for view in views},
            eval_dataset={view.name: view for view in held_out} or None,
            **given,
        )

    def preprocess_dataset(self, dataset: Any = None, dataset_name: str | None = None) -> Any:
        """Return the views as they are: they give the trainer all it wants to know."""
        return dataset

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Add none."""

    def get_train_dataloader(self) -> Any:
        """Return the loader of the run's batches, of this process's part of each."""
        self.accelerator.even_batches = False
        batches = Batches(self.views, self.settings, self.args.seed, self.args.world_size)
        return self.accelerator.prepare(self._loader(self.views, batches))

    def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
        """Return the loader of a held-out view, the same in every process."""
        view = self.eval_dataset[eval_dataset]
        return self._loader([view], fixed_batches(view, self.args.per_device_eval_batch_size))

    def _loader(self, views: Sequence[View], batches: Any) -> Any:
        return DataLoader(
            Examples(views),  # type: ignore[arg-type]
            batch_sampler=batches,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory,
        )

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Return the loss of every held-out view and their mean, each source counting the same."""
        metrics: dict[str, float] = super().evaluate(eval_dataset, ignore_keys, metric_key_prefix)
        if eval_dataset is None:
            losses = {
                view: metrics[f"{metric_key_prefix}_{view}_loss"] for view in self.eval_dataset
            }
            mean = source_mean(losses)
            metrics[f"{metric_key_prefix}_{HELD_OUT_MEAN}"] = mean
            self.log({HELD_OUT_MEAN: mean})
        return metrics

    def _save(self, output_dir: str | None = None, state_dict: object = None) -> None:
        self.model.save_pretrained(output_dir, create_model_card=False)


def source_mean(values: Mapping[str, float]) -> float:
    """Return the mean over sources of the mean over a source's views, given view name → value."""
    sources: dict[str, list[float]] = {}
    for name, value in values.items():
        sources.setdefault(name.partition("/")[0], []).append(value)
    return sum(sum(of) / len(of) for of in sources.values()) / len(sources)


class Follow(TrainerCallback):  # type: ignore[misc]
    """Tells of every step, marks checkpoints, and ends a run that diverges or stops improving."""

    def __init__(self, folder: Path, tell: Tell, patience: int | None) -> None:
        self.folder = folder
        self.tell = tell
        self.patience = patience

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Say where the run begins."""
        self.tell(state.global_step, None)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Keep the last step from being saved, unless the best one is chosen at the end."""
        if state.global_step >= state.max_steps and self.patience is None:
            control.should_save = False

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Look at the loss, or at the mean of the held-out losses."""
        entry = state.log_history[-1]
        if "loss" in entry:
            if not math.isfinite(entry["loss"]):
                raise RupairsError(
                    f"training diverged: the loss is not finite at step {state.global_step}; lower "
                    "learning_rate or raise temperature"
                )
            self.tell(1, entry["loss"])
        elif HELD_OUT_MEAN in entry and self.patience is not None:
            control.should_training_stop = out_of_patience(state.log_history, self.patience)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Mark what was saved as whole."""
        if torch.distributed.is_initialized():
            torch.distributed.barrier()
        if state.is_world_process_zero:
            mark_complete(checkpoint_at(self.folder, state.global_step))
