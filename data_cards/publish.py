"""Publishing: a release folder goes to a repository on the Hub, as one commit.

1. The folder is checked against its manifest, its terms against what may be passed on.
2. What is there is compared file by file; nothing is deleted, and a README keeps what other people
   wrote in it (`data_cards.readme`).
3. The commit names the head it was compared with, so that somebody else's change in between is not
   written over. After a fault the comparison is made anew: what has arrived is not sent again, and
   a commit whose answer was lost is found to be there.
   A pull request that holds the release already is not asked for again.
4. What arrived is compared by hash, then opened from the Hub (`data_cards.loading`).
"""

import difflib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from data_cards.card import RUSSIAN, at_home
from data_cards.hub_errors import MovedError, PassingHubError, told
from data_cards.readme import displaced, merged, read_readme, readme_text
from data_cards.remote import (
    README,
    Change,
    Head,
    Kind,
    Place,
    changes,
    head,
    publishable,
    pull_requests,
)
from rupairs.errors import RupairsError
from rupairs.evaluation_sets import refuse
from rupairs.manifest import Manifest, read_manifest, sha256

_TRIES = 6
_STAGE = "data_cards."


@dataclass(frozen=True)
class Wishes:
    """How to publish: a new repository is private unless `public`; `pull_request` asks for review.

    `simulated` lets votes of a program through, `displace` prose on the Hub be replaced by ours.
    """

    public: bool = False
    pull_request: bool = False
    tag: str | None = None
    message: str = ""
    simulated: bool = False
    displace: bool = False


@dataclass(frozen=True)
class Release:
    """A finished release folder."""

    folder: Path
    manifest: Manifest

    @property
    def kind(self) -> Kind:
        """Return what the Hub takes it for."""
        return "model" if self.manifest.step == f"{_STAGE}encoder" else "dataset"


@dataclass(frozen=True)
class Plan:
    """What publishing would do: every file's fate, and the README as it would become."""

    place: Place
    there: Head
    changes: list[Change]
    files: Mapping[str, Path | bytes] = field(repr=False)
    readme: list[str] = field(repr=False)

    @property
    def pending(self) -> list[Change]:
        """Return what would be sent."""
        return [change for change in self.changes if change.fate in ("new", "changed")]


@dataclass(frozen=True)
class Published:
    """The commit that holds the release, and its files; `sent` is 0 where it was there already."""

    commit: str
    url: str
    sent: int
    tag: str | None
    files: Mapping[str, Path | bytes] = field(repr=False)


def open_release(folder: Path, wishes: Wishes) -> Release:
    """Return a release folder that may be published; `RupairsError` says what forbids it."""
    manifest = read_manifest(folder)
    if not manifest.step.startswith(_STAGE):
        raise RupairsError(
            f"{folder}: the output of {manifest.step}, which is no release; publish a folder that "
            "`rupairs card` made"
        )
    for name, facts in manifest.files.items():
        if sha256(folder / name) != facts.sha256:
            raise RupairsError(
                f"{folder / name}: changed after it was made; delete {folder} and make it again "
                "(prose of your own goes into the file that the recipe names)"
            )
    refused = manifest.facts.get("refusals", [])
    if refused or "terms" not in manifest.facts:
        said = "; ".join(refused) or "its terms are not stated (it was made by an older version)"
        raise RupairsError(
            f"{folder}: not to be published: {said}. Leave these rows out with "
            "only_redistributable = true in the release's table of the recipe"
        )
    refuse(str(folder), [manifest])
    if manifest.simulated and not wishes.simulated:
        raise RupairsError(
            f"{folder}: its reviewers were simulated; it is no human judgement. --simulated "
            "publishes it all the same, marked as what it is"
        )
    return Release(folder, manifest)


def plan(api: Any, release: Release, place: Place, wishes: Wishes) -> Plan:
    """Return what publishing would do now.

    Raises `RupairsError` where our prose would replace other people's.
    """
    there = head(api, place)
    files: dict[str, Path | bytes] = dict(publishable(release.folder))
    before = _their_readme(api, place, there)
    name = f"{place.address}/{README}"
    ours = read_readme((release.folder / README).read_text(encoding="utf-8"), README)
    theirs = read_readme(before, name)
    if (lost := displaced(ours, theirs)) and not wishes.displace:
        raise RupairsError(
            f"{name}: holds text that the release's prose would replace («{lost[0][:80]}»): put it "
            "into the prose file of the recipe, or say --displace"
        )
    ours = replace(ours, made=at_home(ours.made, place.repo))
    after = merged(ours, theirs).text()
    files[README] = after.encode()
    if RUSSIAN in files:
        files[RUSSIAN] = at_home((release.folder / RUSSIAN).read_text("utf-8"), place.repo).encode()
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    difference = list(difflib.unified_diff(old, new, "on the Hub", "after publishing"))
    return Plan(place, there, changes(files, there), files, difference)


