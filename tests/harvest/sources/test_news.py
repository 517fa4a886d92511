"""Sources of news: headlines with texts and summaries, layout by layout."""

import bz2
import gzip
import io
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harvest.source import Draft
from rupairs.errors import RupairsError, UsageError
from tests.harvest.conftest import Native, Read
from tests.harvest.native_files import jsonl, parquet, real, tarred, zipped

NEWS = ("gazeta", "xlsum", "mlsum")


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


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("gazeta", "gazeta_train.jsonl", BRIDGES),
        ("gazeta", "data/train-00000-of-00001.parquet", parquet([article(1), article(2)])),
        ("gazeta", "default/train/0000.parquet", parquet([article(1), article(2)])),
        (
            "gazeta",
            "gazeta_jsonl_v2.tar.gz",
            tarred({"gazeta_test.jsonl": OTHER, "gazeta_train.jsonl": BRIDGES}, "gz"),
        ),
        ("xlsum", "russian/train/0000.parquet", parquet([article(1), article(2)])),
        ("xlsum", "russian_train.jsonl", BRIDGES),
        (
            "xlsum",
            "data/russian_XLSum_v2.0.tar.bz2",
            tarred({"russian_val.jsonl": OTHER, "russian_train.jsonl": BRIDGES}, "bz2"),
        ),
        ("mlsum", "ru/train-00000-of-00001.parquet", parquet([article(1), article(2)])),
        ("mlsum", "ru_train.jsonl", BRIDGES),
        ("mlsum", "MLSUM/ru_train.zip", zipped({"ru_train.jsonl": BRIDGES})),
    ],
)
def test_news_give_a_headline_with_text_and_with_summary(
    put: Native, read: Read, name: str, file: str, content: str | bytes
) -> None:
    others: dict[str, str | bytes] = {
        "gazeta_val.jsonl": OTHER,
        "russian/validation/0000.parquet": parquet([article(9)]),
        "german/train/0000.parquet": parquet([article(9)]),
        "de/train-00000-of-00001.parquet": parquet([article(9)]),
        "ru/test-00000-of-00001.parquet": parquet([article(9)]),
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
    shards = {f"train-0000{n}-of-00002.parquet": parquet([article(n)]) for n in (0, 1)}
    put("gazeta", {**shards})
    assert [d.row for d in read("gazeta")] == ["1.1", "1.2", "2.1", "2.2"]


def test_dates_and_nulls_are_no_trouble(put: Native, read: Read) -> None:
    names = ("text", "summary", "title", "date")
    types = (pa.large_string(), pa.string(), pa.string(), pa.timestamp("s"))
    row = article(1, summary=None, date=datetime(2020, 3, 1, 10, 20))
    del row["url"]
    table = parquet([row], schema=pa.schema(list(zip(names, types, strict=True))))
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
    put("mlsum", {"ru_train.zip": zipped({"ru_train.jsonl": BRIDGES + '{"title": "Без'})})
    with pytest.raises(RupairsError, match=r"ru_train\.zip/ru_train\.jsonl: line 3: not JSON"):
        read("mlsum")
    put("mlsum", {"ru_train.zip": zipped({"ru_test.jsonl": BRIDGES})})
    with pytest.raises(RupairsError, match=r"ru_train\.zip: holds none of .*ru_test\.jsonl"):
        read("mlsum")


def test_one_more_language_is_not_russian(put: Native, read: Read) -> None:
    put("mlsum", {"de/train-00000-of-00001.parquet": parquet([article(1)])})
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
    put("lenta", {"data/train-00000-of-00001.parquet": parquet(rows)})
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
        ("default/train/0000.parquet", parquet(SATIRE)),
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
