"""Every source's native layout, with the traps that real files hold."""

import gzip
import io
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harvest.fetch import native
from harvest.source import Unusable
from harvest.sources import SOURCES, get
from harvest.sources.miracl import titled
from rupairs.errors import UsageError
from rupairs.pairs import NLI_RELATIONS, Pair
from tests.harvest.conftest import Native, Read


def parquet(rows: list[dict[str, object]], class_names: list[str] | None = None) -> bytes:
    table = pa.Table.from_pylist(rows)
    if class_names:
        label = {"names": class_names, "_type": "ClassLabel"}
        info = json.dumps({"info": {"features": {"label": label}}})
        table = table.replace_schema_metadata({"huggingface": info})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def jsonl(*rows: dict[str, object]) -> str:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)


def test_the_registry_is_complete_and_unambiguous() -> None:
    names = [s.name for s in SOURCES]
    assert len(set(names)) == len(names)
    for source in SOURCES:
        assert source.gives
        assert source.files
        assert source.license
        assert source.citation
        assert bool(source.relations) == bool(source.pairs)
    with pytest.raises(UsageError, match=r"lena: no such source; known: rcb, terra.*lenta"):
        get("lena")


def test_lenta_cells_hold_line_ends_quotes_and_hard_spaces(put: Native, read: Read) -> None:
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
        "Названы города",
        'Первая строка вторая, с "цитатой"',
    )
    assert (second.query, second.passage) == ("Заголовок, с запятой", "Текст дальше")
    assert (first.relation, first.polarity, first.symmetric) == ("title_text", 1, False)
    assert (first.source_row, first.license) == ("1", "unknown")


def test_lenta_reads_compressed_dated_and_hub_files(put: Native, read: Read) -> None:
    text = "url,title,text,topic,tags,date\nu,Заголовок,Текст новости,т,т,2019/01/02\n"
    put("lenta", {"lenta-ru-news.csv.gz": gzip.compress(text.encode())})
    assert [p.passage for p in read("lenta")] == ["Текст новости"]


def test_lenta_reads_the_parquet_of_the_hub(put: Native, read: Read) -> None:
    rows = [{"title": "Заголовок", "text": None, "topic": "т"}]
    put("lenta", {"data/train-00000-of-00001.parquet": parquet(rows)})
    assert [(p.query, p.passage) for p in read("lenta")] == [("Заголовок", "")]


RCB = [
    {"premise": "Он сказал, что придёт.", "hypothesis": f"Гипотеза {n}.", "idx": n}
    for n in range(4)
]


def test_rcb_labels_are_words_in_json_lines(put: Native, read: Read) -> None:
    labels = ["entailment", "contradiction", "neutral"]
    rows = [row | {"label": label} for row, label in zip(RCB, labels, strict=False)]
    put("rcb", {"train.jsonl": jsonl(*rows), "val.jsonl": jsonl(*rows)})
    pairs = read("rcb")
    assert [p.relation for p in pairs] == labels
    assert [p.polarity for p in pairs] == [1, -1, -1]
    assert all(p.symmetric for p in pairs)
    assert len({p.group_id for p in pairs}) == 1


@pytest.mark.parametrize(
    ("class_names", "expected"),
    [
        (None, ["entailment", "contradiction", "neutral"]),
        (["neutral", "entailment", "contradiction"], ["neutral", "entailment", "contradiction"]),
    ],
)
def test_rcb_numbers_follow_the_file_or_else_the_published_order(
    put: Native, read: Read, class_names: list[str] | None, expected: list[str]
) -> None:
    rows = [row | {"label": n} for n, row in enumerate(RCB[:3])] + [RCB[3] | {"label": -1}]
    put("rcb", {"rcb/train/0000.parquet": parquet(rows, class_names)})
    *pairs, hidden = read("rcb")
    assert [p.relation for p in pairs] == expected
    assert [p.polarity for p in pairs] == [1 if e == "entailment" else -1 for e in expected]
    assert isinstance(hidden, Unusable)
    assert hidden.reason == "no_label"


