"""The tables: every native row of every source, kept or dropped once, and counted by source."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa

from harvest.admission import Gate, Rejection, split_of
from harvest.fetch import native
from harvest.source import Native, Source, Unusable
from harvest.sources import get
from rupairs.pairs import PAIR_SCHEMA, Pair
from rupairs.sentences import SENTENCE_SCHEMA, Sentence
from rupairs.steps import Context
from rupairs.store import StageWriter

_TICK_EVERY = 1_000

Candidates = Iterator[Pair | Unusable] | Iterator[Sentence | Unusable]
Judge = Callable[[dict[str, Any]], Rejection | None]


@dataclass
class Tally:
    """What became of one source's native rows."""

    source: str
    title: str
    license: str
    license_url: str
    url: str
    citation: str
    revision: str
    expected: int | None
    native: int = 0
    kept: int = 0
    relations: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, source: Source, files: Native) -> "Tally":
        """Return an empty tally that says what the source is and under which terms it was read."""
        return cls(
            source=source.name,
            title=source.title,
            license=files.license,
            license_url=source.license_url if files.license == source.license else "",
            url=source.url,
            citation=source.citation,
            revision=files.revision,
            expected=source.expected,
        )

    def facts(self) -> dict[str, Any]:
        """Return the tally for the manifest."""
        ordered = {n: dict(sorted(getattr(self, n).items())) for n in ("relations", "dropped")}
        return asdict(self) | ordered


def write_pairs(context: Context) -> None:
    """Write the pair table of the sources the recipe names, in that order."""
    settings = context.config
    gate = Gate(settings.min_characters, settings.max_characters)

    def judge(row: dict[str, Any]) -> Rejection | None:
        row["split"] = split_of(row["group_id"], context.seed, settings.validation, settings.test)
        return gate.pair(row)

    def read(source: Source, files: Native) -> Candidates:
        assert source.pairs is not None  # the recipe was checked
        return source.pairs(files)

    _write(context, PAIR_SCHEMA, read, judge)


def write_texts(context: Context) -> None:
    """Write the sentence table of the sources the recipe names, in that order."""
    settings = context.config
    gate = Gate(settings.min_characters, settings.max_characters)

    def read(source: Source, files: Native) -> Candidates:
        assert source.sentences is not None  # the recipe was checked
        return source.sentences(replace(files, fraction=settings.fraction, seed=context.seed))

    _write(context, SENTENCE_SCHEMA, read, gate.text)


def _write(
    context: Context,
    schema: pa.Schema,
    read: Callable[[Source, Native], Candidates],
    judge: Judge,
) -> None:
    tallies: dict[str, Tally] = {}
    names = context.config.sources
    with (
        context.writer(schema) as writer,
        context.progress.bar(context.step.name, len(names)) as advance,
    ):
        for name in names:
            source = get(name)
            files = native(source, context.stage.from_dir, context.config.license)
            files = replace(files, tick=lambda note: advance(0, note))
            tallies[name] = Tally.of(source, files)
            context.licenses[name] = files.license
            _settle(read(source, files), tallies[name], writer, judge, files.tick)
            advance(1, "")
    context.facts["sources"] = {name: tally.facts() for name, tally in tallies.items()}
    _note(context, tallies)


def _settle(
    candidates: Candidates,
    tally: Tally,
    writer: StageWriter,
    judge: Judge,
    tick: Callable[[str], None],
) -> None:
    for candidate in writer.each(candidates):
        tally.native += 1
        if tally.native % _TICK_EVERY == 0:
            tick(f"{tally.source}: {tally.native} rows")
        if isinstance(candidate, Unusable):
            row = {"source": tally.source, **candidate.row}
            rejection: Rejection | None = Rejection(candidate.reason, candidate.evidence)
        else:
            row = candidate.row()
            rejection = judge(row)
        if rejection:
            writer.drop(row, rejection.reason, rejection.evidence)
            tally.dropped[rejection.reason] += 1
        else:
            writer.keep(row)
            tally.kept += 1
            tally.relations[row.get("relation", "sentence")] += 1


def _note(context: Context, tallies: Mapping[str, Tally]) -> None:
    lines = [
        "| source | license | native rows | kept | of these | dropped | USER-base reports |",
        "|---|---|--:|--:|---|---|--:|",
    ]
    for name, tally in tallies.items():
        kept = ", ".join(f"{n} {relation}" for relation, n in sorted(tally.relations.items()))
        dropped = ", ".join(f"{n} {reason}" for reason, n in sorted(tally.dropped.items()))
        cells = (name, tally.license, tally.native, tally.kept, kept, dropped, tally.expected)
        lines.append("| " + " | ".join("" if c is None else str(c) for c in cells) + " |")
    (context.out / "notes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
