"""RuHNP's rows at any size, and the bytes they take: anchors that are real sentences, and texts
that are their anchor with two words exchanged.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from ruhnp.anchors import ANCHOR_SCHEMA
from ruhnp.generate import Questions
from ruhnp.generated import GENERATED_SCHEMA, VERIFIED_SCHEMA, Row
from ruhnp.provenance import PROVENANCE_SCHEMA
from rupairs.llm.log import ReplayLog
from rupairs.llm.models import language_model
from rupairs.llm.request import Answer
from rupairs.pairs import PAIR_SCHEMA, Pair, group_id, text_id
from rupairs.recipe import Recipe
from rupairs.store import StageReader, read_batches, write_table


def sentences(reader: StageReader, count: int) -> list[Row]:
    """Return anchors made of the queries of symmetric pairs, each text once."""
    found: dict[str, Row] = {}
    for part in reader.parts():
        for batch in read_batches(part, ["query", "symmetric"]):
            for row in batch.to_pylist():
                if row["symmetric"]:
                    found.setdefault(row["query"], _anchor(row["query"], len(found)))
                if len(found) == count:
                    return list(found.values())
    raise SystemExit(f"benchmark: {len(found)} sentences; --anchors {count} needs more --pairs")


def _anchor(text: str, number: int) -> Row:
    name = text_id(text)
    return {
        "text_id": name,
        "text": text,
        "title": text.partition(" ")[0],
        "source": "wikipedia",
        "source_revision": "20231101.ru",
        "source_row": f"{1_000_000 + number}:{number % 40}",
        "license": "CC-BY-SA-4.0",
        "group_id": group_id(name),
        "topic": None,
    }


def texts_of(anchors: list[Row], recipe: Recipe) -> Iterator[Row]:
    """Yield for each anchor as many texts as a recipe asks for: two words are exchanged."""
    section: Any = recipe.sections["ruhnp"]
    generate = section.generate
    draw = random.Random(0)
    for anchor in anchors:
        for kind, n in (("positive", generate.positives), ("negative", generate.negatives)):
            for sample in range(n):
                words = anchor["text"].split(" ")
                for _ in range(2):
                    others = draw.choice(anchors)["text"].split(" ")
                    words[draw.randrange(len(words))] = draw.choice(others)
                yield {
                    "anchor_id": anchor["text_id"],
                    "anchor": anchor["text"],
                    "kind": kind,
                    "change": "" if kind == "positive" else "entity",
                    "text": " ".join(words),
                    **{k: anchor[k] for k in ("group_id", "source", "source_row", "license")},
                    "origin": "generated",
                    "call_id": f"{draw.getrandbits(128):032x}",
                    "sample": sample,
                }


def log(anchors: list[Row], recipe: Recipe, work: Path) -> dict[str, float]:
    """Write the first round's calls on the anchors into a replay log; return its bytes a call."""
    config: Any = recipe.sections["ruhnp"]
    generate = config.generate
    questions = Questions(language_model(recipe.llm), generate, recipe.run.seed)
    path = work / "scale.sqlite"
    path.unlink(missing_ok=True)
    calls = 0
    with ReplayLog(path) as replay:
        for anchor in anchors:
            for asked in questions.of(anchor, [(generate.positives, generate.negatives)]):
                items = [{"text": anchor["text"]}] * asked.task.count
                text = json.dumps({"items": items}, ensure_ascii=False)
                replay.put(asked.request, Answer(text, "stop", 700, 300, "http://host:8000", 9.5))
                calls += 1
    used = path.stat().st_size
    path.unlink()
    return {"log_bytes": used / calls}


def tables(anchors: list[Row], rows: list[Row], recipe: Recipe, work: Path) -> dict[str, float]:
    """Write the tables of RuHNP's steps; return their bytes a released pair, all texts passing."""
    section: Any = recipe.sections["ruhnp"]
    most = section.release.max_positives, section.release.max_negatives
    kept = [r for r in rows if r["sample"] < most[r["kind"] == "negative"]]
    scored = {"similarity": 0.95, "judge_forward": None, "judge_backward": None}
    similarities = random.Random(1)
    verified = [r | scored | {"similarity": similarities.uniform(0.85, 1)} for r in rows]
    pairs = [_pair(row) for row in kept]
    provenance = [
        {n: row.get(n) for n in PROVENANCE_SCHEMA.names}
        | {"pair_id": pair["pair_id"], "prompt": "hard_negative.v3", "similarity": 0.9}
        for row, pair in zip(kept, pairs, strict=True)
    ]
    path, used = work / "scale.parquet", 0
    for schema, content in (
        (ANCHOR_SCHEMA, anchors),
        (GENERATED_SCHEMA, rows),
        (VERIFIED_SCHEMA, verified),
        (PAIR_SCHEMA, pairs),
        (PROVENANCE_SCHEMA, provenance),
    ):
        write_table(pa.Table.from_pylist(content, schema=schema), path)
        used += path.stat().st_size
    path.unlink()
    return {"generated_bytes": used / len(pairs)}


def _pair(row: Row) -> Row:
    positive = row["kind"] == "positive"
    return Pair(
        query=row["anchor"],
        passage=row["text"],
        relation="paraphrase" if positive else "non_paraphrase",
        polarity=1 if positive else -1,
        symmetric=True,
        group_id=row["group_id"],
        source="ruhnp",
        source_revision="model@revision",
        source_row=f"{row['source']}:{row['source_row']}",
        license=f"{row['license']}; Apache-2.0",
        origin="generated",
        parents=(row["anchor_id"],),
        call_id=row["call_id"],
        split="train",
    ).row()
