"""One HTML page that loads nothing: pictures are inside, texts are escaped, no script runs.

A template extends `skeleton.html.jinja` and fills the blocks `title` and `body`. Every value that a
template prints is escaped; marks that turn the reading direction of what follows are shown as
codes, such as `[U+202E]`.
"""

import base64
import re
from pathlib import Path
from typing import Any

_SKELETON = Path(__file__).parent
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def render(template: Path, **values: Any) -> str:
    """Return the page; a name that the template asks for and `values` lacks is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([template.parent, _SKELETON]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(**values)


def _printed(value: Any) -> Any:
    # What a macro returns is markup, a kind of str, and has gone through here already.
    return shown(value) if type(value) is str else value


def shown(text: str) -> str:
    """Return a text with its direction marks as codes."""
    return _TURNING.sub(lambda mark: f"[U+{ord(mark.group()):04X}]", text)


def png_address(picture: bytes) -> str:
    """Return a PNG file as the address of an `img`."""
    return "data:image/png;base64," + base64.b64encode(picture).decode()