def test_terra_has_two_labels_and_reads_only_train(put: Native, read: Read) -> None:
    rows = [
        {"premise": '"""Да"", - сказал он."', "hypothesis": "Он согласен.", "label": label}
        for label in ("entailment", "not_entailment")
    ]
    put("terra", {"train.jsonl": jsonl(*rows), "test.jsonl": "{}\n"})
    pairs = read("terra")
    assert [(p.relation, p.polarity) for p in pairs] == [("entailment", 1), ("not_entailment", -1)]
    assert set(get("terra").relations) <= NLI_RELATIONS


def test_ruparadetox_explodes_rewrites_and_keeps_quoted_cells_whole(
    put: Native, read: Read
) -> None:
    put(
        "ruparadetox",
        {
            "train.tsv": (
                "index\ttoxic_comment\tneutral_comment1\tneutral_comment2\tneutral_comment3\n"
                '0\t"строка\nи ""цитата"" и\tтабуляция"\tодин\tдва\tтри\n'
                "1\tещё комментарий\tединственный\t\t \n"
                "2\tбез ответа\t\t\t\n"
            )
        },
    )
    *pairs, last = read("ruparadetox")
    assert [p.source_row for p in pairs] == ["1.1", "1.2", "1.3", "2.1"]
    assert pairs[0].query == 'строка и "цитата" и табуляция'
    assert [p.passage for p in pairs] == ["один", "два", "три", "единственный"]
    assert len({p.group_id for p in pairs}) == 2
    assert isinstance(last, Unusable)
    assert last.reason == "no_rewrite"


def test_ruparadetox_flat_layout_of_the_hub(put: Native, read: Read) -> None:
    put(
        "ruparadetox",
        {"train.tsv": "ru_toxic_comment\tru_neutral_comment\nгрубо\tвежливо\nгрубо\tмягко\n"},
    )
    pairs = read("ruparadetox")
    assert [(p.query, p.passage) for p in pairs] == [("грубо", "вежливо"), ("грубо", "мягко")]
    assert pairs[0].relation == "detoxified"


MIRACL = {
    "topics.miracl-v1.0-ru-train.tsv": '3\tКто сказал "да?\n8\tЧто такое Байкал?\n',
    "qrels.miracl-v1.0-ru-train.tsv": (
        "3\tQ0\t1#0\t1\n3\tQ0\t1#1\t0\n8\tQ0\t9#9\t1\n5\tQ0\t1#0\t1\n"
    ),
    "topics.miracl-v1.0-ru-dev.tsv": "broken",
    "docs-0.jsonl": jsonl({"docid": "7#0", "title": "Лишнее", "text": "Не нужно."}),
    "docs-1.jsonl": jsonl(
        {"docid": "1#0", "title": "Байкал", "text": "Байка́л — озеро."},
        {"docid": "1#1", "title": "Байкал", "text": "В него впадает 300 рек."},
    ),
}


@pytest.mark.parametrize("compressed", [False, True])
def test_miracl_joins_judgements_to_the_passages_at_hand(
    put: Native, read: Read, compressed: bool
) -> None:
    files: dict[str, str | bytes] = {}
    for name, text in MIRACL.items():
        if compressed and name.startswith("docs"):
            files[f"corpus/{name}.gz"] = gzip.compress(text.encode())
        else:
            files[name] = text
    put("miracl", files)
    relevant, irrelevant, absent, unasked = read("miracl")
    assert relevant.query == 'Кто сказал "да?'
    assert (relevant.passage, relevant.relation, relevant.polarity) == (
        "Байкал — озеро.",
        "relevant_passage",
        1,
    )
    assert (irrelevant.passage, irrelevant.relation, irrelevant.polarity) == (
        "Байкал В него впадает 300 рек.",
        "irrelevant_passage",
        -1,
    )
    assert (absent.reason, absent.row["query"]) == ("passage_text_absent", "Что такое Байкал?")
    assert absent.row["passage_id"] in absent.evidence
    assert unasked.reason == "query_absent"


@pytest.mark.parametrize(
    ("title", "text", "whole"),
    [
        ("Байкал", "Байка́л — озеро.", "Байкал — озеро."),
        ("Рим", "Римляне жили здесь.", "Рим Римляне жили здесь."),
        ("", "Текст.", "Текст."),
    ],
)
def test_a_title_is_not_said_twice(title: str, text: str, whole: str) -> None:
    assert titled(title, text) == whole


