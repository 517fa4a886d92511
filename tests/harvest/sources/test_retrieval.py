"""Retrieval, dialogue and instruction sources: native layouts, with the traps of real files."""

import gzip
import io
import json
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harvest.fetching.fetch import native
from harvest.reading.retrieval import titled
from harvest.reading.rows import read_rows
from harvest.source import Draft, Unusable
from harvest.sources import get
from rupairs.errors import RupairsError
from rupairs.pairs import HARD_NEGATIVE_RELATIONS
from tests.harvest.conftest import Native, Read, drafts_of


def parquet(*rows: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink)
    return sink.getvalue()


def jsonl(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)


def lines(*rows: tuple[Any, ...]) -> str:
    return "".join("\t".join(map(str, r)) + "\n" for r in rows)


def sides(rows: list[Any]) -> list[tuple[str, str]]:
    return [(r.query, r.passage) for r in rows]


def reasons(rows: list[Any]) -> list[str]:
    return [r.reason for r in rows if isinstance(r, Unusable)]


@pytest.mark.parametrize(
    "name", ["miracl", "mldr", "mr_tydi", "fialka", "summ_dialog_news", "dsum_ru", "mmarco_ru"]
)
def test_queries_and_passages_have_each_their_side(name: str) -> None:
    source = get(name)
    assert not source.symmetric
    assert source.hub
    assert not any("dev" in glob or "test" in glob for glob in source.files)
    assert source.expected is None or source.why or name == "mldr"


MIRACL: dict[str, str | bytes] = {
    "topics/topics.miracl-v1.0-ru-train.tsv": (
        '3\tКто́ написал "Тихую заводь?\n8\tГде стоит маяк?\n'
    ),
    "qrels/qrels.miracl-v1.0-ru-train.tsv": (
        "3\tQ0\t1#0\t1\n3\tQ0\t1#1\t0\n8\tQ0\t9#9\t1\n5\tQ0\t1#0\t1\n"
    ),
    "topics/topics.miracl-v1.0-ru-dev.tsv": "never read",
    "qrels/qrels.miracl-v1.0-ru-dev.tsv": "never read",
    "docs-0.jsonl.gz": gzip.compress(
        jsonl({"docid": "7#0", "title": "Лишнее", "text": "Не нужно."}).encode()
    ),
    "docs-1.jsonl.gz": gzip.compress(
        jsonl(
            {"docid": "1#0", "title": "Тихая заводь", "text": "Ти́хая заводь — повесть."},
            {"docid": "1#1", "title": "Тихая заводь", "text": "Её перевели\u00a0в 1970 году."},
        ).encode()
    ),
}


def test_miracl_joins_judgements_to_the_passages_at_hand(put: Native, read: Read) -> None:
    put("miracl", MIRACL)
    relevant, irrelevant, absent, unasked = read("miracl")
    assert relevant == Draft(
        row="3:1#0",
        query='Кто́ написал "Тихую заводь?',
        passage="Ти́хая заводь — повесть.",
        relation="relevant_passage",
    )
    assert irrelevant.passage == "Тихая заводь. Её перевели\u00a0в 1970 году."
    assert (irrelevant.relation, irrelevant.polarity) == ("irrelevant_passage", -1)
    assert irrelevant.relation in HARD_NEGATIVE_RELATIONS
    assert (absent.reason, absent.row["query"]) == ("passage_text_absent", "Где стоит маяк?")
    assert absent.row["passage_id"] in absent.evidence
    assert (unasked.reason, unasked.row["query_id"]) == ("query_absent", "5")


MIRACL_ROW = {
    "anchor": "Где стоит маяк?",
    "positive": "Маяк\nСтоит на мысу.",
    "negative_1": "Порт\nЗакрыт на зиму.",
    "negative_2": "Мост\nРазвели.",
}


def test_miracl_repack_gives_each_positive_and_its_first_negative(put: Native, read: Read) -> None:
    rows = [MIRACL_ROW, MIRACL_ROW | {"positive": "Мыс\nНа нём маяк."}]
    put("miracl", {"ru-triplet-100/train-00000-of-00001.parquet": parquet(*rows)})
    drafts = read("miracl")
    assert [(d.row, d.passage, d.relation, d.polarity) for d in drafts] == [
        ("1.1", "Маяк\nСтоит на мысу.", "relevant_passage", 1),
        ("1.2", "Порт\nЗакрыт на зиму.", "irrelevant_passage", -1),
        ("2.1", "Мыс\nНа нём маяк.", "relevant_passage", 1),
        ("2.2", "Порт\nЗакрыт на зиму.", "irrelevant_passage", -1),
    ]


