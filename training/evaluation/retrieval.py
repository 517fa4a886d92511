"""Retrieval from texts on this machine, scored by mteb: no hub, any passages one has at hand."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rupairs.errors import RupairsError
from rupairs.pairs import POSITIVE
from rupairs.store import StageReader
from rupairs.text import digest, key
from training.evaluation.cosine import held_out

MAIN_SCORE = "ndcg_at_10"
SHOWN = (MAIN_SCORE, "recall_at_10", "recall_at_100", "mrr_at_10")


@dataclass(frozen=True)
class Collection:
    """Queries and passages by id, and query → ids of the passages that answer it."""

    name: str
    queries: dict[str, str]
    passages: dict[str, str]
    relevant: dict[str, dict[str, int]]

    @property
    def revision(self) -> str:
        """Return a hash of everything in it."""
        return digest((json.dumps([self.queries, self.passages, self.relevant]),))


def read_collection(path: Path) -> Collection:
    """Read a stage directory of pairs (its held-out rows) or a JSON file in SQuAD's form.

    Raises `RupairsError` naming what cannot be used.
    """
    found = _pairs(path) if path.is_dir() else _squad(path)
    if not found.queries:
        raise RupairsError(f"{path}: no query with a passage to find")
    return found


def _squad(path: Path) -> Collection:
    collection = Collection(path.name.partition(".")[0], {}, {}, {})
    try:
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                passage = key(paragraph["context"])
                number = digest((passage,))
                collection.passages[number] = paragraph["context"]
                for question in paragraph["qas"]:
                    collection.queries[question["id"]] = question["question"]
                    collection.relevant.setdefault(question["id"], {})[number] = 1
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RupairsError(
            f"{path}: neither a stage directory of pairs nor a file in SQuAD's form ({error!r})"
        ) from None
    return collection


def _pairs(path: Path) -> Collection:
    rows = held_out(StageReader(path).rows()).rows
    collection = Collection(path.resolve().name, {}, {}, {})
    for row in rows:
        query, passage = (digest((key(str(row[side])),)) for side in ("query", "passage"))
        collection.passages[passage] = str(row["passage"])
        if row["polarity"] == POSITIVE:
            collection.queries[query] = str(row["query"])
            collection.relevant.setdefault(query, {})[passage] = 1
    return collection


def retrieval_task(collection: Collection) -> Any:
    """Return the collection as a task that mteb runs without fetching anything."""
    import mteb
    from datasets import Dataset
    from mteb.abstasks.retrieval import AbsTaskRetrieval

    def rows(texts: dict[str, str]) -> Any:
        return Dataset.from_list([{"id": n, "text": text} for n, text in texts.items()])

    class LocalRetrieval(AbsTaskRetrieval):  # type: ignore[misc]
        """Questions and passages from this machine."""

        metadata = mteb.TaskMetadata(
            name=f"Local-{collection.name}",
            description="Questions and passages from this machine.",
            dataset={"path": collection.name, "revision": collection.revision},
            type="Retrieval",
            category="t2t",
            eval_splits=["test"],
            eval_langs=["rus-Cyrl"],
            main_score=MAIN_SCORE,
        )

        def load_data(self, *_: object, **__: object) -> None:
            """Hand over what was read."""
            passages = [{"id": n, "text": t, "title": ""} for n, t in collection.passages.items()]
            split = {
                "corpus": Dataset.from_list(passages),
                "queries": rows(collection.queries),
                "relevant_docs": collection.relevant,
                "top_ranked": None,
            }
            self.dataset = {"default": {"test": split}}
            self.data_loaded = True

    return LocalRetrieval()
