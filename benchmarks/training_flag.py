"""FlagEmbedding's finetuning of an encoder: python training_flag.py SETTINGS, in its environment.

SETTINGS is a JSON file of what its command line takes, by the same names
(`python -m FlagEmbedding.finetune.embedder.encoder_only.base --help`). The last line printed is
the seconds that its trainer says the training took.
"""

import sys

from FlagEmbedding.finetune.embedder.encoder_only.base import (
    EncoderOnlyEmbedderDataArguments,
    EncoderOnlyEmbedderModelArguments,
    EncoderOnlyEmbedderRunner,
    EncoderOnlyEmbedderTrainingArguments,
)
from transformers import HfArgumentParser

ARGUMENTS = (
    EncoderOnlyEmbedderModelArguments,
    EncoderOnlyEmbedderDataArguments,
    EncoderOnlyEmbedderTrainingArguments,
)


def main(settings: str) -> None:
    """Train as its command line does, which saves the model at the end."""
    runner = EncoderOnlyEmbedderRunner(*HfArgumentParser(ARGUMENTS).parse_json_file(settings))
    runner.run()
    print(runner.trainer.state.log_history[-1]["train_runtime"])


if __name__ == "__main__":
    main(sys.argv[1])