def test_miracl_prefers_what_people_judged(put: Native, read: Read) -> None:
    put("miracl", {**MIRACL, "ru-triplet-100/train-0.parquet": parquet(MIRACL_ROW)})
    assert read("miracl")[0].row == "3:1#0"


def test_a_damaged_line_of_topics_or_qrels_is_named(put: Native, read: Read) -> None:
    put("miracl", MIRACL | {"qrels/qrels.miracl-v1.0-ru-train.tsv": "3\tQ0\t1#0\tда\n"})
    with pytest.raises(RupairsError, match=r"qrels.*train.tsv: line 1: not `query Q0 passage"):
        read("miracl")
    put("miracl", {"topics/topics.miracl-v1.0-ru-train.tsv": "3\tГде?\n8 Кто?\n"})
    with pytest.raises(RupairsError, match=r"topics.*train.tsv: line 2: not an id, a tab"):
        read("miracl")


@pytest.mark.parametrize(
    ("title", "text", "whole"),
    [
        ("Маяк", "Мая́к — башня.", "Мая́к — башня."),
        ("Рим", "Римляне жили здесь.", "Рим. Римляне жили здесь."),
        ("", "Текст.", "Текст."),
        (" ", "Текст.", "Текст."),
        ("Маяк", " ", " "),
    ],
)
def test_a_title_is_not_said_twice(title: str, text: str, whole: str) -> None:
    assert titled(title, text) == whole


ARTICLE = "Первый абзац.\n\nВторой абзац с «кавычками»."


@pytest.mark.parametrize("layout", ["repack", "original", "plain"])
def test_mldr_gives_positives_only(put: Native, read: Read, layout: str) -> None:
    question, other = "О чём второй абзац?", "Другая статья."
    original = {
        "query_id": "q-ru-1",
        "query": question,
        "positive_passages": [{"docid": "doc-ru-5", "text": ARTICLE}],
        "negative_passages": [{"docid": "doc-ru-6", "text": other}],
    }
    folder, never = "mldr-v1.0-ru", gzip.compress(b"never read")
    files: dict[str, dict[str, str | bytes]] = {
        "repack": {
            "ru-triplet/train-00000-of-00001.parquet": parquet(
                {"anchor": question, "positive": ARTICLE, "negative": other}
            )
        },
        "original": {
            f"{folder}/train.jsonl.gz": gzip.compress(jsonl(original).encode()),
            f"{folder}/dev.jsonl.gz": never,
            f"{folder}/test.jsonl.gz": never,
            f"{folder}/corpus.jsonl.gz": never,
        },
        "plain": {"train.jsonl": jsonl(original)},
    }
    put("mldr", files[layout])
    (draft,) = read("mldr")
    assert (draft.query, draft.passage) == (question, ARTICLE)
    assert (draft.relation, draft.polarity) == ("relevant_passage", 1)
    assert draft.row == ("1" if layout == "repack" else "q-ru-1:doc-ru-5")


TYDI = [
    {
        "query_id": "1",
        "query": 'Что значит "тихий ход?',
        "positive_passages": [{"docid": "4#0", "title": "Ход", "text": "Тихий ход — малый."}],
        "negative_passages": [],
    },
    {
        "query_id": "2",
        "query": "Когда спустили баркас?",
        "positive_passages": [
            {"docid": "5#0", "title": "Баркас", "text": "Барка́с спустили весной."},
            {"docid": "5#3", "title": "", "text": "Весной его спустили."},
        ],
        "negative_passages": [{"docid": "6#0", "title": "Яхта", "text": "Яхту продали."}],
    },
]
TYDI_SIDES = [
    ('Что значит "тихий ход?', "Ход. Тихий ход — малый."),
    ("Когда спустили баркас?", "Барка́с спустили весной."),
    ("Когда спустили баркас?", "Весной его спустили."),
]


