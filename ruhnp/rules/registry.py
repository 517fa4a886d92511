"""Every rule, and the variants they make of an anchor together."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module

from ruhnp.rules.sentence import Sentence, rewritten, sentence
from ruhnp.rules.variant import Draw, Edit, Rule, Variant
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
    "entities",
    "antonyms",
    "synonyms",
    "word_order",
    "coordination",
    "copula",
    "passive",
    "relative",
    "numeral_form",
)
_LONGEST = 2_000


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules in the order of `MODULES`."""
    return tuple(r for name in MODULES for r in import_module(f"ruhnp.rules.{name}").RULES)


def generate(anchor: str, seed: int) -> list[Variant]:
    """Return the variants of `anchor`, in the order of the rules; the same for the same seed.

    No two have the same key, and none has the key of the anchor.
    """
    if not anchor or len(anchor) > _LONGEST:
        return []
    parsed, draw = sentence(anchor), Draw(anchor, seed)
    seen = {key(anchor)}
    found: list[Variant] = []
    for rule in rules():
        for edit in draw.order(list(rule.find(parsed, draw)), rule.name)[: rule.most]:
            variant = Variant(_text(parsed, edit), rule.kind, rule.change, edit.evidence)
            if key(variant.text) not in seen and _sound(variant.text, anchor):
                seen.add(key(variant.text))
                found.append(variant)
    return found


def _text(parsed: Sentence, edit: Edit) -> str:
    return rewritten(parsed.text, edit.spans)


def _sound(text: str, anchor: str) -> bool:
    return not (not_russian(text) or new_mixed_words(text, anchor) or loop(text))
