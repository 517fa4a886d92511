"""Symmetric sources: inference, paraphrase, detoxification and translation, layout by layout."""

import io
import tarfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harvest.fetching.fetch import native
from harvest.source import Draft, Unusable
from harvest.source import Native as NativeFiles
from harvest.sources import get
from rupairs.errors import RupairsError
from rupairs.pairs import HARD_NEGATIVE_RELATIONS, NLI_RELATIONS, group_id
from tests.harvest.conftest import Harvest, Native, Read, drafts_of, nli
from tests.harvest.test_sources import jsonl, parquet

LABELS = ("entailment", "neutral", "contradiction")
# More than a batch of the Parquet reader, so that the numbers of rows must carry over.
MANY = 9_000


def zipped(files: dict[str, str]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    return sink.getvalue()


def tarred(files: dict[str, str]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as bundle:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            bundle.addfile(entry, io.BytesIO(text.encode()))
    return sink.getvalue()


def sides(drafts: list[Any]) -> list[tuple[str, str]]:
    return [(d.query, d.passage) for d in drafts]


SYMMETRIC = (
    "allnli mednli rcb terra tapaco opus100 bible rudetoxifier_data_detox ruparadetox "
    "ru_hnp ru_wanli"
)


@pytest.mark.parametrize("name", SYMMETRIC.split())
def test_the_sources_are_symmetric_and_explain_their_numbers(name: str) -> None:
    source = get(name)
    assert source.symmetric
    assert source.expected
    assert source.why


# Natural language inference

RCB = [
    {"premise": "Он сказал, что придёт.", "hypothesis": f"Гипотеза {n}.", "idx": n + 10}
    for n in range(4)
]


@pytest.mark.parametrize("packed", [False, True])
def test_rcb_labels_are_words_in_json_lines(put: Native, read: Read, packed: bool) -> None:
    labels = ["entailment", "contradiction", "neutral"]
    rows = [row | {"label": label} for row, label in zip(RCB, labels, strict=False)]
    files = {"train.jsonl": jsonl(*rows), "val.jsonl": jsonl(*rows), "test.jsonl": "{}\n"}
    put("rcb", {"RCB.zip": zipped({f"RCB/{n}": t for n, t in files.items()})} if packed else files)
    pairs = read("rcb")
    assert [p.relation for p in pairs] == labels
    assert [p.polarity for p in pairs] == [1, -1, -1]
    assert [p.row for p in pairs] == ["10", "11", "12"]
    assert {p.group for p in pairs} == {""}


def test_a_file_beside_its_archive_is_read_once(put: Native, read: Read) -> None:
    text = jsonl(RCB[0] | {"label": "neutral"})
    put("rcb", {"RCB.zip": zipped({"RCB/train.jsonl": text}), "train.jsonl": text})
    assert len(read("rcb")) == 1


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


def test_rcb_refuses_labels_that_it_does_not_know(put: Native, read: Read) -> None:
    rows = [RCB[0] | {"label": 0}]
    put("rcb", {"train.parquet": parquet(rows, ["yes", "no"])})
    with pytest.raises(RupairsError, match=r"train\.parquet: labels of column label are yes, no"):
        read("rcb")


def test_terra_has_two_labels_and_reads_only_train(put: Native, read: Read) -> None:
    rows = [
        {"premise": '"""Да"", - сказал он."', "hypothesis": "Он согласен.", "label": label}
        for label in ("entailment", "not_entailment")
    ]
    put("terra", {"train.jsonl": jsonl(*rows), "test.jsonl": "{}\n"})
    pairs = read("terra")
    assert [(p.relation, p.polarity) for p in pairs] == [("entailment", 1), ("not_entailment", -1)]
    # No `idx`: the number of the row names it.
    assert [p.row for p in pairs] == ["1", "2"]
    assert set(get("terra").relations) <= NLI_RELATIONS - HARD_NEGATIVE_RELATIONS | {"entailment"}


def mednli_row(number: int, label: str) -> dict[str, Any]:
    return {
        "gold_label": label,
        "pairID": f"id-{number}",
        "ru_sentence1": "Пациент жалуется на боль в груди.",
        "ru_sentence2": f"Утверждение номер {number}.",
        "sentence1": "The patient reports chest pain.",
    }


def test_mednli_is_read_from_the_file_of_physionet(put: Native, read: Read) -> None:
    rows = [mednli_row(n, label) for n, label in enumerate(LABELS)]
    put("mednli", {"ru_mli_train_v1.jsonl": jsonl(*rows), "ru_mli_dev_v1.jsonl": jsonl(*rows)})
    pairs = read("mednli")
    assert [(p.row, p.relation, p.polarity) for p in pairs] == [
        ("id-0", "entailment", 1),
        ("id-1", "neutral", -1),
        ("id-2", "contradiction", -1),
    ]
    assert sides(pairs)[1] == ("Пациент жалуется на боль в груди.", "Утверждение номер 1.")


def test_mednli_can_only_come_from_a_folder() -> None:
    source = get("mednli")
    assert not source.hub
    assert not source.site
    assert "https://physionet.org/content/rumednli-russian-inference/1.0.0/" in source.access
    assert "ru_mli_train_v1.jsonl" in source.access


def allnli_row(source: str, label: str | None, premise: str | None = "Дети играют.") -> Any:
    return {
        "premise": "Children are playing.",
        "hypothesis": "Someone plays.",
        "label": label,
        "source": source,
        "split": "train",
        "premise_ru": premise,
        "hypothesis_ru": "Кто-то играет.",
        "reverse_entailment_score": 0.2,
        "len_ratio": 1.0,
        "idx": 0,
    }


def test_allnli_takes_three_of_the_sets_in_the_files(put: Native, read: Read) -> None:
    first = [
        allnli_row("snli", "entailment"),
        allnli_row("fever", "entailment"),
        allnli_row("scitail", "not_entailment"),
        allnli_row("mnli", "neutral", None),
    ]
    second = [allnli_row("anli_r3", "contradiction"), allnli_row("snli", "-")]
    said: list[str] = []
    files = {
        "data/train-00000-of-00002-aa.parquet": parquet(first),
        "data/train-00001-of-00002-bb.parquet": parquet(second),
        "data/dev-00000-of-00001-cc.parquet": parquet(first),
    }
    put("allnli", files)
    rows = read("allnli", say=said.append)
    pairs = [r for r in rows if isinstance(r, Draft)]
    # `idx` repeats from set to set, so the place in the files names the row.
    assert [(p.row, p.query, p.relation, p.polarity) for p in pairs] == [
        ("snli:1", "Дети играют.", "entailment", 1),
        ("mnli:4", "", "neutral", -1),
        ("anli_r3:5", "Дети играют.", "contradiction", -1),
    ]
    assert {p.passage for p in pairs} == {"Кто-то играет."}
    [hidden] = [r for r in rows if isinstance(r, Unusable)]
    assert (hidden.reason, hidden.row["label"]) == ("no_label", "-")
    assert said == ["allnli: 4 of 6 rows are of snli, mnli, anli_r1, anli_r2, anli_r3"]


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        ([allnli_row("terra", "entailment")], ["none of 1 rows has a source of snli"]),
        ([allnli_row("snli", "maybe")], ["row snli:1", "'maybe' is none of entailment"]),
        (
            [{"premise_ru": "а", "label": "neutral"}],
            ["column hypothesis_ru, source"],
        ),
        ([allnli_row("snli", "neutral") | {"premise_ru": 7}], ["premise_ru is int64, not text"]),
        ([allnli_row("snli", "neutral") | {"label": 0}], ["label is int64, not text"]),
    ],
)
def test_allnli_refuses_what_it_does_not_know(
    put: Native, read: Read, rows: list[Any], parts: list[str]
) -> None:
    put("allnli", {"train-0.parquet": parquet(rows)})
    with pytest.raises(RupairsError) as error:
        read("allnli")
    for part in parts:
        assert part in str(error.value)


