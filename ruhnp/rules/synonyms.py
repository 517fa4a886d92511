"""Synonyms: words and set phrases of the hand-written table, all that the sentence has at once.

«находится в центре» → «располагается в центре», «в течение года» → «на протяжении года». The
table (`tables/synonyms.txt`) holds pairs that are interchangeable in nearly every context.
Goes wrong on senses the table does not foresee («число» as a date).
"""

from collections.abc import Iterator

from ruhnp.rules.lexicon import sites
from ruhnp.rules.morphology import inflected
from ruhnp.rules.phrase import preposition_span, vocalised
from ruhnp.rules.sentence import Sentence, cased
from ruhnp.rules.variant import Draw, Edit, Rule

_MOST_AT_ONCE = 4


def synonyms(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield one edit that replaces every word it can, up to four."""
    spans: list[tuple[int, int, str]] = []
    shown: list[str] = []
    done = 0
    for site in sites(sentence, "synonyms.txt"):
        options = [o for o in site.options if o not in sentence.lowers]
        if site.start < done or not options or len(shown) == _MOST_AT_ONCE:
            continue
        first, last = sentence.words[site.start], sentence.words[site.stop - 1]
        new = cased(draw.one(options, f"synonym {site.start}"), first.text)
        spans.append((first.start, last.stop, new))
        spans += preposition_span(sentence, site.start, new)
        shown.append(f"{sentence.span(site.start, site.stop)} → {new}")
        done = site.stop
    if spans:
        yield Edit(tuple(spans), "; ".join(shown))


_ON = frozenset({"украина", "куба", "кипр", "мальта", "чукотка", "камчатка", "сахалин", "аляска"})


def territories(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield «в России» for «на территории России»."""
    for word in sentence.words:
        first, place = sentence.at(word.index - 1), sentence.at(word.index + 1)
        if word.lower != "территории" or first.lower != "на" or not place.text.istitle():
            continue
        found = [r for r in place.readings if "Geox" in r.grammemes and r.case == "gent"]
        if not found or found[0].lemma in _ON or found[0].number != "sing" or word.depth:
            continue
        after = sentence.at(place.index + 1)
        locative = inflected(found[0], "sing", "loct")
        if locative and not after.capital and after.text not in {"-", "—"} and after.lower != "и":
            new = f"{vocalised('в', locative)} {locative.capitalize()}"
            span = (first.start, place.stop, cased(new, first.text))
            yield Edit((span,), f"{sentence.span(first.index, place.index + 1)} → {new}")


RULES = (
    Rule("synonyms", "positive", "synonym", synonyms),
    Rule("territories", "positive", "synonym", territories),
)