def test_mr_tydi_original_as_lines_and_as_parquet(put: Native, read: Read) -> None:
    held = {
        "mrtydi-v1.1-russian/train.jsonl.gz": gzip.compress(jsonl(*TYDI).encode()),
        "mrtydi-v1.1-russian/dev.jsonl.gz": gzip.compress(b"never read"),
    }
    folder = put("mr_tydi", held)
    by_lines = read("mr_tydi")
    assert sides(by_lines) == TYDI_SIDES
    assert [d.row for d in by_lines] == ["1:4#0", "2:5#0", "2:5#3"]
    assert {d.polarity for d in by_lines} == {1}
    for name in held:
        (folder / "mr_tydi" / name).unlink()
    put(
        "mr_tydi",
        {"russian/train/0000.parquet": parquet(*TYDI), "russian/dev/0000.parquet": b"never read"},
    )
    assert read("mr_tydi") == by_lines


def test_mr_tydi_row_without_a_positive_is_counted(put: Native, read: Read) -> None:
    put("mr_tydi", {"train.jsonl": jsonl(TYDI[0] | {"positive_passages": []})})
    assert reasons(read("mr_tydi")) == ["no_positive"]
    put("mr_tydi", {"train.jsonl": jsonl(TYDI[0] | {"positive_passages": ["4#0"]})})
    with pytest.raises(RupairsError, match=r"train.jsonl: row 1: positive_passages is not a list"):
        read("mr_tydi")


def test_mr_tydi_repeats_of_the_repack_are_rows(put: Native, read: Read) -> None:
    row = {"anchor": "Кто?", "positive": "Боцман\nЭто он."}
    shards = [parquet(*(row | {"negative": f"Мимо {n}."} for n in range(k, k + 2))) for k in (0, 2)]
    put("mr_tydi", {f"ru-triplet-all/train-0000{n}.parquet": s for n, s in enumerate(shards)})
    repeated = read("mr_tydi")
    assert [d.row for d in repeated] == ["1", "2", "3", "4"]
    assert len(set(sides(repeated))) == 1
    put("mr_tydi", {"ru-triplet/train-00000-of-00001.parquet": parquet(row | {"negative": "-"})})
    assert len(read("mr_tydi")) == 1


def test_mr_tydi_topics_and_qrels_need_the_corpus(put: Native, read: Read) -> None:
    topics = gzip.compress("1\tГде порт?\n2\tГде мол?\n".encode())
    judged = {
        "ir-format-data/topics.train.txt.gz": topics,
        "ir-format-data/qrels.train.txt": "1\tQ0\t7#1\t1\n2\tQ0\t8#0\t1\n",
        "ir-format-data/topics.dev.txt": "never read",
        "ir-format-data/qrels.test.txt": "never read",
    }
    put("mr_tydi", judged)
    assert reasons(read("mr_tydi")) == ["passage_text_absent"] * 2
    put("mr_tydi", {"corpus.jsonl": jsonl({"docid": "7#1", "title": "Порт", "text": "У реки."})})
    found, absent = read("mr_tydi")
    assert (found.query, found.passage) == ("Где порт?", "Порт. У реки.")
    assert absent.reason == "passage_text_absent"


@pytest.mark.parametrize(
    ("asked", "answered"), [("instruction", "output"), ("prompt", "completion")]
)
def test_fialka_columns_are_found_and_said(
    put: Native, read: Read, asked: str, answered: str
) -> None:
    row = {asked: "Назови три реки.", answered: "Ока,\nКама, Лена."}
    put("fialka", {"data/train-00000-of-00001-0a.parquet": parquet(row)})
    said: list[str] = []
    (draft,) = read("fialka", say=said.append)
    assert draft == Draft("1", "Назови три реки.", "Ока,\nКама, Лена.", "instruction_answer")
    assert said[0] == f"fialka: query is column {asked} of {asked}, {answered}"


def test_fialka_appends_the_input_of_an_instruction(put: Native, read: Read) -> None:
    rows = [
        {"instruction": "Сократи.", "input": "Очень длинный текст.", "output": "Текст."},
        {"instruction": "Поздоровайся.", "input": "", "output": "Привет!"},
        {"instruction": "Спой.", "input": None, "output": None},
    ]
    put("fialka", {"train.parquet": parquet(*rows)})
    drafts = read("fialka")
    assert sides(drafts) == [
        ("Сократи.\nОчень длинный текст.", "Текст."),
        ("Поздоровайся.", "Привет!"),
        ("Спой.", ""),
    ]
    assert [d.row for d in drafts] == ["1", "2", "3"]
    # Told that the input is the question, it is not added a second time.
    first = read("fialka", columns={"query": "input"})[0]
    assert (first.query, first.passage) == ("Очень длинный текст.", "Текст.")


