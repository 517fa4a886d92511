"""Single texts: the sentences of running text, checked one by one and each once.

Everything streams: of a text that has passed, 8 bytes stay in memory.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvest.checks import Reasons, Terms, check_text
from harvest.fetching.fetch import native, unavailable
from harvest.reporting.overview import write_text_overview
from harvest.source import Excerpt, Native, Source, Unusable
from harvest.sources import get
from harvest.tally import Tally
from rupairs.engine import Engine, open_engine
from rupairs.seen import Seen
from rupairs.sentences import SENTENCE_SCHEMA
from rupairs.steps import Context
from rupairs.store import StageWriter, column
from rupairs.text import digest
from rupairs.text_columns import clean_column, key_column

_BATCH = 8_192
_EXCERPTS = pa.schema({"row": pa.string(), "text": pa.string(), "title": pa.string()})
_JUDGED = SENTENCE_SCHEMA.append(pa.field("reason", pa.string())).append(
    pa.field("evidence", pa.string())
)


def write_texts(context: Context) -> None:
    """Write the sentence table of the sources the recipe names, in that order."""
    settings, stage = context.config, context.stage
    skipped = unavailable(settings.sources, stage)
    names = [name for name in settings.sources if name not in skipped]
    tallies: dict[str, Tally] = {}
    seen = Seen()
    with (
        open_engine(context.stage.engine, context.work) as engine,
        context.writer(SENTENCE_SCHEMA) as writer,
        context.progress.bar(context.step.name, len(names)) as advance,
    ):
        for name in names:
            source = get(name)
            files = replace(
                native(
                    source,
                    stage.from_dir,
                    settings.licenses.get(name),
                    fetch_missing=stage.fetch_missing,
                ),
                fraction=settings.fraction,
                seed=context.seed,
                tick=lambda note: advance(0, note),
                say=context.progress.say,
            )
            terms = Terms.of(source, files, settings)
            tallies[name] = Tally.of(source, files)
            _source(engine, source, files, terms, tallies[name], writer, seen)
            tallies[name].documents = dict(files.documents)
            context.licenses[name] = files.license
            advance(1, "")
    context.facts["sources"] = {name: tally.facts() for name, tally in tallies.items()}
    if skipped:
        context.facts["unavailable"] = skipped
    write_text_overview(context.out, context.facts)


def check_excerpts(excerpts: pa.Table, terms: Terms) -> pa.Table:
    """Return excerpts as sentences, with a reason for those to drop."""
    texts = clean_column(pa.concat_arrays(excerpts["text"].chunks))
    found = Reasons(len(texts))
    check_text(found, texts, terms)
    columns = {
        "text_id": pa.array([digest(("text", key)) for key in key_column(texts).to_pylist()]),
        "text": texts,
        "title": clean_column(pa.concat_arrays(excerpts["title"].chunks)),
        "source": pa.repeat(terms.source, len(texts)),
        "source_revision": pa.repeat(terms.revision, len(texts)),
        "source_row": excerpts["row"],
        "license": pa.repeat(terms.license, len(texts)),
        "reason": pa.array(found.reasons, pa.string()),
        "evidence": pa.array(found.evidence, pa.string()),
    }
    return pa.Table.from_arrays([columns[name] for name in _JUDGED.names], schema=_JUDGED)


def _source(
    engine: Engine,
    source: Source,
    files: Native,
    terms: Terms,
    tally: Tally,
    writer: StageWriter,
    seen: Seen,
) -> None:
    assert source.texts is not None  # the recipe was checked
    unusable: list[Unusable] = []
    tables = _batches(source.texts(files), unusable)
    for judged in engine.map(partial(check_excerpts, terms=terms), tables):
        tally.settle(_without_repeats(judged, seen), writer, SENTENCE_SCHEMA)
        files.tick(f"{source.name}: {tally.native} texts")
    tally.settle_unusable(unusable, writer)


def _without_repeats(judged: pa.Table, seen: Seen) -> pa.Table:
    """Return the table with a reason for fit texts that stood somewhere before."""
    fit = pc.is_null(judged["reason"]).to_numpy()
    ids = "".join(judged["text_id"].filter(pa.array(fit)).to_pylist())
    numbers = np.frombuffer(bytes.fromhex(ids), np.uint64)[::2]
    again = fit.copy()
    again[fit] = ~seen.new(numbers)
    mask = pa.array(again)
    at = judged.schema.get_field_index
    for name, value in (("reason", "duplicate"), ("evidence", "the same text came before")):
        found = pc.if_else(mask, value, judged[name])
        judged = judged.set_column(at(name), _JUDGED.field(name), found)
    return judged


def _batches(items: Iterable[Excerpt | Unusable], unusable: list[Unusable]) -> Iterator[pa.Table]:
    buffer: list[Excerpt] = []
    for item in items:
        if isinstance(item, Unusable):
            unusable.append(item)
            continue
        buffer.append(item)
        if len(buffer) == _BATCH:
            yield _table(buffer)
            buffer = []
    if buffer:
        yield _table(buffer)


def _table(excerpts: list[Excerpt]) -> pa.Table:
    columns = zip(*excerpts, strict=True)
    return pa.Table.from_arrays([column(c, pa.string()) for c in columns], schema=_EXCERPTS)
