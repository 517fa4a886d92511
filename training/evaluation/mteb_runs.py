"""MTEB: Russian benchmarks by name, run and kept by the library `mteb` in its own format."""

import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rupairs.errors import RupairsError, UsageError
from rupairs.manifest import sha256
from rupairs.text import digest
from training.evaluation.embedding import own_prompt

RUSSIAN = "MTEB(rus, v1.1)"
RU10, RECALL = "ru10-reconstructed", "ru-recall100"
# The ten tasks of the card of USER-base were never listed: this is the one natural set whose means
# fit the card's four, found by trying all 646,646 sets of ten among the tasks of spring 2024.
_OWN: Mapping[str, Mapping[str, str | None]] = {
    RU10: {
        "Tatoeba": "rus-eng",
        "MassiveIntentClassification": "ru",
        "MassiveScenarioClassification": "ru",
        "MLSUMClusteringP2P": "ru",
        "MLSUMClusteringS2S": "ru",
        "OpusparcusPC": "ru",
        "MultiLongDocRetrieval": "ru",
        "STS22": "ru",
        "STSBenchmarkMultilingualSTS": "ru",
        "RUParaPhraserSTS": None,
    },
    RECALL: {"MIRACLRetrieval": "ru", "MultiLongDocRetrieval": "ru"},
}
INFERRED = {RU10: "inferred, not published: the task list that fits the means of USER-base's card"}
# Source of pairs → mteb's name of the data it is of; mteb itself knows what else was made of those.
_DATA = {
    "allnli": ("XNLI",),
    "bible": ("BibleNLPBitextMining",),
    "miracl": ("MIRACLRetrieval",),
    "mldr": ("MultiLongDocRetrieval",),
    "mlsum": ("MLSUMClusteringP2P", "MLSUMClusteringS2S"),
    "mmarco_ru": ("MSMARCO",),
    "mr_tydi": ("MrTidyRetrieval",),
    "tapaco": ("Tatoeba",),
    "terra": ("TERRa",),
}
# mteb gives a prompt type to queries and documents only; other tasks need a key of their own.
_UNTYPED = (
    *("Classification", "MultilabelClassification", "Clustering", "PairClassification"),
    *("STS", "BitextMining", "Summarization"),
)


@dataclass(frozen=True)
class Result:
    """One task's scores, a mean over its splits and subsets; `recall_at_100` of retrieval only."""

    task: str
    type: str
    main_score: float
    recall_at_100: float | None


def benchmark_tasks(benchmark: str, only: Sequence[str] = ()) -> list[Any]:
    """Return a benchmark's tasks, or those named in `only`; `UsageError` names an unknown one."""
    mteb = _library()
    if benchmark in _OWN:
        found = [
            mteb.get_task(name, hf_subsets=[subset] if subset else None)
            for name, subset in _OWN[benchmark].items()
        ]
    else:
        try:
            found = list(mteb.get_benchmark(benchmark).tasks)
        except KeyError:
            own = ", ".join(_OWN)
            raise UsageError(f"{benchmark}: mteb knows no such benchmark; ours: {own}") from None
    names = [task.metadata.name for task in found]
    absent = [name for name in only if name not in names]
    if absent:
        raise UsageError(f"{absent[0]}: not in {benchmark}, which has {', '.join(names)}")
    return [task for task in found if not only or task.metadata.name in only]


def prompts(model: Any, query: str | None = None) -> dict[str, str] | None:
    """Return the prompts under the keys that mteb looks for; None when the encoder has none."""
    stored = model.prompts or {}
    first = own_prompt(model) if query is None else query
    second = stored.get("document") or stored.get("passage") or ""
    if not first and not second:
        return None
    return {"query": first, "document": second} | dict.fromkeys(_UNTYPED, first)


def run(
    model: Any, name: str, tasks: Sequence[Any], out: Path, batch_size: int = 32
) -> list[Result]:
    """Run tasks that `out` has no results of; `RupairsError` names one that could not be run."""
    mteb = _library()
    from mteb.models.sentence_transformer_wrapper import SentenceTransformerEncoderWrapper

    with _quiet():
        wrapped = SentenceTransformerEncoderWrapper(model, model_prompts=prompts(model))
        named = wrapped.mteb_model_meta.model_copy(update=_identity(model, name))
        wrapped.mteb_model_meta = named
        cache, found = mteb.ResultCache(cache_path=out), []
        for task in tasks:
            title = task.metadata.name
            try:
                done = mteb.evaluate(
                    wrapped,
                    task,
                    cache=cache,
                    encode_kwargs={"batch_size": batch_size, "show_progress_bar": False},
                    show_progress_bar=False,
                )
            except (OSError, ValueError, RuntimeError) as error:
                reason = str(error).partition("\n")[0][:200]
                raise RupairsError(f"mteb, task {title}: {reason}") from error
            found += [_result(task, result) for result in done.task_results]
    return found


def trained_on(sources: Iterable[str], tasks: Iterable[str]) -> list[str]:
    """Return the tasks that are not zero-shot, by mteb's rule, for one trained on the sources."""
    _library()
    from mteb.models import ModelMeta

    data = {name for source in sources for name in _DATA.get(source, ())}
    known = ModelMeta.create_empty({"training_datasets": data}).get_training_datasets() or set()
    return [task for task in tasks if task in known]


def _result(task: Any, result: Any) -> Result:
    rows = [row for rows in result.scores.values() for row in rows]
    recalls = [row["recall_at_100"] for row in rows if "recall_at_100" in row]
    recall = sum(recalls) / len(recalls) if recalls else None
    kind = str(task.metadata.type)
    return Result(task.metadata.name, kind, float(result.get_score()), recall)


def _identity(model: Any, name: str) -> dict[str, str]:
    """Return a name without this machine's folders; a local model's revision is its content."""
    folder = Path(name)
    if not folder.is_dir():
        revision = getattr(model[0].auto_model.config, "_commit_hash", None) or "unknown"
        return {"name": name if "/" in name else f"local/{name}", "revision": revision}
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".safetensors", ".json", ".bin"))
    content = digest(f"{p.relative_to(folder).as_posix()}:{sha256(p)}" for p in files)
    return {"name": f"local/{folder.resolve().name}", "revision": content[:16]}


def _library() -> Any:
    try:
        import mteb
    except ImportError:
        raise RupairsError("MTEB needs an extra: pip install 'rupairs[evaluate]'") from None
    return mteb


@contextmanager
def _quiet() -> Iterator[None]:
    from datasets.utils import logging as bars

    logger, shown = logging.getLogger("mteb"), bars.is_progress_bar_enabled()
    before = logger.level
    logger.setLevel(logging.ERROR)
    bars.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
        if shown:
            bars.enable_progress_bar()
