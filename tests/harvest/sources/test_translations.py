"""Sources of translations, and texts of a treebank, layout by layout."""

from typing import Any

import pytest

from harvest.fetching.fetch import native
from harvest.source import Draft, Unusable
from harvest.sources import get
from rupairs.errors import RupairsError
from tests.harvest.conftest import Native, Read
from tests.harvest.native_files import MANY, parquet, tarred, zipped


def opus_row(number: int) -> dict[str, Any]:
    return {"translation": {"en": f"Line {number}.", "ru": f"Строка {number}."}}


def test_opus100_takes_the_two_languages_by_name(put: Native, read: Read) -> None:
    rows = [opus_row(n) for n in range(1, MANY + 1)]
    swapped = [{"translation": {"ru": "Да.", "en": None}}]
    put(
        "opus100",
        {
            "en-ru/train-00000-of-00002.parquet": parquet(rows),
            "en-ru/train-00001-of-00002.parquet": parquet(swapped),
            "en-ru/test-00000-of-00001.parquet": parquet(rows[:2]),
        },
    )
    pairs = read("opus100")
    assert pairs[0] == Draft("1", "Line 1.", "Строка 1.", "translation")
    assert pairs[MANY - 1].row == str(MANY)
    assert (pairs[MANY - 1].query, pairs[MANY - 1].passage) == (f"Line {MANY}.", f"Строка {MANY}.")
    assert pairs[MANY] == Draft(str(MANY + 1), "", "Да.", "translation")
    assert get("opus100").languages == ("en", "ru")


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"translation": {"en": "Yes.", "fr": "Oui."}}, "struct<en: string, fr: string>"),
        ({"translation": "Да."}, "string"),
    ],
)
def test_opus100_refuses_another_pair_of_languages(
    put: Native, read: Read, row: dict[str, Any], found: str
) -> None:
    put("opus100", {"en-fr/train-0.parquet": parquet([row])})
    with pytest.raises(RupairsError) as error:
        read("opus100")
    assert f"column translation is {found}" in str(error.value)
    assert "configuration en-ru" in str(error.value)


# The characters between the words end a line elsewhere, but not in these files.
ENGLISH = "One\u2028and more.\r\n\nThree\x0b.\n"


RUSSIAN = "Один\x85и ещё.\nДва.\n- Три."


ALIGNED = [("1", "One\u2028and more.", "Один\x85и ещё."), ("2", "", "Два.")]


@pytest.mark.parametrize("packed", [False, True])
def test_opus100_lines_of_the_original_are_joined_by_number(
    put: Native, read: Read, packed: bool
) -> None:
    folder = "opus-100-corpus/v1.0/supervised/en-ru"
    files: dict[str, str] = {
        f"{folder}/opus.en-ru-train.en": ENGLISH,
        f"{folder}/opus.en-ru-train.ru": RUSSIAN,
        f"{folder}/opus.en-ru-test.en": "x\n",
    }
    archive = {"opus-100-corpus-en-ru-v1.0.tar.gz": tarred(files)}
    put("opus100", dict(archive) if packed else dict(files))
    expected = [*ALIGNED, ("3", "Three\x0b.", "- Три.")]
    assert [(p.row, p.query, p.passage) for p in read("opus100")] == expected


@pytest.mark.parametrize("packed", [False, True])
def test_bible_lines_of_opus_are_joined_by_number(put: Native, read: Read, packed: bool) -> None:
    files: dict[str, str] = {
        "bible-uedin.en-ru.en": ENGLISH,
        "bible-uedin.en-ru.ru": RUSSIAN,
        "bible-uedin.en-ru.xml": "<x/>",
    }
    put("bible", {"en-ru.txt.zip": zipped(files)} if packed else dict(files))
    pairs = read("bible")
    assert [(p.row, p.passage, p.query) for p in pairs[:2]] == ALIGNED
    assert pairs[2] == Draft("3", "- Три.", "Three\x0b.", "translation")
    assert get("bible").languages == ("ru", "en")


