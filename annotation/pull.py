"""Votes in: from exported files, from the server that the tasks are on, or from simulated ones."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from annotation.answers import NAME, Answers
from annotation.export import Entry, read_export
from annotation.refresh import refresh
from annotation.server import Server, address
from annotation.simulated import EXPORT
from annotation.stage import AnnotationSection, PullSection, PushSection
from annotation.votes import VOTE_SCHEMA, read_votes
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
    tasks = {row["task"]: row for row in context.inputs["annotation.push"].rows()}
    with _entries(context) as entries:
        readings = read_votes(entries, tasks)
    annotators = set()
    with context.writer(VOTE_SCHEMA) as writer:
        for reading in writer.each(readings):
            # An export that a program made stays marked however it got here.
            context.simulated = context.simulated or reading.row["simulated"]
            if reading.reason is not None:
                writer.drop(reading.row, reading.reason, reading.evidence)
            else:
                annotators.add(reading.row["annotator"])
                writer.keep(reading.row)
    context.facts["annotators"] = len(annotators)
    context.facts["latest"] = sum(r.row["latest"] for r in readings)


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
