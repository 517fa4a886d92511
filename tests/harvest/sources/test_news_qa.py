"""News, keywords, sums and legal questions: the native layouts, and the traps in them."""

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harvest.source import Draft
from harvest.sources import get
from harvest.sources.gsm8k_ru import worked
from rupairs.errors import RupairsError, UsageError
from tests.harvest.conftest import Native, Read

NEWS = ("gazeta", "xlsum", "mlsum")
ALL = (*NEWS, "lenta", "panorama", "russian_keywords", "gsm8k_ru", "pravo_israel")


def parquet(*rows: dict[str, Any], schema: pa.Schema | None = None) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), sink)
    return sink.getvalue()


def jsonl(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def zipped(name: str, text: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as bundle:
        bundle.writestr(name, text)
    return sink.getvalue()


def tarred(mode: str, **members: str) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=f"w:{mode}") as tape:
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tape.addfile(entry, io.BytesIO(text.encode()))
    return sink.getvalue()


def article(number: int, **more: Any) -> dict[str, Any]:
    return {
        "text": f"Мост номер {number} закрыли до\u00a0весны.\nОбъезд открыт по набережной.",
        "summary": f"Мост номер {number} закрыт, ехать надо по набережной.",
        "title": f"Мост номер {number} встал на ремонт",
        "date": "2020-03-01 10:20:00",
        "url": f"https://example.org/{number}",
        **more,
    }


BRIDGES = jsonl(article(1), article(2))
OTHER = jsonl(article(9, title="Из другой части"))


@pytest.mark.parametrize("name", ALL)
def test_sources_say_what_they_are(name: str) -> None:
    source = get(name)
    assert not source.symmetric
    assert source.expected
    assert source.why
    assert source.note
    assert source.hub
    assert source.url.startswith("https://")
    assert source.languages == ("ru", "ru")


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("gazeta", "gazeta_train.jsonl", BRIDGES),
        ("gazeta", "data/train-00000-of-00001.parquet", parquet(article(1), article(2))),
        ("gazeta", "default/train/0000.parquet", parquet(article(1), article(2))),
        (
            "gazeta",
            "gazeta_jsonl_v2.tar.gz",
            tarred("gz", **{"gazeta_test.jsonl": OTHER, "gazeta_train.jsonl": BRIDGES}),
        ),
        ("xlsum", "russian/train/0000.parquet", parquet(article(1), article(2))),
        ("xlsum", "russian_train.jsonl", BRIDGES),
        (
            "xlsum",
            "data/russian_XLSum_v2.0.tar.bz2",
            tarred("bz2", **{"russian_val.jsonl": OTHER, "russian_train.jsonl": BRIDGES}),
        ),
        ("mlsum", "ru/train-00000-of-00001.parquet", parquet(article(1), article(2))),
        ("mlsum", "ru_train.jsonl", BRIDGES),
        ("mlsum", "MLSUM/ru_train.zip", zipped("ru_train.jsonl", BRIDGES)),
    ],
)
def test_news_give_a_headline_with_text_and_with_summary(
    put: Native, read: Read, name: str, file: str, content: str | bytes
) -> None:
    others: dict[str, str | bytes] = {
        "gazeta_val.jsonl": OTHER,
        "russian/validation/0000.parquet": parquet(article(9)),
        "german/train/0000.parquet": parquet(article(9)),
        "de/train-00000-of-00001.parquet": parquet(article(9)),
        "ru/test-00000-of-00001.parquet": parquet(article(9)),
        "ru_val.jsonl": OTHER,
    }
    kept = {k: v for k, v in others.items() if name != "gazeta" or not k.endswith("parquet")}
    put(name, {**kept, file: content})
    drafts = read(name)
    assert [(d.row, d.relation) for d in drafts] == [
        ("1.1", "title_text"),
        ("1.2", "title_summary"),
        ("2.1", "title_text"),
        ("2.2", "title_summary"),
    ]
    first, second = article(1), article(2)
    assert [d.query for d in drafts] == [first["title"]] * 2 + [second["title"]] * 2
    assert drafts[0].passage == first["text"]
    assert "\u00a0" in drafts[0].passage
    assert drafts[3].passage == second["summary"]
    assert {(d.polarity, d.group) for d in drafts} == {(1, "")}


def test_shards_are_numbered_through(put: Native, read: Read) -> None:
    shards = {f"train-0000{n}-of-00002.parquet": parquet(article(n)) for n in (0, 1)}
    put("gazeta", {**shards})
    assert [d.row for d in read("gazeta")] == ["1.1", "1.2", "2.1", "2.2"]