@pytest.mark.parametrize("extra", [1, MANY])
def test_sides_of_unlike_length_do_not_belong_together(put: Native, read: Read, extra: int) -> None:
    files = {"opus.en-ru-train.en": "a\n" * (2 + extra), "opus.en-ru-train.ru": "а\nб\n"}
    put("opus100", dict(files))
    with pytest.raises(RupairsError) as error:
        read("opus100")
    assert f"opus.en-ru-train.en has {2 + extra} lines" in str(error.value)
    assert "opus.en-ru-train.ru has 2" in str(error.value)


def test_one_side_alone_is_not_enough(put: Native, read: Read) -> None:
    put("bible", {"bible-uedin.en-ru.en": "a\n"})
    with pytest.raises(RupairsError, match=r"bible needs bible-uedin\.en-ru\.ru; found: bible"):
        read("bible")


def test_the_bible_is_joined_by_verse_and_not_by_line(put: Native, read: Read) -> None:
    put(
        "bible",
        {
            # ACT 19:40 of this side holds ACT 19:41 of the other.
            "org_nt_RUSSYN.txt": "ру один\nру два\nру четыре\n\n",
            "org_nt_vref.txt": "ACT 19:39\nACT 19:40\nACT 20:1\nACT 20:2\n",
            # As many lines, but the second side has a verse more, and runs a line apart after it.
            "eng_nt_BSB.txt": "en one\nen two\nen three\nen four\n",
            "DERIVED_eng_nt_vref.txt": "ACT 19:39\nACT 19:40\nACT 19:41\nACT 20:1\n",
        },
    )
    said: list[str] = []
    rows = read("bible", say=said.append)
    pairs = [r for r in rows if isinstance(r, Draft)]
    assert [(p.row, p.query, p.passage) for p in pairs] == [
        ("ACT 19:39", "ру один", "en one"),
        ("ACT 20:1", "ру четыре", "en four"),
    ]
    lost = [r for r in rows if isinstance(r, Unusable)]
    assert [(r.reason, r.evidence) for r in lost] == [
        (
            "verse_range",
            "ACT 19:40 is joined with, or divided from, another verse on one side only",
        ),
        ("verse_absent", "ACT 19:41 is empty or missing in Russian"),
    ]
    assert not said


@pytest.mark.parametrize(
    ("names", "license_id"),
    [
        (["en-ru.txt.zip"], "CC0-1.0"),
        (["bible-uedin.en-ru.ru", "bible-uedin.en-ru.en", "org_nt_RUSSYN.txt"], "CC0-1.0"),
        (["nt/org_nt_RUSSYN.txt", "org_nt_vref.txt", "nt/eng_nt_BSB.txt"], "CC-BY-4.0"),
        (["org_nt_RUSSYN.txt", "org_nt_vref.txt", "eng-web.txt", "vref.txt"], "unknown"),
        (["rus-russyn.txt", "eng-engbsb.txt", "vref.txt"], "unknown"),
    ],
)
def test_the_license_of_the_bible_is_that_of_the_layout(
    put: Native, names: list[str], license_id: str
) -> None:
    folder = put("bible", dict.fromkeys(names, "x\n"))
    assert native(get("bible"), folder).license == license_id
    assert native(get("bible"), folder, "CC-BY-SA-4.0").license == "CC-BY-SA-4.0"


def test_ebible_marks_verses_that_are_printed_together(put: Native, read: Read) -> None:
    put(
        "bible",
        {
            "metadata/vref.txt": "GEN 1:1\nGEN 1:2\nGEN 1:3\nGEN 1:4\nTOB 1:1\n",
            "corpus/rus-russyn.txt": "раз\nдва и три\n<range>\nчетыре\n\n",
            "corpus/eng-engbsb.txt": "one\ntwo\nthree\nfour\n\n",
        },
    )
    said: list[str] = []
    rows = read("bible", say=said.append)
    assert ["harvest.rows.licenses.bible" in line for line in said] == [True]
    assert [r.row for r in rows if isinstance(r, Draft)] == ["GEN 1:1", "GEN 1:4"]
    lost = [r for r in rows if isinstance(r, Unusable)]
    assert [(r.row["verse"], r.reason) for r in lost] == [
        ("GEN 1:2", "verse_range"),
        ("GEN 1:3", "verse_range"),
    ]


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
    assert [(s.row, s.text.strip()) for s in read("ud_russian_gsd")] == [
        ("dev-s1", "О'Нил приехал."),
        ("ru_gsd-ud-dev.conllu:5", "Без имени."),
    ]