@pytest.mark.parametrize("column", ["text", "texts"])
def test_fialka_parses_chats(put: Native, read: Read, column: str) -> None:
    good = (
        "<|system|>\nТы помощник.</s>\n<|user|>\nКак зачеркнуть <s>слово</s> в тексте?</s>\n"
        "<|assistant|>\nТак: <s>вот</s>.\nИ всё.</s>\n<|user|>\nСпасибо</s>\n"
        "<|assistant|>\nНе за что</s>"
    )
    bad = [
        "<|user|>\nБез ответа</s>\n",
        "<|user|>\nОборван</s>\n<|assistant|>\nОтвет без кон",
        "<|assistant|>\nОтвет до вопроса</s>\n<|user|>\nВопрос</s>\n",
        "Просто текст",
    ]
    put("fialka", {"train-0.parquet": parquet(*({column: chat} for chat in (good, *bad)))})
    draft, *lost = read("fialka")
    assert (draft.row, draft.query) == ("1", "Как зачеркнуть <s>слово</s> в тексте?")
    assert draft.passage == "Так: <s>вот</s>.\nИ всё."
    assert reasons(lost) == ["malformed_chat"] * 4
    assert "row 5" in lost[-1].evidence
    assert lost[-1].row == {column: "Просто текст"}


def test_fialka_with_other_columns_stops_and_tells_what_to_set(put: Native, read: Read) -> None:
    put("fialka", {"train.parquet": parquet({"вопрос": "Кто?", "ответ": "Я."})})
    with pytest.raises(RupairsError, match=r"columns are вопрос, ответ.*columns.fialka.query"):
        read("fialka")
    (draft,) = read("fialka", columns={"query": "вопрос", "passage": "ответ"})
    assert (draft.query, draft.passage) == ("Кто?", "Я.")


def test_summ_dialog_news_asks_for_the_text_by_its_summary(put: Native, read: Read) -> None:
    first = {"info": "Аня: Ты где?\r\nОля: Дома.", "summary": "Оля дома."}
    second = {"info": "Мост открыли в мае.", "summary": None}
    put(
        "summ_dialog_news",
        {
            "data/train-00000-of-00002.parquet": parquet(first),
            "data/train-00001-of-00002.parquet": parquet(second),
            "data/test-00000-of-00001.parquet": b"never read",
            "data/validation-00000-of-00001.parquet": b"never read",
        },
    )
    drafts = read("summ_dialog_news")
    assert sides(drafts) == [
        ("Оля дома.", "Аня: Ты где?\r\nОля: Дома."),
        ("", "Мост открыли в мае."),
    ]
    assert [d.row for d in drafts] == ["1", "2"]
    assert {d.relation for d in drafts} == {"summary_text"}


@pytest.mark.parametrize(
    ("column", "name"),
    [("dialogue", "default/train/0000.parquet"), ("text", "train.jsonl"), ("dialog", "train.json")],
)
def test_dsum_ru_drops_the_marks_of_placeholders(
    put: Native, read: Read, column: str, name: str
) -> None:
    rows = [
        {
            "id": "1",
            column: "#Person1#: Где билет, #Лицо2#?\r\n# Человек 2 #: Звони на #PhoneNumber#!",
            "summary": "#Человек1# ищет билет.",
        },
        {"id": "2", column: "", "summary": "Пусто."},
        {"id": "3", column: "Том: смотри #море #лето, номер # 5 <file_gif>", "summary": "Море."},
    ]
    content = parquet(*rows) if name.endswith("parquet") else jsonl(*rows)
    put("dsum_ru", {name: content, "default/test/0000.parquet": b"never read"})
    drafts = read("dsum_ru")
    assert sides(drafts) == [
        (
            "Человек1 ищет билет.",
            "Person1: Где билет, Лицо2?\r\nЧеловек 2: Звони на PhoneNumber!",
        ),
        ("Пусто.", ""),
        ("Море.", "Том: смотри #море #лето, номер # 5 <file_gif>"),
    ]


MMARCO = {
    "data/google/collections/russian_collection.tsv": (
        '0\tЧай растёт "в горах.\r\n1\t\n2\tЧай\u2028 пьют.\n3\tКофе\tв зёрнах.\n5\tСоль.\n'
    ),
    "data/google/queries/train/russian_queries.train.tsv": (
        "30\tгде растёт чай?\n10\tчто пьют?\n70\tне спросят\n20\tпусто?\n"
    ),
    "data/google/queries/dev/russian_queries.dev.tsv": "never read",
    "qrels.train.tsv": lines(
        (30, 0, 0, 1), (10, 0, 2, 1), (10, 0, 3, 1), (20, 0, 1, 1), (20, 0, 9, 1), (40, 0, 2, 1)
    ),
    "data/triples.train.ids.small.tsv": lines(
        (10, 2, 3), (30, 0, 5), (30, 0, 2), (10, 2, 5), (10, 2, 0), (70, 5, 0), (20, 1, 8)
    ),
    "data/qrels.dev.tsv": "never read",
}


