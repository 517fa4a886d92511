"""What makes a sentence unfit to be an anchor: not a whole sentence, or not to be read alone.

Plain rules are patterns; deep ones look words up or detect the language, and come last. There are
far more sentences than anchors, so a rule may cost a good sentence, but should cost few.
"""

import re

from ruhnp.stage import AnchorsSection
from ruhnp.subjects import subjectless
from rupairs.russian import not_russian

Fault = tuple[str, str]
"""Reason and evidence."""

_QUOTE = r"(?:[«\"„“(—–-]|``)"
_START = re.compile(rf"{_QUOTE}*\s*")
_OPENS = re.compile(r"[«\"„“]|``")
_SENTENCE_END = re.compile(r"[.!?…](?:[»\"“”)\]]|'')*$")
# After an initial or such an abbreviation the sentence was cut, not finished.
_CUT = re.compile(
    r"(?:(?<= )[А-ЯЁ]|\b(?:им|ул|св|ст|см|ср|рис|табл|проф|акад|ген|пос|дер|обл|ок|род|англ|лат|"
    r"нем|фр|греч|итал|исп|яп|т\.\s?е|т\.\s?н))\.$"
)
_SCRAP = re.compile(
    r"^(?:[-–—*•·#|]|\d{1,3}[.)]\s|[а-яa-z]\)|(?:см|подробнее|основная статья|файл|категория)\b|"
    r"(?:[^\s:]+ ){0,2}[^\s:]+: )|[|{}<>\\^_=]|https?://|:$|(?:;.*){3}|\[\d+\]|"
    r"\[(?:источник|уточнить|когда|кто|где)",
    re.IGNORECASE,
)
# A template or a word in another script stood there: «Родопы () — провинция», «(, 1912)».
_HOLE = re.compile(r"[(«\[]\s*[,;:—–-]?\s*[)»\]]|\(\s*[,;:]|[,;]\s*\)|\((?:от|из|на) ?[,;)]")
# The full stop between two sentences is lost.
_GLUED = re.compile(
    r"(?<=[а-яё\d] )(?:После|При|Для|Она?|Они|Это|Однако|Также|Существует|Кроме|Затем|Под|Из|Во?|"
    r"На|По|Но|За|До)(?= [а-яё])"
)
_PAIRED = (("(", ")"), ("«", "»"), ("[", "]"), ("``", "''"))

