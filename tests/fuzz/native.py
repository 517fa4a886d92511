"""Small valid native files of the sources, by the kind of file they are read from.

Each value says what a source's folder holds. `rows` are told apart from text, because they are
damaged before they are written, and counted by what each of them must give.
"""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.damage import spelled

Row = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """A file of rows; `gives` is how many drafts and unusable rows come of rows that are read."""

    source: str
    file: str
    rows: list[Row]
    gives: Callable[[list[Row]], int] = len


def _twice(rows: list[Row]) -> int:
    return 2 * len(rows)


def _passages(rows: list[Row]) -> int:
    return sum(max(1, len(row["positive_passages"] or ())) for row in rows)


def _sets(rows: list[Row]) -> int:
    return len({row["paraphrase_set_id"] or "" for row in rows})


def _items(rows: list[Row]) -> int:
    return sum(max(1, len(row["pos"] or ()) + len(row["neg"] or ())) for row in rows)


def _of_ours(rows: list[Row]) -> int:
    return sum(row["source"] in ("snli", "mnli", "anli_r1", "anli_r2", "anli_r3") for row in rows)


NLI = [
    {"premise": "Снег выпал в октябре.", "hypothesis": "Выпал снег.", "label": "entailment"},
    {"premise": "Снег выпал в октябре.", "hypothesis": "Снега не было.", "label": "contradiction"},
]
NEWS = [
    {
        "title": f"Мост номер {n} закрыли",
        "text": "Мост закрыли до весны. Объезд по набережной.",
        "summary": "Мост закрыт до весны.",
    }
    for n in range(2)
]
QUESTIONS = [
    {"question": "Сколько будет 2 + 3?", "answer": "Сложим: 2 + 3 = <<2+3=5>>5.\n#### 5"},
    {"question": "Можно ли обжаловать штраф?", "answer": "Да, в течение месяца."},
]
JOINED = [
    {
        "query_id": "q1",
        "query": "Где стоит маяк?",
        "positive_passages": [{"docid": "d1", "title": "Маяк", "text": "Он стоит на мысу."}],
        "negative_passages": [],
    },
    {"query_id": "q2", "query": "Кто боцман?", "positive_passages": []},
]
CHATS = [
    {"text": "<|user|>\nКто ты?</s>\n<|assistant|>\nЯ помощник.</s>\n"},
    {"text": "<|user|>\nБез ответа</s>"},
]
TASKS = [{"instruction": "Сократи.", "input": "Длинный текст.", "output": "Текст."}]
KEYWORDS = [
    {"keywords": ["мост", "ремонт"], "content": "Мост закрыли на ремонт."},
    {"keywords": "['мост', 'ремонт']", "content": "Мост закрыли на ремонт."},
    {"keywords": "мост, ремонт", "content": "Мост закрыли на ремонт."},
]
ARTICLES = [{"id": "1", "title": "Ока", "text": "Ока — река. Она длинная.\n\nИстория\n"}]
TAPACO = [
    {"paraphrase_set_id": "2", "paraphrase": "Я иду домой.", "language": "ru"},
    {"paraphrase_set_id": "2", "paraphrase": "Я шагаю домой.", "language": "ru"},
    {"paraphrase_set_id": "5", "paraphrase": "Одна.", "language": "ru"},
]
HNP = [
    {"query": "Река впадает в море.", "pos": ["В море впадает река."], "neg": ["Река мелеет."]},
    {"query": "Пустой.", "pos": [], "neg": None},
]
ALLNLI = [
    {"premise_ru": "Дети играют.", "hypothesis_ru": "Идёт игра.", "label": "neutral", "source": s}
    for s in ("snli", "fever", "anli_r3")
]
TRIPLETS = [{"anchor": "Где маяк?", "positive": "Маяк\nНа мысу.", "negative_1": "Порт\nЗакрыт."}]
TRANSLATIONS = [{"translation": {"en": "The river is wide.", "ru": "Река широка."}}]