def test_mmarco_joins_by_number_in_the_order_of_the_passages(put: Native, read: Read) -> None:
    put("mmarco_ru", dict(MMARCO))
    rows = read("mmarco_ru")
    drafts = [r for r in rows if isinstance(r, Draft)]
    assert [(d.row, d.query, d.passage, d.polarity) for d in drafts] == [
        ("30:0", "где растёт чай?", 'Чай растёт "в горах.\r', 1),
        ("20:1", "пусто?", "", 1),
        ("10:2", "что пьют?", "Чай\u2028 пьют.", 1),
        ("10:3", "что пьют?", "Кофе\tв зёрнах.", 1),
        # 10 was offered 3 first, but that one answers it; 30 has one negative, the first.
        ("10:5", "что пьют?", "Соль.", -1),
        ("30:5", "где растёт чай?", "Соль.", -1),
    ]
    assert {(d.relation, d.polarity) for d in drafts} == {
        ("relevant_passage", 1),
        ("irrelevant_passage", -1),
    }
    lost = [(r.reason, r.row["query_id"], r.row["passage_id"]) for r in rows if r not in drafts]
    assert lost == [
        ("query_absent", 40, 2),
        ("passage_text_absent", 20, 8),
        ("passage_text_absent", 20, 9),
    ]


def test_mmarco_without_triples_has_positives_only(put: Native, read: Read) -> None:
    put("mmarco_ru", {n: c for n, c in MMARCO.items() if "triples" not in n})
    said: list[str] = []
    rows = read("mmarco_ru", say=said.append)
    assert len(rows) == 6
    assert {r.polarity for r in rows if isinstance(r, Draft)} == {1}
    assert "no triples.train.ids.small.tsv" in said[0]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("data/triples.train.ids.small.tsv", "10\t2\n", r"small.tsv: not lines of three ids"),
        ("data/triples.train.ids.small.tsv", "10\t2\t\n", r"small.tsv: not lines of three ids"),
        ("data/triples.train.ids.small.tsv", "", r"small.tsv: not lines of three ids"),
        ("qrels.train.tsv", "a\t0\t2\t1\n", r"'a' is not an id of MS MARCO"),
        ("qrels.train.tsv", f"1\t0\t{2**31}\t1\n", r"'2147483648' is not an id"),
        (
            "data/google/collections/russian_collection.tsv",
            "0\tРаз.\n0\tДва.\n",
            r"passage 0 stands there twice",
        ),
        ("data/google/collections/russian_collection.tsv", "0 Раз.\n", r"line 1: not an id"),
    ],
)
def test_mmarco_names_a_damaged_file(
    put: Native, read: Read, name: str, content: str, match: str
) -> None:
    put("mmarco_ru", {**MMARCO, name: content})
    with pytest.raises(RupairsError, match=match):
        read("mmarco_ru")


def mmarco(passages: int, queries: int, size: int) -> dict[str, str | bytes]:
    """Question q is answered by passage 3q; nine triples for each, no right one among them."""
    triples = [(q, 3 * q, 3 * ((q + n) % queries) + 1) for n in range(9) for q in range(queries)]
    return {
        "russian_collection.tsv": lines(
            *((p, f"отрывок {p} " + "я" * size) for p in range(passages))
        ),
        "russian_queries.train.tsv": lines(*((q, f"вопрос {q}") for q in range(queries))),
        "qrels.train.tsv": lines(*((q, 0, 3 * q, 1) for q in range(queries))),
        "triples.train.ids.small.tsv": lines(*triples),
    }


def test_mmarco_counts_at_scale(put: Native, read: Read) -> None:
    put("mmarco_ru", mmarco(passages=20_000, queries=5_000, size=20))
    drafts = read("mmarco_ru")
    assert Counter(d.polarity for d in drafts) == {1: 5_000, -1: 5_000}
    assert len({d.row for d in drafts}) == 10_000
    for draft in drafts:
        query, passage = map(int, draft.row.split(":"))
        assert draft.query == f"вопрос {query}"
        assert draft.passage.startswith(f"отрывок {passage} ")
        assert passage == 3 * query + (0 if draft.polarity > 0 else 1)


