"""Votes in: from exported files, from the server that the tasks are on, or from simulated ones."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pyarrow.compute as pc

from annotation.answers import NAME, Answers
from annotation.export import Entry, read_export
from annotation.people import crowded, gone, told
from annotation.refresh import refresh
from annotation.server import Server, address
from annotation.simulated import EXPORT
from annotation.stage import AnnotationSection, PullSection, PushSection
from annotation.tasks import ITEM, Pushed
from annotation.votes import read_votes
from rupairs.errors import RupairsError
from rupairs.manifest import sha256
from rupairs.steps import Context


def outside(section: AnnotationSection) -> dict[str, str]:
    """Return the hashes of the export files, so that other files mean other votes.

    A server is asked every time, for its answers change while nothing here does: what the mark
    says is never the same twice. The next steps go by the votes themselves.
    """
    pull = section.pull
    if pull.files:
        return {f"export {n}": sha256(p) for n, p in enumerate(pull.files, 1) if p.is_file()}
    asked = section.push.to_server and pull.refresh
    return {"asked": secrets.token_hex(8)} if asked else {}


def pull(context: Context) -> None:
    """Write the votes; each version of an annotation is kept or dropped with its reason.

    Raises `RupairsError` when there is no answer yet, a file is no export, or the server is away.
    """
    config: PullSection = context.config
    pushed = context.inputs["annotation.push"]
    with _entries(context) as entries:
        readings = read_votes(entries, Pushed(pushed), config.annotators)
    readings.write(context)
    votes = readings.votes()
    standing = votes.filter(votes["latest"])
    items = standing.filter(pc.equal(standing["kind"], ITEM))
    context.facts |= {
        "annotators": len(votes["annotator"].unique()),
        "latest": standing.num_rows,
        **crowded(standing, items, int(pushed.manifest.facts["overlap"])),
    }
    notes = [f"- {line}" for line in told(context.facts)]
    if notes:
        (context.out / "notes.md").write_text("\n".join(notes) + "\n", encoding="utf-8")


@contextmanager
def _entries(context: Context) -> Iterator[Iterable[Entry]]:
    made_up = context.inputs.get("annotation.simulated")
    config: PullSection = context.config
    push: PushSection = context.stage.push
    if made_up:
        yield read_export(made_up.whole() / EXPORT)
    elif config.files:
        yield _exported(context)
    elif push.to_server:
        with Answers(context.run / "annotation" / NAME) as answers:
            if config.refresh:
                _refresh(context, push, answers)
            yield answers.entries()
    else:
        raise _nothing(context, "is not set")


def _exported(context: Context) -> Iterator[Entry]:
    for path in context.config.files:
        if not path.is_file():
            raise _nothing(context, f"has {path}, which is no file")
        yield from read_export(path)


def _refresh(context: Context, push: PushSection, answers: Answers) -> None:
    mark = context.inputs["annotation.push"].manifest.facts.get("mark")
    if mark is None:
        raise RupairsError("the tasks are not on a server yet; run: rupairs annotate push")
    server = Server(address(push))
    with context.progress.bar("answers from the server", None) as advance:
        counts = refresh(server, answers, mark, advance)
    context.facts["server"] = counts
    for project, left in counts["gone"].items():
        context.progress.say(f"  {gone(project, left)}")
    if not counts["answers"]:
        raise RupairsError(
            f"{server.url}: no answers yet in {counts['projects']} projects; run this again when "
            "annotators have worked there"
        )


def _nothing(context: Context, found: str) -> RupairsError:
    pushed = context.inputs["annotation.push"]
    facts = pushed.manifest.facts
    return RupairsError(
        f"no annotators' votes yet: make a Label Studio project for each file in "
        f"{pushed.directory / 'tasks'} with the labelling configuration "
        f"{pushed.directory / 'config.xml'} ({facts['overlap']} different people see each item), "
        "export them as JSON, and give the files as annotation.pull.export "
        f"(which {found}); or use a server: docs/annotation.md"
    )
