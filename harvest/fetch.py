"""Native files: from a folder of one's own, or from the Hugging Face Hub into its cache.

A folder holds one folder a source, named like it. The Hub is asked only for sources that are to
be read and have no folder; HF_ENDPOINT, HF_HOME and HF_TOKEN mean what they mean elsewhere.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from harvest.source import HubFiles, Native, Source
from harvest.sources import get
from rupairs.errors import RupairsError, UsageError
from rupairs.manifest import sha256
from rupairs.text import digest

if TYPE_CHECKING:
    from harvest.stage import HarvestSection


def native(source: Source, from_dir: Path | None, license: str | None = None) -> Native:
    """Return the native files of a source, fetched first if `from_dir` is not given.

    `license` replaces the source's own. Raises `UsageError` naming the folder and the files it
    should hold, `RupairsError` when the Hub does not give them.
    """
    terms = license or source.license
    if from_dir is not None:
        return _local(source, from_dir, terms)
    if not source.hub:
        raise UsageError(
            f"{source.name}: not on the Hugging Face Hub; get {' '.join(source.files)} from "
            f"{source.url}, put them into DIR/{source.name} and give DIR as from_dir (--from-dir)"
        )
    files: dict[str, Path] = {}
    commits = []
    for part in source.hub:
        folder = _download(source, part)
        files |= _matching(folder, part.files)
        commits.append(folder.name)
    where = " and ".join(part.repo for part in source.hub)
    return Native(source.name, where, files, "+".join(commits), terms)


def pair_files(section: "HarvestSection") -> dict[str, str]:
    """Return `source/file: sha256` of everything the pairs are read from."""
    return _hashes(section.pairs.sources, section.from_dir)


def text_files(section: "HarvestSection") -> dict[str, str]:
    """Return `source/file: sha256` of everything the texts are read from."""
    return _hashes(section.texts.sources, section.from_dir)


def _hashes(names: Iterable[str], from_dir: Path | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        files = native(get(name), from_dir).files
        found |= {f"{name}/{file}": _hash(path) for file, path in files.items()}
    return found


def _local(source: Source, from_dir: Path, terms: str) -> Native:
    folder = from_dir / source.name
    globs = (*source.files, *(glob for part in source.hub for glob in part.files))
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; it should hold {' or '.join(source.files)}")
    files = _matching(folder, globs)
    if not files:
        raise UsageError(f"{folder}: holds none of {' or '.join(source.files)}")
    content = digest(part for name in files for part in (name, _hash(files[name])))
    return Native(source.name, str(folder), files, f"files-{content[:16]}", terms)


def _matching(folder: Path, globs: tuple[str, ...]) -> dict[str, Path]:
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if any(PurePosixPath(name).match(glob) for glob in globs):
            found[name] = path
    return found


def _hash(path: Path) -> str:
    """Return the SHA-256 of a file, worked out once for as long as the file is the same."""
    status = path.stat()
    return _hash_of(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1024)
def _hash_of(path: Path, size: int, modified: int) -> str:
    return sha256(path)


def _download(source: Source, part: HubFiles) -> Path:
    """Return the folder of a Hub snapshot, which is named by its commit."""
    import httpx2
    from huggingface_hub import constants, snapshot_download

    asked = f"{part.repo} ({part.revision or 'main'}) at {constants.ENDPOINT}"
    try:
        folder = Path(
            snapshot_download(
                part.repo,
                repo_type="dataset",
                revision=part.revision,
                allow_patterns=list(part.files),
            )
        )
    except (OSError, httpx2.HTTPError) as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise RupairsError(
            f"{source.name}: cannot fetch {asked}: {reason}. Run again to go on, or put "
            f"{' or '.join(source.files)} into DIR/{source.name} and give DIR as from_dir "
            "(--from-dir)"
        ) from None
    for glob in part.files:
        if not _matching(folder, (glob,)):
            raise RupairsError(f"{source.name}: {asked} has no {glob}; the data set has changed")
    return folder
