"""TaPaCo, Russian: sets of Tatoeba sentences that mean the same.

1. The files hold a sentence a row; sentences of one set id are paraphrases of each other, and the
   rows of a set need not stand together.
2. A set gives one pair: its first two sentences that differ in more than case and punctuation.
   All pairs of a set would let the few large sets outweigh the rest.
"""

import re
from collections.abc import Iterator

from harvest.reading.archives import unpacked
from harvest.reading.lines import text_lines
from harvest.reading.rows import read_rows
from harvest.source import NO_COMMIT, Draft, HubFiles, Native, Source, Unusable
from rupairs.errors import RupairsError
from rupairs.text import key

_PARQUET = ("ru/train-*.parquet", "train-*.parquet", "train/*.parquet")
_TEXT = "ru.txt"
_ARCHIVES = ("tapaco*.zip",)
_COLUMNS = ("paraphrase_set_id", "paraphrase")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')

Sets = dict[str, list[str]]


def _pairs(native: Native) -> Iterator[Draft | Unusable]:
    with unpacked(native, _ARCHIVES, (_TEXT,)) as opened:
        sets = _lines(opened) if opened.optional(_TEXT) else _rows(opened)
    native.say(
        f"{native.source}: {sum(map(len, sets.values()))} sentences in {len(sets)} sets, "
        "a pair a set"
    )
    for name, sentences in sets.items():
        if two := _first_two(sentences):
            yield Draft(name, two[0], two[1], "paraphrase")
        else:
            row = {"paraphrase_set_id": name, "sentences": sentences}
            yield Unusable(row, "single_sentence", f"set {name} says one thing only")


def _first_two(sentences: list[str]) -> tuple[str, str] | None:
    first = None
    for sentence in filter(str.strip, sentences):
        if first is None:
            first = sentence
        elif key(sentence) != key(first):
            return first, sentence
    return None


def _rows(native: Native) -> Sets:
    sets: Sets = {}
    for path in native.some(*_PARQUET, _TEXT):
        for row in read_rows(path, _COLUMNS, ("language",)):
            if (language := row.text("language") or "ru") != "ru":
                raise row.error(
                    f"the sentence is in {language}; take the files of the configuration ru"
                )
            sets.setdefault(row.text("paraphrase_set_id"), []).append(row.text("paraphrase"))
    return sets


def _lines(native: Native) -> Sets:
    """Read the original table: set id, sentence id, sentence, lists, tags; no header."""
    sets: Sets = {}
    path = native.some(_TEXT)[0]
    for number, line in text_lines(path):
        cells = line.rstrip("\r\n").split("\t")
        if len(cells) < 3 or not (cells[0].isdecimal() and cells[1].isdecimal()):
            raise RupairsError(
                f"{path}: line {number}: not a set id, a sentence id and a sentence between tabs"
            )
        # Read with and without CSV quoting by different people; a sentence may open with a quote.
        quoted = _QUOTED.fullmatch(cells[2])
        text = quoted.group(1).replace('""', '"') if quoted else cells[2]
        sets.setdefault(cells[0], []).append(text)
    return sets


SOURCE = Source(
    name="tapaco",
    title="TaPaCo, Russian",
    license="CC-BY-2.0",
    license_url="https://creativecommons.org/licenses/by/2.0/",
    url="https://zenodo.org/record/3707949",
    citation=(
        "Scherrer. TaPaCo: A Corpus of Sentential Paraphrases for 73 Languages. LREC 2020. "
        "doi:10.5281/zenodo.3707949"
    ),
    files=(*_PARQUET, _TEXT, *_ARCHIVES),
    relations=("paraphrase",),
    expected=91_240,
    why=(
        "How USER-base paired the 251,263 sentences is not published; 2.75 sentences to each of "
        "its pairs look like a pair a set."
    ),
    hub=(HubFiles("community-datasets/tapaco", ("ru/train-*.parquet",), unpinned=NO_COMMIT),),
    pairs=_pairs,
    note=(
        "Between a half and three quarters of the paraphrases are right, says the paper; most of "
        "the others are trivial or differ in gender or politeness."
    ),
)