def test_dates_and_nulls_are_no_trouble(put: Native, read: Read) -> None:
    names = ("text", "summary", "title", "date")
    types = (pa.large_string(), pa.string(), pa.string(), pa.timestamp("s"))
    row = article(1, summary=None, date=datetime(2020, 3, 1, 10, 20))
    del row["url"]
    table = parquet(row, schema=pa.schema(list(zip(names, types, strict=True))))
    put("mlsum", {"ru/train-00000-of-00001.parquet": table})
    whole, summed = read("mlsum")
    assert (whole.passage, summed.passage) == (article(1)["text"], "")


@pytest.mark.parametrize(
    "kind", [pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.large_string()]
)
def test_text_is_text_however_it_is_stored(put: Native, read: Read, kind: pa.DataType) -> None:
    table = pa.table({"title": ["Мост", None], "text": ["Его строят.", "Пусто."]})
    table = table.cast(pa.schema([("title", pa.string()), ("text", kind)]))
    sink = io.BytesIO()
    pq.write_table(table, sink)
    put("lenta", {"train-0.parquet": sink.getvalue()})
    assert [(d.query, d.passage) for d in read("lenta")] == [
        ("Мост", "Его строят."),
        ("", "Пусто."),
    ]


def test_one_choice_of_columns_is_not_taken_for_two_kinds_of_pairs(put: Native, read: Read) -> None:
    put("gazeta", {"gazeta_train.jsonl": jsonl(article(1))})
    with pytest.raises(UsageError, match="gazeta: a row gives 2 pairs"):
        read("gazeta", columns={"passage": "text"})


def test_unpacked_files_come_before_archives(put: Native, read: Read) -> None:
    put("mlsum", {"ru_train.jsonl": jsonl(article(1)), "ru_train.zip": b"broken"})
    assert len(read("mlsum")) == 2


def test_an_archive_with_a_wrong_row_is_named(put: Native, read: Read) -> None:
    put("mlsum", {"ru_train.zip": zipped("ru_train.jsonl", BRIDGES + '{"title": "Без')})
    with pytest.raises(RupairsError, match=r"ru_train\.zip/ru_train\.jsonl: line 3: not JSON"):
        read("mlsum")
    put("mlsum", {"ru_train.zip": zipped("ru_test.jsonl", BRIDGES)})
    with pytest.raises(RupairsError, match=r"ru_train\.zip: holds none of .*ru_test\.jsonl"):
        read("mlsum")


def test_one_more_language_is_not_russian(put: Native, read: Read) -> None:
    put("mlsum", {"de/train-00000-of-00001.parquet": parquet(article(1))})
    with pytest.raises(UsageError, match=r"holds none of ru/train\*\.parquet"):
        read("mlsum")


def test_lenta_takes_the_later_dump_and_keeps_cells_as_they_are(put: Native, read: Read) -> None:
    early = "url,title,text,topic,tags\r\nu,Ранний заголовок,Текст,т,т\r\n"
    late = (
        "url,title,text,topic,tags,date\r\n"
        'u,Рост\u00a0цен,"Первая строка\nи ""вторая"".Rambler",Мир,Все,2019/12/14\r\n'
        "u,Нет темы,Текст без темы,,,\r\n"
    )
    put(
        "lenta",
        {
            "lenta-ru-news.csv.gz": gzip.compress(early.encode()),
            "lenta-ru-news.csv.bz2": bz2.compress(late.encode()),
        },
    )
    first, second = read("lenta")
    assert first == Draft("1", "Рост\u00a0цен", 'Первая строка\nи "вторая".Rambler', "title_text")
    assert (second.row, second.query, second.passage) == ("2", "Нет темы", "Текст без темы")


def test_lenta_null_cells_are_empty_texts(put: Native, read: Read) -> None:
    rows = [{"title": None, "text": "Текст", "topic": None}, {"title": "З", "text": "Т"}]
    put("lenta", {"data/train-00000-of-00001.parquet": parquet(*rows)})
    assert [(d.row, d.query) for d in read("lenta")] == [("1", ""), ("2", "З")]


def test_a_nul_byte_in_a_csv_is_damage(put: Native, read: Read) -> None:
    text = 'url,title,text,topic,tags\nu,Раз,"Текст\nс разрывом\0",т,т\n'
    put("lenta", {"lenta-ru-news.csv": text})
    with pytest.raises(RupairsError, match=r"lenta-ru-news\.csv: line 3: NUL byte"):
        read("lenta")


