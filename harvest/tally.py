"""The tally: what became of every native row of a source."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harvest.source import Native, Source, Unusable
from rupairs.manifest import Counts
from rupairs.pairs import POSITIVE
from rupairs.store import StageWriter


@dataclass
class Tally:
    """One source's counts; `positives` are the drafts of positive pairs, before any check.

    Of running text, `documents` are how many were read, and how many of them are in the sample.
    """

    source: str
    title: str
    license: str
    license_url: str
    url: str
    citation: str
    revision: str
    expected: int | None
    why: str = ""
    native: int = 0
    positives: int = 0
    kept: int = 0
    relations: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    documents: dict[str, int] = field(default_factory=dict)

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
            why=source.why,
        )

    def settle(self, judged: pa.Table, writer: StageWriter, schema: pa.Schema) -> None:
        """Keep or drop the rows of a table of `schema` with `reason` and `evidence`, and count."""
        fit = pc.is_null(judged["reason"])
        kept = judged.filter(fit).select(schema.names)
        writer.take_in(judged.num_rows)
        writer.keep_table(kept)
        self.native += judged.num_rows
        self.kept += kept.num_rows
        if "relation" in schema.names:
            self.positives += pc.sum(pc.equal(judged["polarity"], POSITIVE)).as_py() or 0
            for counted in pc.value_counts(kept["relation"]).to_pylist():
                self.relations[counted["values"]] += counted["counts"]
        else:
            self.relations["sentence"] += kept.num_rows
        for row in judged.filter(pc.invert(fit)).to_pylist():
            reason, evidence = row.pop("reason"), row.pop("evidence")
            writer.drop(row, reason, evidence)
            self.dropped[reason] += 1

    def settle_unusable(self, unusable: Iterable[Unusable], writer: StageWriter) -> None:
        """Drop native rows that gave nothing, and count."""
        for item in writer.each(unusable):
            self.native += 1
            self.dropped[item.reason] += 1
            writer.drop({"source": self.source, **item.row}, item.reason, item.evidence)

    def facts(self) -> dict[str, Any]:
        """Return the tally for the manifest."""
        ordered = {n: dict(sorted(getattr(self, n).items())) for n in ("relations", "dropped")}
        return asdict(self) | ordered


def total(tallies: Iterable[dict[str, Any]]) -> Counts:
    """Return the counts of all sources together."""
    dropped: Counter[str] = Counter()
    native = kept = 0
    for tally in tallies:
        native += tally["native"]
        kept += tally["kept"]
        dropped.update(tally["dropped"])
    return Counts(
        rows_in=native,
        rows_out=kept,
        rows_dropped=dropped.total(),
        dropped_by_reason=dict(sorted(dropped.items())),
    )
