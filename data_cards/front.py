"""Front matter: what the Hub reads of a card, from the files and the terms of a release."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data_cards.terms import Tally, Terms, release_terms

Files = Mapping[str, Mapping[str, tuple[Path, ...]]]
"""Parquet files by config and split."""


@dataclass(frozen=True)
class Licensed:
    """The terms of a release and what forbids it, for its front matter and its manifest."""

    terms: Terms
    refusals: tuple[str, ...]

    @classmethod
    def of(cls, tally: Tally) -> "Licensed":
        """Return the terms of counted rows."""
        return cls(release_terms(tally.rows), tuple(map(str, tally.refusals())))

    def fields(self) -> dict[str, str]:
        """Return the front matter's fields."""
        if self.terms.hub != "other":
            return {"license": self.terms.hub}
        name = self.terms.name.lower().replace(" ", "-")
        return {"license": "other", "license_name": name, "license_link": "README.md#license"}

    def facts(self) -> dict[str, Any]:
        """Return what `rupairs publish` asks the manifest about."""
        return {"terms": asdict(self.terms), "refusals": list(self.refusals)}


def configs(folder: Path, files: Files) -> list[dict[str, Any]]:
    """Return the `configs` of the files that there are; the first is the default."""
    found: list[dict[str, Any]] = []
    for config, splits in files.items():
        parts = [
            {"split": split, "path": _paths(folder, paths)}
            for split, paths in splits.items()
            if paths
        ]
        if parts:
            default = {} if found else {"default": True}
            found.append({"config_name": config, "data_files": parts} | default)
    return found


def _paths(folder: Path, paths: tuple[Path, ...]) -> str | list[str]:
    names = [path.relative_to(folder).as_posix() for path in paths]
    return names[0] if len(names) == 1 else names


def dataset_info(files: Files) -> list[dict[str, Any]]:
    """Return `dataset_info`: columns, rows and bytes of every split, read from the files."""
    import pyarrow.parquet as pq
    from datasets import Features

    found = []
    for config, splits in files.items():
        told, schema, stored = [], None, 0
        for split, paths in splits.items():
            footers = [pq.ParquetFile(path) for path in paths]
            if not footers:
                continue
            schema = schema or footers[0].schema_arrow
            groups = [(f.metadata, g) for f in footers for g in range(f.metadata.num_row_groups)]
            size = sum(metadata.row_group(g).total_byte_size for metadata, g in groups)
            rows = sum(footer.metadata.num_rows for footer in footers)
            told.append({"name": split, "num_bytes": size, "num_examples": rows})
            stored += sum(path.stat().st_size for path in paths)
        if schema is not None:
            features = Features.from_arrow_schema(schema)._to_yaml_list()
            sizes = {"download_size": stored, "dataset_size": sum(t["num_bytes"] for t in told)}
            found.append({"config_name": config, "features": features, "splits": told} | sizes)
    return found
