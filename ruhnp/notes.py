"""What a person reads on top of the report of the verification: what was asked, what is kept."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ruhnp.generated import Fault, Row

_KINDS = ("positive", "negative")
UNSTATED = "—"
"""Stands for the kind of change of texts for which none was asked."""


class Tally:
    """Rows by kind, change and origin, and reasons by kind."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str, str]] = Counter()
        self.kept: Counter[tuple[str, str, str]] = Counter()
        self.reasons: Counter[tuple[str, str]] = Counter()

    def add(self, row: Row, fault: Fault | None) -> None:
        """Count a row and what became of it."""
        place = (row["kind"], row["change"] or UNSTATED, row["origin"])
        self.seen[place] += 1
        if fault is None:
            self.kept[place] += 1
        else:
            self.reasons[fault[0], row["kind"]] += 1

    def facts(self) -> dict[str, Any]:
        """Return the counts by kind and change, and by origin and kind, ready for JSON."""

        def counted(parts: Sequence[int]) -> dict[str, dict[str, int]]:
            groups = self._grouped(parts).items()
            return {" ".join(g): {"texts": seen, "kept": kept} for g, (seen, kept) in groups}

        return {"by_change": counted((0, 1)), "by_origin": counted((2, 0))}

    def page(self) -> str:
        """Return the counts as Markdown."""
        return "".join(
            (
                "## By kind of change\n\n",
                table(("kind", "change", "texts", "kept", "share"), self._rows((0, 1))),
                "\n## By origin\n\n",
                table(("origin", "kind", "texts", "kept", "share"), self._rows((2, 0))),
                "\n## Dropped, by kind\n\n",
                table(("dropped because", *_KINDS), self._dropped()),
            )
        )

    def _grouped(self, parts: Sequence[int]) -> dict[tuple[str, ...], tuple[int, int]]:
        seen: Counter[tuple[str, ...]] = Counter()
        kept: Counter[tuple[str, ...]] = Counter()
        for place, n in self.seen.items():
            group = tuple(place[i] for i in parts)
            seen[group] += n
            kept[group] += self.kept[place]
        return {group: (seen[group], kept[group]) for group in sorted(seen)}

    def _rows(self, parts: Sequence[int]) -> list[tuple[object, ...]]:
        groups = self._grouped(parts).items()
        return [(*group, seen, kept, f"{kept / seen:.0%}") for group, (seen, kept) in groups]

    def _dropped(self) -> list[tuple[object, ...]]:
        total: Counter[str] = Counter()
        for (reason, _), n in self.reasons.items():
            total[reason] += n
        return [
            (reason, *(self.reasons[reason, kind] for kind in _KINDS))
            for reason, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))
        ]


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; columns whose cells are numbers stand to the right."""
    body = [list(row) for row in rows]
    numeric = [
        bool(body) and all(isinstance(row[i], int | float) for row in body)
        for i in range(len(columns))
    ]
    rule = "|".join("--:" if right else "---" for right in numeric)
    lines = [f"| {' | '.join(columns)} |", f"|{rule}|"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in body]
    return "\n".join(lines) + "\n"
