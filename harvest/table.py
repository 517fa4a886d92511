"""The table: each pair once, nothing of a benchmark, a split for every group.

1. Every batch of pairs is marked on its own (`harvest.marks`), on all cores.
2. The marks of all batches together say which pairs leak a benchmark text, repeat an earlier pair,
   or hold what a page says under many queries (`harvest.verdicts`).
3. A second pass over the pairs keeps or drops them, with what shows it.
"""

import copy
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from harvest.benchmarks import Benchmarks, read_benchmarks
from harvest.marked import Marked, gather_marks
from harvest.marks import COLUMNS, Marking, mark
from harvest.reporting.overview import write_pair_overview
from harvest.verdicts import Verdict, Verdicts, leaked, nearly_repeated, page_talk, repeated
from rupairs.containment import KnownTexts
from rupairs.engine import open_engine
from rupairs.pairs import PAIR_SCHEMA
from rupairs.splits import split_of
from rupairs.steps import Context
from rupairs.store import StageReader, StageWriter, read_batches, write_table
from rupairs.text import digest
from rupairs.text_columns import key_column

_ROWS = "harvest.rows"
_LEAKS = "leaks.parquet"
# Passages of each part that show what is rare in the table.
_SAMPLED = 1_000
LEAKS_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string()),
        pa.field("source", pa.string()),
        pa.field("source_row", pa.string()),
        pa.field("side", pa.string()),
        pa.field("benchmark", pa.string()),
        pa.field("known_text", pa.string()),
        pa.field("score", pa.float32()),
        pa.field("equal", pa.bool_()),
    ]
)


def write_pairs(context: Context) -> None:
    """Write the pairs of `harvest.rows` that are neither repeats nor leaks."""
    rows, settings = context.inputs[_ROWS], context.config
    known = read_benchmarks(settings.benchmarks) if settings.benchmarks else None
    if known and known.skipped:
        context.progress.say(f"  benchmarks: not read: {', '.join(known.skipped)}")
    with open_engine(context.stage.engine, context.work) as engine:
        marking = _marking(context, rows, known)
        tables = _tables(context, rows)
        marked = gather_marks(
            engine.map(partial(mark, marking=marking), tables),
            context.work,
        )
        # What the marks passed through; the texts that are compared next need it.
        pa.default_memory_pool().release_unused()
        leaks = leaked(marked, known, settings.contamination) if known else {}
        verdicts = dict(leaks) if settings.leaks == "remove" else {}
        verdicts |= repeated(marked, verdicts)
        if settings.near:
            verdicts |= nearly_repeated(engine, rows.parts(), marked, verdicts, settings.near)
        verdicts |= page_talk(marked, verdicts)
    if known:
        context.facts["benchmarks"] = known.files
        _write_leaks(context, marked, known)
    if missing := rows.manifest.facts.get("unavailable"):
        context.facts["unavailable"] = missing
    context.facts["overlap"] = _overlap(marked, verdicts)
    _settle(context, rows, verdicts)
    write_pair_overview(context.out, context.facts, rows.parts())


def _marking(context: Context, rows: StageReader, known: Benchmarks | None) -> Marking:
    if known is None:
        return Marking()
    heads = [next(read_batches(part, ["passage"]), None) for part in rows.parts()]
    # A slice would keep its whole batch.
    texts = [pa.concat_arrays([h["passage"][:_SAMPLED]]) for h in heads if h is not None]
    sample = key_column(pa.concat_arrays(texts)) if texts else pa.array([], pa.string())
    # Processes remember what they read by its path, so other texts have another.
    name = digest([*known.keys.to_pylist(), *sample.to_pylist()])
    folder = context.work / f"known-{name}"
    KnownTexts(known.keys, context.config.contamination, sample).save(folder)
    return Marking(str(folder))


def _tables(context: Context, rows: StageReader) -> Iterator[pa.Table]:
    total = rows.manifest.counts.rows_out
    with context.progress.bar(context.step.name, total) as advance:
        for part in rows.parts():
            for batch in read_batches(part, COLUMNS):
                yield pa.Table.from_batches([batch])
                advance(batch.num_rows, "")


