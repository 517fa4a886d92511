"""Time and place: another month, weekday, century, season or side of the world; before for after.

«в мае» → «в октябре», «XIX века» → «XVII века», «на севере» → «на юге», «после войны» → «до
войны», «в начале» → «в конце». A word is left alone where its replacement stands in the sentence
already («с севера на юг»), inside names («Северная Двина») and ranges. Goes wrong where another
date in the sentence contradicts the new one.
"""

import re
from collections.abc import Iterator

from ruhnp.rules.calendar import DAYS_IN_MONTH, MONTHS, SEASONS, WEEKDAYS, century, month, roman
from ruhnp.rules.morphology import same_form
from ruhnp.rules.phrase import phrase_at, phrase_of, preposition_span
from ruhnp.rules.sentence import Sentence, Word, cased
from ruhnp.rules.variant import Draw, Edit, Rule

_DASHES = frozenset({"-", "–", "—", "--"})
_PAIRS = (
    *(("северо", "юго"), ("восточн", "западн"), ("восток", "запад")),
    *(("северн", "южн"), ("север", "юг")),
)
_SIDE = re.compile(
    r"(?:северо|юго)-(?:восток|запад|восточн|западн)\w*|(?:восточн|западн|северн|южн)\w+|"
    r"(?:север|юг)(?:а|у|е|ом)?|(?:восток|запад)(?:а|у|е|ом)?"
)
_NOT_A_SIDE = frozenset({"олень", "сияние", "полюс", "корея", "поясок", "фронт", "мир", "театр"})
_PARTS_OF_DAY = {"утром": "вечером", "вечером": "утром", "днём": "ночью", "ночью": "днём"}
_EVENTS = frozenset(
    {"война", "революция", "смерть", "окончание", "распад", "реформа", "переезд", "победа", "бой"}
    | {"поражение", "выборы", "землетрясение", "пожар", "рождение", "свадьба", "гибель", "битва"}
    | {"завершение", "прибытие", "отъезд", "падение", "матч", "операция", "восстание", "раскол"}
    | {"объединение", "присоединение", "освобождение", "оккупация", "отставка", "крещение"}
    | {"возвращение", "принятие", "подписание", "появление", "уход", "развод", "коронация"}
    | {"провозглашение", "создание", "открытие", "закрытие", "премьера", "концерт", "начало"}
)
_ENDS = {"начале": "конце", "конце": "начале"}


