"""Evaluation sets: what grew from one says so in every manifest after it, and goes no further.

A step that takes rows of an evaluation set, because the recipe asks for that outright, names it in
its facts (`FACT`). Every step that reads such a step inherits the fact, as it inherits `simulated`;
rows have it in `source` or `source_row`. Training refuses what has it, and so does publishing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from rupairs.errors import RupairsError
from rupairs.manifest import Manifest

FACT = "evaluation_sources"
EVALUATION_SETS = frozenset({"xnli", "xnli_ru"})
"""Sources by name whose rows are for measuring, whatever a recipe says."""


def grown_from(manifests: Iterable[Manifest]) -> list[str]:
    """Return the evaluation sets from which what these manifests are of has grown."""
    return sorted({name for manifest in manifests for name in manifest.facts.get(FACT, ())})


def marked(facts: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return `facts` marked with evaluation sets, beside those that they are marked with."""
    found = sorted({*facts.get(FACT, ()), *names})
    return dict(facts) | ({FACT: found} if found else {})


def refuse(what: str, manifests: Iterable[Manifest]) -> None:
    """Raise `RupairsError` if any of what is to be used grew from, or holds, an evaluation set."""
    given = list(manifests)
    held = {name for m in given for name in m.licenses if name in EVALUATION_SETS}
    if found := sorted({*grown_from(given), *held}):
        raise RupairsError(
            f"{what}: {', '.join(found)} is an evaluation set, and this holds rows of it or what "
            "grew from them: it is never trained on or published; leave it out of "
            "ruwanli.cartography.sources and make the run again"
        )
