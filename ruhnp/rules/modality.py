"""Modality: what may be becomes what must be, what was allowed becomes forbidden.

«Игроки могут выбрать» → «Игроки должны выбрать», «разрешил» → «запретил», «можно увидеть» →
«нельзя увидеть», «, возможно,» → «, несомненно,». Modal words need their infinitive at once.
Goes wrong where both are true of the same thing («может и должен»).
"""

from collections.abc import Iterator

from ruhnp.rules.morphology import same_form
from ruhnp.rules.sentence import Sentence, Word, cased
from ruhnp.rules.variant import Draw, Edit, Rule

# As written, before an infinitive.
_BEFORE_INFINITIVE = {
    "могут": ("должны",),
    "могли": ("должны были",),
    "мог": ("должен был",),
    "могла": ("должна была", "была обязана"),
    "могло": ("должно было",),
    "должен": ("может",),
    "должна": ("может",),
    "должно": ("может",),
    "должны": ("могут",),
    "обязан": ("вправе",),
    "обязана": ("вправе",),
    "обязаны": ("вправе",),
    "можно": ("нельзя", "необходимо"),
    "нельзя": ("можно",),
    "необходимо": ("можно",),
    "нужно": ("можно",),
    "невозможно": ("возможно", "можно"),
    "вынужден": ("готов",),
    "вынуждена": ("готова",),
    "вынуждены": ("готовы",),
    "рекомендуется": ("запрещается",),
    "запрещается": ("разрешается",),
    "разрешается": ("запрещается",),
    "запрещено": ("разрешено",),
    "разрешено": ("запрещено",),
    "планирует": ("отказывается",),
    "планируют": ("отказываются",),
    "планируется": ("запрещается",),
}
_PAST = frozenset({"был", "была", "было", "были", "будет", "будут", "бы"})
_PAST_OF_MUST = {
    "должен был": "мог",
    "должна была": "могла",
    "должно было": "могло",
    "должны были": "могли",
}
# Verbs in any form; the second lemma takes the same complements.
_VERBS = {
    "разрешить": "запретить",
    "разрешать": "запрещать",
    "запретить": "разрешить",
    "запрещать": "разрешать",
    "разрешаться": "запрещаться",
    "запрещаться": "разрешаться",
    "попытаться": "суметь",
    "пытаться": "мочь",
    "пожелать": "отказаться",
    "обещать": "отказаться",
    "планировать": "отказываться",
    "отказаться": "согласиться",
    "отказываться": "соглашаться",
    "стремиться": "отказываться",
    "намереваться": "отказываться",
    "решить": "отказаться",
    "согласиться": "отказаться",
    "соглашаться": "отказываться",
    "позволять": "мешать",
    "позволить": "помешать",
    "хотеть": "отказываться",
    "захотеть": "отказаться",
}
_NEED_INFINITIVE = frozenset(_VERBS) - {
    *("разрешить", "разрешать", "запретить", "запрещать", "разрешаться", "запрещаться")
}
_PARENTHETIC = {
    "возможно": ("несомненно", "безусловно"),
    "вероятно": ("несомненно", "безусловно"),
    "видимо": ("несомненно",),
    "по-видимому": ("несомненно",),
    "предположительно": ("несомненно",),
    "наверное": ("безусловно",),
    "несомненно": ("возможно",),
    "безусловно": ("возможно",),
}
_LITERAL = frozenset({"спор", "вопрос", "задача", "конфликт", "проблема", "противоречие"})


def modality(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each modal word."""
    for word in sentence.words:
        if word.depth or not word.russian or sentence.at(word.index - 1).lower == "не":
            continue
        for options, stop in (
            _before_infinitive(sentence, word),
            _verb(sentence, word),
            _parenthetic(sentence, word),
        ):
            if options:
                old = sentence.span(word.index, stop)
                new = cased(draw.one(options, f"modality {word.index}"), word.text)
                span = (word.start, sentence.words[stop - 1].stop, new)
                yield Edit((span,), f"{old} → {new}")


Options = tuple[tuple[str, ...], int]


def _is_infinitive(word: Word) -> bool:
    return any(r.pos == "INFN" for r in word.readings[:1])


def _before_infinitive(sentence: Sentence, word: Word) -> Options:
    after = sentence.at(word.index + 1)
    both = f"{word.lower} {after.lower}"
    if both in _PAST_OF_MUST and _is_infinitive(sentence.at(word.index + 2)):
        return (_PAST_OF_MUST[both],), word.index + 2
    options = _BEFORE_INFINITIVE.get(word.lower, ())
    if word.lower == "может":
        options = _must(sentence.at(word.index - 1))
    beside = {sentence.at(word.index - 1).lower, after.lower}
    if not options or not _is_infinitive(after) or beside & _PAST:
        return (), 0
    if "бы" in sentence.lowers:
        return (), 0
    return options, word.index + 1


def _must(subject: Word) -> tuple[str, ...]:
    """Return «должен» in the gender of a subject right before «может»."""
    if subject.capital and subject.index:
        return ()
    found = [r for r in subject.readings if r.case == "nomn" and r.number == "sing"]
    if not found or found[0].pos not in {"NOUN", "NPRO"} or not found[0].gender:
        return ()
    form = {"masc": "должен", "femn": "должна", "neut": "должно"}.get(found[0].gender)
    return (form,) if form and subject.lower != "что" else ()


def _verb(sentence: Sentence, word: Word) -> Options:
    given = [r for r in word.readings if r.lemma in _VERBS and r.pos in {"VERB", "PRTS"}]
    if not given or given[0] is not word.readings[0]:
        return (), 0
    after = sentence.at(word.index + 1)
    if given[0].lemma in _NEED_INFINITIVE and not _is_infinitive(after):
        return (), 0
    before = sentence.at(word.index - 1)
    tried = given[0].lemma in {"пытаться", "попытаться"}
    if tried and not any(r.case == "nomn" for r in before.readings):
        return (), 0
    # «отказывается провести»: the imperfective refusal wants an imperfective infinitive.
    refusal = _VERBS[given[0].lemma] == "отказываться"
    if refusal and not any(r.aspect == "impf" for r in after.readings[:1]):
        return (), 0
    near = sentence.words[max(0, word.index - 3) : word.index + 4]
    if any(r.lemma in _LITERAL for w in near for r in w.readings):
        return (), 0
    forms = same_form(given, _VERBS[given[0].lemma])
    return (tuple(forms), word.index + 1) if len(forms) == 1 else ((), 0)


def _parenthetic(sentence: Sentence, word: Word) -> Options:
    options = _PARENTHETIC.get(word.lower, ())
    opened = sentence.at(word.index - 1).text == "," or word.index == sentence.first
    closed = sentence.at(word.index + 1).text == "," and sentence.at(word.index + 2).lower != "что"
    return (options, word.index + 1) if options and opened and closed else ((), 0)


RULES = (Rule("modality", "negative", "modality", modality),)
