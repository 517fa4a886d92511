"""A training run in a process of its own that kills itself: at a checkpoint, or inside one.

Arguments: encoder folder, folder of the finished harvest.pairs, run folder, and the moment to
die: `after` the second checkpoint is whole, or `inside` it, before it is marked.
"""

import os
import signal
import sys
from pathlib import Path

import torch

from rupairs.store import StageReader
from tests.training import tiny
from training import trainer
from training.checkpoints import mark_complete
from training.run import train

SETTINGS = {"steps": 23, "batch_size": 8, "checkpoint_every": 6, "learning_rate": 1e-3}


def main(encoder: str, pairs: str, run: str, moment: str) -> None:
    torch.set_num_threads(1)
    marked = []

    def mark_and_die(checkpoint: Path) -> None:
        marked.append(checkpoint)
        if len(marked) == 2 and moment == "inside":
            os.kill(os.getpid(), signal.SIGKILL)
        mark_complete(checkpoint)
        if len(marked) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    vars(trainer)["mark_complete"] = mark_and_die
    recipe = tiny.recipe(Path(encoder), encoder=SETTINGS)
    inputs = {"harvest.pairs": StageReader(Path(pairs))}
    train(tiny.context(Path(run), "training.encoder", recipe, inputs))


if __name__ == "__main__":
    main(*sys.argv[1:])