def test_a_header_of_nul_bytes_is_damage(put: Native, read: Read) -> None:
    put("russian_keywords", {"russian_keywords_dataset.csv": "\0" * 64})
    with pytest.raises(RupairsError, match=r"dataset\.csv: line 1: NUL byte"):
        read("russian_keywords")


SATIRE = [
    {"title": "Кота избрали мэром", "body": "Кот обещал тишину.\n\nИ сдержал слово."},
    {"title": "Снег отменили", "body": "Указ вступит в силу летом."},
]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("panorama.jsonl", jsonl(*SATIRE)),
        ("data.json", jsonl(*SATIRE)),
        ("dump/all.json", json.dumps(SATIRE, ensure_ascii=False)),
        ("news.jsonl.gz", gzip.compress(jsonl(*SATIRE).encode())),
        ("default/train/0000.parquet", parquet(*SATIRE)),
    ],
)
def test_panorama_under_any_name(put: Native, read: Read, file: str, content: str | bytes) -> None:
    put("panorama", {file: content})
    assert read("panorama") == [
        Draft(str(n), row["title"], row["body"], "title_text") for n, row in enumerate(SATIRE, 1)
    ]


def test_panorama_with_other_columns_stops(put: Native, read: Read) -> None:
    put("panorama", {"a.jsonl": jsonl({"title": "З", "text": "Т"})})
    with pytest.raises(RupairsError, match=r"panorama needs a column body.*are title, text"):
        read("panorama")


KEYWORDS_CSV = "russian_keywords_dataset.csv"


@pytest.mark.parametrize(
    ("cell", "query"),
    [
        ("мост, ремонт;  река", "мост, ремонт, река"),
        ("мост|ремонт||река", "мост, ремонт, река"),
        ("ставка 1,5 процента,банк", "ставка 1,5 процента, банк"),
        ("одно слово", "одно слово"),
        ('["мост", "\\u0440ека", ""]', "мост, река"),
        ("['мост', \"река 'Лена'\"]", "мост, река 'Лена'"),
        ("", ""),
        ("[]", ""),
    ],
)
def test_keywords_of_any_spelling_make_one_query(
    put: Native, read: Read, cell: str, query: str
) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    put("russian_keywords", {KEYWORDS_CSV: f'text,keywords\n"Мост\nзакрыт",{quoted}\n'})
    assert read("russian_keywords") == [Draft("1", query, "Мост\nзакрыт", "keywords_text")]


@pytest.mark.parametrize("cell", ["['мост' 'река']", "[мост]", '["мост", ["река"]]', "[1, 2]"])
def test_keywords_that_cannot_be_told_apart_stop(put: Native, read: Read, cell: str) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    put("russian_keywords", {KEYWORDS_CSV: f"text,keywords\nТекст,мост\nТекст,{quoted}\n"})
    with pytest.raises(RupairsError, match=r"dataset\.csv: row 2: keywords is "):
        read("russian_keywords")


def test_keywords_in_a_list_column(put: Native, read: Read) -> None:
    rows = [{"content": "Текст", "tags": ["мост", " река "]}, {"content": "Ещё", "tags": None}]
    put("russian_keywords", {"default/train/0000.parquet": parquet(*rows)})
    assert [(d.query, d.relation) for d in read("russian_keywords")] == [
        ("мост, река", "keywords_text"),
        ("", "keywords_text"),
    ]


HEADED = 'id,title,keywords,body,annotation\n7,"Мост, старый",мост;река,"Мост\nзакрыт",Про мост\n'


def test_a_headline_is_the_query_before_keywords(put: Native, read: Read) -> None:
    put("russian_keywords", {KEYWORDS_CSV: HEADED})
    said: list[str] = []
    (draft,) = read("russian_keywords", say=said.append)
    assert draft == Draft("1", "Мост, старый", "Мост\nзакрыт", "title_text")
    there = "of id, title, keywords, body, annotation"
    assert said == [
        f"russian_keywords: query is column title {there}",
        f"russian_keywords: passage is column body {there}",
    ]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"query": "keywords"}, ("мост, река", "Мост\nзакрыт", "keywords_text")),
        ({"query": "annotation"}, ("Про мост", "Мост\nзакрыт", "title_text")),
        ({"passage": "annotation"}, ("Мост, старый", "Про мост", "title_text")),
    ],
)
def test_the_recipe_names_other_columns(
    put: Native, read: Read, columns: dict[str, str], expected: tuple[str, str, str]
) -> None:
    put("russian_keywords", {KEYWORDS_CSV: HEADED})
    said: list[str] = []
    (draft,) = read("russian_keywords", columns=columns, say=said.append)
    assert draft[1:4] == expected
    assert any(f"is column {next(iter(columns.values()))} of" in line for line in said)


