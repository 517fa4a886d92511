"""The site: files that a data set's publisher offers at plain addresses, kept in a cache.

A download grows in `NAME.part` and gets its name when it is whole. `NAME.origin.json` says where
it comes from, and from then on its SHA-256, which is compared whenever the file is used again.
RUPAIRS_CACHE moves the cache; a file deleted there is fetched anew. HF_HUB_OFFLINE, which means
"no network" to everything else here, means it to sites too.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from harvest.fetching.download import Download, Origin, size_of
from harvest.fetching.transfer import by_hand, disk_full, is_full, remove, sha256_of
from harvest.source import SiteFile, Source
from rupairs.embedded.assets import cache_dir
from rupairs.errors import RupairsError


def fetch(source: Source) -> dict[str, Path]:
    """Return the files of a source's site by their names, fetched as far as they are not kept.

    Raises `RupairsError` naming the source, the address or the folder, and what to do.
    """
    return {file.name: _kept(source, file) for file in source.site}


def is_cached(source: Source) -> bool:
    """Say whether all files of a source's site are kept, going by their sizes."""
    return all(_is_kept(file, folder_of(source) / file.name) for file in source.site)


def folder_of(source: Source) -> Path:
    """Return the folder in which the files of a source's site are kept."""
    return cache_dir() / "sites" / source.name


def _kept(source: Source, file: SiteFile) -> Path:
    from huggingface_hub import constants
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]

    path = folder_of(source) / file.name
    if _is_whole(file, path):
        return path
    if constants.is_offline_mode():
        raise RupairsError(
            f"{source.name}: HF_HUB_OFFLINE is set and {path} is missing or damaged. Unset "
            f"HF_HUB_OFFLINE and run again, or {by_hand(source)}"
        )
    with _writing(source, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two runs at once must not write to one part.
        with WeakFileLock(path.with_name(f"{path.name}.lock")):
            if not _is_whole(file, path):
                remove(path)
                _fetch(source, file, path)
    return path


def _fetch(source: Source, file: SiteFile, path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    download = Download(source, file, part, _origin(path), lambda new: _note(path, new))
    download.run()
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    _note(path, replace(download.origin, size=size_of(part), sha256=sha256_of(part)))
    part.replace(path)


def _is_kept(file: SiteFile, path: Path) -> bool:
    origin = _origin(path)
    finished = origin.url == file.url and bool(origin.sha256)
    return finished and path.is_file() and size_of(path) == origin.size


def _is_whole(file: SiteFile, path: Path) -> bool:
    return _is_kept(file, path) and sha256_of(path) == _origin(path).sha256


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.origin.json")


def _origin(path: Path) -> Origin:
    try:
        return Origin(**json.loads(_sidecar(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Origin()


def _note(path: Path, origin: Origin) -> None:
    new = _sidecar(path).with_suffix(".tmp")
    new.write_text(json.dumps(asdict(origin), indent=2) + "\n", encoding="utf-8")
    new.replace(_sidecar(path))


@contextmanager
def _writing(source: Source, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise disk_full(source, path.parent, "RUPAIRS_CACHE") from None
        raise RupairsError(
            f"{source.name}: cannot write {path} ({error.strerror or error}); set RUPAIRS_CACHE "
            "to a folder that can be written to"
        ) from None
