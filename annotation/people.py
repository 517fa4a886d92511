"""People: how annotators are called in the votes, and who answered where nobody expected them."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rupairs.text import digest

if TYPE_CHECKING:
    import pyarrow as pa

_SIMULATED_NAME = re.compile(r"simulated-\d+")
_OPAQUE = re.compile(r"[0-9a-f]{16}")
_SHOWN = 20

Row = dict[str, Any]


def opaque(user: str) -> str:
    """Return what a server's user is called in the votes."""
    # Some servers number users by e-mail. A program's name is no secret and stays readable.
    return user if _SIMULATED_NAME.fullmatch(user) else digest(("annotator", user), size=8)


def named(name: str) -> str:
    """Return what is meant by a name in a recipe: one of the votes, or the server's for a user."""
    return name if _OPAQUE.fullmatch(name) else opaque(name)


def crowded(votes: "pa.Table", items: "pa.Table", overlap: int) -> Row:
    """Return the projects that several people answered, and the items with more than `overlap`.

    `votes` has `project` and `annotator`, `items` has `pair_id` and `annotator`; both of the
    answers that stand.
    """
    shared: dict[str, Row] = {}
    known = votes.filter(votes["project"].is_valid()).group_by(["project", "annotator"])
    for row in known.aggregate([([], "count_all")]).sort_by("annotator").to_pylist():
        shared.setdefault(row["project"], {})[row["annotator"]] = row["count_all"]
    voters = items.group_by("pair_id").aggregate([("annotator", "count_distinct")]).to_pylist()
    above = sorted(r["pair_id"] for r in voters if r["annotator_count_distinct"] > overlap)
    return {
        "shared_projects": {p: n for p, n in sorted(shared.items()) if len(n) > 1},
        "above_overlap": {"items": len(above), "first": above[:_SHOWN]},
    }


def told(facts: Row) -> Iterator[str]:
    """Yield the lines that warn of what `crowded` found, and of projects that are gone."""
    for project, answers in facts.get("server", {}).get("gone", {}).items():
        yield gone(project, answers)
    for project, people in facts["shared_projects"].items():
        counts = ", ".join(f"{name} {n}" for name, n in people.items())
        yield f"project {project.partition(' ')[0]} was answered by {len(people)} people: {counts}"
    above = facts["above_overlap"]
    if above["items"]:
        more = " and others" if above["items"] > len(above["first"]) else ""
        yield (
            f"{above['items']} items have votes of more people than the overlap: "
            f"{', '.join(above['first'])}{more}"
        )


def gone(project: str, answers: int) -> str:
    """Return what is said of a project that is no longer on the server."""
    number, _, made = project.partition(" ")
    return (
        f"project {number} (made {made}) is no longer on the server; its {answers} answers stand "
        "as they were last read"
    )