def publish(
    api: Any,
    release: Release,
    place: Place,
    wishes: Wishes,
    wait: Callable[[float], None] = time.sleep,
) -> Published:
    """Send what differs, in one commit; raises `RupairsError` after the last try."""
    for tried in range(_TRIES):
        try:
            return _published(api, release, place, wishes)
        except PassingHubError as fault:
            if tried + 1 == _TRIES:
                raise
            wait(fault.wait if fault.wait is not None else 2.0**tried)
        except MovedError:
            # Somebody else's commit: compared anew, once is enough unless they go on.
            if tried + 1 == _TRIES:
                raise
    raise AssertionError


def _published(api: Any, release: Release, place: Place, wishes: Wishes) -> Published:
    """Try once."""
    found = plan(api, release, place, wishes)
    if found.there.commit is None:
        _create(api, found, wishes)
        found = plan(api, release, place, wishes)
    asked = _asked(api, found) if wishes.pull_request and found.pending else None
    sent = 0 if asked else len(found.pending)
    commit, url = asked or _commit(api, found, release, wishes)
    if wishes.tag:
        _tag(api, place, commit, wishes.tag)
    return Published(commit, url, sent, wishes.tag, found.files)


def _asked(api: Any, found: Plan) -> tuple[str, str] | None:
    """Return the commit and page of an open pull request that holds what would be sent."""
    for place, url in pull_requests(api, found.place):
        there = head(api, place)
        sent = {change.name: found.files[change.name] for change in found.pending}
        if there.commit and not any(c.fate in ("new", "changed") for c in changes(sent, there)):
            return there.commit, url
    return None


def _their_readme(api: Any, place: Place, there: Head) -> str:
    if README not in there.files:
        return ""
    with told(place.address, f"reading its {README}"):
        # A branch that is to be made begins as the main one stands.
        at = there.commit or "main"
        path = api.hf_hub_download(place.repo, README, repo_type=place.kind, revision=at)
    return readme_text(Path(path), f"{place.address}/{README}")


def _create(api: Any, found: Plan, wishes: Wishes) -> None:
    """Make what the plan lacks: the repository, the branch."""
    place = found.place
    if not found.there.exists:
        with told(place.address, "making the repository"):
            private = not wishes.public
            api.create_repo(place.repo, repo_type=place.kind, private=private, exist_ok=True)
    if place.branch != "main":
        with told(place.address, "making the branch"):
            api.create_branch(place.repo, branch=place.branch, repo_type=place.kind, exist_ok=True)


def _commit(api: Any, found: Plan, release: Release, wishes: Wishes) -> tuple[str, str]:
    from huggingface_hub import CommitOperationAdd

    place = found.place
    if not found.pending:
        return found.there.commit or "", _page(api, place)
    operations = [
        CommitOperationAdd(change.name, found.files[change.name]) for change in found.pending
    ]
    # Names the content, so that two releases of one folder can be told apart on the Hub.
    stamp = f"rupairs {release.manifest.versions.get('rupairs', '')}, {release.manifest.content}"
    with told(place.address, f"sending {len(operations)} files"):
        info = api.create_commit(
            place.repo,
            operations,
            commit_message=wishes.message or f"Release {release.manifest.content[:12]}",
            commit_description=stamp,
            repo_type=place.kind,
            revision=place.branch,
            create_pr=wishes.pull_request,
            parent_commit=found.there.commit,
        )
    return info.oid, info.pr_url or _page(api, place)


def _tag(api: Any, place: Place, commit: str, tag: str) -> None:
    with told(place.address, f"setting the tag {tag}"):
        refs = api.list_repo_refs(place.repo, repo_type=place.kind)
        there = {ref.name: ref.target_commit for ref in refs.tags}
        if there.get(tag, commit) != commit:
            raise RupairsError(
                f"{place.address}: the tag {tag} names another commit ({there[tag][:12]}); a tag "
                "is not moved: take another"
            )
        if tag not in there:
            api.create_tag(place.repo, tag=tag, revision=commit, repo_type=place.kind)


def _page(api: Any, place: Place) -> str:
    kind = "datasets/" if place.kind == "dataset" else ""
    branch = "" if place.branch == "main" else f"/tree/{place.branch}"
    return f"{api.endpoint}/{kind}{place.repo}{branch}"
