"""Voice: «Школа была построена в 1950 году» → «Школу построили в 1950 году».

The passive with «был» and no agent becomes the active with an unnamed one: the subject goes to the
accusative, the participle to the past plural. Left alone: participles that tell a state
(«расположен», «известен»), any word that may be the agent in the instrumental, participles shared
by two subjects. Goes wrong where no person did it («был разрушен ураганом» has its agent, «был
засыпан» has not).
"""

from collections.abc import Iterator

from ruhnp.rules.morphology import Reading, inflected, lemma_reading
from ruhnp.rules.phrase import Phrase, phrase_at
from ruhnp.rules.sentence import Sentence, Word, cased
from ruhnp.rules.variant import Draw, Edit, Rule

_WAS = frozenset({"был", "была", "было", "были"})
_EVENTS = frozenset(
    {"построить", "открыть", "основать", "создать", "убить", "арестовать", "опубликовать"}
    | {"издать", "выпустить", "завершить", "переименовать", "закрыть", "снять", "написать"}
    | {"утвердить", "принять", "подписать", "восстановить", "разрушить", "снести", "освятить"}
    | {"перевести", "отменить", "ввести", "провести", "организовать", "установить", "упразднить"}
    | {"изъять", "расстрелять", "казнить", "похоронить", "реконструировать", "отремонтировать"}
    | {"перестроить", "запустить", "остановить", "представить", "показать", "продать", "купить"}
    | {"обнаружить", "ликвидировать", "объявить", "возвести", "заложить", "учредить", "выбрать"}
    | {"уволить", "отправить", "приговорить", "освободить", "спустить", "демонтировать"}
    | {"выдвинуть", "включить", "разработать", "сформировать", "расформировать", "преобразовать"}
    | {"призвать", "исключить", "направить", "зарегистрировать", "избрать", "разделить"}
    | {"назначить", "наградить", "признать", "удостоить", "повысить", "присвоить"}
)
# Their complement stands in the instrumental: it is no agent.
_WITH_COMPLEMENT = frozenset({"назначить", "избрать", "наградить", "признать", "объявить"})


def to_active(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield the sentence with its passive turned."""
    for participle in sentence.words[1:]:
        passive = next((r for r in participle.readings if r.pos == "PRTS"), None)
        if passive is None or passive.lemma not in _EVENTS or participle.depth:
            continue
        before = sentence.words[participle.index - 1]
        word = before if before.lower in _WAS else participle
        # A bare participle tells an event only where it is dated; else it may tell a state.
        if word is participle and not _dated(sentence, participle.index):
            continue
        active = lemma_reading(passive.lemma, "INFN", "perf")
        verb = inflected(active, "past", "plur", "indc", "VERB") if active else None
        ends = (word.index, participle.index)
        if verb is None or _agent(sentence, ends, passive) or _shared(sentence, ends):
            continue
        late = _subject_after(sentence, participle)
        for subject in (_subject_before(sentence, word), late):
            if subject and (edit := _turned(sentence, (word, participle), subject, verb)):
                yield edit
                break


def _dated(sentence: Sentence, index: int) -> bool:
    near = sentence.lowers[max(0, index - 4) : index + 6]
    return bool({"году", "года", "веке", "века", "годах"} & set(near))


def _turned(
    sentence: Sentence, predicate: tuple[Word, Word], subject: Phrase, verb: str
) -> Edit | None:
    accusative = subject.inflected("accs")
    if accusative is None:
        return None
    first, last = sentence.words[subject.start], sentence.words[subject.head]
    accusative = cased(accusative, first.text)
    was, participle = predicate
    verb = cased(verb, was.text)
    old = sentence.span(was.index, participle.index + 1)
    evidence = f"{subject.text} {old} → {accusative} {verb}"
    spans = ((first.start, last.stop, accusative), (was.start, participle.stop, verb))
    return Edit(spans, evidence)


def _agent(sentence: Sentence, ends: tuple[int, int], passive: Reading) -> bool:
    """Whether some word may be the agent: an instrumental without a preposition."""
    words = sentence.words
    for word in words:
        if word.index in ends or not word.russian:
            continue
        ablative = [r for r in word.readings if r.case == "ablt" and r.score > 0.02]
        if not ablative or passive.lemma in _WITH_COMPLEMENT:
            continue
        if not _governed(sentence, word.index):
            return True
    return False


def _governed(sentence: Sentence, index: int) -> bool:
    """Whether a preposition stands before the phrase of the word, at most three words back."""
    near = sentence.words[max(0, index - 3) : index]
    return any(r.pos == "PREP" for w in near for r in w.readings[:1])


def _shared(sentence: Sentence, ends: tuple[int, int]) -> bool:
    """Whether other predicates share the subject, or «не» stands by."""
    others = [
        w
        for w in sentence.words
        if w.index not in ends
        and any(
            r.pos == "PRTS" or (r.pos == "VERB" and "indc" in r.grammemes) for r in w.readings[:1]
        )
    ]
    return bool(others) or sentence.at(ends[0] - 1).lower == "не"


def _subject_before(sentence: Sentence, was: Word) -> Phrase | None:
    """Return the subject if it stands right before «был», with genitives at most between."""
    for start in range(max(0, was.index - 6), was.index):
        subject = phrase_at(sentence, start)
        opens = start == 0 or sentence.at(start - 1).text == ","
        if start and not opens and not _after_date(sentence, start):
            continue
        if subject is None or subject.stop > was.index or sentence.name(subject.head):
            continue
        told = subject.only("nomn")
        tail = sentence.words[subject.stop : was.index]
        if told and all(any(r.case == "gent" for r in w.readings) for w in tail):
            return told if _fits(told, was) else None
    return None


def _after_date(sentence: Sentence, start: int) -> bool:
    return sentence.at(start - 1).lower in {"году", "года", "веке", "годах"}


def _subject_after(sentence: Sentence, participle: Word) -> Phrase | None:
    """Return the subject if it stands right after the participle."""
    subject = phrase_at(sentence, participle.index + 1)
    told = subject.only("nomn") if subject else None
    if told is None or sentence.name(told.head):
        return None
    following = sentence.at(told.stop)
    return told if _fits(told, participle) and following.lower != "и" else None


def _fits(subject: Phrase, was: Word) -> bool:
    verb = next(r for r in was.readings if r.pos in {"VERB", "PRTS"})
    return all(
        r.number == verb.number and (not verb.gender or verb.gender == r.gender)
        for r in subject.readings
    )


RULES = (Rule("to_active", "positive", "passive", to_active),)
