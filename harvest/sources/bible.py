"""The Bible in Russian (Synodal) and English.

1. bible-uedin of OPUS is aligned already: lines of the same number are the same verse.
2. In Clear-Bible/Alignments and ebible each text has one verse a line and a file of verse ids with
   as many lines. These sides are joined by verse id, never by line: versifications differ, so that
   equally long files can run a line apart for a third of their length.
3. `<range>` marks a verse printed together with the one before it; such verses are left out on
   both sides, because the other text may not join them. Clear-Bible/Alignments marks none, so the
   verses that its two texts divide differently are listed here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pyarrow as pa

from harvest.reading.archives import unpacked
from harvest.reading.lines import text_lines
from harvest.reading.parallel import aligned_pairs
from harvest.source import Draft, Native, SiteFile, Source, Unusable
from rupairs.errors import RupairsError

_ARCHIVE = "en-ru.txt.zip"
_ALIGNED = ("bible-uedin.en-ru.ru", "bible-uedin.en-ru.en")
_RUSSIAN = (("org_nt_RUSSYN.txt", "org_nt_vref.txt"), ("rus-russyn.txt", "vref.txt"))
_ENGLISH = (
    ("eng_nt_BSB.txt", "eng_nt_vref.txt"),
    ("eng_nt_BSB.txt", "DERIVED_eng_nt_vref.txt"),
    ("eng-engbsb.txt", "vref.txt"),
    ("eng-*.txt", "vref.txt"),
)
_RANGE = "<range>"
# Under these ids one of the Synodal text and BSB holds a part of the next verse, or the one before.
_DIVIDED = frozenset(
    ("ACT 19:40", "2CO 11:33", "2CO 13:12", "2CO 13:13", "3JN 1:14", "REV 12:17", "REV 13:1")
)
_CLEAR_BIBLE = ("org_nt_RUSSYN.txt", "eng_nt_BSB.txt")
_LICENSE, _OF_VERSES, _UNSTATED = "CC0-1.0", "CC-BY-4.0", "unknown"


def _license_of(names: Iterable[str]) -> str:
    """Return the license of the layout that is read of files with these names."""
    found = {PurePosixPath(name).name for name in names}
    if found & {_ARCHIVE, *_ALIGNED}:
        return _LICENSE
    return _OF_VERSES if found.issuperset(_CLEAR_BIBLE) else _UNSTATED


@dataclass
class _Side:
    verses: Mapping[str, str]
    merged: set[str] = field(default_factory=set)


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    with unpacked(native, (_ARCHIVE,), _ALIGNED) as opened:
        if any(opened.optional(name) for name in _ALIGNED):
            russian, english = (opened.some(name)[0] for name in _ALIGNED)
            yield from aligned_pairs(russian, english, "translation")
            return
        if native.license == _UNSTATED:
            native.say(
                f"{native.source}: the license of these texts is not known here; say it with "
                f"harvest.rows.licenses.{native.source}"
            )
        yield from _joined(opened)


def _joined(native: Native) -> Iterator[Draft | Unusable]:
    russian, english = _side(native, _RUSSIAN), _side(native, _ENGLISH)
    if all(native.optional(name) for name in _CLEAR_BIBLE):
        russian.merged |= _DIVIDED
    for verse in dict.fromkeys([*russian.verses, *english.verses]):
        ru, en = russian.verses.get(verse, ""), english.verses.get(verse, "")
        row = {"verse": verse, "russian": ru, "english": en}
        if verse in russian.merged or verse in english.merged:
            evidence = f"{verse} is joined with, or divided from, another verse on one side only"
            yield Unusable(row, "verse_range", evidence)
        elif ru and en:
            yield Draft(verse, ru, en, "translation")
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
        f"{native.where}: {native.source} needs {_ARCHIVE} or {wanted}; "
        f"found: {', '.join(native.files)}"
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
    title="Bible, Russian Synodal and English",
    license=_LICENSE,
    license_url="https://creativecommons.org/publicdomain/zero/1.0/",
    url="https://huggingface.co/datasets/Helsinki-NLP/bible_para",
    citation=(
        "Christodouloupoulos and Steedman. A massively parallel corpus: the Bible in 100 "
        "languages. Language Resources and Evaluation 49(2), 2015. "
        "doi:10.1007/s10579-014-9287-y"
    ),
    files=tuple(
        dict.fromkeys(
            (_ARCHIVE, *_ALIGNED, *(n for layout in (*_RUSSIAN, *_ENGLISH) for n in layout))
        )
    ),
    relations=("translation",),
    languages=("ru", "en"),
    expected=62_195,
    counts=(62_195, 7_931),
    why=(
        "bible-uedin has 62,195 lines; verses that say the same twice count once. Clear-Bible/"
        "Alignments has the New Testament only."
    ),
    site=(
        SiteFile("https://object.pouta.csc.fi/OPUS-bible-uedin/v1/moses/en-ru.txt.zip", _ARCHIVE),
    ),
    license_of=_license_of,
    pairs=_pairs,
    note=(
        f"{_LICENSE} is the license of bible-uedin. The texts of Clear-Bible/Alignments (a folder "
        f"of one's own) are in the public domain, their compilation is {_OF_VERSES}; the license "
        "follows the files that are found. Texts of ebible have terms of their own: the recipe's "
        "`licenses` says them."
    ),
)
