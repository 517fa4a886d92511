"""Kinds of change: which ones an anchor lends itself to, and which are asked for.

Every kind is asked for equally often over the set, as far as the anchors allow: a sentence without
a number cannot have its number changed.
"""

import re
from collections.abc import Sequence

from ruhnp.content.numbers import numbers
from rupairs.text import share

KINDS = (
    "number",
    "negation",
    "antonym",
    "role_swap",
    "entity",
    "time_place",
    "modality",
    "quantity",
)
# Fewer anchors lend themselves to these, so they come first where they can.
_RARE = {"number": 0.4, "role_swap": 0.4}
# A capital inside the sentence, or something in quotes.
_NAME = re.compile(r"(?<=[\w,»] )[А-ЯЁA-Z]\w|«")


def lends_itself(anchor: str) -> tuple[str, ...]:
    """Return the kinds of change that an anchor has the words for."""
    absent = set()
    # What is only hinted at («семью», «одна из рек») may be no number at all.
    if not numbers(anchor).said:
        absent.add("number")
    if len(_NAME.findall(anchor)) < 2:
        absent.add("role_swap")
    return tuple(kind for kind in KINDS if kind not in absent)


def kinds_for(anchor: str, anchor_id: str, n: int, seed: int, first: int = 0) -> Sequence[str]:
    """Return `n` kinds for an anchor, each once before any twice; `first` were asked for before."""
    fit = lends_itself(anchor)

    def place(kind: str) -> float:
        return share(anchor_id, seed, f"kind:{kind}") * _RARE.get(kind, 1.0)

    order = sorted(fit, key=place)
    return [order[(first + i) % len(order)] for i in range(n)]
