"""Every rule, and the variants they make of an anchor together."""

from functools import cache
from importlib import import_module

from ruhnp.rules.sentence import Sentence, rewritten, sentence
from ruhnp.rules.variant import Draw, Edit, Kind, Rule, Variant
from rupairs.russian import loop, new_mixed_words, not_russian
from rupairs.text import key

MODULES = (
    "digits",
    "number_words",
    "negation",
    "modality",
    "quantity",
    "time_place",
    "roles",
    "persons",
    "entities",
    "antonyms",
    "synonyms",
    "word_order",
    "coordination",
    "copula",
    "passive",
    "relative",
    "numeral_form",
    "abbreviations",
)
_LONGEST = 2_000


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules in the order of `MODULES`."""
    return tuple(r for name in MODULES for r in import_module(f"ruhnp.rules.{name}").RULES)


def generate(anchor: str, seed: int) -> list[Variant]:
    """Return the variants of `anchor`, in the order of the rules; the same for the same seed.

    No two have the same key, and none has the key of the anchor. The last positive, `combined`,
    makes every change at once that touches no word of another; numbers keep their form in it,
    for checks that compare digits.
    """
    if not anchor or len(anchor) > _LONGEST:
        return []
    parsed, draw = sentence(anchor), Draw(anchor, seed)
    seen = {key(anchor)}
    found: list[Variant] = []
    positives: list[Edit] = []
    for rule in rules():
        edits = draw.order(list(rule.find(parsed, draw)), rule.name)
        if rule.kind == "positive" and rule.change != "numeral_form":
            positives += edits[:1]
        for edit in edits[: rule.most]:
            found += _accepted(_variant(parsed, edit, rule.kind, rule.change), anchor, seen)
    together = combined(positives)
    if together:
        found += _accepted(_variant(parsed, together, "positive", "combined"), anchor, seen)
    return found


def combined(edits: list[Edit]) -> Edit | None:
    """Return one edit that makes every change whose spans are free, if they are two or more."""
    spans: list[tuple[int, int, str]] = []
    shown: list[str] = []
    for edit in edits:
        if all(_apart(span, other) for span in edit.spans for other in spans):
            spans += edit.spans
            shown.append(edit.evidence)
    return Edit(tuple(spans), "; ".join(shown)) if len(shown) > 1 else None


def _apart(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    return one[1] < other[0] or other[1] < one[0]


def _variant(parsed: Sentence, edit: Edit, kind: Kind, change: str) -> Variant:
    return Variant(rewritten(parsed.text, edit.spans), kind, change, edit.evidence)


def _accepted(variant: Variant, anchor: str, seen: set[str]) -> list[Variant]:
    """Return the variant in a list if it is new and sound, and remember its key."""
    text = variant.text
    if key(text) in seen or not_russian(text) or new_mixed_words(text, anchor) or loop(text):
        return []
    seen.add(key(text))
    return [variant]
