"""What `rupairs publish` and `rupairs verify` print."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from data_cards.loading import check_arrival, opened
from data_cards.opening import opened_set
from data_cards.publish import Plan, Wishes, open_release, plan, publish
from data_cards.remote import Place
from data_cards.verify import Finding, verify
from rupairs.errors import UsageError
from rupairs.options import print_json

_README_LINES = 40


def publish_shown(folder: Path, place: Place, wishes: Wishes, yes: bool, as_json: bool) -> None:
    """Print what publishing changes; with `yes`, do it, and open what has arrived."""
    from huggingface_hub import HfApi

    _check_name(place.repo)
    api, release = HfApi(), open_release(folder, wishes)
    place = replace(place, kind=release.kind)
    found = plan(api, release, place, wishes)
    facts: dict[str, Any] = {
        "place": place.address,
        "exists": found.there.exists,
        "private": found.there.private if found.there.exists else not wishes.public,
        "terms": release.manifest.facts["terms"],
        "changes": [asdict(change) for change in found.changes],
        "sent": None,
    }
    if not as_json:
        _show_plan(found, facts)
    if yes:
        done = publish(api, release, place, wishes)
        at = replace(place, branch=done.commit)
        check_arrival(api, at, done.files)
        facts |= {"sent": done.sent, "commit": done.commit, "url": done.url, "tag": done.tag}
        facts["opened"] = opened(api, at)
    if as_json:
        print_json(facts)
    elif yes:
        rows = ", ".join(f"{name} {count:,}" for name, count in facts["opened"].items())
        print(f"{_number(facts['sent'], 'file')} sent: {facts['url']}")
        print(f"opened from there, commit {facts['commit'][:12]}: {rows}")
    else:
        print("nothing was sent; --yes sends it")


def _check_name(repo: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    if repo.count("/") != 1:
        raise UsageError(f"{repo}: say OWNER/NAME, the owner being you or your organisation")
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise UsageError(f"{repo}: no name that the Hub takes: {error}") from None


def _show_plan(found: Plan, facts: dict[str, Any]) -> None:
    console = Console(highlight=False)
    state = "is there" if facts["exists"] else "is to be made"
    terms = facts["terms"]
    license_id = terms["name"] or terms["hub"]
    console.print(
        f"{found.place.address} {state}, {'private' if facts['private'] else 'public'}; "
        f"license {license_id}",
        markup=False,
        soft_wrap=True,
    )
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("file", "", "bytes"):
        table.add_column(column, justify="right" if column == "bytes" else "left")
    fates = {"theirs": "stays (not in this release)"}
    for change in found.changes:
        table.add_row(Text(change.name), fates.get(change.fate, change.fate), f"{change.size:,}")
    console.print(table)
    for line in found.readme[:_README_LINES]:
        console.print(line.rstrip("\n"), markup=False, soft_wrap=True)
    if len(found.readme) > _README_LINES:
        console.print(f"… {len(found.readme) - _README_LINES} more lines of the README differ")


def verify_shown(name: str, revision: str | None, benchmarks: Path | None, as_json: bool) -> int:
    """Print every finding about a data set; returns the exit code, 1 with faults."""
    with opened_set(name, revision) as found:
        findings = verify(found, benchmarks)
        rows = {
            f"{config}/{split}": table.num_rows
            for config, splits in found.configs.items()
            for split, table in splits.items()
        }
    faults = [finding for finding in findings if finding.severity == "fault"]
    if as_json:
        print_json({"rows": rows, "findings": [asdict(finding) for finding in findings]})
        return 1 if faults else 0
    counts = ", ".join(f"{split} {count:,}" for split, count in rows.items())
    print(f"{name}: {counts}")
    _show_findings(findings)
    print(_number(len(faults), "fault") if faults else "no faults")
    return 1 if faults else 0


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _show_findings(findings: list[Finding]) -> None:
    console = Console(highlight=False)
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("check", "where", "", "what"):
        table.add_column(column)
    for finding in findings:
        said = "\n".join([finding.said, *(f"  {example}" for example in finding.examples)])
        severity = "" if finding.severity == "ok" else finding.severity
        table.add_row(finding.check, Text(finding.where), severity, Text(said))
    console.print(table)
