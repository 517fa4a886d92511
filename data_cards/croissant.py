"""Croissant metadata: what the files of a release hold, for programs that read other people's sets.

MLCommons Croissant 1.0, https://docs.mlcommons.org/croissant/docs/croissant-spec.html. Files are
named relative to the release folder and have their SHA-256; each config is a record set, whose
field `split` is read from the names of the files.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, Field, ValidationError, field_validator

from data_cards.citation import bibtex
from data_cards.front import Files
from data_cards.terms import Terms
from rupairs.licenses import spdx_url
from rupairs.manifest import sha256

CROISSANT = "croissant.json"
_PARQUET = "application/x-parquet"
_SPLITS = {
    "train": "cr:TrainingSplit",
    "validation": "cr:ValidationSplit",
    "test": "cr:TestSplit",
}
_KINDS = (
    (pa.types.is_string, "sc:Text"),
    (pa.types.is_boolean, "sc:Boolean"),
    (pa.types.is_integer, "sc:Integer"),
    (pa.types.is_floating, "sc:Float"),
)
# The context that the specification recommends, as its own reader wants it.
_TERMS = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty"),
    *("fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField"),
    *("path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate"),
    *("separator", "source", "subField", "transform"),
)
_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
} | {name: f"cr:{name}" for name in _TERMS}

Node = dict[str, Any]


@dataclass(frozen=True)
class About:
    """What a card says of its set: `citations` are those of the sets that its rows come from."""

    name: str
    description: str
    terms: Terms
    keywords: tuple[str, ...] = ()
    url: str = ""
    citations: tuple[str, ...] = ()


def write_croissant(folder: Path, files: Files, about: About) -> None:
    """Write `croissant.json` of a release folder whose Parquet files are there."""
    text = json.dumps(croissant(folder, files, about), ensure_ascii=False, indent=2)
    (folder / CROISSANT).write_text(text + "\n", encoding="utf-8")


def croissant(folder: Path, files: Files, about: About) -> Node:
    """Return the metadata, read from the files; a config without any is left out."""
    paths = {
        config: [p for part in splits.values() for p in part] for config, splits in files.items()
    }
    paths = {config: found for config, found in paths.items() if found}
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": about.name,
        "description": about.description,
        "license": _license(about.terms),
        **({"url": about.url} if about.url else {}),
        "citeAs": bibtex(about.name, about.url),
        **({"citation": list(about.citations)} if about.citations else {}),
        "inLanguage": ["ru"],
        "keywords": list(about.keywords),
        "distribution": [
            *(_file_object(folder, path) for found in paths.values() for path in found),
            *(_file_set(folder, config, found) for config, found in paths.items()),
        ],
        "recordSet": [
            _splits(files),
            *(_record_set(config, found[0]) for config, found in paths.items()),
        ],
    }


def _license(terms: Terms) -> str | Node:
    if url := spdx_url(terms.hub):
        return url
    reasons = "; ".join(terms.reasons)
    return {"@type": "sc:CreativeWork", "name": terms.name or terms.hub, "description": reasons}


def _file_object(folder: Path, path: Path) -> Node:
    name = path.relative_to(folder).as_posix()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": _PARQUET,
        "sha256": sha256(path),
    }


def _file_set(folder: Path, config: str, paths: list[Path]) -> Node:
    return {
        "@type": "cr:FileSet",
        "@id": _files_of(config),
        "name": _files_of(config),
        "description": f"All files of the config {config}.",
        "encodingFormat": _PARQUET,
        "includes": [path.relative_to(folder).as_posix() for path in paths],
    }


def _files_of(config: str) -> str:
    return f"{config}-files"


def _splits(files: Files) -> Node:
    """Return the record set of the splits, under the names that files have: `val.parquet`."""
    stems = {
        path.stem.partition("-")[0]: split
        for splits in files.values()
        for split, paths in splits.items()
        for path in paths
    }
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The splits, by the names of their files.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": "splits/url", "name": "url", "dataType": "sc:URL"},
        ],
        "data": [{"splits/name": s, "splits/url": _SPLITS[split]} for s, split in stems.items()],
    }


def _record_set(config: str, path: Path) -> Node:
    columns = [column for column in pq.read_schema(path) if column.name != "split"]
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": f"The rows of the config {config}.",
        "field": [_split_field(config), *(_field(config, column) for column in columns)],
    }


def _split_field(config: str) -> Node:
    return _described(config, "split", "sc:Text") | {
        "source": {
            "fileSet": {"@id": _files_of(config)},
            "extract": {"fileProperty": "filename"},
            "transform": {"regex": r"^(\w+?)(?:-\d+)?(?:\.parquet)?$"},
        },
        "references": {"field": {"@id": "splits/name"}},
    }


def _field(config: str, column: pa.Field) -> Node:
    repeated = pa.types.is_list(column.type)
    kind = column.type.value_type if repeated else column.type
    name = next(name for check, name in _KINDS if check(kind))
    source = {"fileSet": {"@id": _files_of(config)}, "extract": {"column": column.name}}
    found = _described(config, column.name, name) | {"source": source}
    return found | ({"repeated": True} if repeated else {})


def _described(config: str, name: str, kind: str) -> Node:
    return {"@type": "cr:Field", "@id": f"{config}/{name}", "name": name, "dataType": kind}


class _FileObject(BaseModel):
    content_url: str = Field(default="", alias="contentUrl")
    sha256: str | None = None


class _Distribution(BaseModel):
    distribution: list[_FileObject] = []

    @field_validator("distribution", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        # JSON-LD has one thing without a list around it.
        return [value] if isinstance(value, dict) else value


def disagreements(folder: Path) -> Iterator[str]:
    """Yield what `croissant.json`, anybody's, says of files in its folder that is not so."""
    try:
        found = _Distribution.model_validate_json((folder / CROISSANT).read_bytes())
    except ValidationError as error:
        yield f"{CROISSANT}: not to be read ({error.errors()[0]['msg']})"
        return
    for file in found.distribution:
        name = PurePosixPath(file.content_url)
        if not name.parts or "://" in file.content_url:
            continue
        if name.is_absolute() or ".." in name.parts or not _is_there(folder / name):
            yield f"{name}: is not there"
        elif file.sha256 and sha256(folder / name) != file.sha256:
            yield f"{name}: has another SHA-256"


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is too long
        return False