def time_place(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each word of time or place."""
    for word in sentence.words:
        if word.depth:
            continue
        for find in (_months, _weekdays, _centuries, _sides, _adverbs, _ends):
            options = find(sentence, word)
            if options:
                new = cased(draw.one(options, f"time {word.index}"), word.text)
                fix = preposition_span(sentence, word.index, new)
                yield Edit(((word.start, word.stop, new), *fix), f"{word.text} → {new}")
                break
        yield from _before_after(sentence, word)


def _between_dashes(sentence: Sentence, word: Word) -> bool:
    return bool({sentence.at(word.index + i).text for i in (-1, 1)} & _DASHES)


def _months(sentence: Sentence, word: Word) -> list[str]:
    old = month(word.lemmas)
    if old is None or word.capital or _between_dashes(sentence, word):
        return []
    present = {month(w.lemmas) for w in sentence.words}
    if len(present - {None}) > 1 or sentence.lowers.count(word.lower) > 1:
        return []
    before = sentence.at(word.index - 1).text
    day = int(before) if before.isdigit() else 1
    given = [r for r in word.readings if r.lemma == MONTHS[old]]
    fitting = [m for m in range(12) if m != old and day <= DAYS_IN_MONTH[m]]
    forms = [same_form(given, MONTHS[m]) for m in fitting]
    return [f.pop() for f in forms if len(f) == 1]


def _weekdays(sentence: Sentence, word: Word) -> list[str]:
    found = word.lemmas & set(WEEKDAYS)
    before = sentence.at(word.index - 1)
    if not found or not sentence.plain(word.index) or before.lower not in {"в", "во", "по"}:
        return []
    if {"среда"} == found and word.lower not in {"среду", "средам"}:
        return []
    present = {lemma for w in sentence.words for lemma in w.lemmas if lemma in WEEKDAYS}
    if len(present) > 1 or sentence.at(word.index + 1).lower == "и":
        return []
    days = _ON_DAYS if before.lower == "по" else _ON_A_DAY
    return [day for day in days if day != word.lower] if word.lower in days else []


_ON_A_DAY = ("понедельник", "вторник", "среду", "четверг", "пятницу", "субботу", "воскресенье")
_ON_DAYS = ("понедельникам", "вторникам", "четвергам", "пятницам", "субботам", "воскресеньям")


def _centuries(sentence: Sentence, word: Word) -> list[str]:
    old = century(word.text)
    after = sentence.at(word.index + 1)
    is_century = "век" in after.lemmas or after.lower in {"в", "столетия", "столетии"}
    dotted = after.lower != "в" or sentence.at(word.index + 2).text == "."
    if old is None or not is_century or not dotted or _between_dashes(sentence, word):
        return []
    others = [c for w in sentence.words if w is not word and (c := century(w.text))]
    years = [int(w.text) for w in sentence.words if re.fullmatch(r"1\d{3}|20\d\d", w.text)]
    if old in others or any(year // 100 + 1 == old for year in years):
        return []
    new = [old + step for step in (-3, -2, -1, 1, 2) if 1 <= old + step <= 21]
    return [roman(n) for n in new if all((o < old) == (o < n) and o != n for o in others)]


def _sides(sentence: Sentence, word: Word) -> list[str]:
    if not _SIDE.fullmatch(word.text) or _between_dashes(sentence, word):
        return []
    phrase = phrase_of(sentence, word.index)
    if phrase and any(r.lemma in _NOT_A_SIDE for r in phrase.readings):
        return []
    if sentence.at(word.index - 1).lower == "и" or sentence.at(word.index + 1).lower == "и":
        return []
    new = _opposite_side(word.text)
    told = {stem for w in sentence.words if w is not word for stem in _stems(w.lower)}
    # «с севера на юг»: with both sides told, a change of one makes nonsense.
    return [] if told & (_stems(new) | _stems(word.lower)) or new == word.text else [new]


def _stems(text: str) -> set[str]:
    """Return the sides that a word names."""
    stems = [stem for pair in _PAIRS for stem in pair]
    parts = text.split("-")
    found = {next((s for s in stems if part.startswith(s)), "") for part in parts}
    return {_SHORT.get(stem, stem) for stem in found - {""}}


_SHORT = {"северо": "север", "северн": "север", "юго": "юг", "южн": "юг"}
_SHORT |= {"восточн": "восток", "западн": "запад"}


def _opposite_side(text: str) -> str:
    parts = text.split("-")
    return "-".join(_opposite_part(part) for part in parts)


def _opposite_part(part: str) -> str:
    for a, b in _PAIRS:
        if part.startswith(a):
            return b + part[len(a) :]
        if part.startswith(b):
            return a + part[len(b) :]
    return part


def _adverbs(sentence: Sentence, word: Word) -> list[str]:
    new = SEASONS.get(word.lower) or _PARTS_OF_DAY.get(word.lower)
    if new is None or new in sentence.lowers or not sentence.plain(word.index):
        return []
    before, after = sentence.at(word.index - 1), sentence.at(word.index + 1)
    joined = {before.lower, after.lower} & {"и", "или", "ни"}
    governed = any(r.pos in {"PREP", "ADJF"} for r in before.readings[:1])
    return [] if joined or governed or _between_dashes(sentence, word) else [new]


def _ends(sentence: Sentence, word: Word) -> list[str]:
    if word.lower not in _ENDS or sentence.at(word.index - 1).lower != "в":
        return []
    after = sentence.at(word.index + 1)
    if after.lower == "концов" or _ENDS[word.lower] in sentence.lowers:
        return []
    timed = after.text[:1].isdigit() or century(after.text) or after.lemmas & _PERIODS
    return [_ENDS[word.lower]] if timed else []


_PERIODS = frozenset(
    {"год", "век", "месяц", "сезон", "война", "столетие", "карьера", "день", "матч", "фильм"}
    | {"книга", "роман", "эпоха", "период", "лето", "осень", "зима", "весна", "неделя", "игра"}
    | set(MONTHS)
)


def _before_after(sentence: Sentence, word: Word) -> Iterator[Edit]:
    """Yield «до» for «после» an event, and back, unless «до» ends a stretch («с … до …»)."""
    if word.lower not in {"до", "после"} or sentence.at(word.index + 1).lower in {"этого", "того"}:
        return
    phrase = phrase_at(sentence, word.index + 1)
    if phrase is None or not any(r.lemma in _EVENTS for r in phrase.readings):
        return
    if sentence.lowers.count("до") + sentence.lowers.count("после") > 1:
        return
    before = sentence.at(word.index - 1)
    if word.lower == "после":
        if before.lower in {"вскоре", "сразу", "только", "лишь", "и"} or before.text[:1].isdigit():
            return
        yield Edit(((word.start, word.stop, cased("до", word.text)),), f"{word.text} → до")
        return
    if before.lower == "незадолго":
        new = cased("вскоре после", before.text)
        yield Edit(((before.start, word.stop, new),), f"{before.text} до → {new}")
        return
    stretch = {"с", "со", "от", "вплоть", "из", "начиная"} & set(sentence.lowers[: word.index])
    fits = before.text in {"", ","} or any(
        r.pos in {"VERB", "PRTS", "NOUN"} for r in before.readings
    )
    if not stretch and fits and before.lower not in {"время", "дня", "года"}:
        yield Edit(((word.start, word.stop, cased("после", word.text)),), f"{word.text} → после")


RULES = (Rule("time_place", "negative", "time_place", time_place),)
