"""Entities: a city or country becomes another of its kind, or two of them change places.

«родился в Париже» → «родился в Риме»; «из Москвы в Киев» → «из Киева в Москву». Only places of
the list `tables/places.txt`, in the same gender, so that nothing else must change. Left alone:
names of several words, quotes, brackets, lists («в Москве и Киеве»: a swap would say the same).
Goes wrong where the sentence gives the place away by another word («столица Франции Берлин»).
"""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from ruhnp.rules.morphology import Reading, same_form
from ruhnp.rules.phrase import GOVERNMENT, preposition_span
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.tables import lines
from ruhnp.rules.variant import Draw, Edit, Rule

_SYMMETRIC = frozenset({"с", "со", "между", "и", "или", "—", "–", "-", ",", "/"})


@cache
def _groups() -> dict[str, tuple[str, tuple[str, ...]]]:
    groups: dict[str, tuple[str, tuple[str, ...]]] = {}
    for line in lines("places.txt"):
        kind, *names = line.lower().split()
        for name in names:
            groups[name] = (kind, tuple(names))
    return groups


def places(sentence: Sentence) -> list[tuple[Word, str, list[Reading]]]:
    """Return the places of the list in a sentence: word, lemma, readings in fitting cases."""
    found = []
    for word in sentence.words:
        if not word.capital or word.depth or not word.russian:
            continue
        given = [r for r in word.readings if r.pos == "NOUN" and r.lemma in _groups()]
        if not given or sum(r.score for r in given) < 0.5 or _part_of_name(sentence, word):
            continue
        allowed = GOVERNMENT.get(sentence.at(word.index - 1).lower)
        fitting = [r for r in given if allowed is None or r.case in allowed]
        if len({r.lemma for r in fitting}) == 1:
            found.append((word, fitting[0].lemma, fitting))
    return found


def _part_of_name(sentence: Sentence, word: Word) -> bool:
    before, after = sentence.at(word.index - 1), sentence.at(word.index + 1)
    opens = before.index == sentence.first and any(r.pos == "PREP" for r in before.readings[:1])
    if before.text[:1].isupper() and not opens:
        return True
    return after.text[:1].isupper() or after.text[:1].isdigit() or after.text in {"-", "(", "«"}


def replaced_place(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each place that can be another."""
    present = {lemma for _, lemma, _ in places(sentence)}
    for word, lemma, given in places(sentence):
        if sum(1 for w in sentence.words if lemma in w.lemmas) > 1:
            continue
        options = [
            forms.pop().capitalize()
            for other in _groups()[lemma][1]
            if other not in present and len(forms := same_form(given, other)) == 1
        ]
        if options:
            new = draw.one(options, f"place {word.index}")
            fix = preposition_span(sentence, word.index, new)
            yield Edit(((word.start, word.stop, new), *fix), f"{word.text} → {new}")


def swapped_places(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield the sentence with two places of one kind in each other's place."""
    found = places(sentence)
    for (a, lemma_a, given_a), (b, lemma_b, given_b) in pairwise(found):
        if _groups()[lemma_a][0] != _groups()[lemma_b][0] or lemma_a == lemma_b:
            continue
        if (
            sentence.at(b.index - 1).lower in _SYMMETRIC
            or sentence.at(a.index - 1).lower == "между"
        ):
            continue
        into_a, into_b = same_form(given_a, lemma_b), same_form(given_b, lemma_a)
        if len(into_a) != 1 or len(into_b) != 1:
            continue
        new_a, new_b = into_a.pop().capitalize(), into_b.pop().capitalize()
        spans = ((a.start, a.stop, new_a), (b.start, b.stop, new_b))
        fixes = preposition_span(sentence, a.index, new_a) + preposition_span(
            sentence, b.index, new_b
        )
        yield Edit((*spans, *fixes), f"{a.text} … {b.text} → {new_a} … {new_b}")


RULES = (
    Rule("replaced_place", "negative", "entity", replaced_place),
    Rule("swapped_places", "negative", "entity", swapped_places),
)