def test_the_bible_is_joined_by_verse_and_not_by_line(put: Native, read: Read) -> None:
    put(
        "bible",
        {
            "org_nt_RUSSYN.txt": "ру один\nру два\nру четыре\n\n",
            "org_nt_vref.txt": "ACT 19:39\nACT 19:40\nACT 20:1\nACT 20:2\n",
            # As many lines, but the second side has a verse more, and runs a line apart after it.
            "eng_nt_BSB.txt": "en one\nen two\nen three\nen four\n",
            "DERIVED_eng_nt_vref.txt": "ACT 19:39\nACT 19:40\nACT 19:41\nACT 20:1\n",
        },
    )
    rows = read("bible")
    pairs = [r for r in rows if isinstance(r, Pair)]
    assert [(p.source_row, p.query, p.passage) for p in pairs] == [
        ("ACT 19:39", "ру один", "en one"),
        ("ACT 19:40", "ру два", "en two"),
        ("ACT 20:1", "ру четыре", "en four"),
    ]
    lost = [r for r in rows if isinstance(r, Unusable)]
    assert [(r.reason, r.evidence) for r in lost] == [
        ("verse_absent", "ACT 19:41 is empty or missing in Russian")
    ]


def test_ebible_marks_verses_that_are_printed_together(put: Native, read: Read) -> None:
    put(
        "bible",
        {
            "metadata/vref.txt": "GEN 1:1\nGEN 1:2\nGEN 1:3\nGEN 1:4\nTOB 1:1\n",
            "corpus/rus-russyn.txt": "раз\nдва и три\n<range>\nчетыре\n\n",
            "corpus/eng-engbsb.txt": "one\ntwo\nthree\nfour\n\n",
        },
    )
    rows = read("bible")
    assert [r.source_row for r in rows if isinstance(r, Pair)] == ["GEN 1:1", "GEN 1:4"]
    lost = [r for r in rows if isinstance(r, Unusable)]
    assert [(r.row["verse"], r.reason) for r in lost] == [
        ("GEN 1:2", "verse_range"),
        ("GEN 1:3", "verse_range"),
    ]


def test_wikipedia_sentences_stay_inside_paragraphs(put: Native, read: Read) -> None:
    text = "Го́род основан в 1685 г. на реке. Он вырос.\n\nИстория\nПервый абзац без точки"
    put(
        "wikipedia",
        {
            "articles.jsonl": jsonl(
                {"id": "7", "url": "u", "title": "Город", "text": text},
                {"id": "8", "url": "u", "title": "Пусто", "text": "\n \n"},
            )
        },
    )
    *sentences, empty = read("wikipedia")
    assert [(s.source_row, s.text) for s in sentences] == [
        ("7#1", "Город основан в 1685 г. на реке."),
        ("7#2", "Он вырос."),
        ("7#3", "История"),
        ("7#4", "Первый абзац без точки"),
    ]
    assert {s.title for s in sentences} == {"Город"}
    assert empty.reason == "empty_text"


def test_ud_russian_gsd_takes_the_text_lines(put: Native, read: Read) -> None:
    put(
        "ud_russian_gsd",
        {
            "ru_gsd-ud-dev.conllu": (
                "# sent_id = dev-s1\n# text = О&#39;Нил приехал.\n1\tО\t_\n\n"
                "# text = Без имени.\n1\tБез\t_\n\n"
            )
        },
    )
    assert [(s.source_row, s.text) for s in read("ud_russian_gsd")] == [
        ("dev-s1", "О'Нил приехал."),
        ("ru_gsd-ud-dev.conllu:5", "Без имени."),
    ]


def test_the_shipped_sample_reads_as_its_readme_says(sample: Path) -> None:
    counts = {}
    for name in ("rcb", "lenta", "ruparadetox", "miracl"):
        source = get(name)
        assert source.pairs is not None
        rows = source.pairs(native(source, sample))
        counts[name] = Counter(r.relation if isinstance(r, Pair) else r.reason for r in rows)
    assert counts == {
        "rcb": {"entailment": 22, "neutral": 22, "contradiction": 22},
        "lenta": {"title_text": 24},
        "ruparadetox": {"detoxified": 53},
        "miracl": {"relevant_passage": 28, "irrelevant_passage": 30, "passage_text_absent": 2},
    }