def test_mmarco_holds_numbers_and_not_texts(put: Native) -> None:
    """Of 60 MB of passages, two thirds of them asked for, no more than a line is in memory."""
    folder = put("mmarco_ru", mmarco(passages=3_000, queries=1_000, size=10_000))
    source = get("mmarco_ru")
    files = native(source, folder)
    tracemalloc.start()
    count = sum(1 for _ in drafts_of(source, files))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2_000
    assert peak < 4_000_000


@pytest.mark.parametrize("asked", [0, 3])
def test_mmarco_takes_as_many_negatives_as_are_asked_for(
    put: Native, read: Read, asked: int
) -> None:
    put("mmarco_ru", mmarco(passages=300, queries=100, size=1))
    drafts = read("mmarco_ru", negatives=asked)
    negatives = Counter(d.query for d in drafts if d.polarity < 0)
    assert set(negatives.values()) == ({asked} if asked else set())
    assert len({d.row for d in drafts}) == len(drafts)


def test_wikipedia_reads_its_parquet_without_the_addresses(put: Native, read: Read) -> None:
    rows = [
        {"id": "7", "url": "u", "title": "Мыс", "text": "Мы́с вдаётся в море. Там маяк.\n\nКлимат"},
        {"id": "8", "url": "u", "title": "Пусто", "text": " \n"},
    ]
    put("wikipedia", {"20231101.ru/train-00000-of-00021.parquet": parquet(*rows)})
    *excerpts, empty = read("wikipedia")
    assert [tuple(e) for e in excerpts] == [
        ("7#1", "Мы́с вдаётся в море.", "Мыс"),
        ("7#2", "Там маяк.", "Мыс"),
        ("7#3", "Климат", "Мыс"),
    ]
    assert empty.reason == "empty_text"


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(parquet({"a": "раз", "b": "два", "c": [1], "d": 4}))
    assert [r.values for r in read_rows(path, ("b",))] == [{"b": "два"}]
    (row,) = read_rows(path, ("a",), extra=("d", "нет"))
    assert row.values == {"a": "раз", "d": 4}
    (row,) = read_rows(path, ())
    assert list(row.values) == ["a", "b", "c", "d"]
    with pytest.raises(RupairsError, match=r"t.parquet: needs a column e; the columns are a, b"):
        next(read_rows(path, ("e",)))


@pytest.mark.parametrize(
    ("name", "folder", "count"), [("miracl", "miracl", 33_921), ("mr_tydi", "mrtydi", 5_366)]
)
def test_real_judgements_are_counted(
    realdata: Path, tmp_path: Path, name: str, folder: str, count: int
) -> None:
    if not (realdata / folder).is_dir():
        pytest.skip(f"no {folder} in the real data at hand")
    (tmp_path / name).symlink_to(realdata / folder, target_is_directory=True)
    source = get(name)
    rows = list(drafts_of(source, native(source, tmp_path)))
    assert len(rows) == count
    assert set(reasons(rows)) == {"passage_text_absent"}
    relevant = sum(r.row["relevant"] for r in rows if isinstance(r, Unusable))
    assert relevant == min(count, 10_000)


def test_real_miracl_judgements_become_the_reported_pairs(realdata: Path, tmp_path: Path) -> None:
    """With a text of ours for every passage judged, the counts are those of USER-base's card."""
    judged = realdata / "miracl" / "qrels.miracl-v1.0-ru-train.tsv"
    if not judged.is_file():
        pytest.skip("no miracl in the real data at hand")
    folder = tmp_path / "miracl"
    folder.mkdir()
    for name in ("topics", "qrels"):
        file = f"{name}.miracl-v1.0-ru-train.tsv"
        (folder / file).symlink_to(realdata / "miracl" / file)
    ids = {line.split()[2] for line in judged.read_text().splitlines()}
    texts = ({"docid": i, "title": "Статья", "text": f"Отрывок {i}."} for i in sorted(ids))
    (folder / "docs-0.jsonl").write_text(jsonl(*texts))
    source = get("miracl")
    drafts = list(drafts_of(source, native(source, tmp_path)))
    relations = Counter(d.relation for d in drafts if isinstance(d, Draft))
    assert relations == {"relevant_passage": 10_000, "irrelevant_passage": 23_921}
    assert relations["relevant_passage"] == source.expected
