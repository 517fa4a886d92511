"""What may not be passed on: left out of a release and kept beside it, never published."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from rupairs.pairs import PAIR_SCHEMA
from rupairs.redistribution import forbidding
from rupairs.store import RowsFile

LEFT_OUT = "left_out.parquet"
CLOSED, INCOMPLETE = "not_redistributable", "incomplete_row"
_SCHEMA = PAIR_SCHEMA.append(pa.field("reason", pa.string(), nullable=False))

Row = Mapping[str, Any]


class LeftOut:
    """The pairs that a release leaves out; if not `wanted`, it leaves out none and has no file."""

    def __init__(self, folder: Path, wanted: bool) -> None:
        self.reasons: Counter[str] = Counter()
        self._file = RowsFile(folder / LEFT_OUT, _SCHEMA) if wanted else None

    def forbids(self, license_id: str) -> bool:
        """Say whether rows with this license are to be left out."""
        return self._file is not None and forbidding(license_id) is not None

    def add(self, row: Row, reason: str = CLOSED) -> None:
        """Note a row that is left out."""
        self.reasons[reason] += 1
        if self._file is not None:
            self._file.add({**row, "reason": reason})

    def add_table(self, table: pa.Table) -> None:
        """Note rows whose license forbids passing them on."""
        if self._file is not None and table.num_rows:
            self.reasons[CLOSED] += table.num_rows
            reasons = pa.array([CLOSED] * table.num_rows, pa.string())
            self._file.add_table(table.append_column(_SCHEMA.field("reason"), reasons))

    def funnel(self, step: str, kept: int) -> list[dict[str, Any]]:
        """Return the row that the card's table of steps gets, if anything was left out."""
        total = self.reasons.total()
        if not total:
            return []
        said = ", ".join(f"{reason} {n}" for reason, n in self.reasons.most_common())
        counts = {"rows_in": kept + total, "rows_out": kept, "rows_dropped": total}
        return [{"step": step, "reasons": said} | counts]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
