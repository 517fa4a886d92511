"""Lenta.ru: cells of real CSV files, compressed dumps, and the Parquet of the Hub."""

import gzip

from tests.harvest.conftest import Native, Read
from tests.harvest.native_files import parquet


def test_cells_hold_line_ends_quotes_and_hard_spaces(put: Native, read: Read) -> None:
    put(
        "lenta",
        {
            "lenta-ru-news.csv": (
                "url,title,text,topic,tags\r\n"
                'u1,Названы\u00a0города,"Первая строка\nвторая, с ""цитатой""",Россия,Все\r\n'
                'u2,"Заголовок, с запятой","Текст\u2028дальше",Мир,Все\r\n'
            )
        },
    )
    first, second = read("lenta")
    assert (first.query, first.passage) == (
        "Названы\u00a0города",
        'Первая строка\nвторая, с "цитатой"',
    )
    assert (second.query, second.passage) == ("Заголовок, с запятой", "Текст\u2028дальше")
    assert (first.row, first.relation, first.polarity) == ("1", "title_text", 1)


def test_compressed_and_dated_files(put: Native, read: Read) -> None:
    text = "url,title,text,topic,tags,date\nu,Заголовок,Текст новости,т,т,2019/01/02\n"
    put("lenta", {"lenta-ru-news.csv.gz": gzip.compress(text.encode())})
    assert [p.passage for p in read("lenta")] == ["Текст новости"]


def test_the_parquet_of_the_hub(put: Native, read: Read) -> None:
    rows = [{"title": "Заголовок", "text": None, "topic": "т"}]
    put("lenta", {"data/train-00000-of-00001.parquet": parquet(rows)})
    assert [(p.query, p.passage) for p in read("lenta")] == [("Заголовок", "")]
