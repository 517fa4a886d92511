"""What goes wrong with files and values on their way here, as hypothesis strategies.

A test asks for a valid file or value and gets it damaged: bytes put in, cut out or written over, a
file broken off or in another encoding; a value of another type, gone, or nested too deep to read.
"""

import copy
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# The same examples on every machine; what a slow one takes is limited by `promptly`.
FUZZED = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Where JSON is written, this text becomes brackets within brackets.
DEEP = "brackets within brackets"
_LEVELS = 3_000

_PIECES = st.sampled_from(
    [
        *(b"\0", b"\r", b"\n\n", b'"', b"\\", b",", b"\t", b"{", b"]", b"&#", b"<<", b"-1"),
        *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xd2\xe5", b"\xed\xa0\x80", "\u2028\x85".encode()),
        *(b"[" * 20_000, b"9" * 5_000, b"x" * 200_000, b"\\ud800", b"NaN", b"null"),
    ]
)
_ENCODINGS = ("utf-16", "cp1251", "koi8-r", "utf-8-sig")


class StuckError(BaseException):
    """It took too long; no code under test catches this."""


@contextmanager
def promptly(seconds: float = 10.0) -> Iterator[None]:
    """Raise StuckError in a block that computes for longer, however busy the machine is."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise StuckError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Return a file with one to three things wrong with it."""
    content = whole
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content)))
        end = at + draw(st.integers(0, 12))
        kind = draw(st.sampled_from(["in", "in", "over", "out", "off", "again", "encoding"]))
        if kind == "in":
            content = content[:at] + draw(_PIECES | st.binary(max_size=6)) + content[at:]
        elif kind == "over":
            content = content[:at] + draw(st.binary(min_size=1, max_size=6)) + content[end:]
        elif kind == "out":
            content = content[:at] + content[end:]
        elif kind == "off":
            content = content[:at]
        elif kind == "again":
            content = content[:at] + content[at // 2 :]
        else:
            text = content.decode("utf-8", "ignore")
            content = text.encode(draw(st.sampled_from(_ENCODINGS)), "ignore")
    return content


_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([10**30, -(10**12), 1e308, float("inf"), float("nan"), 0.5])
    | st.text(max_size=8)
    | st.sampled_from(["", " ", "-", "\0", "\ud83d", "А\u0301\u200b", "=1+1", "x" * 5_000, DEEP])
)
JUNK = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@st.composite
def twisted(draw: st.DrawFn, value: Any, junk: st.SearchStrategy[Any] = JUNK) -> Any:
    """Return a JSON value, some of whose parts are gone, doubled, or something else."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(value))
        if not places:
            break
        holder, at = draw(st.sampled_from(places))
        kind = draw(st.sampled_from(["other", "other", "gone", "wrapped", "again"]))
        if kind == "gone":
            del holder[at]
        elif kind == "wrapped":
            holder[at] = [copy.deepcopy(holder[at])]
        elif kind == "again" and isinstance(holder, list):
            holder.insert(at, copy.deepcopy(holder[at]))
        else:
            holder[at] = draw(junk)
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for at, below in list(inner):
        yield value, at
        if isinstance(below, dict | list):
            yield from _places(below)


def spelled(value: Any) -> str:
    """Return a value as JSON, `DEEP` as brackets within brackets."""
    nested = "[" * _LEVELS + "]" * _LEVELS
    ascii_only = any(0xD800 <= ord(c) <= 0xDFFF for c in json.dumps(value, ensure_ascii=False))
    return json.dumps(value, ensure_ascii=ascii_only).replace(json.dumps(DEEP), nested)