def test_unknown_columns_stop_and_the_setting_is_named(put: Native, read: Read) -> None:
    put("russian_keywords", {KEYWORDS_CSV: "слова,статья\nмост,Текст\n"})
    with pytest.raises(
        RupairsError,
        match=(
            r"dataset\.csv: russian_keywords needs a column title or keywords or key_words or tags "
            r"for the query; the columns are слова, статья; "
            r"say which one with harvest\..*columns\.russian_keywords\.query"
        ),
    ):
        read("russian_keywords")
    with pytest.raises(RupairsError, match=r"needs a column нет for the query"):
        read("russian_keywords", columns={"query": "нет"})
    named = {"query": "слова", "passage": "статья"}
    assert read("russian_keywords", columns=named)[0].query == "мост"


def test_keyword_evaluation_sets_are_read_packed_and_unpacked(put: Native, read: Read) -> None:
    rows = jsonl(
        {"keywords": ["мост"], "title": "Мост", "url": "u", "summary": "", "content": "Текст"},
        {"keywords": [], "title": "Река", "url": "u", "abstract": "А", "content": "Ещё текст"},
    )
    packed = {f"{n}.jsonlines.zip": zipped(f"{n}.jsonlines", rows) for n in ("ng_0", "ng_1")}
    put("russian_keywords", {**packed})
    drafts = read("russian_keywords")
    assert [(d.row, d.query) for d in drafts] == [
        ("1", "Мост"),
        ("2", "Река"),
        ("3", "Мост"),
        ("4", "Река"),
    ]
    put("russian_keywords", {"ng_0.jsonlines": rows})
    by_keywords = read("russian_keywords", columns={"query": "keywords"})
    assert [(d.query, d.relation) for d in by_keywords] == [
        ("мост", "keywords_text"),
        ("", "keywords_text"),
    ]


SUM = {
    "question": "У Маши 3 корзины по 4 яблока, она съела одно. Сколько осталось?",
    "answer": (
        "Всего было 3*4 = <<3*4=12>>12 яблок.\nОсталось 12-1 = <<12-1=11>>11 яблок.\n#### 11"
    ),
}
WORKED = "Всего было 3*4 = 12 яблок.\nОсталось 12-1 = 11 яблок.\nОтвет: 11"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("data/train-00000-of-00001-abc.parquet", parquet(SUM)),
        ("train.jsonl", jsonl(SUM)),
    ],
)
def test_sums_lose_their_calculator_marks(
    put: Native, read: Read, file: str, content: str | bytes
) -> None:
    put("gsm8k_ru", {file: content, "test.jsonl": jsonl(SUM)})
    assert read("gsm8k_ru") == [Draft("1", SUM["question"], WORKED, "question_answer")]


@pytest.mark.parametrize(
    ("native", "mended"),
    [
        ("За 2 дня $<<2*5.5=11>>11.\n####  1,100 ", "За 2 дня $11.\nОтвет: 1,100 "),
        ("Итого <<7=7>>7. #### 7", "Итого 7. Ответ: 7"),
        ("Если 3 << 5, то 5 >> 3.", "Если 3 << 5, то 5 >> 3."),
        ("Строка <<2*2\n=4>> дальше", "Строка <<2*2\n=4>> дальше"),
    ],
)
def test_marks_are_what_stands_between_double_angles(native: str, mended: str) -> None:
    assert worked(native) == mended


QUESTION = "Кто платит налог на квартиру?"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("train.jsonl", jsonl({"id": 1, "question": QUESTION, "answer": "<p>Жилец.</p>"})),
        ("a/data.json", json.dumps([{"вопрос": QUESTION, "ответ": "<p>Жилец.</p>"}])),
        ("qa.json", jsonl({"title": QUESTION, "text": ["", None, "<p>Жилец.</p>", "Нет."]})),
        ("train/0000.parquet", parquet({"q": QUESTION, "a": ["<p>Жилец.</p>"]})),
    ],
)
def test_legal_answers_under_any_name(
    put: Native, read: Read, file: str, content: str | bytes
) -> None:
    put("pravo_israel", {file: content})
    assert read("pravo_israel") == [Draft("1", QUESTION, "<p>Жилец.</p>", "question_answer")]