def test_ru_wanli_numbers_its_rows_over_batches(put: Native, read: Read) -> None:
    rows = [
        {"premise": f"Посылка {n}.", "hypothesis": "Вывод.", "label": LABELS[n % 3]}
        for n in range(MANY)
    ]
    put("ru_wanli", {"data/train.parquet": parquet(rows), "data/val.parquet": parquet(rows[:1])})
    pairs = read("ru_wanli")
    assert [p.row for p in pairs] == [str(n) for n in range(1, MANY + 1)]
    assert Counter((p.relation, p.polarity) for p in pairs) == {
        ("entailment", 1): 3_000,
        ("neutral", -1): 3_000,
        ("contradiction", -1): 3_000,
    }
    assert (pairs[-1].query, pairs[-1].relation) == (f"Посылка {MANY - 1}.", "contradiction")


# Paraphrases


def hnp_row(query: str, pos: list[str | None] | None, neg: list[str | None] | None) -> Any:
    return {"query": query, "pos": pos, "neg": neg}


HNP_SCHEMA = pa.schema(
    [("query", pa.string()), ("pos", pa.list_(pa.string())), ("neg", pa.list_(pa.string()))]
)


def test_ru_hnp_explodes_both_lists(put: Native, read: Read) -> None:
    rows = [
        hnp_row("Река впадает в море.", ["В море впадает река.", "Река течёт в море."], ["Нет."]),
        hnp_row("Пустой.", [], None),
        hnp_row("Без перефразов.", None, ["Иное.", None]),
        hnp_row("Город стоит на холме.", ["На холме стоит город."], []),
    ]
    put("ru_hnp", {"train.parquet": parquet(rows, schema=HNP_SCHEMA)})
    found = read("ru_hnp")
    pairs = [r for r in found if isinstance(r, Draft)]
    assert [(p.row, p.query, p.passage, p.relation, p.polarity) for p in pairs] == [
        ("1.p1", "Река впадает в море.", "В море впадает река.", "paraphrase", 1),
        ("1.p2", "Река впадает в море.", "Река течёт в море.", "paraphrase", 1),
        ("4.p1", "Город стоит на холме.", "На холме стоит город.", "paraphrase", 1),
        ("1.n1", "Река впадает в море.", "Нет.", "non_paraphrase", -1),
        ("3.n1", "Без перефразов.", "Иное.", "non_paraphrase", -1),
        ("3.n2", "Без перефразов.", "", "non_paraphrase", -1),
    ]
    [barren] = [r for r in found if isinstance(r, Unusable)]
    assert (barren.reason, barren.row["query"]) == ("no_items", "Пустой.")


