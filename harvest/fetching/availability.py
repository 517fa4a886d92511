"""Availability: where the files of a source are, or where they would come from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harvest.fetching import hub, site
from harvest.fetching.fetch import access_to, matching
from harvest.source import Source

State = Literal["folder", "cached", "site cache", "hub", "site", "own files only"]


@dataclass(frozen=True)
class Availability:
    """The state of a source, the place it speaks of, and what a person has to know or do."""

    source: str
    state: State
    where: str
    note: str = ""


def probe(source: Source, from_dir: Path | None) -> Availability:
    """Say where the files of a source are, without asking anyone: nothing is fetched or hashed.

    `folder`: in one's own. `cached`, `site cache`: all of them fetched before. `hub`, `site`: to
    be fetched, from there at least. `own files only`: the note says how to get them. Without its
    folder in `from_dir` a source is described as if none were given.
    """
    folder = from_dir / source.name if from_dir is not None else None
    if folder is not None and folder.is_dir() and (files := matching(source, folder)):
        return Availability(
            source.name, "folder", str(folder), f"{len(files)} file{'s' if len(files) > 1 else ''}"
        )
    missing = [part for part in source.hub if not hub.is_cached(part)]
    if missing:
        repos = " and ".join(dict.fromkeys(part.repo for part in missing))
        return Availability(source.name, "hub", repos, source.access)
    if source.site and not site.is_cached(source):
        addresses = " ".join(file.url for file in source.site)
        return Availability(source.name, "site", addresses, source.access)
    if source.hub:
        repos = " and ".join(dict.fromkeys(part.repo for part in source.hub))
        return Availability(source.name, "cached", repos)
    if source.site:
        return Availability(source.name, "site cache", str(site.folder_of(source)))
    return Availability(source.name, "own files only", source.url, access_to(source))
