"""The pool: real Russian sentences and clauses that the benchmark's pairs are put together from.

1. Sentences come from the open data in a folder; a data set that is not there is named and left
   out. Whole sentences make passages; clauses and short sentences (`units`) make short sides.
2. Each text is there once by its key. Paraphraser and STS are not read: their train parts say
   nearly what the benchmark's test parts say.
3. What shares half of the word trigrams of a benchmark text is left out, so that a benchmark text
   is in a pair only where it was put.
"""

import csv
import json
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from razdel import sentenize

from harvest.benchmarks import benchmark_files, read_benchmarks
from rupairs.text import clean, digest, key

Read = Callable[[Path], Iterator[str]]

UNIT = (25, 90)
SENTENCE = (40, 400)
# Benchmark texts that are put into pairs: long enough to be more than a phrase.
KNOWN = (34, 300)
_KNOWN_WORDS = 5
_SHARED = 0.5
_TRIGRAM = 3
_VERSION = 4
_CLAUSE_END = re.compile(r"[,;:]\s|\s[—–-]\s")
_EDGES = " \t«»\"'„“”()[]…,;:—–-.!?*•"
_STRANGE = re.compile(r"[<>{}\[\]|\\^~&@#_]|https?:|www\.")
# Texts of scientific papers are broken at the ends of printed lines.
_BROKEN_LINE = re.compile(r"-\n(?=[а-я])|(?<=[а-я,])\n(?=[а-я])")
_CYRILLIC = re.compile(r"[а-яёА-ЯЁ]")
# Letters of other languages: Ukrainian quotations, Greek formulas, what a scanner took for ё.
_FOREIGN = re.compile(r"(?![а-яё])[^\W\d_a-z]", re.IGNORECASE)


