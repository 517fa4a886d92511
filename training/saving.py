"""The trained encoder as a folder that `SentenceTransformer` opens, of older releases too."""

import json
from pathlib import Path
from typing import Any

from rupairs.encoder import faults_of_files
from training.views import PASSAGE, QUERY

# mteb asks for "document" where the model cards of E5 and its heirs say "passage".
PROMPTS = {"query": QUERY, "passage": PASSAGE, "document": PASSAGE}
DEFAULT_PROMPT = "query"
_MODULES = {"Transformer", "Pooling", "Normalize", "Dense", "LayerNorm", "Dropout"}


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
    with faults_of_files(folder):
        model.save_pretrained(str(folder), create_model_card=False)
    _name_as_before(folder)
    _open_to_readers(folder)


def _name_as_before(folder: Path) -> None:
    """Name classes as sentence-transformers 3 to 5 and transformers 4 know them; so do the newest.

    Optimum (ONNX, OpenVINO) and much of what serves encoders still needs those.
    """
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    for module in modules:
        name = module["type"].rpartition(".")[2]
        if module["type"].startswith("sentence_transformers.") and name in _MODULES:
            module["type"] = f"sentence_transformers.models.{name}"
    _write(folder / "modules.json", modules)
    for path in folder.rglob("tokenizer_config.json"):
        config = json.loads(path.read_text(encoding="utf-8"))
        if config.get("tokenizer_class") == "TokenizersBackend":
            _write(path, config | {"tokenizer_class": "PreTrainedTokenizerFast"})


def _write(path: Path, content: Any) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    path.write_text(text, encoding="utf-8")


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
