"""A repository on the Hub as it stands: its head and files, and how a folder here differs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from data_cards.hub_errors import told
from data_cards.left_out import LEFT_OUT
from rupairs.manifest import NAME, sha256

README = "README.md"
# Notes of the run for the person who made it; the card says what others need.
_KEPT_HERE = {NAME, "report.md", "notes.md", LEFT_OUT}
Kind = Literal["dataset", "model"]
Fate = Literal["new", "changed", "same", "theirs"]


@dataclass(frozen=True)
class Place:
    """A repository and a branch of it."""

    repo: str
    kind: Kind
    branch: str = "main"

    @property
    def address(self) -> str:
        """Return what people call it."""
        return f"{'datasets/' if self.kind == 'dataset' else ''}{self.repo}@{self.branch}"


@dataclass(frozen=True)
class RemoteFile:
    """A file on the Hub: bytes, git's hash of it, and its SHA-256 where it is a large one."""

    size: int
    oid: str
    sha256: str | None


@dataclass(frozen=True)
class Head:
    """The newest commit of a branch and its files.

    A branch that is not there has no commit yet; made, it begins with the files of the main one.
    """

    commit: str | None = None
    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    exists: bool = False
    private: bool | None = None


@dataclass(frozen=True)
class Change:
    """What publishing does to one file; `theirs` are those that the folder here lacks."""

    name: str
    fate: Fate
    size: int


def head(api: Any, place: Place) -> Head:
    """Return how a branch stands; a repository that is not there has no commit.

    `api` is a `huggingface_hub.HfApi`. Raises what `told` raises.
    """
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    with told(place.address, "looking it up"):
        try:
            info = api.repo_info(place.repo, repo_type=place.kind)
        except RepositoryNotFoundError:
            return Head()
        commit, begins = None, info.sha
        try:
            there = api.repo_info(place.repo, repo_type=place.kind, revision=place.branch)
            commit = begins = there.sha
        except RevisionNotFoundError:
            pass
        entries = api.list_repo_tree(
            place.repo, recursive=True, revision=begins, repo_type=place.kind
        )
        files = {
            entry.path: RemoteFile(entry.size, entry.blob_id, entry.lfs and entry.lfs.sha256)
            for entry in entries
            if hasattr(entry, "blob_id")
        }
    return Head(commit, files, exists=True, private=info.private)


def pull_requests(api: Any, place: Place) -> list[tuple[Place, str]]:
    """Return the open pull requests of a repository, newest first: where each is, and its page."""
    with told(place.address, "looking for open pull requests"):
        found = api.get_repo_discussions(
            place.repo,
            repo_type=place.kind,
            discussion_type="pull_request",
            discussion_status="open",
        )
        asked = sorted(found, key=lambda discussion: -discussion.num)
    return [(replace(place, branch=f"refs/pr/{d.num}"), d.url) for d in asked]


def publishable(folder: Path) -> dict[str, Path]:
    """Return the files of a release folder that go to the Hub, by their names there."""
    found = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file()}
    return {name: path for name, path in found.items() if name not in _KEPT_HERE}


def changes(files: Mapping[str, Path | bytes], there: Head) -> list[Change]:
    """Return what publishing these files would do, by name."""
    found = []
    for name in sorted({*files, *there.files}):
        here, remote = files.get(name), there.files.get(name)
        if here is None:
            found.append(Change(name, "theirs", remote.size if remote else 0))
            continue
        size = len(here) if isinstance(here, bytes) else here.stat().st_size
        fate: Fate = "new" if remote is None else "same" if _same(here, remote) else "changed"
        found.append(Change(name, fate, size))
    return found


def _same(here: Path | bytes, there: RemoteFile) -> bool:
    size = len(here) if isinstance(here, bytes) else here.stat().st_size
    if size != there.size:
        return False
    if there.sha256 is not None:
        mine = hashlib.sha256(here).hexdigest() if isinstance(here, bytes) else sha256(here)
        return mine == there.sha256
    content = here if isinstance(here, bytes) else here.read_bytes()
    return hashlib.sha1(b"blob %d\0" % size + content).hexdigest() == there.oid
