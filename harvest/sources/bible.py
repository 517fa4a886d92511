"""The Bible in Russian (Synodal) and English, joined verse by verse.

1. Each text file has one verse a line and a file of verse ids with as many lines.
2. The sides are joined by verse id, never by line: versifications differ, so that equally long
   files can run a line apart for a third of their length.
3. `<range>` marks a verse printed together with the one before it; such verses are left out on
   both sides, because the other text may not join them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harvest.lines import text_lines
from harvest.source import Native, Source, Unusable
from rupairs.errors import RupairsError
from rupairs.pairs import Pair

_RUSSIAN = (("org_nt_RUSSYN.txt", "org_nt_vref.txt"), ("rus-russyn.txt", "vref.txt"))
_ENGLISH = (
    ("eng_nt_BSB.txt", "eng_nt_vref.txt"),
    ("eng_nt_BSB.txt", "DERIVED_eng_nt_vref.txt"),
    ("eng-engbsb.txt", "vref.txt"),
    ("eng-*.txt", "vref.txt"),
)
_RANGE = "<range>"


@dataclass
class _Side:
    verses: Mapping[str, str]
    merged: set[str] = field(default_factory=set)


def _pairs(native: Native) -> Iterator[Pair | Unusable]:
    russian, english = _side(native, _RUSSIAN), _side(native, _ENGLISH)
    for verse in dict.fromkeys([*russian.verses, *english.verses]):
        ru, en = russian.verses.get(verse, ""), english.verses.get(verse, "")
        row = {"verse": verse, "russian": ru, "english": en}
        if verse in russian.merged or verse in english.merged:
            yield Unusable(row, "verse_range", f"{verse} is printed together with another verse")
        elif ru and en:
            yield SOURCE.pair(native, verse, (ru, en), "translation")
        elif ru or en:
            missing = "Russian" if en else "English"
            yield Unusable(row, "verse_absent", f"{verse} is empty or missing in {missing}")
        # A verse that both leave empty belongs to a book that neither file holds.


def _side(native: Native, layouts: tuple[tuple[str, str], ...]) -> _Side:
    for text, ids in layouts:
        texts, references = native.optional(text), native.optional(ids)
        if texts and references:
            return _read(texts[0], references[0])
    wanted = " or ".join(f"{text} with {ids}" for text, ids in layouts)
    raise RupairsError(
        f"{native.where}: {native.source} needs {wanted}; found: {', '.join(native.files)}"
    )


def _read(text: Path, references: Path) -> _Side:
    verses = [line.strip() for _, line in text_lines(text)]
    ids = [line.strip() for _, line in text_lines(references)]
    if len(verses) != len(ids):
        raise RupairsError(
            f"{text} has {len(verses)} lines and {references} has {len(ids)}: they do not belong "
            "together; take both from the same release"
        )
    side = _Side(dict(zip(ids, verses, strict=True)))
    if len(side.verses) != len(ids):
        twice = Counter(ids).most_common(1)[0][0]
        raise RupairsError(f"{references}: {twice} stands there twice; verse ids must be unique")
    start = ""
    for verse, words in side.verses.items():
        if words == _RANGE:
            side.merged |= {start, verse}
        else:
            start = verse
    return side


SOURCE = Source(
    name="bible",
    title="Bible, Russian Synodal and Berean Standard",
    license="CC-BY-4.0",
    license_url="https://creativecommons.org/licenses/by/4.0/",
    url="https://github.com/Clear-Bible/Alignments",
    citation="Clear Bible, Inc. Alignments: Bible texts and word alignments. BibleNLP/ebible.",
    files=tuple(dict.fromkeys(name for layout in (*_RUSSIAN, *_ENGLISH) for name in layout)),
    relations=("translation",),
    expected=62_195,
    pairs=_pairs,
    note=(
        "Both translations are in the public domain; the license is that of the compilation. "
        "USER-base's count is that of bible-uedin, which holds both testaments."
    ),
)
