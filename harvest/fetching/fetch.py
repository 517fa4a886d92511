"""Native files: from a folder of one's own, from the Hugging Face Hub, or from the original site.

A folder holds one folder a source, named like it. Nothing is fetched for a source while a folder
is given; what is fetched is kept in the Hub's cache and in that of `harvest.fetching.site`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harvest.fetching import hub, site
from harvest.fetching.transfer import by_hand, sha256_of
from harvest.source import Native, Source
from harvest.sources import get
from rupairs.errors import RupairsError, UsageError
from rupairs.text import digest

if TYPE_CHECKING:
    from harvest.stage import HarvestSection


def native(
    source: Source,
    from_dir: Path | None,
    license: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Native:
    """Return the native files of a source, fetched first if `from_dir` is not given.

    `license` replaces the source's own; `columns` answers what nobody could look up. Raises
    `UsageError` naming the folder and the files it should hold, or how to get them, and
    `RupairsError` when the Hub or the site does not give them.
    """
    terms, answers = license or source.license, dict(columns or {})
    if from_dir is not None:
        where, revision, files = _local(source, from_dir)
    elif source.hub or source.site:
        where, revision, files = _remote(source)
    else:
        raise UsageError(f"{source.name}: {access_to(source)}; {by_hand(source)}")
    return Native(source.name, where, files, revision, terms, answers)


def row_files(section: "HarvestSection") -> dict[str, str]:
    """Return `source/file: sha256` of everything the pairs are read from."""
    return _inputs(section.rows.sources, section.from_dir)


def text_files(section: "HarvestSection") -> dict[str, str]:
    """Return `source/file: sha256` of everything the texts are read from."""
    return _inputs(section.texts.sources, section.from_dir)


def _inputs(names: Iterable[str], from_dir: Path | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        files = native(get(name), from_dir).files
        found |= {f"{name}/{file}": sha256_of(path) for file, path in files.items()}
    return found


def access_to(source: Source) -> str:
    """Return how to get the files of a source that nothing fetches, with its address."""
    if not source.access:
        return f"not on the Hugging Face Hub; get {' '.join(source.files)} from {source.url}"
    return source.access if source.url in source.access else f"{source.access} ({source.url})"


def matching(source: Source, folder: Path) -> dict[str, Path]:
    """Return the files in a folder that are a source's, by their names relative to it."""
    globs = (
        *source.files,
        *(glob for part in source.hub for glob in part.files),
        *(file.name for file in source.site),
    )
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if any(PurePosixPath(name).match(glob) for glob in globs):
            found[name] = path
    return found


def _local(source: Source, from_dir: Path) -> tuple[str, str, dict[str, Path]]:
    folder = from_dir / source.name
    wanted = " or ".join(source.files) + (f"; {source.access}" if source.access else "")
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; it should hold {wanted}")
    files = matching(source, folder)
    if not files:
        raise UsageError(f"{folder}: holds none of {wanted}")
    content = digest(part for name in files for part in (name, sha256_of(files[name])))
    return str(folder), f"files-{content[:16]}", files


def _remote(source: Source) -> tuple[str, str, dict[str, Path]]:
    files: dict[str, Path] = {}
    places, revisions = [], []
    for part in source.hub:
        snapshot = hub.fetch(source, part)
        _add(source, files, snapshot.files)
        places.append(part.repo)
        revisions.append(snapshot.commit)
    if source.site:
        fetched = site.fetch(source)
        _add(source, files, fetched)
        places.extend(dict.fromkeys(urlsplit(file.url).netloc for file in source.site))
        revisions.append(_site_revision(list(fetched.values())))
    return " and ".join(dict.fromkeys(places)), "+".join(revisions), files


def _add(source: Source, files: dict[str, Path], more: Mapping[str, Path]) -> None:
    if twice := sorted(files.keys() & more.keys()):
        raise RupairsError(f"{source.name}: {', '.join(twice)} comes from two places")
    files |= more


def _site_revision(paths: list[Path]) -> str:
    """Return `site-` and the SHA-256 of the file, or of the SHA-256 of several, shortened."""
    hashes = [sha256_of(path) for path in paths]
    whole = hashes[0] if len(hashes) == 1 else hashlib.sha256(" ".join(hashes).encode()).hexdigest()
    return f"site-{whole[:16]}"
