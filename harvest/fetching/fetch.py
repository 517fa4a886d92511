"""Native files: from a folder of one's own, from the Hugging Face Hub, or from the original site.

1. A folder holds one folder a source, named like it: then the only place of its files.
2. A source without one is an error, or, with `fetch_missing`, fetched like all are where no folder
   is given; what is fetched is kept in the Hub's cache and in that of `harvest.fetching.site`.
3. All sources are looked for before any is read. Those that cannot be had are told together, or,
   with `skip_unavailable`, left out.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harvest.fetching import hub, site
from harvest.fetching.transfer import DiskFullError, by_hand, sha256_of
from harvest.source import Native, Source
from harvest.sources import get
from rupairs.errors import RupairsError, UsageError
from rupairs.text import digest

if TYPE_CHECKING:
    from harvest.stage import HarvestSection

# A source that could not be had when the inputs were hashed is not read after that either: what a
# step reads is what its manifest says.
_unavailable: dict[tuple[str, Path | None], str] = {}


def native(
    source: Source,
    from_dir: Path | None,
    license: str | None = None,
    columns: Mapping[str, str] | None = None,
    fetch_missing: bool = False,
) -> Native:
    """Return the native files of a source, fetched first if they are in no folder of one's own.

    `license` replaces that of files in a folder; `columns` answers what nobody could look up.
    Raises `UsageError` naming the folder and the files it should hold, or how to get them, and
    `RupairsError` when the Hub or the site does not give them.
    """
    if from_dir is not None and _is_local(source, from_dir, fetch_missing):
        where, revision, files = _local(source, from_dir)
    else:
        if license:
            raise UsageError(
                f"{source.name}: licenses describes files of one's own, and "
                f"{from_dir and from_dir / source.name} is not there"
            )
        _must_be_fetched(source)
        where, revision, files = _remote(source)
    stated = source.license_of(files) if source.license_of else source.license
    return Native(source.name, where, files, revision, license or stated, dict(columns or {}))


def row_files(section: "HarvestSection") -> dict[str, str]:
    """Return `source/file: sha256` of everything the pairs are read from."""
    return _inputs(section.rows.sources, section)


def text_files(section: "HarvestSection") -> dict[str, str]:
    """Return `source/file: sha256` of everything the texts are read from."""
    return _inputs(section.texts.sources, section)


def unavailable(names: Iterable[str], section: "HarvestSection") -> dict[str, str]:
    """Return those of the sources that were left out when the inputs were hashed, and why."""
    if not section.skip_unavailable:
        return {}
    kept = {name: _unavailable.get((name, section.from_dir)) for name in names}
    return {name: why for name, why in kept.items() if why}


def _inputs(names: Iterable[str], section: "HarvestSection") -> dict[str, str]:
    """Return the hashes of the files of all sources; raises one error for all that lack theirs.

    What shows without a network is said before anything is fetched.
    """
    names, place = tuple(names), section.from_dir
    failures: dict[str, RupairsError] = {}
    for name in names:
        try:
            if place is None or not _is_local(get(name), place, section.fetch_missing):
                _must_be_fetched(get(name))
            else:
                _folder_files(get(name), place)
        except RupairsError as error:
            failures[name] = error
    if failures and not section.skip_unavailable:
        raise _missing(failures, len(names))
    found: dict[str, str] = {}
    for name in (n for n in names if n not in failures):
        try:
            files = native(get(name), place, fetch_missing=section.fetch_missing).files
            found |= {f"{name}/{file}": sha256_of(path) for file, path in files.items()}
        except DiskFullError:
            raise
        except RupairsError as error:
            failures[name] = error
    for name in names:
        _unavailable.pop((name, place), None)
    if failures and (not section.skip_unavailable or len(failures) == len(names)):
        raise _missing(failures, len(names))
    _unavailable.update({(name, place): str(error) for name, error in failures.items()})
    return found


def _missing(failures: Mapping[str, RupairsError], asked: int) -> RupairsError:
    """Return the error that names every source whose files cannot be had."""
    errors = list(failures.values())
    if asked == 1:
        return errors[0]
    kind = UsageError if all(isinstance(e, UsageError) for e in errors) else RupairsError
    lines = [f"{len(errors)} of {asked} sources cannot be had:"]
    lines += [f"  {name}: {str(e).removeprefix(f'{name}: ')}" for name, e in failures.items()]
    lines.append(
        f"Go on without {', '.join(failures)}: --skip-unavailable (in a recipe: skip_unavailable "
        "= true in [harvest]), or name the other sources only"
    )
    return kind("\n".join(lines))


def _is_local(source: Source, from_dir: Path, fetch_missing: bool) -> bool:
    """Say whether a source's files are to be looked for in its folder."""
    if not from_dir.is_dir():
        raise UsageError(f"{from_dir}: no such folder")
    can_be_fetched = bool(source.hub or source.site)
    return not (fetch_missing and can_be_fetched) or (from_dir / source.name).is_dir()


def _must_be_fetched(source: Source) -> None:
    if not (source.hub or source.site):
        raise UsageError(f"{source.name}: {access_to(source)}; {by_hand(source)}")


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
    files = _folder_files(source, from_dir)
    content = digest(part for name in files for part in (name, sha256_of(files[name])))
    return str(from_dir / source.name), f"files-{content[:16]}", files


def _folder_files(source: Source, from_dir: Path) -> dict[str, Path]:
    folder = from_dir / source.name
    wanted = " or ".join(source.files) + (f"; {source.access}" if source.access else "")
    if not folder.is_dir():
        other = "; with --fetch-missing it is fetched" if source.hub or source.site else ""
        raise UsageError(f"{folder}: no such folder; it should hold {wanted}{other}")
    if files := matching(source, folder):
        return files
    raise UsageError(f"{folder}: holds none of {wanted}")


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
