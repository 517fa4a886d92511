"""Sets of Russian pairs that people have labelled, in the files their makers publish.

A label is 1 (the two say the same), -1 (they do not) or 0 (in between: read, counted, but neither
right nor wrong to accept). What benchmarks test encoders on is held out: no threshold is chosen on
it. Of a set that no benchmark uses, half is held out, by hash.
"""

import csv
import html
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rupairs.errors import RupairsError, UsageError
from rupairs.manifest import sha256
from rupairs.text import clean, share

SAME, BETWEEN, OTHER = 1, 0, -1
_VOTES = 5


@dataclass(frozen=True)
class LabelledPair:
    """Two texts and their label."""

    first: str
    second: str
    label: int
    held_out: bool = False


@dataclass(frozen=True)
class LabelledSet:
    """A set: where its files lie in the folder, how a file is read, and what its labels mean.

    `tested` are the names of the files that benchmarks use (Encodechka, MTEB).
    """

    name: str
    pattern: str
    read: Callable[[Path], Iterator[LabelledPair]]
    meaning: str
    tested: frozenset[str] = frozenset()


def _paraphraser(path: Path) -> Iterator[LabelledPair]:
    # The files declare a name of UTF-8 that Python's parser does not know.
    text = path.read_text(encoding="utf-8").replace("encoding='UTF8'", "encoding='UTF-8'", 1)
    for element in ET.fromstring(text.encode()).iter("paraphrase"):
        values = {v.get("name"): v.text or "" for v in element.iter("value")}
        # Entities are escaped twice.
        first, second = (html.unescape(values[name]) for name in ("text_1", "text_2"))
        yield LabelledPair(first, second, int(values["class"]))


def _stsb(path: Path) -> Iterator[LabelledPair]:
    with path.open(encoding="utf-8", newline="") as stream:
        for first, second, score in csv.reader(stream):
            value = float(score)
            label = SAME if value >= 4 else OTHER if value <= 2 else BETWEEN
            yield LabelledPair(first, second, label)


_XNLI = {"entailment": SAME, "neutral": BETWEEN, "contradiction": OTHER}


def _xnli(path: Path) -> Iterator[LabelledPair]:
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield LabelledPair(row["sentence1"], row["sentence2"], _XNLI[row["gold_label"]])


def _detox(path: Path) -> Iterator[LabelledPair]:
    """Yield the pairs with exactly five votes on `is_match`, by majority; control tasks are out."""
    votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t")
        if "OUTPUT:is_match" not in (reader.fieldnames or ()):
            return
        for row in reader:
            if not row["GOLDEN:is_match"]:
                pair = row["INPUT:toxic_comment"], row["INPUT:neutral_comment"]
                votes[pair][row["OUTPUT:is_match"]] += 1
    for (first, second), said in votes.items():
        if said.total() == _VOTES:
            yield LabelledPair(first, second, SAME if said["true"] > said["false"] else OTHER)


SETS = (
    LabelledSet(
        "paraphraser.ru",
        "paraphraser/*.xml",
        _paraphraser,
        "news headlines; same: class 1, other: class −1, between: class 0",
        frozenset({"paraphrases_gold.xml"}),
    ),
    LabelledSet(
        "STS-B ru",
        "stsb_multi_mt/stsb-ru-*.csv",
        _stsb,
        "machine-translated; same: score ≥ 4, other: ≤ 2, between: the rest",
        frozenset({"stsb-ru-dev.csv", "stsb-ru-test.csv"}),
    ),
    LabelledSet(
        "XNLI ru",
        "encodechka/xnli_ru.csv",
        _xnli,
        "same: entailment (one way only, so no paraphrase by itself), other: contradiction, "
        "between: neutral",
        frozenset({"xnli_ru.csv"}),
    ),
    LabelledSet(
        "MERA ruDetox",
        "mera_rudetox_toloka/assignments*.tsv",
        _detox,
        "toxic comment and its neutral version; same or other in meaning by the majority of 5",
    ),
)


def files_in(folder: Path) -> Mapping[str, list[Path]]:
    """Return set name → its files in a folder; `UsageError` if it holds none of the sets."""
    found = {s.name: sorted(folder.glob(s.pattern)) for s in SETS}
    if not any(found.values()):
        patterns = ", ".join(s.pattern for s in SETS)
        raise UsageError(f"{folder}: holds no labelled pairs; looked for {patterns}")
    return {name: paths for name, paths in found.items() if paths}


def hashes(folder: Path) -> dict[str, str]:
    """Return file → SHA-256 of every file the sets are read from."""
    paths = [path for paths in files_in(folder).values() for path in paths]
    return {f"measure/{path.parent.name}/{path.name}": sha256(path) for path in paths}


def read_set(labelled: LabelledSet, paths: list[Path]) -> list[LabelledPair]:
    """Return the pairs of a set, cleaned, each once; `RupairsError` names a file it cannot read."""
    pairs: dict[tuple[str, str], LabelledPair] = {}
    # A pair that stands in several files is held out if one of them is tested.
    for path in sorted(paths, key=lambda p: p.name not in labelled.tested):
        held_out = path.name in labelled.tested
        try:
            for pair in labelled.read(path):
                first, second = clean(pair.first), clean(pair.second)
                if first and second:
                    found = LabelledPair(first, second, pair.label, held_out)
                    pairs.setdefault((first, second), found)
        except (ValueError, LookupError, TypeError, ET.ParseError, csv.Error) as error:
            reason = f"{type(error).__name__}: {error}"
            raise RupairsError(f"{path}: not in the layout of {labelled.name} ({reason})") from None
    if labelled.tested:
        return list(pairs.values())
    return [replace(p, held_out=_in_half(p)) for p in pairs.values()]


def _in_half(pair: LabelledPair) -> bool:
    return share(f"{pair.first}\n{pair.second}", 0, "held out") < 0.5
