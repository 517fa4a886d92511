from pathlib import Path

import pyarrow as pa
import pytest

from ruwanli.repeats import TEXTS_SCHEMA, candidate_texts, nli_texts, repeats
from tests.ruwanli import tiny
from tests.ruwanli.growing import Row, candidate

PREMISE = "В прошлую среду директор музея открыл выставку старинных часов."
HYPOTHESIS = "На той неделе посетители музея могли увидеть старинные часы."
NOTHING = TEXTS_SCHEMA.empty_table()


def reasons(
    folder: Path, rows: list[Row], known: pa.Table = NOTHING, near: float = 0.9
) -> list[str]:
    found = repeats(known, rows, near, folder)
    return [found.get(number, ("", ""))[0] for number in range(len(rows))]


@pytest.mark.parametrize(
    ("premise", "hypothesis", "reason"),
    [
        (PREMISE.replace("В прошлую среду", "В прошлую среду,"), HYPOTHESIS, "duplicate"),
        (HYPOTHESIS, PREMISE, "duplicate"),
        (PREMISE.replace("старинных", "старинны"), HYPOTHESIS, "near_duplicate"),
        (PREMISE, HYPOTHESIS.replace("могли", "смогли"), "near_duplicate"),
        (HYPOTHESIS.replace("могли", "смогли"), PREMISE, "near_duplicate"),
        (PREMISE, HYPOTHESIS.replace("могли", "не могли"), ""),
        (PREMISE.replace("старинных", "12 старинных"), HYPOTHESIS, ""),
        (PREMISE, "Директор музея не любит часов с кукушкой.", ""),
        ("Дождь лил до самого утра без перерыва.", HYPOTHESIS, ""),
    ],
)
def test_what_repeats_an_earlier_candidate(
    tmp_path: Path, premise: str, hypothesis: str, reason: str
) -> None:
    rows = [candidate(PREMISE, HYPOTHESIS), candidate(premise, hypothesis)]
    assert reasons(tmp_path, rows) == ["", reason]


def test_a_small_change_under_another_label_is_the_point_of_it(tmp_path: Path) -> None:
    other = HYPOTHESIS.replace("старинные", "старые")
    rows = [candidate(PREMISE, HYPOTHESIS), candidate(PREMISE, other, "contradiction")]
    assert reasons(tmp_path, rows) == ["", ""]
    rows[1]["intended_label"] = "entailment"
    assert reasons(tmp_path, rows) == ["", "near_duplicate"]
    assert reasons(tmp_path, rows, near=0) == ["", ""]
    same = candidate(PREMISE, HYPOTHESIS, "neutral")
    assert reasons(tmp_path, [rows[0], same]) == ["", "duplicate"]


def test_only_what_stays_makes_others_go(tmp_path: Path) -> None:
    """The second is like the first, the third like the second alone."""
    texts = [PREMISE, PREMISE.replace("старинных", "новейших")]
    texts.append(texts[1].replace("директор", "смотритель"))
    rows = [candidate(text, HYPOTHESIS) for text in texts]
    assert reasons(tmp_path, rows, near=0.85) == ["", "near_duplicate", ""]


def test_nli_rows_of_the_harvest_are_known(tmp_path: Path) -> None:
    pairs = tiny.write_pairs(
        tmp_path,
        [
            tiny.row(PREMISE, HYPOTHESIS, "entailment"),
            tiny.row("Кот спит на окне.", "На окне кот.", "paraphrase"),
        ],
    )
    known = nli_texts(pairs)
    assert known.schema.equals(TEXTS_SCHEMA) and known.num_rows == 1
    rows = [
        candidate(PREMISE, HYPOTHESIS.replace("могли", "смогли")),
        candidate("Кот спит на окне.", "На окне кот."),
        candidate(PREMISE, HYPOTHESIS),
    ]
    found = repeats(known, rows, 0.9, tmp_path)
    assert found[0] == ("near_duplicate", f"0.983 like the NLI row {known['pair_id'][0]}")
    assert found[2] == ("duplicate", f"equals the NLI row {known['pair_id'][0]}")
    assert 1 not in found


def test_every_repeat_of_many_is_found(tmp_path: Path) -> None:
    """More rows than fit a bucket, and an order that decides who stays."""
    first = [candidate(f"{s}.", f"Рядом никого, и {s}.") for s in tiny.SENTENCES]
    again = [candidate(f"{s}!", f"Рядом никого, и {s} один.") for s in tiny.SENTENCES]
    found = repeats(candidate_texts(first), again, 0.8, tmp_path)
    assert len(found) == len(again)
    assert repeats(NOTHING, [], 0.9, tmp_path) == {}