JSON_LINES = (
    Rows("rcb", "train.jsonl", NLI),
    Rows("terra", "train.jsonl", [NLI[0]]),
    Rows(
        "mednli",
        "ru_mli_train_v1.jsonl",
        [{"ru_sentence1": "Боль.", "ru_sentence2": "Нет боли.", "gold_label": "neutral"}],
    ),
    Rows("gazeta", "gazeta_train.jsonl", NEWS, _twice),
    Rows("xlsum", "russian_train.jsonl", NEWS, _twice),
    Rows("gsm8k_ru", "train.jsonl", QUESTIONS),
    Rows("pravo_israel", "qa.jsonl", QUESTIONS),
    Rows("pravo_israel", "qa.jsonl", [{"q": "Когда?", "a": ["", "Завтра."]}]),
    Rows("panorama", "panorama.jsonl", [{"title": "Мэр стал облаком", "body": "Так и было."}]),
    Rows("mldr", "train.jsonl", JOINED, _passages),
    Rows("mr_tydi", "train.jsonl", JOINED, _passages),
    Rows("fialka", "train.jsonl", CHATS),
    Rows("fialka", "train.jsonl", TASKS),
    Rows("russian_keywords", "set.jsonlines", KEYWORDS),
    Rows("dsum_ru", "train.jsonl", [{"dialogue": "#Person1#: Привет!", "summary": "Привет."}]),
)
PARQUET = (
    Rows("rcb", "train.parquet", [{**NLI[0], "label": 0}, {**NLI[1], "label": -1}]),
    Rows("allnli", "train.parquet", ALLNLI, _of_ours),
    Rows("ru_wanli", "train.parquet", NLI),
    Rows("ru_hnp", "train.parquet", HNP, _items),
    Rows("tapaco", "train-0.parquet", TAPACO, _sets),
    Rows("opus100", "train-0.parquet", TRANSLATIONS),
    Rows("gazeta", "train.parquet", NEWS, _twice),
    Rows("lenta", "train.parquet", NEWS),
    Rows("summ_dialog_news", "train.parquet", [{"info": "Аня: Ты где?", "summary": "Аня ищет."}]),
    Rows("rudetoxifier_data_detox", "train.parquet", [{"text": "Грубо.", "detox": "Вежливо."}]),
    Rows("miracl", "train.parquet", TRIPLETS, _twice),
    Rows("mr_tydi", "train.parquet", TRIPLETS),
    Rows("mr_tydi", "train.parquet", JOINED, _passages),
    Rows("fialka", "train.parquet", CHATS),
)
CELLS = (
    Rows("lenta", "lenta-ru-news.csv", NEWS),
    Rows("russian_keywords", "russian_keywords_dataset.csv", NEWS),
    Rows(
        "ruparadetox",
        "train.tsv",
        [{"ru_toxic_comment": "грубо", "ru_neutral_comment": "вежливо"}] * 2,
    ),
)


def json_lines(rows: list[Any]) -> bytes:
    """Return rows, which may be anything, as JSON lines."""
    return "".join(spelled(row) + "\n" for row in rows).encode()


def cells(rows: list[Row], delimiter: str = ",") -> bytes:
    """Return rows as CSV."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def parquet(rows: list[Row], metadata: dict[str, str] | None = None) -> bytes:
    """Return rows as Parquet, or raise what Arrow raises where they do not fit together."""
    table = pa.Table.from_pylist(rows)
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), sink, write_page_checksum=True)
    return sink.getvalue()


_CORPUS = "".join(
    json.dumps({"docid": f"{n}#0", "title": "Маяк", "text": "Он на мысу."}) + "\n" for n in (1, 2)
)
# Sources that are read from several files at once: name of the file → its text.
TOGETHER: dict[str, dict[str, str]] = {
    "miracl": {
        "topics.miracl-v1.0-ru-train.tsv": "3\tГде маяк?\n8\tГде порт?\n",
        "qrels.miracl-v1.0-ru-train.tsv": "3\tQ0\t1#0\t1\n3\tQ0\t2#0\t0\n5\tQ0\t1#0\t1\n",
        "docs-0.jsonl": _CORPUS,
    },
    "mmarco_ru": {
        "russian_collection.tsv": "10\tОка — река.\n11\tКама — река.\n12\tЛена — река.\n",
        "russian_queries.train.tsv": "1\tЧто такое Ока?\n2\tЧто такое Кама?\n",
        "qrels.train.tsv": "1\t0\t10\t1\n2\t0\t11\t1\n2\t0\t99\t1\n",
        "triples.train.ids.small.tsv": "1\t10\t12\n2\t11\t10\n",
    },
    "bible": {
        "rus-russyn.txt": "В начале было Слово.\n<range>\nИ был свет.\n",
        "eng-engbsb.txt": "In the beginning was the Word.\n\nAnd there was light.\n",
        "vref.txt": "JHN 1:1\nJHN 1:2\nGEN 1:3\n",
    },
    "opus100": {
        "opus.en-ru-train.en": "The river is wide.\nIt is cold.\n",
        "opus.en-ru-train.ru": "Река широка.\nХолодно.\n",
    },
    "tapaco": {"ru.txt": '2\t11\tЯ иду домой.\t\t\n2\t14\t"Я ""иду"" домой."\t\t\n'},
    "ud_russian_gsd": {
        "train.conllu": "# sent_id = 1\n# text = Ока &amp; Кама — реки.\n1\tОка\n\n# text = Да.\n"
    },
    "wikipedia": {"articles.jsonl": json.dumps(ARTICLES[0]) + "\n"},
}