def _write_leaks(context: Context, marked: Marked, known: Benchmarks) -> None:
    """Write every side that holds a benchmark text, whether the pair is removed or only flagged."""
    found: list[dict[str, Any]] = []
    matrix: dict[str, Counter[str]] = defaultdict(Counter)
    for row, leaks in marked.leaks.items():
        pair = {
            "pair_id": marked.pair_id[row].as_py().hex(),
            "source": marked.source_of(row),
            "source_row": marked.source_row[row].as_py(),
        }
        for benchmark in {name for leak in leaks for name in _names(known, leak)}:
            matrix[pair["source"]][benchmark] += 1
        for leak in leaks:
            number = leak.pop("known")
            text = {"benchmark": known.names[number], "known_text": known.keys[number].as_py()}
            found.append(pair | leak | text)
    write_table(pa.Table.from_pylist(found, schema=LEAKS_SCHEMA), context.out / _LEAKS)
    context.facts["leaks"] = {s: dict(sorted(counts.items())) for s, counts in matrix.items()}


def _names(known: Benchmarks, leak: dict[str, Any]) -> list[str]:
    names: str = known.names[leak["known"]]
    return names.split(", ")


def _overlap(marked: Marked, verdicts: Verdicts) -> dict[str, dict[str, int]]:
    """Return, by source of a repeat, how many of its pairs repeat one of each source."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row, verdict in verdicts.items():
        if verdict.earlier is not None:
            counts[marked.source_of(row)][marked.source_of(verdict.earlier)] += 1
    return {source: dict(sorted(found.items())) for source, found in sorted(counts.items())}


def _settle(context: Context, rows: StageReader, verdicts: Verdicts) -> None:
    tallies = copy.deepcopy(rows.manifest.facts["sources"])
    for tally in tallies.values():
        tally["kept"], tally["relations"] = 0, Counter()
    gone = np.array(sorted(verdicts), np.int64)
    start = 0
    with context.writer(PAIR_SCHEMA) as writer:
        for part in rows.parts():
            for batch in read_batches(part):
                table = pa.Table.from_batches([batch])
                low, high = np.searchsorted(gone, [start, start + batch.num_rows])
                dropped = gone[low:high] - start
                mask = np.ones(batch.num_rows, bool)
                mask[dropped] = False
                writer.take_in(batch.num_rows)
                _keep(context, writer, table.filter(pa.array(mask)), tallies)
                for row in table.take(pa.array(dropped)).to_pylist():
                    verdict = verdicts[int(gone[low])]
                    low += 1
                    _drop(writer, row, verdict, tallies)
                start += batch.num_rows
    context.facts["sources"] = {name: _ordered(tally) for name, tally in tallies.items()}


def _keep(
    context: Context, writer: StageWriter, kept: pa.Table, tallies: dict[str, dict[str, Any]]
) -> None:
    settings = context.config
    if settings.validation or settings.test:
        groups = kept["group_id"].to_pylist()
        sizes = (settings.validation, settings.test)
        splits = pa.array([split_of(g, context.seed, *sizes) for g in groups], pa.string())
        kept = kept.set_column(
            kept.schema.get_field_index("split"), PAIR_SCHEMA.field("split"), splits
        )
    writer.keep_table(kept)
    for counted in kept.group_by(["source", "relation"]).aggregate([([], "count_all")]).to_pylist():
        tally = tallies[counted["source"]]
        tally["kept"] += counted["count_all"]
        tally["relations"][counted["relation"]] += counted["count_all"]


def _drop(
    writer: StageWriter, row: dict[str, Any], verdict: Verdict, tallies: dict[str, dict[str, Any]]
) -> None:
    writer.drop(row, verdict.reason, verdict.evidence)
    dropped = tallies[row["source"]]["dropped"]
    dropped[verdict.reason] = dropped.get(verdict.reason, 0) + 1


def _ordered(tally: dict[str, Any]) -> dict[str, Any]:
    return tally | {n: dict(sorted(tally[n].items())) for n in ("relations", "dropped")}
