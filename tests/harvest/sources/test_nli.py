"""Sources of inference, layout by layout."""

from collections import Counter
from typing import Any

import pytest

from harvest.source import Draft, Unusable
from harvest.sources import get
from rupairs.errors import RupairsError
from rupairs.pairs import HARD_NEGATIVE_RELATIONS, NLI_RELATIONS
from tests.harvest.conftest import Native, Read
from tests.harvest.native_files import MANY, jsonl, parquet, sides, zipped

LABELS = ("entailment", "neutral", "contradiction")
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
