"""What `rupairs trace` prints: rows by step, then the calls with prompt and answer."""

from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from rupairs.errors import UsageError
from rupairs.options import print_json
from rupairs.trace import Found, Trail, descendants, ids_of_text, origins

# Long fields, and those that every row has.
_LEFT_OUT = {"examples", "source_revision", "polarity", "symmetric", "simulated"}
_LONGEST = 200


def show_trail(run: Path, name: str | None, text: str | None, made: bool, as_json: bool) -> None:
    """Print the origins of a row or, if `made`, everything made from it.

    It is known by its name, or by a text that it has. Raises `UsageError` if both are given.
    """
    if (name is None) == (text is None):
        raise UsageError("say an id, SOURCE#ROW, or --text with a text of the row")
    names = [name] if name is not None else sorted(ids_of_text(run, text or ""))
    forward = made or (name is not None and "#" in name)
    trail = descendants(run, *names) if forward else origins(run, *names)
    if as_json:
        print_json({"rows": [asdict(found) for found in trail.rows], "calls": trail.calls})
        return
    console = Console(highlight=False)
    for found in trail.rows:
        console.print(_headed(found), markup=False, soft_wrap=True)
    _show_calls(console, trail)


def _headed(found: Found) -> str:
    state = f" dropped: {found.reason} ({found.evidence})" if found.reason else ""
    fields = [
        f"    {name}: {str(value)[:_LONGEST]}"
        for name, value in found.row.items()
        if value not in (None, "", []) and name not in _LEFT_OUT
    ]
    return "\n".join([f"{found.step}{state}", *fields])


def _show_calls(console: Console, trail: Trail) -> None:
    for key, (request, answer) in trail.calls.items():
        told = request.get("prompt") or "\n".join(m["content"] for m in request["messages"])
        console.print(
            f"call {key}: {request['model']}, prompt {request['prompt_version']}, "
            f"sample {request['sample']}\n{told}\n-> {answer['text']}",
            markup=False,
            soft_wrap=True,
        )
