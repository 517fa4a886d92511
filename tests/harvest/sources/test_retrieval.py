"""Sources of questions and passages: native layouts, with the traps of real files."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from harvest.fetching.fetch import native
from harvest.reading.retrieval import titled
from harvest.reading.rows import read_rows
from harvest.source import Draft, Unusable
from harvest.sources import get
from rupairs.errors import RupairsError
from rupairs.pairs import HARD_NEGATIVE_RELATIONS
from tests.harvest.conftest import Native, Read, drafts_of
from tests.harvest.native_files import jsonl, parquet, reasons, sides


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
    put("miracl", {"ru-triplet-100/train-00000-of-00001.parquet": parquet(rows)})
    drafts = read("miracl")
    assert [(d.row, d.passage, d.relation, d.polarity) for d in drafts] == [
        ("1.1", "Маяк\nСтоит на мысу.", "relevant_passage", 1),
        ("1.2", "Порт\nЗакрыт на зиму.", "irrelevant_passage", -1),
        ("2.1", "Мыс\nНа нём маяк.", "relevant_passage", 1),
        ("2.2", "Порт\nЗакрыт на зиму.", "irrelevant_passage", -1),
    ]


def test_miracl_prefers_what_people_judged(put: Native, read: Read) -> None:
    put("miracl", {**MIRACL, "ru-triplet-100/train-0.parquet": parquet([MIRACL_ROW])})
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
                [{"anchor": question, "positive": ARTICLE, "negative": other}]
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
        {"russian/train/0000.parquet": parquet(TYDI), "russian/dev/0000.parquet": b"never read"},
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
    shards = [parquet(row | {"negative": f"Мимо {n}."} for n in range(k, k + 2)) for k in (0, 2)]
    put("mr_tydi", {f"ru-triplet-all/train-0000{n}.parquet": s for n, s in enumerate(shards)})
    repeated = read("mr_tydi")
    assert [d.row for d in repeated] == ["1", "2", "3", "4"]
    assert len(set(sides(repeated))) == 1
    put("mr_tydi", {"ru-triplet/train-00000-of-00001.parquet": parquet([row | {"negative": "-"}])})
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


def test_wikipedia_reads_its_parquet_without_the_addresses(put: Native, read: Read) -> None:
    rows = [
        {"id": "7", "url": "u", "title": "Мыс", "text": "Мы́с вдаётся в море. Там маяк.\n\nКлимат"},
        {"id": "8", "url": "u", "title": "Пусто", "text": " \n"},
    ]
    put("wikipedia", {"20231101.ru/train-00000-of-00021.parquet": parquet(rows)})
    *excerpts, empty = read("wikipedia")
    assert [tuple(e) for e in excerpts] == [
        ("7#1", "Мы́с вдаётся в море.", "Мыс"),
        ("7#2", "Там маяк.", "Мыс"),
        ("7#3", "Климат", "Мыс"),
    ]
    assert empty.reason == "empty_text"


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(parquet([{"a": "раз", "b": "два", "c": [1], "d": 4}]))
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