def test_ru_hnp_counts_as_its_card_does(put: Native, read: Read) -> None:
    rows = [
        hnp_row(f"Текст {n}.", [f"п{n}.{i}" for i in range(1, 6)], [f"н{n}.{i}" for i in range(5)])
        for n in range(1, MANY + 1)
    ]
    put("ru_hnp", {"train.parquet": parquet(rows), "test.parquet": parquet(rows[:1])})
    pairs = read("ru_hnp")
    assert Counter(p.relation for p in pairs) == {
        "paraphrase": 5 * MANY,
        "non_paraphrase": 5 * MANY,
    }
    assert len({p.row for p in pairs}) == len(pairs)
    for pair in pairs:
        number, _, item = pair.row.partition(".p")
        if item:
            assert (pair.query, pair.passage) == (f"Текст {number}.", f"п{number}.{item}")


def test_ru_hnp_needs_lists(put: Native, read: Read) -> None:
    put("ru_hnp", {"train.parquet": parquet([{"query": "а", "pos": "б", "neg": "в"}])})
    with pytest.raises(RupairsError, match=r"column pos is string, not lists of texts"):
        read("ru_hnp")


def tapaco_row(set_id: str, number: int, text: str, language: str = "ru") -> dict[str, Any]:
    return {
        "paraphrase_set_id": set_id,
        "sentence_id": str(number),
        "paraphrase": text,
        "lists": [""],
        "tags": [""],
        "language": language,
    }


TAPACO = [
    ("2", 11, "Я иду домой."),
    ("5", 12, "Погода сегодня хорошая."),
    ("2", 13, "я иду домой!"),
    ("2", 14, "Я шагаю домой."),
    ("5", 15, "Сегодня хорошая погода."),
    ("7", 16, "Одна."),
    ("2", 17, "Я направляюсь домой."),
    ("8", 18, "Да."),
    ("8", 19, "Да!"),
]
TAPACO_TEXT = "".join(f"{group}\t{number}\t{text}\t\t\n" for group, number, text in TAPACO)


@pytest.mark.parametrize(
    "files",
    [
        {"ru/train-00000-of-00001.parquet": parquet([tapaco_row(*row) for row in TAPACO])},
        {"ru.txt": TAPACO_TEXT},
        {"tapaco_v1.0.zip": zipped({"tapaco_v1.0/ru.txt": TAPACO_TEXT, "tapaco_v1.0/de.txt": "x"})},
    ],
    ids=["hub", "text", "archive"],
)
def test_tapaco_gives_a_pair_a_set(put: Native, read: Read, files: dict[str, Any]) -> None:
    put("tapaco", files)
    said: list[str] = []
    *pairs, alone, same = read("tapaco", say=said.append)
    # Set 2 is not in one piece, and its second sentence says the same as its first.
    assert pairs == [
        Draft("2", "Я иду домой.", "Я шагаю домой.", "paraphrase"),
        Draft("5", "Погода сегодня хорошая.", "Сегодня хорошая погода.", "paraphrase"),
    ]
    assert [(r.reason, r.row["sentences"]) for r in (alone, same)] == [
        ("single_sentence", ["Одна."]),
        ("single_sentence", ["Да.", "Да!"]),
    ]
    assert said == ["tapaco: 9 sentences in 4 sets, a pair a set"]


def test_a_sentence_of_tapaco_shares_its_group_with_other_sources(
    put: Native, harvest: Harvest
) -> None:
    put("rcb", {"train.jsonl": jsonl(nli("Я иду домой.", "Он ушёл."))})
    folder = put("tapaco", {"ru.txt": TAPACO_TEXT})
    rows = harvest(folder, rows={"sources": ["tapaco", "rcb"]})["rows"].rows()
    groups = {r["source"]: r["group_id"] for r in rows if r["query"] == "Я иду домой."}
    assert groups == dict.fromkeys(("tapaco", "rcb"), group_id("Я иду домой."))


