"""Checks of one generated text against its anchor: each returns what it found, or None.

None of them needs a model. The order in `CHECKS` is the order in which a reason is given; the
name of a check is the reason, and its switch in `[ruhnp.verify] checks`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz

from ruhnp.content.difference import INFLECTION, ORDER, PARTICLE, SYNONYM, trivial
from ruhnp.content.names import added, lost
from ruhnp.content.negation import negations
from ruhnp.content.numbers import numbers, shown
from ruhnp.content.omission import left_out
from ruhnp.content.shown import shown_difference
from ruhnp.content.words import CONDITIONAL, words
from ruhnp.stage import VerifySection
from rupairs.russian import loop, new_mixed_words, not_russian
from rupairs.text import key

_REFUSAL = re.compile(
    r"не могу (?:выполнить|помочь|предоставить|ответить|перефразировать|создать)|"
    r"как (?:языковая модель|ии|искусственный интеллект)\b|я (?:всего лишь|лишь) (?:модель|ии)\b|"
    r"(?:извините|простите|к сожалению)[,!]? (?:но )?я\b",
    re.IGNORECASE,
)
_META = re.compile(
    r"парафраз|перефраз|исходн\w+ предложени|исходное:|другое:|изменить:|"
    r"(?:другими|иными) словами:|вот (?:вариант|пример|мой|одн)|конечно[,!] вот|"
    r"вариант \d+:|```|<\||\{\"|\"text\"",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?…»\")]$")


@dataclass(frozen=True)
class Checked:
    """A text, the anchor it was made from, its kind, and the kind of change that was asked for."""

    anchor: str
    text: str
    kind: str
    change: str = ""

    @property
    def positive(self) -> bool:
        """Whether the text is meant to say the same as its anchor."""
        return self.kind == "positive"


Check = Callable[[Checked, VerifySection], str | None]
"""(what is checked, thresholds) → evidence."""


def length(item: Checked, config: VerifySection) -> str | None:
    """Return the length ratio if it is out of bounds."""
    ratio = len(item.text) / len(item.anchor)
    fits = config.min_length_ratio <= ratio <= config.max_length_ratio
    return None if fits else f"{ratio:.2f} times the anchor"


def language(item: Checked, config: VerifySection) -> str | None:
    """Return why the text is not Russian."""
    return not_russian(item.text)


def script(item: Checked, config: VerifySection) -> str | None:
    """Return words of mixed script that the anchor does not have."""
    return new_mixed_words(item.text, item.anchor)


def refusal(item: Checked, config: VerifySection) -> str | None:
    """Return a phrase in which the model declines, unless the anchor has one."""
    return _new(_REFUSAL, item)


def meta(item: Checked, config: VerifySection) -> str | None:
    """Return a phrase in which the model speaks about the task, unless the anchor has one."""
    return _new(_META, item)


def _new(pattern: re.Pattern[str], item: Checked) -> str | None:
    found = pattern.search(item.text)
    return found.group() if found and not pattern.search(item.anchor) else None


def unfinished(item: Checked, config: VerifySection) -> str | None:
    """Return the tail of a text that stops in mid-sentence though the anchor does not."""
    return item.text[-20:] if _END.search(item.anchor) and not _END.search(item.text) else None


def repetition(item: Checked, config: VerifySection) -> str | None:
    """Return words the model repeats in a loop."""
    return loop(item.text)


def copy(item: Checked, config: VerifySection) -> str | None:
    """Return the text if it is the anchor again, punctuation and case aside."""
    return item.text if key(item.text) == key(item.anchor) else None


def near_copy(item: Checked, config: VerifySection) -> str | None:
    """Return the overlap of a positive that changes next to nothing; negatives may be close."""
    if not item.positive:
        return None
    overlap = fuzz.ratio(key(item.anchor), key(item.text)) / 100
    limit = config.max_positive_overlap
    return f"{overlap:.3f} > {limit}" if overlap > limit else None


def numbers_changed(item: Checked, config: VerifySection) -> str | None:
    """Return the numbers a positive adds or loses, by value: «пять» for «5» is no change."""
    if not item.positive:
        return None
    had, have = numbers(item.anchor), numbers(item.text)
    said = [f"−{shown(v)}" for v in have.lacks(had)] + [f"+{shown(v)}" for v in had.lacks(have)]
    return ", ".join(said) or None


def names_changed(item: Checked, config: VerifySection) -> str | None:
    """Return the names a positive adds or loses; another form of a name is no change."""
    if not item.positive:
        return None
    said = [f"−{name}" for name in lost(item.anchor, item.text)]
    said += [f"+{name}" for name in added(item.anchor, item.text)]
    return ", ".join(dict.fromkeys(said)) or None


def negation_changed(item: Checked, config: VerifySection) -> str | None:
    """Return the negation counts if a positive negates where the anchor does not, or back.

    «Концерт не состоялся» for «Концерт отменили» is no change: the other side denies in its way.
    """
    if not item.positive:
        return None
    had, have = negations(item.anchor), negations(item.text)
    if (had.count > 0) == (have.count > 0):
        return None
    other = have if had.count else had
    return None if other.denying else f"{had.count} → {have.count}"


def only(kind: str) -> Check:
    """Return the check of a negative whose greatest difference from its anchor is `kind`."""

    def check(item: Checked, config: VerifySection) -> str | None:
        if item.positive:
            return None
        found = trivial(item.anchor, item.text)
        if not found or max(found, key=_WEIGHT.index) != kind:
            return None
        conditional = (set(words(item.anchor)) ^ set(words(item.text))) & CONDITIONAL
        return None if item.change == "modality" and conditional else item.text

    return check


_WEIGHT = (INFLECTION, ORDER, PARTICLE, SYNONYM)


def other_change(item: Checked, config: VerifySection) -> str | None:
    """Return what a negative plainly leaves as it was though it was asked to change it."""
    if item.positive:
        return None
    if item.change == "number" and numbers(item.anchor) == numbers(item.text):
        return "the numbers are the same"
    if item.change == "negation" and negations(item.anchor) == negations(item.text):
        return "the negations are the same"
    return None


def only_omission(item: Checked, config: VerifySection) -> str | None:
    """Return the words that a negative leaves out or puts in, if it does nothing else."""
    return None if item.positive else " ".join(left_out(item.anchor, item.text)) or None


def no_shown_difference(item: Checked, config: VerifySection) -> str | None:
    """Return a negative whose difference no check can point at, if that is asked for."""
    if item.positive or not config.shown_difference:
        return None
    return None if shown_difference(item.anchor, item.text) else item.text


CHECKS: Mapping[str, Check] = {
    "length": length,
    "not_russian": language,
    "mixed_script": script,
    "refusal": refusal,
    "meta_phrase": meta,
    "unfinished": unfinished,
    "loop": repetition,
    "copy": copy,
    "near_copy": near_copy,
    "only_inflection": only(INFLECTION),
    "only_word_order": only(ORDER),
    "only_particles": only(PARTICLE),
    "only_synonyms": only(SYNONYM),
    "only_omission": only_omission,
    "numbers_changed": numbers_changed,
    "names_changed": names_changed,
    "negation_changed": negation_changed,
    "other_change": other_change,
    "no_shown_difference": no_shown_difference,
}


def first_fault(item: Checked, config: VerifySection) -> tuple[str, str] | None:
    """Return (reason, evidence) of the first check that is switched on and fails."""
    for reason, check in CHECKS.items():
        if config.wants(reason) and (evidence := check(item, config)):
            return reason, evidence
    return None