_ANY = re.IGNORECASE
# What a sentence that goes on from another one begins with.
_GOES_ON = re.compile(
    r"(?:он|она|оно|они|его|её|ее|их|ему|ей|им|это|тот|та|те|такой|такая|такое|такие|там|тогда|"
    r"здесь|тут|туда|оттуда|отсюда|поэтому|потому|оттого|однако|также|тоже|причём|притом|кроме "
    r"(?:того|этого)|помимо (?:того|этого)|вместе с тем|тем не менее|тем временем|тем самым|между "
    r"тем|к тому же|более того|мало того|(?:после|до) (?:того|этого|чего)(?! как)|в то же "
    r"время|в то время|в (?:итоге|результате|частности|последующем|дальнейшем|ответ|свою очередь|"
    r"конце концов)(?:,| [а-яё]+[лт](?:а|о|и|ся|ась|ось|ись)?\b)|в итоге|затем|потом|позже|позднее|"
    r"впоследствии|вскоре|далее|наконец|итак|так,|таким образом|следовательно|соответственно|"
    r"например|напротив|наоборот|впрочем|зато|иначе|аналогично|сначала|первоначально|"
    r"последн(?:ий|яя|ее|ие)|друг(?:ой|ая|ое|ие)|об[ае]|остальн(?:ой|ая|ое|ые)|"
    r"перв(?:ый|ая|ое) из них|(?:и|а|но|или|либо|да|же)(?= ))\b",
    _ANY,
)
_YEARS_LATER = re.compile(
    r"(?:через|спустя) (?!.*\bпосле\b)|(?:год|месяц|неделю|день|час) спустя\b", _ANY
)
# What points out of the sentence when it stands in its first clause, where nothing came before.
_FIRST_CLAUSE = re.compile(r"[^,;:—–(]*?(?=[,;:—–(]| -- |$)")
_POINTS_BACK = re.compile(
    r"\b(?:он|она|оно|они|эт(?:от|а|и|ого|ой|ому|им|ими|их|ом|у|ою)|данн(?:ый|ая|ое|ого|ой|ом|ому|"
    r"ую)|указанн(?:ый|ая|ое|ые|ого|ой|ых|ом|ому)|вышеупомянут\w+|упомянут(?:ый|ая|ое|ые|ого|ой)|"
    r"т(?:от|а|о|ом|ой|ого|ому|е|у|ем|ех) же|подобн(?:ый|ая|ое|ые|ого|ую|ых)|"
    r"так(?:ой|ого|ому|ом|им|ое|ую|ие|их) (?!же\b|как\b)|следующ(?:ий|ая|ее|ем|ей|его|ую)|"
    r"предыдущ(?:ий|ая|ее|ем|ей|его|ую)|из них|среди них|здесь|тут|там|туда|оттуда)\b",
    _ANY,
)
_OBLIQUE = r"(?:его|её|ее|их|ему|ей|им|ими|ним|ней|нему|нём|нем|них|ними|него|неё|нее|нею)"
# «Игорь и его брат» names him; «Основная его задача» and «После встречи с ним» do not.
_EARLY_OBLIQUE = re.compile(rf"(?:\S+ ){{0,3}}(?<!\bи )(?<!\bили ){_OBLIQUE}\b", _ANY)
_IN_PHRASE = re.compile(
    r"(?:в|во|на|по|о|об|из|с|со|у|за|для|до|от|при|под|над|после|благодаря|согласно)\s"
    rf"(?:\S+ ){{0,6}}{_OBLIQUE}\b",
    _ANY,
)
# A place that an earlier sentence named: «В городе есть порт.»
_SOME_PLACE = re.compile(
    r"(?i:\b(?:во?|по|из|у) (?:город[еау]|сел[еау]|деревн[еи]|пос[её]лк[еау]|станиц[еы]|"
    r"хутор[еау]|коммун[еы]|общин[еы]|муниципалитет[еау]))\b(?! (?:[А-ЯЁA-Z«\"]|``))"
)
_SOME_FIGURE = re.compile(
    r"(?:население|площадь|численность населения|плотность населения|(?:средний )?доход на душу "
    r"населения|высота над уровнем моря|длина реки|водоизмещение) (?:[—–-]|составл|состав)",
    _ANY,
)
_SPEAKER = re.compile(
    r"\b(?:я|меня|мне|мной|мы|нас|нам|нами|мо[йяёи]|ты|тебя|тебе|вы|вас|вам|"
    r"(?:ваш|наш(?!ей эры|их дней|его времени|его века))(?:а|е|и|у|ей|его|ему|ем|им|их|ими)?)\b"
)


def unfit(text: str, config: AnchorsSection) -> Fault | None:
    """Return (reason, evidence) if `text` cannot be an anchor."""
    return plain_fault(text, config) or deep_fault(text)


def plain_fault(text: str, config: AnchorsSection) -> Fault | None:
    """Return what the patterns find."""
    length = len(text)
    if not config.min_characters <= length <= config.max_characters:
        return ("too_short" if length < config.min_characters else "too_long"), f"{length}"
    return _scrap(text) or _cut(text) or _dangling(text)


def deep_fault(text: str) -> Fault | None:
    """Return what the dictionary and the language detector find."""
    if why := not_russian(text):
        return "not_russian", why
    if found := subjectless(text):
        return "subjectless", found
    return None


def _scrap(text: str) -> Fault | None:
    if found := _SCRAP.search(text):
        return "list_scrap", found.group()
    if found := _HOLE.search(text):
        return "lost_words", found.group()
    for opening, closing in _PAIRED:
        if text.count(opening) != text.count(closing):
            return "unbalanced", opening + closing
    return ("unbalanced", '"') if text.count('"') % 2 else None


def _cut(text: str) -> Fault | None:
    if not (text[0].isupper() or text[0].isdigit() or _OPENS.match(text)):
        return "not_a_sentence", text[:20]
    if not _SENTENCE_END.search(text) or _CUT.search(text):
        return "not_a_sentence", text[-20:]
    if found := _GLUED.search(text):
        return "two_sentences", text[max(0, found.start() - 20) : found.end()]
    return None


def _dangling(text: str) -> Fault | None:
    plain = text[_START.match(text).end() :]  # type: ignore[union-attr]
    clause = _FIRST_CLAUSE.match(plain)
    first = clause.group() if clause else plain
    for pattern, where in (
        (_GOES_ON, plain),
        (_YEARS_LATER, plain),
        (_SOME_FIGURE, plain),
        (_EARLY_OBLIQUE, first),
        (_IN_PHRASE, first),
    ):
        if found := pattern.match(where):
            return "dangling", found.group()
    if found := _POINTS_BACK.search(first) or _SOME_PLACE.search(first):
        return "dangling", found.group()
    if not _OPENS.search(text) and (found := _SPEAKER.search(text)):
        return "speaker", found.group()
    return None
