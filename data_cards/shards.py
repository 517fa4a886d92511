"""The files of a release: for every split a series of Parquet files of at most so many rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from rupairs.store import RowsFile

# Split name → file stem, as the published sets have them.
STEMS = {"train": "train", "validation": "val", "test": "test"}
_ROWS_A_FILE = 1_000_000


class Shards:
    """Files that grow split by split; one without rows has none, as `datasets` opens no such file.

    A split that fits one file has it without a number, unless `numbered`.
    """

    def __init__(
        self,
        folder: Path,
        schema: pa.Schema,
        stems: Mapping[str, str] = STEMS,
        numbered: bool = False,
    ) -> None:
        self._folder = folder
        self._schema = schema
        self._stems = stems
        self._numbered = numbered
        self._open: dict[str, RowsFile] = {}
        self._files: dict[str, list[Path]] = {split: [] for split in stems}

    def add(self, split: str, row: Mapping[str, Any]) -> None:
        """Write one row."""
        self._file(split).add(row)

    def add_table(self, split: str, table: pa.Table) -> None:
        """Write rows."""
        if table.num_rows:
            self._file(split).add_table(table)

    def _file(self, split: str) -> RowsFile:
        found = self._open.get(split)
        if found is None or found.rows >= _ROWS_A_FILE:
            if found is not None:
                found.close()
            self._folder.mkdir(exist_ok=True)
            paths = self._files[split]
            paths.append(self._folder / f"{self._stems[split]}-{len(paths):05d}.parquet")
            found = self._open[split] = RowsFile(paths[-1], self._schema)
        return found

    def close(self) -> dict[str, tuple[Path, ...]]:
        """Finish all files and return them by split."""
        for file in self._open.values():
            file.close()
        if not self._numbered:
            for split, paths in self._files.items():
                if len(paths) == 1:
                    alone = self._folder / f"{self._stems[split]}.parquet"
                    self._files[split] = [paths[0].rename(alone)]
        return {split: tuple(paths) for split, paths in self._files.items()}