def test_tapaco_text_may_be_quoted_or_not(put: Native, read: Read) -> None:
    text = '1\t1\t"Пора", сказал он.\n1\t2\t"""Время пришло"", сказал он."\t4938\t\n'
    put("tapaco", {"ru.txt": text})
    assert sides(read("tapaco")) == [('"Пора", сказал он.', '"Время пришло", сказал он.')]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"all_languages/train-0.parquet": parquet([tapaco_row("1", 1, "Adlis.", "ber")])},
            r"train-0\.parquet: row 1: the sentence is in ber; take .* configuration ru",
        ),
        ({"ru.txt": "1\t1\tДа.\nоторвано\n"}, r"ru\.txt: line 2: not a set id"),
    ],
)
def test_tapaco_refuses_other_tables(
    put: Native, read: Read, files: dict[str, Any], message: str
) -> None:
    put("tapaco", files)
    with pytest.raises(RupairsError, match=message):
        read("tapaco")


# Detoxification


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
    assert [p.row for p in pairs] == ["1.1", "1.2", "1.3", "2.1"]
    assert pairs[0].query == 'строка\nи "цитата" и\tтабуляция'
    assert [p.passage for p in pairs] == ["один", "два", "три", "единственный"]
    assert len({p.query for p in pairs}) == 2
    assert isinstance(last, Unusable)
    assert last.reason == "no_rewrite"


def test_ruparadetox_flat_layout_of_the_hub(put: Native, read: Read) -> None:
    put(
        "ruparadetox",
        {"train.tsv": "ru_toxic_comment\tru_neutral_comment\nгрубо\tвежливо\nгрубо\tмягко\n"},
    )
    pairs = read("ruparadetox")
    assert sides(pairs) == [("грубо", "вежливо"), ("грубо", "мягко")]
    assert pairs[0].relation == "detoxified"


@pytest.mark.parametrize("names", [("text", "detox"), ("toxic", "neutral"), ("input", "output")])
def test_rudetoxifier_columns_are_found_by_name(
    put: Native, read: Read, names: tuple[str, str]
) -> None:
    rows = [{names[1]: "Вежливо.", "n": 1, names[0]: "Грубо."}]
    put("rudetoxifier_data_detox", {"data/train-00000-of-00001.parquet": parquet(rows)})
    said: list[str] = []
    pairs = read("rudetoxifier_data_detox", say=said.append)
    assert pairs == [Draft("1", "Грубо.", "Вежливо.", "detoxified")]
    assert [line.rpartition(" is ")[2].split()[:2] for line in said] == [
        ["column", names[0]],
        ["column", names[1]],
    ]


def test_rudetoxifier_columns_can_be_named_and_must_be_known(put: Native, read: Read) -> None:
    rows = [{"comment": "Грубо.", "rewrite": "Вежливо.", "toxic": 0.97}]
    put("rudetoxifier_data_detox", {"train.parquet": parquet(rows)})
    with pytest.raises(RupairsError, match=r"train\.parquet: .*the columns are comment, rewrite"):
        read("rudetoxifier_data_detox")
    with pytest.raises(RupairsError, match=r"column toxic is double, not text"):
        read("rudetoxifier_data_detox", columns={"passage": "rewrite"})
    columns = {"query": "comment", "passage": "rewrite"}
    assert sides(read("rudetoxifier_data_detox", columns=columns)) == [("Грубо.", "Вежливо.")]


# Translations


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


# Texts


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


# The first rows of the originals, where they are at hand


@pytest.mark.parametrize(
    ("name", "folder", "expected"),
    [
        ("rcb", "russian_super_glue/rcb__dummy_data", {"labelled": 5}),
        ("terra", "russian_super_glue/terra__dummy_data", {"labelled": 5}),
        ("tapaco", "tapaco/ru__dummy_data", {"paraphrase": 1}),
        ("opus100", "opus100/en-ru__dummy_data", {"translation": 2}),
    ],
)
def test_first_rows_of_the_originals(
    realdata: Path, name: str, folder: str, expected: dict[str, int]
) -> None:
    root = realdata / "hf_dummy" / folder
    if not root.is_dir():
        pytest.skip(f"no {folder} in the real data at hand")
    files = {p.relative_to(root).as_posix(): p for p in sorted(root.rglob("*")) if p.is_file()}
    drafts = list(drafts_of(get(name), NativeFiles(name, str(root), files, "dummy", "unknown")))
    assert all(isinstance(d, Draft) for d in drafts)
    counts = Counter("labelled" if d.relation in NLI_RELATIONS else d.relation for d in drafts)
    assert counts == expected
    assert len({d.row for d in drafts}) == len(drafts)
