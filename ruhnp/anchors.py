"""Anchors: sentences that can be understood alone, each once, drawn by hash.

1. A pool is drawn from all fit sentences (`ruhnp.pool`), larger than what is asked for.
2. Out of it go sentences that share text with a benchmark, and those that nearly repeat a better
   placed one (`ruhnp.repeats`).
3. Half of the anchors are at most as long as the target median, half longer; in each half they
   are drawn evenly over topics (`ruhnp.topics`), if topics are asked for.
"""

from collections import Counter
from collections.abc import Iterator
from math import ceil
from typing import Any

import pyarrow as pa

from ruhnp.anchor_notes import TopicShown, facts, write_notes
from ruhnp.balance import evenly
from ruhnp.fitness import Fault, unfit
from ruhnp.pool import Drawn, Pool, Row, draw, is_long
from ruhnp.repeats import near_repeats
from ruhnp.stage import AnchorsSection
from ruhnp.topics import Topics, tell_topics
from rupairs.benchmark_leaks import leaks
from rupairs.benchmark_texts import benchmark_hashes, read_benchmarks
from rupairs.encoder import encoder_facts, load_encoder
from rupairs.pairs import group_id
from rupairs.sentences import SENTENCE_SCHEMA
from rupairs.steps import Context
from rupairs.text import key

__all__ = ["ANCHOR_SCHEMA", "choose", "outside", "unfit"]

ANCHOR_SCHEMA = SENTENCE_SCHEMA.append(pa.field("group_id", pa.string(), nullable=False)).append(
    pa.field("topic", pa.int32(), nullable=True)
)
_TYPICAL = 3
_TOLD_EVERY = 8_192


def outside(section: Any) -> dict[str, str]:
    """Return the hashes of the benchmark files, which lie outside the run."""
    return benchmark_hashes(section.anchors.benchmarks)


def choose(context: Context) -> None:
    """Write the anchors; every other sentence is dropped with its reason."""
    config: AnchorsSection = context.config
    with context.writer(ANCHOR_SCHEMA) as writer:
        pool = draw(_rows(context), config, context.seed, writer)
        faults = _faults(context, pool)
        fit = [drawn for number, drawn in enumerate(pool.drawn) if number not in faults]
        topics = _topics(context, fit)
        topic_of = dict(zip((d.number for d in fit), topics.of.tolist(), strict=True))
        chosen = {d.number for d in chosen_of(fit, topic_of, config)}
        for number, drawn in sorted(enumerate(pool.drawn), key=lambda item: item[1].number):
            if fault := faults.get(number):
                writer.drop(drawn.row, *fault)
            elif drawn.number not in chosen:
                writer.drop(drawn.row, "over_limit", str(config.limit))
            else:
                topic = topic_of[drawn.number] if config.topics else None
                writer.keep(drawn.row | {"group_id": group_id(drawn.row["text"]), "topic": topic})
        reasons = writer.reasons
    anchors = [drawn for drawn in fit if drawn.number in chosen]
    shown = _shown(fit, topics, chosen) if config.topics else []
    context.facts |= facts(pool, [len(d.row["text"]) for d in anchors], config, shown)
    write_notes(context.out, context.facts, config, reasons, shown)


def chosen_of(fit: list[Drawn], topic_of: dict[int, int], config: AnchorsSection) -> list[Drawn]:
    """Return the anchors: half of them short, half long, as even over topics as can be."""
    halves: tuple[list[Drawn], list[Drawn]] = ([], [])
    for drawn in fit:
        halves[is_long(len(drawn.row["text"]), config)].append(drawn)
    short, long = (
        evenly(half, kind=lambda d: topic_of[d.number], place=lambda d: d.rank) for half in halves
    )
    # What one half lacks, the other gives.
    wanted = max(ceil(config.limit / 2), config.limit - len(long))
    first = short[:wanted]
    return first + long[: config.limit - len(first)]


def _rows(context: Context) -> Iterator[Row]:
    reader = context.inputs["harvest.texts"]
    total = reader.manifest.counts.rows_out
    with context.progress.bar("sentences", total) as advance:
        for number, row in enumerate(reader.rows(), 1):
            yield row
            if number % _TOLD_EVERY == 0:
                advance(_TOLD_EVERY, "")


def _faults(context: Context, pool: Pool) -> dict[int, Fault]:
    """Return why sentences of the pool cannot be anchors, by their number in the pool."""
    config: AnchorsSection = context.config
    keys = [key(drawn.row["text"]) for drawn in pool.drawn]
    faults: dict[int, Fault] = {}
    if config.benchmarks:
        known = read_benchmarks(config.benchmarks)
        if known.skipped:
            context.progress.say(f"  benchmarks: not read: {', '.join(known.skipped)}")
        context.facts["benchmarks"] = known.files
        found = leaks(keys, known, config.contamination)
        faults |= {number: ("benchmark_leak", evidence) for number, evidence in found.items()}
    if config.near:
        numbers = [n for n in range(len(keys)) if n not in faults]
        repeats = near_repeats([keys[n] for n in numbers], config.near, context.work)
        for place, repeat in repeats.items():
            earlier = pool.drawn[numbers[repeat.earlier]].row["text_id"]
            faults[numbers[place]] = ("near_duplicate", f"{repeat.similarity:.3f} like {earlier}")
    return faults


def _topics(context: Context, fit: list[Drawn]) -> Topics:
    config: AnchorsSection = context.config
    if not config.topics or not fit:
        return Topics.none(len(fit))
    section = context.recipe.encoder
    encoder = load_encoder(section)
    context.models.append(encoder_facts(section, role="topics"))
    texts = [_with_title(drawn.row) for drawn in fit]
    with context.progress.bar("topics", len(texts)) as advance:
        return tell_topics(texts, encoder, config.topics, context.seed, lambda n: advance(n, ""))


def _with_title(row: Row) -> str:
    return f"{row['title']}. {row['text']}" if row["title"] else str(row["text"])


def _shown(fit: list[Drawn], topics: Topics, chosen: set[int]) -> list[TopicShown]:
    anchors = Counter(
        topic
        for drawn, topic in zip(fit, topics.of.tolist(), strict=True)
        if drawn.number in chosen
    )
    return [
        TopicShown(
            pool=size,
            anchors=anchors[topic],
            typical=[fit[n].row["text"] for n in topics.members(topic)[:_TYPICAL]],
        )
        for topic, size in enumerate(topics.sizes())
    ]
