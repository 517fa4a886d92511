"""Open data at hand, as native files of the sources they are like; rewritings by rule beside them.

None of Encodechka's files, of STS-B or of paraphraser.ru is read but as texts to keep out.
"""

import csv
import html
import json
import random
import re
import shutil
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import razdel

from ruhnp.rules import generate
from rupairs.russian import not_russian
from rupairs.text import clean

# Source → the most positives it gives: what is far from sentences counts less.
SOURCES = {
    "rcb": 1_000,
    "terra": 2_000,
    "ru_hnp": 6_000,
    "opus100": 2_000,
    "gazeta": 2_500,
    "mr_tydi": 1_200,
}
_SENTENCES = 12_000
_SHORTEST, _LONGEST = 40, 200
_SEED = 1
_VALUE = re.compile(r'<value name="(\w+)">(.*?)</value>', re.S)


def write_native(realdata: Path, work: Path) -> Path:
    """Return the folder with one folder a source, written now unless it is there."""
    native = work / "native"
    if native.is_dir():
        return native
    unfinished = work / "native.partial"
    shutil.rmtree(unfinished, ignore_errors=True)
    articles = list(_articles(realdata / "ru_keywords"))
    _copy(realdata / "terra", unfinished / "terra", "train.jsonl")
    _lines(unfinished / "rcb/train.jsonl", _voted(realdata / "rsg_humanbenchmark/assign_RCB.tsv"))
    _lines(unfinished / "gazeta/gazeta_train.jsonl", articles)
    _lines(unfinished / "mr_tydi/train.jsonl", _questions(realdata / "xquad/xquad.ru.json"))
    _translations(realdata / "ntrex", unfinished / "opus100")
    _rewritten(articles, unfinished / "ru_hnp")
    _benchmarks(realdata, work / "benchmarks")
    unfinished.rename(native)
    return native


def _articles(folder: Path) -> Iterator[dict[str, str]]:
    """Yield news as rows of Gazeta: title, summary, text."""
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for line in archive.open(archive.namelist()[0]):
                row = json.loads(line)
                summary = row.get("summary") or row.get("abstract") or ""
                if row["title"] and summary and row["content"]:
                    yield {"title": row["title"], "summary": summary, "text": row["content"]}


def _voted(path: Path) -> Iterator[dict[str, str]]:
    """Yield RCB's items with the label most of its annotators gave; ties are left out."""
    votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter=";"):
            votes[row["premise"], row["hypothesis"]][row["result"].rstrip("0123456789")] += 1
    for (premise, hypothesis), counts in votes.items():
        (label, most), *others = counts.most_common()
        if not others or others[0][1] < most:
            yield {"premise": premise, "hypothesis": hypothesis, "label": label}


def _questions(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the questions of XQuAD as rows of Mr. TyDi."""
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for number, paragraph in enumerate(article["paragraphs"]):
            passage = {
                "docid": f"{paragraph['qas'][0]['id']}-{number}",
                "text": paragraph["context"],
            }
            for question in paragraph["qas"]:
                yield {
                    "query_id": question["id"],
                    "query": question["question"],
                    "positive_passages": [passage],
                    "negative_passages": [],
                }


def _translations(source: Path, target: Path) -> None:
    """Write NTREX as the two files of OPUS-100."""
    target.mkdir(parents=True)
    for name, language in (("newstest2019-src.eng.txt", "en"), ("newstest2019-ref.rus.txt", "ru")):
        text = (source / name).read_text(encoding="utf-8-sig").replace("\r\n", "\n")
        (target / f"opus.en-ru-train.{language}").write_text(text, encoding="utf-8")


def _rewritten(articles: list[dict[str, str]], target: Path) -> None:
    """Write sentences of the news with what rules make of them, as rows of ru-HNP."""
    texts = sorted({t for row in articles for t in _sentences(f"{row['summary']}\n{row['text']}")})
    chosen = random.Random(_SEED).sample(texts, min(_SENTENCES, len(texts)))
    rows = []
    for text in chosen:
        variants = generate(text, _SEED)
        of = {
            kind: [v.text for v in variants if v.kind == kind] for kind in ("positive", "negative")
        }
        if of["positive"]:
            rows.append({"query": text, "pos": of["positive"], "neg": of["negative"]})
    target.mkdir(parents=True)
    lists = pa.list_(pa.string())
    schema = pa.schema([("query", pa.string()), ("pos", lists), ("neg", lists)])
    pq.write_table(pa.Table.from_pylist(rows, schema), target / "train.parquet")


def _sentences(text: str) -> Iterator[str]:
    for line in text.splitlines()[:6]:
        for piece in razdel.sentenize(line):
            found = clean(piece.text)
            if _SHORTEST <= len(found) <= _LONGEST and found[-1:] == "." and not not_russian(found):
                yield found


def _benchmarks(realdata: Path, target: Path) -> None:
    """Gather the texts that must not be trained on."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in sorted((realdata / "encodechka").iterdir()):
        if path.suffix in (".csv", ".json", ".txt"):
            shutil.copyfile(path, target / path.name)
    for path in sorted((realdata / "stsb_multi_mt").rglob("*ru*.csv")):
        shutil.copyfile(path, target / path.name)
    for path in sorted((realdata / "paraphraser").glob("*.xml")):
        lines = "".join(f"{text}\n" for *pair, _ in paraphrases(path) for text in pair)
        (target / f"{path.stem}.txt").write_text(lines, encoding="utf-8")


def paraphrases(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield both texts and the class of every pair of paraphraser.ru."""
    for pair in path.read_text(encoding="utf-8").split("<paraphrase>")[1:]:
        # Entities are escaped twice.
        of = {name: html.unescape(html.unescape(value)) for name, value in _VALUE.findall(pair)}
        first, second = (" ".join(of[name].split()) for name in ("text_1", "text_2"))
        yield first, second, of["class"]


def _copy(source: Path, target: Path, *names: str) -> None:
    target.mkdir(parents=True)
    for name in names:
        shutil.copyfile(source / name, target / name)


def _lines(path: Path, rows: Any) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
