"""Antonyms: a word of the hand-written table becomes its opposite in the same form.

«Уровень воды повысился» → «Уровень воды понизился». The table (`tables/antonyms.txt`) names the
words beside which one is or is not replaced. Left alone: negated words, words said twice, words
whose opposite stands in the sentence already. Goes wrong on set phrases the table does not know,
and where the opposite is true of the same thing («купил» and «продал» in one story).
"""

from collections.abc import Iterator

from ruhnp.rules.lexicon import sites
from ruhnp.rules.phrase import preposition_span
from ruhnp.rules.sentence import Sentence, cased
from ruhnp.rules.variant import Draw, Edit, Rule

_NEGATIONS = frozenset({"не", "ни", "нет", "без"})


def antonyms(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each word that has an opposite here."""
    for site in sites(sentence, "antonyms.txt"):
        word = sentence.words[site.start]
        repeated = sentence.lowers.count(word.lower) > 1
        options = [o for o in site.options if o not in sentence.lowers]
        if not options or repeated or sentence.at(word.index - 1).lower in _NEGATIONS:
            continue
        new = cased(draw.one(options, f"antonym {word.index}"), word.text)
        fix = preposition_span(sentence, word.index, new)
        yield Edit(((word.start, word.stop, new), *fix), f"{word.text} → {new}")


RULES = (Rule("antonyms", "negative", "antonym", antonyms, most=3),)
