"""Word order: a date moves between the start of a clause, the place before the verb and the end.

«В 1950 году он окончил институт.» ↔ «Он в 1950 году окончил институт.» ↔ «Он окончил институт в
1950 году.»; «В 1950 году была построена школа.» → «Школа была построена в 1950 году.» Left alone:
dates after a preposition or a noun they may belong to, sentences with another date, and first
words whose capital may be a name's. Goes wrong where a date moved to the end seems to belong to
the noun before it.
"""

from collections.abc import Iterator

from ruhnp.rules.dates import dates
from ruhnp.rules.morphology import Reading, known
from ruhnp.rules.phrase import phrase_at
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.variant import Draw, Edit, Rule

_NAMES = frozenset({"Name", "Surn", "Patr", "Geox", "Orgn", "Trad"})
_MARKS = frozenset({",", ";", ":", "—", "–", "(", "«", "-", "--"})


def word_order(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield the sentence with its one date in another place."""
    found = dates(sentence)
    if sentence.first != 0:
        return
    if not found:
        yield from _from_place(sentence)
    if len(found) != 1:
        return
    first, stop = found[0]
    if first.index == 0:
        yield from _from_start(sentence, stop)
    elif stop == sentence.end:
        yield from _from_end(sentence, first.index)
    else:
        yield from _from_middle(sentence, first.index, stop)


def finite(word: Word) -> Reading | None:
    """Return the reading of a word that is a finite verb or a short participle."""
    for reading in word.readings[:1]:
        if reading.pos == "PRTS" or (reading.pos == "VERB" and "indc" in reading.grammemes):
            return reading
    return None


def _simple(sentence: Sentence, start: int) -> bool:
    """Whether no mark stands between `start` and the end of the sentence."""
    return not any(w.text in _MARKS or w.depth for w in sentence.words[start : sentence.end])


def _lowered_date(sentence: Sentence, start: int, stop: int) -> str:
    text = sentence.span(start, stop)
    return text[0].lower() + text[1:]


def _from_start(sentence: Sentence, stop: int) -> Iterator[Edit]:
    date = _lowered_date(sentence, 0, stop)
    head, after = sentence.words[0], sentence.at(stop)
    if not after.russian:
        return
    opened = after.text[0].upper() + after.text[1:]
    cut = ((head.start, after.start, ""), (after.start, after.stop, opened))
    verb = _subject_end(sentence, stop)
    if verb is not None:
        place = sentence.words[verb].start
        if verb == stop + 1 or sentence.words[verb].start > after.stop:
            yield Edit((*cut, (place, place, f"{date} ")), f"«{date}» before the verb")
    if (verb is not None or _no_subject(sentence, stop)) and _simple(sentence, stop):
        last = sentence.words[sentence.end - 1]
        # «суд г.»: an abbreviation at the end is a sentence cut short.
        whole = (last.text[0].isalpha() and len(last.text) > 2) or last.text in "»)"
        if last.index > (verb or stop) and whole:
            yield Edit((*cut, (last.stop, last.stop, f" {date}")), f"«{date}» at the end")
    yield from _inverted(sentence, stop, date)


def _subject_end(sentence: Sentence, start: int) -> int | None:
    """Return the index of the verb if a subject stands right between `start` and it."""
    word = sentence.at(start)
    if word.lower in {"он", "она", "они", "оно"}:
        return start + 1 if finite(sentence.at(start + 1)) else None
    index = start
    while index < sentence.end and not finite(sentence.words[index]):
        index += 1
        if index - start > 6 or sentence.at(index).text in _MARKS or sentence.at(index).depth:
            return None
    verb = finite(sentence.at(index))
    if verb is None or index == start:
        return None
    words = sentence.words[start:index]
    if any(r.pos in {"PREP", "CONJ", "ADVB", "PRCL"} for w in words for r in w.readings[:1]):
        return None
    subject = phrase_at(sentence, start)
    heads = subject.readings if subject else ()
    agreeing = any(
        r.case == "nomn" and r.number == verb.number and verb.gender in {"", r.gender}
        for r in heads
    )
    return index if agreeing and subject and _is_tail(sentence, subject.stop, index) else None


def _is_tail(sentence: Sentence, start: int, stop: int) -> bool:
    """Whether the words are genitives or parts of a name, as after the head of a subject."""
    return all(
        w.capital or any(r.case == "gent" for r in w.readings) for w in sentence.words[start:stop]
    )


def _no_subject(sentence: Sentence, start: int) -> bool:
    """Whether the clause opens with an active verb whose subject is left out."""
    verb = finite(sentence.at(start))
    if verb is None or verb.pos != "VERB" or verb.lemma.endswith("ся") or verb.lemma == "быть":
        return False
    if "tran" not in verb.grammemes and verb.lemma not in _MOVING:
        return False
    after = phrase_at(sentence, start + 1)
    if sentence.at(start + 1).text.istitle() or verb.number == "plur":
        return False
    # «окончил институт»: the accusative looks like a subject; a nominative alone would be one.
    return after is None or any(r.case != "nomn" for r in after.readings)


_MOVING = frozenset({"поступить", "переехать", "вступить", "уехать", "вернуться", "перейти"})


def _inverted(sentence: Sentence, stop: int, date: str) -> Iterator[Edit]:
    """Yield «Школа была построена в …» for «В … была построена школа»."""
    words = sentence.words
    verb_stop = stop + 2 if sentence.at(stop).lower in _WAS else stop + 1
    verb = finite(sentence.at(verb_stop - 1))
    if verb is None or (verb.pos != "PRTS" and not verb.lemma.endswith("ся")):
        return
    subject = phrase_at(sentence, verb_stop)
    nominative = subject.only("nomn") if subject else None
    if nominative is None or not _simple(sentence, stop) or words[verb_stop].capital:
        return
    if not _is_tail(sentence, nominative.stop, sentence.end):
        return
    head = nominative.readings[0]
    if verb.number != head.number or (verb.gender and verb.gender != head.gender):
        return
    said = sentence.span(verb_stop, sentence.end)
    moved = f"{said[0].upper()}{said[1:]} {sentence.span(stop, verb_stop)} {date}"
    span = (words[0].start, words[sentence.end - 1].stop, moved)
    yield Edit((span,), f"«{date}» at the end, the subject first")


_WAS = frozenset({"был", "была", "было", "были"})


def _from_place(sentence: Sentence) -> Iterator[Edit]:
    """Yield «Парк расположен на востоке» for «На востоке расположен парк»."""
    opening = sentence.words[0]
    if opening.lower not in {"в", "во", "на"} or not _simple(sentence, 0):
        return
    place = phrase_at(sentence, 1)
    stop = next((w.index for w in sentence.words if finite(w)), 0)
    if stop and sentence.lowers[stop - 1] in _WAS:
        stop -= 1
    if place is None or not place.stop <= stop or not _is_tail(sentence, place.stop, stop):
        return
    yield from _inverted(sentence, stop, _lowered_date(sentence, 0, stop))


def lowered_start(sentence: Sentence) -> str | None:
    """Return the first word as it stands inside a sentence, or None where that is not certain."""
    word, after = sentence.words[0], sentence.at(1)
    if not word.russian:
        return word.text if word.text[0].isalpha() and word.text.isascii() else None
    if word.text.isupper() and len(word.text) > 1:
        return word.text
    grammemes = [r.grammemes & _NAMES for r in word.readings]
    if not known(word.lower) or all(grammemes):
        return word.text
    first = word.readings[0]
    if any(grammemes) or after.capital or (first.pos == "ADJF" and "Apro" not in first.grammemes):
        return None
    return word.lower


def _to_front(sentence: Sentence, first: int, stop: int, cut: tuple[int, int]) -> Iterator[Edit]:
    start = lowered_start(sentence)
    if start is None or sentence.words[0].text[0].isdigit():
        return
    date = sentence.span(first, stop)
    opened = f"{date[0].upper()}{date[1:]} {start}"
    head = sentence.words[0]
    spans = ((head.start, head.stop, opened), (*cut, ""))
    yield Edit(spans, f"«{date}» at the start")


def _from_end(sentence: Sentence, first: int) -> Iterator[Edit]:
    before = sentence.words[first - 1]
    if not _simple(sentence, 0) or _bound(sentence, before):
        return
    verbs = [w for w in sentence.words[:first] if finite(w) and w.lower not in _WAS]
    starts = phrase_at(sentence, 0)
    subject = sentence.words[0].lower in {"он", "она", "они", "оно"}
    subject = subject or (starts is not None and starts.only("nomn") is not None)
    if len(verbs) == 1 and subject:
        cut = (before.stop, sentence.words[sentence.end - 1].stop)
        yield from _to_front(sentence, first, sentence.end, cut)


def _bound(sentence: Sentence, before: Word) -> bool:
    """Whether the date belongs to the word before it."""
    if before.lower in _FOCUS:
        return True
    return any(r.pos in {"PREP", "CONJ", "PRTF", "PRCL"} for r in before.readings[:1])


_FOCUS = frozenset(
    {"ещё", "еще", "уже", "лишь", "только", "примерно", "около", "позже", "вновь", "снова"}
    | {"впервые", "именно", "раньше", "рано", "поздно", "даже", "затем"}
)


def _from_middle(sentence: Sentence, first: int, stop: int) -> Iterator[Edit]:
    """Yield the date first where it stands between subject and verb."""
    before, after = sentence.words[first - 1], sentence.at(stop)
    if any(w.text in _MARKS or w.depth for w in sentence.words[:first]):
        return
    starts = phrase_at(sentence, 0)
    alone = first == 1 and before.lower in {"он", "она", "они", "оно"}
    if first == 1 and _no_name(before) and not finite(after):
        cut = (before.stop, sentence.words[stop - 1].stop)
        yield from _to_front(sentence, first, stop, cut)
        return
    if not finite(after):
        return
    whole = starts is not None and starts.only("nomn") and _is_tail(sentence, starts.stop, first)
    if alone or whole:
        yield from _to_front(sentence, first, stop, (before.stop, sentence.words[stop - 1].stop))


def _no_name(word: Word) -> bool:
    """Whether the first word is an active verb: «Окончил в 1950 году институт»."""
    verb = finite(word)
    return verb is not None and verb.pos == "VERB" and verb.score > 0.9


RULES = (Rule("word_order", "positive", "word_order", word_order),)
