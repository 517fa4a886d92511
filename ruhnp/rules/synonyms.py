"""Synonyms: words and set phrases of the hand-written table, all that the sentence has at once.

«находится в центре» → «располагается в центре», «в течение года» → «на протяжении года». The
table (`tables/synonyms.txt`) holds pairs that are interchangeable in nearly every context.
Goes wrong on senses the table does not foresee («число» as a date).
"""

from collections.abc import Iterator

from ruhnp.rules.lexicon import sites
from ruhnp.rules.phrase import preposition_span
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


RULES = (Rule("synonyms", "positive", "synonym", synonyms),)