@dataclass(frozen=True)
class Pool:
    """Columns of texts: `heads` and `tails` are the same units, capitalised or not.

    `known` are texts of the benchmark folder, `foreign` English sentences.
    """

    heads: pa.Array
    tails: pa.Array
    sentences: pa.Array
    known: pa.Array
    foreign: pa.Array
    said: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Return a hash of all texts."""
        columns = (self.heads, self.sentences, self.known, self.foreign)
        return digest(digest(column.to_pylist()) for column in columns)


def open_pool(realdata: Path, benchmarks: Path, work: Path) -> Pool:
    """Return the pool of a folder of real data, made now unless an earlier run made it."""
    files = sorted(p for p in realdata.rglob("*") if p.is_file())
    files += sorted(benchmark_files(benchmarks).values())
    mark = digest([str(_VERSION), *(f"{p}:{p.stat().st_size}" for p in files)])[:16]
    path = work / f"pool-{mark}.parquet"
    if not path.is_file():
        work.mkdir(parents=True, exist_ok=True)
        _write(_make(realdata, benchmarks), path)
    columns = pq.read_table(path).to_pydict()
    said = tuple(t for t in columns.pop("said") if t is not None)
    texts = {n: pa.array([t for t in c if t is not None], pa.string()) for n, c in columns.items()}
    return Pool(**texts, said=said)


def _write(pool: Pool, path: Path) -> None:
    names = ("heads", "tails", "sentences", "known", "foreign", "said")
    columns = {n: list(getattr(pool, n)) for n in names}
    longest = max(map(len, columns.values()))
    padded = {
        n: pa.array(
            [str(v) for v in column] + [None] * (longest - len(column)),
            pa.string(),
        )
        for n, column in columns.items()
    }
    unfinished = path.with_suffix(".partial")
    pq.write_table(pa.table(padded), unfinished, compression="zstd")
    unfinished.rename(path)


def _make(realdata: Path, benchmarks: Path) -> Pool:
    sentences, said = _sentences(realdata)
    keys = read_benchmarks(benchmarks).keys.to_pylist()
    known = sorted(
        k for k in keys if KNOWN[0] <= len(k) <= KNOWN[1] and k.count(" ") >= _KNOWN_WORDS - 1
    )
    units = dict.fromkeys(unit for sentence in sentences for unit in _units(sentence))
    shares = _Shares(keys)
    kept_units = [u for u in _once(units) if not shares.any(u)]
    kept = [s for s in sentences if _fits(s, SENTENCE) and not shares.any(s)]
    said.append(
        f"pool: {len(kept_units)} of {len(units)} clauses, {len(kept)} of {len(sentences)} "
        f"sentences kept; {len(known)} benchmark texts to plant"
    )
    return Pool(
        heads=pa.array([u[0].upper() + u[1:] for u in kept_units], pa.string()),
        tails=pa.array([_lowered(u) for u in kept_units], pa.string()),
        sentences=pa.array(kept, pa.string()),
        known=pa.array([k for k in known if _mostly_russian(k)], pa.string()),
        foreign=pa.array(list(_foreign(realdata)), pa.string()),
        said=tuple(said),
    )


def _sentences(realdata: Path) -> tuple[list[str], list[str]]:
    found: dict[str, None] = {}
    said = []
    for name, (globs, read) in _SETS.items():
        before, paths = len(found), sorted(p for g in globs for p in realdata.glob(g))
        for paragraph in (p for path in paths for p in read(path)):
            for span in sentenize(clean(paragraph)):
                if _russian(span.text):
                    found.setdefault(span.text)
        said.append(f"{name}: {len(found) - before} sentences" if paths else f"{name}: not there")
        print(f"  pool: {said[-1]}", file=sys.stderr)
    return list(_once(found)), said


def _once(texts: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for text in texts:
        folded = key(text)
        if folded not in seen:
            seen.add(folded)
            yield text


def _russian(text: str) -> bool:
    letters = sum(c.isalpha() for c in text)
    return (
        len(text) >= UNIT[0]
        and not _FOREIGN.search(text)
        and len(_CYRILLIC.findall(text)) > 0.9 * letters > 0.6 * len(text)
        and not _STRANGE.search(text)
        # Headings and bylines in capitals are not sentences.
        and sum(c.isupper() for c in text) < 0.2 * letters
    )


def _mostly_russian(folded: str) -> bool:
    return len(_CYRILLIC.findall(folded)) > 0.7 * len(folded)


def _units(sentence: str) -> Iterator[str]:
    for part in (sentence, *_CLAUSE_END.split(sentence)):
        unit = part.strip(_EDGES)
        if _fits(unit, UNIT) and unit.count(" ") >= 3 and unit[0].isalpha() and _russian(unit):
            yield unit


def _lowered(unit: str) -> str:
    """Return a unit as it goes on in a sentence; names and abbreviations keep their capital."""
    first = unit.split(" ", 1)[0]
    return unit if first[1:2].isupper() else unit[0].lower() + unit[1:]


def _fits(text: str, limits: tuple[int, int]) -> bool:
    return limits[0] <= len(text) <= limits[1]


class _Shares:
    """Which texts share so much of the word trigrams of one of the keys that they may hold it."""

    def __init__(self, keys: list[str]) -> None:
        self.sizes: list[int] = []
        self.postings: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, folded in enumerate(keys):
            trigrams = set(_trigrams(folded))
            self.sizes.append(len(trigrams))
            for trigram in trigrams:
                self.postings[trigram].append(number)

    def any(self, text: str) -> bool:
        counts: dict[int, int] = defaultdict(int)
        for trigram in set(_trigrams(key(text))):
            for number in self.postings.get(trigram, ()):
                counts[number] += 1
                if counts[number] >= _SHARED * self.sizes[number]:
                    return True
        return False


def _trigrams(folded: str) -> Iterator[tuple[str, ...]]:
    words = folded.split()
    yield from zip(*(words[i:] for i in range(_TRIGRAM)), strict=False)


def _foreign(realdata: Path) -> Iterator[str]:
    for glob, read in (("ntrex/*eng.txt", _lines), ("bible/eng*.txt", _lines)):
        for path in sorted(realdata.glob(glob)):
            yield from (s for s in read(path) if _fits(s, SENTENCE))


def _lines(path: Path) -> Iterator[str]:
    yield from (line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines())


def _json_lines(*columns: str) -> Read:
    def read(path: Path) -> Iterator[str]:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line) if line.strip() else {}
            yield from (row[c] for c in columns if isinstance(row.get(c), str))

    return read


def _tsv(*columns: str) -> Read:
    def read(path: Path) -> Iterator[str]:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                yield from (row[c] for c in columns if row.get(c))

    return read


def _articles(path: Path) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".jsonlines") and not name.startswith("__"):
                for line in archive.read(name).decode("utf-8").splitlines():
                    row = json.loads(line) if line.strip() else {}
                    for column in ("title", "summary", "abstract", "content"):
                        yield from _BROKEN_LINE.sub(" ", row.get(column) or "").split("\n")


def _xquad(path: Path) -> Iterator[str]:
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        yield from (paragraph["context"] for paragraph in article["paragraphs"])


def _treebank(path: Path) -> Iterator[str]:
    mark = "# text = "
    yield from (line.removeprefix(mark) for line in _lines(path) if line.startswith(mark))


_SETS: dict[str, tuple[tuple[str, ...], Read]] = {
    "ru_keywords": (("ru_keywords/*.zip",), _articles),
    "bible": (("bible/*RUSSYN.txt",), _lines),
    "terra": (("terra/*.jsonl",), _json_lines("premise")),
    "ruparadetox": (
        ("ruparadetox/train.tsv",),
        _tsv("toxic_comment", "neutral_comment1", "neutral_comment2", "neutral_comment3"),
    ),
    "ntrex": (("ntrex/*rus.txt",), _lines),
    "ud_russian_gsd": (("ud_russian_gsd/*.conllu",), _treebank),
    "xquad": (("xquad/xquad.ru.json",), _xquad),
    "mlsum": (("hf_dummy/mlsum/**/ru_*.jsonl",), _json_lines("text", "summary")),
    "kontur_fake_headlines": (("kontur_fake_headlines/*.tsv",), _tsv("title")),
}
