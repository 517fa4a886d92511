"""Encodechka's files in their native formats, with rows we wrote ourselves."""

import csv
import json
from pathlib import Path

STS = """sentence1,sentence2,similarity_score
кот спит,кот спит у дороги,4.5
"дом, где стоит поезд",река блестит,0.25
лес растёт,лес растёт на севере,3.0
врач молчит,мост,1.0
"""
PI = """id,id_1,id_2,text_1,text_2,class
1,11,12,кот спит,кот дремлет,1
2,21,22,дом стоит,река,-1
3,31,32,лес растёт,лес стоит,0
"""
NLI_COLUMNS = ["language", "gold_label", "sentence1", "sentence2", "label1"]
_THINGS = ["кот", "дом", "лес", "поезд", "город", "врач", "река", "мост"]
_ENGLISH = ["cat", "house", "forest", "train", "town", "doctor", "river", "bridge"]
_PLACES = ["у дороги", "за холмом", "под снегом", "на севере"]


def write_encodechka(folder: Path) -> Path:
    """Write all files; classes can be told from the words, so that scores are above chance."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stsb_dev.csv").write_text(STS, encoding="utf-8")
    (folder / "para_gold.csv").write_text(PI, encoding="utf-8")
    pairs = [(f"{thing} {place}", thing) for thing in _THINGS for place in _PLACES]
    labels = ["entailment", "neutral", "contradiction"]
    nli = [
        ["ru", labels[i % 3], first, second if i % 3 else first, labels[i % 3]]
        for i, (first, second) in enumerate(pairs)
    ]
    _write(folder / "xnli_ru.csv", [NLI_COLUMNS, *nli])
    _split(folder, "SentiRuEval2016_small", ["text", "answer", "company"], _classes("-1", "1"))
    _split(folder, "toxic", ["text", "toxic", "labels"], _classes("0", "1"))
    _split(folder, "inappropriate", ["text", "y", "inappropriate"], _classes("0", "1"))
    intents = [
        [f"where is the {english}", f"где {thing} {place}?", f"find__{english}"]
        for thing, english in zip(_THINGS, _ENGLISH, strict=True)
        for place in _PLACES
    ]
    _split(folder, "intents", ["answer", "text", "label"], intents)
    for name in ("factru.json", "rudrec.json"):
        texts, entities = _entities()
        content = {"texts": texts, "labels": entities}
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return folder


def _classes(first: str, second: str) -> list[list[str]]:
    return [
        [f"{thing} {place}", second if thing in ("кот", "врач") else first, ""]
        for thing in _THINGS
        for place in _PLACES
    ]


def _split(folder: Path, name: str, columns: list[str], rows: list[list[str]]) -> None:
    _write(folder / f"{name}_train.csv", [columns, *rows[::2]])
    _write(folder / f"{name}_test.csv", [columns, *rows[1::2]])


def _entities() -> tuple[list[str], list[list[list[str | int]]]]:
    texts = [f"вот {thing} {place}." for thing in _THINGS for place in _PLACES]
    ends = [len("вот ") + len(text.split()[1]) for text in texts]
    return texts, [[["Thing", 4, end]] for end in ends]


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