def test_legal_files_of_other_splits_are_left_out(put: Native, read: Read) -> None:
    rows = {
        name: jsonl({"question": name, "answer": "Да."})
        for name in ("train_1.json", "train_2.json", "test.json")
    }
    put("pravo_israel", {**rows})
    drafts = read("pravo_israel")
    assert [(d.row, d.query) for d in drafts] == [("1", "train_1.json"), ("2", "train_2.json")]


def test_legal_answers_may_be_missing(put: Native, read: Read) -> None:
    rows = [{"question": QUESTION, "answer": answer} for answer in ([], None, [" "], "Да.")]
    put("pravo_israel", {"a.json": jsonl(*rows)})
    assert [d.passage for d in read("pravo_israel")] == ["", "", "", "Да."]


@pytest.mark.parametrize("answer", [{"text": "Да."}, [["Да."]], [{"text": "Да."}], 5, ["Да.", 5]])
def test_deeper_answers_stop(put: Native, read: Read, answer: Any) -> None:
    rows = [{"question": QUESTION, "answer": a} for a in ("Да.", answer)]
    put("pravo_israel", {"a.jsonl": jsonl(*rows)})
    with pytest.raises(RupairsError, match=r"a\.jsonl: row 2: answer is .*, not text"):
        read("pravo_israel")


def test_legal_columns_are_said_and_can_be_named(put: Native, read: Read) -> None:
    row = {"question": QUESTION, "answer": "Да.", "lawyer": "Смотря кто."}
    put("pravo_israel", {"a.json": jsonl(row)})
    said: list[str] = []
    (draft,) = read("pravo_israel", columns={"passage": "lawyer"}, say=said.append)
    assert draft.passage == "Смотря кто."
    assert said[1] == "pravo_israel: passage is column lawyer of question, answer, lawyer"
    put("pravo_israel", {"a.json": jsonl({"вопросы": QUESTION, "ответы": "Да."})})
    with pytest.raises(RupairsError, match=r"pravo_israel\.query"):
        read("pravo_israel")


def real(folder: Path, *names: str) -> dict[str, str | bytes]:
    paths = [folder / name for name in names]
    if missing := [path.name for path in paths if not path.is_file()]:
        pytest.skip(f"no {', '.join(missing)} in the real data at hand")
    return {path.name: path.read_bytes() for path in paths}


def test_no_mark_is_left_in_the_real_sums(put: Native, read: Read, realdata: Path) -> None:
    files = real(realdata / "gsm8k", "train.jsonl")
    put("gsm8k_ru", files)
    drafts = read("gsm8k_ru")
    native = [json.loads(line)["answer"] for line in files["train.jsonl"].splitlines()]
    assert len(drafts) == len(native) == 7_473
    for draft, answer in zip(drafts, native, strict=True):
        first, *marked = answer.split("<<")
        plain = first + "".join(part.partition(">>")[2] for part in marked)
        steps, result = plain.split("\n#### ")
        assert draft.passage == f"{steps}\nОтвет: {result}"
        assert "<<" not in draft.passage
        assert "####" not in draft.passage


@pytest.mark.parametrize("name", ["lenta-ru-news.csv.gz", "lenta-ru-news.csv.bz2"])
def test_the_real_first_rows_of_lenta(put: Native, read: Read, realdata: Path, name: str) -> None:
    put("lenta", real(realdata / "corus", name))
    (draft,) = read("lenta")
    assert len(draft.passage) > len(draft.query) > 0
    # The hard spaces of the headline in the earlier dump are still there.
    assert draft.query.count("\u00a0") == (2 if name.endswith(".gz") else 0)


def test_the_real_first_rows_of_mlsum(put: Native, read: Read, realdata: Path) -> None:
    folder = realdata / "hf_dummy" / "mlsum" / "ru__dummy_data" / "dummy_data"
    put("mlsum", real(folder, "ru_train.jsonl"))
    drafts = read("mlsum")
    assert Counter(d.relation for d in drafts) == {"title_text": 5, "title_summary": 5}
    assert all(d.query and d.passage for d in drafts)


def test_the_real_keyword_sets(put: Native, read: Read, realdata: Path) -> None:
    names = ("russia_today_0", "russia_today_7", "cyberleninka_4")
    put(
        "russian_keywords",
        real(realdata / "ru_keywords", *(f"{name}.jsonlines.zip" for name in names)),
    )
    for columns, relation in (({}, "title_text"), ({"query": "keywords"}, "keywords_text")):
        drafts = read("russian_keywords", columns=columns)
        assert len({d.row for d in drafts}) == len(drafts) == 1_290
        assert {d.relation for d in drafts} == {relation}
        assert all(d.query and d.passage for d in drafts)
