"""Keywords in Russian: what is found in files of unknown columns."""

from pathlib import Path

import pytest

from harvest.source import Draft
from rupairs.errors import RupairsError
from tests.harvest.conftest import Native, Read
from tests.harvest.native_files import jsonl, parquet, real, zipped

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
    put("russian_keywords", {"default/train/0000.parquet": parquet(rows)})
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
    packed = {f"{n}.jsonlines.zip": zipped({f"{n}.jsonlines": rows}) for n in ("ng_0", "ng_1")}
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
