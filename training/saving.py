"""The trained encoder as a folder that `SentenceTransformer` opens anywhere."""

from pathlib import Path
from typing import Any

from training.views import PASSAGE, QUERY

# mteb asks for "document" where the model cards of E5 and its heirs say "passage".
PROMPTS = {"query": QUERY, "passage": PASSAGE, "document": PASSAGE}
DEFAULT_PROMPT = "query"


def save_encoder(model: Any, folder: Path, max_length: int, instructions: bool = True) -> None:
    """Write the model, its tokenizer and prompts; nothing in them names this machine.

    `max_length` is the longest input in tokens that the saved model takes, prompt included.
    Without `instructions` the prompts are there and empty.
    """
    model.prompts = {name: prompt if instructions else "" for name, prompt in PROMPTS.items()}
    model.default_prompt_name = DEFAULT_PROMPT
    model.max_seq_length = max_length
    save_module_folder(model, folder)


def save_module_folder(model: Any, folder: Path) -> None:
    """Write the model as it is, without what its tokenizer remembers of the last batch."""
    _forget_last_batch(model.tokenizer)
    model.save_pretrained(str(folder), create_model_card=False)
    _open_to_readers(folder)


def _forget_last_batch(tokenizer: Any) -> None:
    # A fast tokenizer saves the padding and truncation of whatever it tokenized last.
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        backend.no_padding()
        backend.no_truncation()


def _open_to_readers(folder: Path) -> None:
    # Weights are created readable by their owner alone; every other file follows the umask.
    mode = (folder / "modules.json").stat().st_mode
    for weights in folder.rglob("*.safetensors"):
        weights.chmod(mode)
