"""Unify: the native rows of every source in one schema, checked one by one.

1. Each source is read on its own into a folder of the run's work area: a killed run goes on with
   the source it was at, and finished ones are kept.
2. Rows come as drafts in batches; an engine checks the batches on all cores.
3. At the end the folders are put together, in the order of the recipe.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from harvest.checks import Terms, check_pairs
from harvest.fetching.fetch import native, unavailable
from harvest.reporting.overview import write_pair_overview
from harvest.source import DRAFT_SCHEMA, Draft, Native, Source, Unusable
from harvest.sources import get
from harvest.tally import Tally, total
from rupairs.engine import Engine, open_engine
from rupairs.errors import RupairsError
from rupairs.pairs import PAIR_SCHEMA
from rupairs.steps import Context
from rupairs.store import StageWriter, column, gather, replace_directory
from rupairs.text import digest

_BATCH = 8_192
_TALLY = "tally.json"


def write_rows(context: Context) -> None:
    """Write the checked rows of the sources the recipe names, in that order."""
    settings, skipped = context.config, unavailable(context.config.sources, context.stage)
    names = [name for name in settings.sources if name not in skipped]
    stages: list[Path] = []
    tallies: dict[str, dict[str, Any]] = {}
    with (
        open_engine(context.stage.engine, context.work) as engine,
        context.progress.bar(context.step.name, len(names)) as advance,
    ):
        for name in names:
            source = get(name)
            files = replace(
                _native(context, source),
                negatives=settings.negatives,
                tick=lambda note: advance(0, note),
                say=context.progress.say,
            )
            terms = Terms.of(source, files, settings)
            stages.append(_source(context, engine, source, files, terms))
            tallies[name] = json.loads((stages[-1] / _TALLY).read_text(encoding="utf-8"))
            context.licenses[name] = files.license
            advance(1, "")
    gather(stages, context.out, PAIR_SCHEMA)
    context.facts["sources"] = tallies
    if skipped:
        context.facts["unavailable"] = skipped
    context.counts = total(tallies.values())
    write_pair_overview(context.out, context.facts)


def _native(context: Context, source: Source) -> Native:
    settings, stage = context.config, context.stage
    named, license = settings.columns.get(source.name), settings.licenses.get(source.name)
    columns = named.model_dump(exclude_none=True) if named else {}
    return native(source, stage.from_dir, license, columns, stage.fetch_missing)


def _source(context: Context, engine: Engine, source: Source, files: Native, terms: Terms) -> Path:
    """Return the folder of one source's rows, made now unless a run before this one did."""
    decisive = [context.step.version, asdict(terms), sorted(files.columns.items()), files.negatives]
    folder = context.work / f"{source.name}-{digest((json.dumps(decisive),))[:16]}"
    if folder.is_dir():
        return folder
    unfinished = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        _write(unfinished, engine, source, files, terms)
    except (RupairsError, OSError):
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    replace_directory(unfinished, folder)
    return folder


def _write(folder: Path, engine: Engine, source: Source, files: Native, terms: Terms) -> None:
    tally = Tally.of(source, files)
    unusable: list[Unusable] = []
    with StageWriter(folder, PAIR_SCHEMA) as writer:
        assert source.pairs is not None  # the recipe was checked
        drafts = _batches(source.pairs(files), unusable)
        for judged in engine.map(partial(check_pairs, terms=terms), drafts):
            tally.settle(judged, writer, PAIR_SCHEMA)
            files.tick(f"{source.name}: {tally.native} rows")
        # Last, so that their place does not depend on how far ahead the engine reads.
        tally.settle_unusable(unusable, writer)
    facts = json.dumps(tally.facts(), ensure_ascii=False, indent=1)
    (folder / _TALLY).write_text(facts + "\n", encoding="utf-8")


def _batches(
    items: Iterable[Draft | Unusable | pa.Table], unusable: list[Unusable]
) -> Iterator[pa.Table]:
    """Yield tables of drafts; what gives no pair goes into the list."""
    buffer: list[Draft] = []
    for item in items:
        if isinstance(item, Draft):
            buffer.append(item)
        elif isinstance(item, Unusable):
            unusable.append(item)
            continue
        if buffer and (len(buffer) == _BATCH or isinstance(item, pa.Table)):
            yield _table(buffer)
            buffer = []
        if isinstance(item, pa.Table):
            yield item
    if buffer:
        yield _table(buffer)


def _table(drafts: list[Draft]) -> pa.Table:
    columns = list(zip(*drafts, strict=True))
    return pa.Table.from_arrays(
        [column(c, f.type) for c, f in zip(columns, DRAFT_SCHEMA, strict=True)],
        schema=DRAFT_SCHEMA,
    )
