"""The figures of a release of RuHNP: how many of what, how long, made how."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Row = dict[str, Any]
_COLUMNS = {"positive": "pos", "negative": "neg"}


def kind_of_change(row: Row) -> str:
    """Return what a text is counted under: its change, or its origin where none is known."""
    return row["change"] or f"free ({row['origin']})"


@dataclass
class _Lengths:
    """Lengths of texts in characters and in words (runs without a space)."""

    characters: "array[int]" = field(default_factory=lambda: array("L"))
    words: "array[int]" = field(default_factory=lambda: array("L"))

    def add(self, text: str) -> None:
        self.characters.append(len(text))
        self.words.append(len(text.split()))

    def medians(self) -> dict[str, float | int]:
        return {
            "texts": len(self.characters),
            "characters": median(self.characters or [0]),
            "words": median(self.words or [0]),
        }


@dataclass
class Statistics:
    """Figures that grow by the pairs of one anchor after another."""

    splits: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)
    per_anchor: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    lengths: dict[str, _Lengths] = field(default_factory=lambda: defaultdict(_Lengths))
    changes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    origins: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, rows: Sequence[Row], split: str) -> None:
        """Count the released texts of one anchor."""
        self.splits[split] += 1
        self.pairs[split] += len(rows)
        self.lengths["query"].add(rows[0]["anchor"])
        for kind, column in _COLUMNS.items():
            texts = [row for row in rows if row["kind"] == kind]
            self.per_anchor[column][len(texts)] += 1
            for row in texts:
                self.lengths[column].add(row["text"])
                self.changes[column][kind_of_change(row)] += 1
                self.origins[column][row["origin"]] += 1

    def facts(self) -> dict[str, Any]:
        """Return the figures, ready for JSON."""
        return {
            "anchors": self.splits.total(),
            "pairs": self.pairs.total(),
            "splits": {
                split: {"anchors": self.splits[split], "pairs": self.pairs[split]}
                for split in sorted(self.splits)
            },
            "per_anchor": {c: _per_anchor(counts) for c, counts in self.per_anchor.items()},
            "medians": {column: found.medians() for column, found in self.lengths.items()},
            "changes": {c: _ordered(self.changes[c]) for c in _COLUMNS.values()},
            "origins": {c: _ordered(self.origins[c]) for c in _COLUMNS.values()},
        }

    def notes(self, facts: Mapping[str, Any]) -> str:
        """Return the figures as Markdown; `facts` are those of the step."""
        found = facts["statistics"]
        lines = [
            f"{found['anchors']} anchors, {found['pairs']} pairs. Anchors with too few texts: "
            f"{facts['incomplete_anchors']}, in `incomplete.parquet`. Where each pair came from: "
            "`provenance.parquet`. Texts for which no kind of change was asked are called free.",
        ]
        lines += ["", "| split | anchors | pairs |", "|---|--:|--:|"]
        lines += [f"| {s} | {n['anchors']} | {n['pairs']} |" for s, n in found["splits"].items()]
        lines += ["", "| texts per anchor | mean | least | most |", "|---|--:|--:|--:|"]
        for column, n in found["per_anchor"].items():
            lines.append(f"| {column} | {n['mean']:.2f} | {n['least']} | {n['most']} |")
        lines += ["", "| median length | texts | characters | words |", "|---|--:|--:|--:|"]
        for column, n in found["medians"].items():
            lines.append(f"| {column} | {n['texts']} | {n['characters']:g} | {n['words']:g} |")
        for title, name in (("kind of change", "changes"), ("origin", "origins")):
            lines += ["", *_two_columns(title, found[name])]
        return "\n".join(lines) + "\n"


def _per_anchor(counts: Counter[int]) -> dict[str, Any]:
    total = sum(n * times for n, times in counts.items())
    return {
        "mean": round(total / counts.total(), 4),
        "least": min(counts),
        "most": max(counts),
        "anchors": {str(n): counts[n] for n in sorted(counts)},
    }


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _two_columns(title: str, counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    lines = [f"| {title} | pos | neg |", "|---|--:|--:|"]
    names = sorted({*counts["pos"], *counts["neg"]})
    names.sort(key=lambda n: -counts["pos"].get(n, 0) - counts["neg"].get(n, 0))
    pos, neg = counts["pos"], counts["neg"]
    return lines + [f"| {name} | {pos.get(name, 0)} | {neg.get(name, 0)} |" for name in names]
