"""The Hub: the files of a Hugging Face data set, fetched into its cache and checked.

HF_ENDPOINT, HF_HOME, HF_TOKEN and HF_HUB_OFFLINE mean what they mean elsewhere.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harvest.fetching.hub_faults import asked, cause_of, failure, passing
from harvest.fetching.transfer import Attempts, by_hand, matches, remove
from harvest.source import HubFiles, Source
from rupairs.errors import RupairsError

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

SILENCE_S = 60.0
_CHECKSUM = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")

# A branch may move between the hashing of the inputs and their reading; a process reads one commit.
_commits: dict[tuple[str, str, HubFiles], str] = {}


@dataclass(frozen=True)
class Snapshot:
    """Files of a data set at one commit, by their names there."""

    commit: str
    files: dict[str, Path]


def fetch(source: Source, part: HubFiles) -> Snapshot:
    """Return the files of a data set that a source is read from, fetched as far as needed.

    Each is compared with its checksum, once a process. Raises `RupairsError` naming the source,
    the data set, the file where there is one, and what to do.
    """
    from huggingface_hub import constants

    key = (constants.ENDPOINT, constants.HF_HUB_CACHE, part)
    revision = _commits.get(key, part.revision)
    folder, names = _patiently(source, part, lambda: _snapshot(part, revision))
    _commits[key] = folder.name
    for glob in part.files:
        if not _among(names, (glob,)):
            raise RupairsError(
                f"{source.name}: {asked(part)} has no {glob}; the data set has changed: "
                f"look at its page, or {by_hand(source)}"
            )
    for name in names:
        _check(source, part, folder, name)
    return Snapshot(folder.name, {name: folder / name for name in names})


def is_cached(part: HubFiles) -> bool:
    """Say whether all files of a data set's part are in the cache; the Hub is not asked."""
    from huggingface_hub import get_cached_repo_tree, try_to_load_from_cache
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    revision = part.revision or "main"
    try:
        tree = get_cached_repo_tree(part.repo, repo_type="dataset", revision=revision)
    except CachedRepoTreeNotFoundError:
        return False
    listed = [file.path for file in tree]
    return all(_among(listed, (glob,)) for glob in part.files) and all(
        isinstance(
            try_to_load_from_cache(part.repo, name, revision=revision, repo_type="dataset"), str
        )
        for name in _among(listed, part.files)
    )


def _snapshot(part: HubFiles, revision: str | None) -> tuple[Path, list[str]]:
    """Return the folder of a snapshot, which is named by its commit, and the names of its files.

    The names come from the commit's listing, not from the folder: what another program fetched in
    part would pass for a whole snapshot when the Hub cannot be asked.
    """
    from huggingface_hub import HfApi, get_cached_repo_tree, snapshot_download
    from huggingface_hub.errors import CachedRepoTreeNotFoundError
    from huggingface_hub.hf_api import RepoFile

    folder = Path(
        snapshot_download(
            part.repo,
            repo_type="dataset",
            revision=revision,
            allow_patterns=list(part.files),
        )
    )
    at = folder.name
    try:
        names = [f.path for f in get_cached_repo_tree(part.repo, repo_type="dataset", revision=at)]
    except CachedRepoTreeNotFoundError:
        listed = HfApi().list_repo_tree(part.repo, repo_type="dataset", revision=at, recursive=True)
        names = [f.path for f in listed if isinstance(f, RepoFile)]
    return folder, _among(names, part.files)


def _among(names: Iterable[str], globs: tuple[str, ...]) -> list[str]:
    from huggingface_hub.utils import filter_repo_objects  # type: ignore[attr-defined]

    return sorted(filter_repo_objects(names, allow_patterns=list(globs)))


def _check(source: Source, part: HubFiles, folder: Path, name: str) -> None:
    """See that a file is what the Hub says it is; a damaged one is fetched again, once."""
    if _is_intact(folder / name):
        return
    _patiently(source, part, lambda: _fetch_again(part, folder, name))
    if not _is_intact(folder / name):
        _discard(folder / name)
        raise RupairsError(
            f"{source.name}: {name} of {asked(part)} came twice with bytes that do not match its "
            "checksum; the server, or a proxy on the way, damages it: run again later, or "
            f"{by_hand(source)}"
        )


def _fetch_again(part: HubFiles, folder: Path, name: str) -> None:
    from huggingface_hub import hf_hub_download

    _discard(folder / name)
    # Forced, or the same bytes would come back from the store that data sets share.
    hf_hub_download(part.repo, name, repo_type="dataset", revision=folder.name, force_download=True)


def _is_intact(path: Path) -> bool:
    """Compare a file with the checksum it is stored under, where it is stored under one.

    A blob is named by its ETag: the SHA-256 of a large file, the git SHA-1 of any other. It may
    itself be a link into a store of other names, so one link is followed and not all.
    """
    blob = path.readlink().name if path.is_symlink() else ""
    return path.is_file() and (not _CHECKSUM.fullmatch(blob) or matches(path, blob))


def _discard(path: Path) -> None:
    blob = path.parent / path.readlink() if path.is_symlink() else path
    remove(path)
    blob.unlink(missing_ok=True)


def _patiently(source: Source, part: HubFiles, call: Callable[[], T]) -> T:
    """Call until it succeeds, no attempt is left, or a fault is there to stay."""
    import httpx2

    attempts, most = Attempts(), _finished(part)
    while True:
        _end_silence()
        try:
            return call()
        # hf_xet raises RuntimeError; an answer that is no JSON, and options at odds, ValueError.
        except (OSError, httpx2.HTTPError, RuntimeError, ValueError) as error:
            cause = cause_of(error)
            fault = passing(cause)
            gained, most = _finished(part) > most, max(most, _finished(part))
            if fault is None or not attempts.wait_after(fault, gained):
                raise failure(source, part, cause) from None


def _finished(part: HubFiles) -> int:
    """Return how many files of a data set are whole, of any commit."""
    from huggingface_hub import constants

    blobs = Path(constants.HF_HUB_CACHE) / f"datasets--{part.repo.replace('/', '--')}" / "blobs"
    return sum(path.suffix != ".incomplete" for path in blobs.glob("*"))


def _end_silence() -> None:
    """See that no request waits for ever: huggingface_hub sets no limit where it lists files."""
    from huggingface_hub import get_session

    hooks = get_session().event_hooks["request"]
    if _limit not in hooks:
        hooks.append(_limit)


def _limit(request: "httpx2.Request") -> None:
    limits = request.extensions.get("timeout", {})
    request.extensions["timeout"] = {
        kind: SILENCE_S if limits.get(kind) is None else limits[kind]
        for kind in ("connect", "read", "write", "pool")
    }
