from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rupairs.errors import RupairsError
from rupairs.manifest import NAME, Counts, read_manifest
from rupairs.pairs import pair_id
from rupairs.steps import Context
from rupairs.store import StageReader, read_table
from ruwanli.candidates import REVIEW_SCHEMA
from ruwanli.release import release, repeats
from tests.ruwanli import growing, tiny
from tests.ruwanli.growing import Row, reviewed

DECISION_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string()),
        pa.field("premise", pa.string()),
        pa.field("hypothesis", pa.string()),
        pa.field("label", pa.string()),
        pa.field("revised", pa.bool_()),
        pa.field("votes", pa.int32()),
        pa.field("agreement", pa.float64()),
        pa.field("simulated", pa.bool_()),
    ]
)
AGREEMENT = {
    "percent_agreement": {"value": 0.75, "low": 0.7, "high": 0.8, "items": 40},
    "krippendorff_alpha": {"value": None, "low": None, "high": None, "items": 0},
}
COUNTS = {
    "ruwanli.seeds": Counts(
        rows_in=90,
        rows_out=20,
        rows_dropped=70,
        dropped_by_reason={"not_ambiguous": 60, "over_quota": 4, "too_few_neighbours": 6},
    ),
    "ruwanli.generate": Counts(
        rows_in=100, rows_out=95, rows_dropped=5, dropped_by_reason={"unparsable": 5}
    ),
    "ruwanli.filter": Counts(
        rows_in=95,
        rows_out=30,
        rows_dropped=65,
        dropped_by_reason={
            "loop": 10,
            "too_short": 5,
            "duplicate": 6,
            "near_duplicate": 4,
            "low_variability": 38,
            "over_quota": 2,
        },
    ),
}


def decide(row: Row, label: str, **given: Any) -> Row:
    return {
        "pair_id": row["pair_id"],
        "premise": row["premise"],
        "hypothesis": row["hypothesis"],
        "label": label,
        "revised": False,
        "votes": 3,
        "agreement": 1.0,
        "simulated": False,
    } | given


def counted(run: Path, name: str, counts: Counts) -> StageReader:
    directory = tiny.write_stage(run, name, [], REVIEW_SCHEMA).directory
    (directory / NAME).unlink()
    return tiny.finish(directory, name, counts)


def with_facts(reader: StageReader, **facts: Any) -> StageReader:
    manifest = read_manifest(reader.directory)
    manifest.facts |= facts
    manifest.write(reader.directory)
    return StageReader(reader.directory)


def released(run: Path, candidates: list[Row], decisions: list[Row], **settings: Any) -> Context:
    completions = sum(row["origin_step"] == "completion" for row in candidates)
    complete = tiny.write_stage(run, "ruwanli.complete", candidates, REVIEW_SCHEMA)
    decided = tiny.write_stage(run, "annotation.decisions", decisions, DECISION_SCHEMA)
    inputs = {name: counted(run, name, counts) for name, counts in COUNTS.items()} | {
        "ruwanli.complete": with_facts(complete, completions=completions),
        "annotation.decisions": with_facts(decided, agreement=AGREEMENT),
    }
    context = growing.context(run, "ruwanli.release", inputs, {"release": settings})
    release(context)
    counts = context.counts
    assert counts.rows_in == len(decisions) == counts.rows_out + counts.rows_dropped
    return context


def candidates(count: int = 20) -> list[Row]:
    """Return `count` premises with a neutral candidate and the completion of its contradiction."""
    rows = []
    for n in range(count):
        premise = f"Паром номер {n} ушёл из порта на рассвете."
        first = reviewed(premise, f"На пароме номер {n} были туристы.", "neutral")
        second = reviewed(
            premise,
            f"Паром номер {n} стоит у причала.",
            "contradiction",
            origin_step="completion",
            completes=first["pair_id"],
        )
        rows += [first, second]
    return rows


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Context:
    rows = candidates()
    decisions = [decide(row, row["intended_label"]) for row in rows]
    for decision in decisions[::4]:
        decision["label"] = "entailment"
    decisions[3] |= {"revised": True, "hypothesis": "Паром номер один так и не вышел."}
    return released(tmp_path_factory.mktemp("released"), rows, decisions, validation=4, test=6)


def test_splits_have_their_rows_and_keep_seed_and_premise_together(whole: Context) -> None:
    pairs = growing.kept(whole)
    assert Counter(p["split"] for p in pairs) == {"train": 30, "validation": 4, "test": 6}
    for shared in ("group_id", "query"):
        found: dict[str, set[str]] = {}
        for pair in pairs:
            found.setdefault(pair[shared], set()).add(pair["split"])
        assert all(len(splits) == 1 for splits in found.values())


def test_train_has_no_more_rows_than_asked_and_the_held_out_splits_stay(
    whole: Context, tmp_path: Path
) -> None:
    rows = list(whole.inputs["ruwanli.complete"].rows())
    decisions = list(whole.inputs["annotation.decisions"].rows())
    context = released(tmp_path, rows, decisions, train=20, validation=4, test=6)
    pairs = growing.kept(context)
    assert Counter(p["split"] for p in pairs) == {"train": 20, "validation": 4, "test": 6}
    assert context.counts.dropped_by_reason["over_quota"] == 10
    before = {p["pair_id"]: p["split"] for p in growing.kept(whole)}
    assert all(before[p["pair_id"]] == p["split"] for p in pairs)
    assert context.facts["funnel"][-1]["rows"] == context.facts["statistics"]["rows"] == 30
    assert "fewer than the recipe asks for" not in (context.out / "notes.md").read_text("utf-8")
    short = released(tmp_path / "short", rows, decisions, train=99, validation=4, test=6)
    said = (short.out / "notes.md").read_text(encoding="utf-8")
    assert "train has 30 rows, 69 fewer than the recipe asks for." in said


def test_parents_are_the_seed_the_completed_candidate_and_the_revised_one(whole: Context) -> None:
    rows, pairs = candidates(), growing.kept(whole)
    plain, completion, revised = pairs[0], pairs[1], pairs[3]
    assert plain["parents"] == [rows[0]["seed_id"]]
    assert completion["parents"] == [rows[1]["seed_id"], rows[0]["pair_id"]]
    assert revised["parents"] == [rows[3]["seed_id"], rows[2]["pair_id"], rows[3]["pair_id"]]
    assert [p["origin"] for p in (plain, completion, revised)] == [
        "generated",
        "generated",
        "revised",
    ]
    assert [p["call_id"] for p in pairs] == [row["call_id"] for row in rows]
    assert revised["pair_id"] == pair_id(revised["query"], revised["passage"], symmetric=True)
    assert plain["license"] == "CC0-1.0; Own terms" and plain["source_revision"] == "gen@r1"
    assert (plain["relation"], plain["polarity"]) == ("entailment", 1)
    assert (completion["relation"], completion["polarity"]) == ("contradiction", -1)


def test_provenance_has_a_row_a_pair(whole: Context) -> None:
    found = read_table(whole.out / "provenance.parquet").to_pylist()
    pairs = growing.kept(whole)
    assert [row["pair_id"] for row in found] == [pair["pair_id"] for pair in pairs]
    assert [row["label"] for row in found] == [pair["relation"] for pair in pairs]
    assert [row["split"] for row in found] == [pair["split"] for pair in pairs]
    assert [row["candidate_id"] for row in found] == [row["pair_id"] for row in candidates()]
    assert found[3]["revised"] and found[3]["pair_id"] != found[3]["candidate_id"]
    assert found[1]["completes"] == found[0]["candidate_id"]


def test_the_funnel_tells_every_stage(whole: Context) -> None:
    assert {stage["stage"]: stage["rows"] for stage in whole.facts["funnel"]} == {
        "pool": 90,
        "ambiguous": 30,
        "seeds": 20,
        "generated": 100,
        "parsed": 95,
        "heuristics": 80,
        "distinct": 70,
        "variable": 30,
        "completed": 50,
        "reviewed": 40,
        "decided": 40,
        "released": 40,
    }
    picture = (whole.out / "funnel.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and b"Software" not in picture


def test_statistics(whole: Context) -> None:
    found = whole.facts["statistics"]
    assert found["rows"] == 40 and found["distinct_premises"] == 20
    assert found["labels"] == {"contradiction": 20, "entailment": 10, "neutral": 10}
    assert found["intended_and_decided"] == {
        "contradiction": {"contradiction": 20},
        "neutral": {"entailment": 10, "neutral": 10},
    }
    assert found["relabelled"] == {"all": 0.25, "completion": 0.0, "wanli": 0.5}
    assert found["revised"] == 0.025
    assert sum(split["triplets"] for split in found["splits"].values()) == 10
    assert found["lengths"]["hypothesis"]["median"] == 31.0


def test_the_notes_are_a_page_for_people(whole: Context) -> None:
    notes = (whole.out / "notes.md").read_text("utf-8")
    for words in (
        "![How many rows each step left](funnel.png)",
        "| heuristics | 80 | no heuristic or Russian check failed |",
        "| neutral | 10 (50%) | 10 (50%) | 0 (0%) | 20 |",
        "Relabelled by the reviewers: 25.0% (completion 0.0%, wanli 50.0%)",
        "| percent agreement | 0.750 | 0.700 to 0.800 | 40 |",
        "| krippendorff alpha | not defined |  | 0 |",
    ):
        assert words in notes


def test_two_seeds_that_grew_one_premise_share_a_split(tmp_path: Path) -> None:
    rows = [
        reviewed("Паром ушёл." if n % 2 else "паром ушел", f"Туристов было {n}.", seed=f"s{n}")
        for n in range(6)
    ]
    rows += [reviewed(f"Мост номер {n} закрыт.", "Проезда нет.") for n in range(9)]
    decisions = [decide(row, "entailment") for row in rows]
    pairs = growing.kept(released(tmp_path, rows, decisions, validation=0, test=5))
    assert {p["split"] for p in pairs[:6]} == {"train"}
    assert Counter(p["split"] for p in pairs)["test"] == 5


def test_a_revised_text_gives_way_to_one_that_was_so_from_the_start(tmp_path: Path) -> None:
    rows = candidates(4)
    decisions = [decide(row, "neutral") for row in rows]
    decisions[0] |= {"revised": True, "hypothesis": decisions[1]["hypothesis"]}
    assert repeats(decisions) == {0: rows[1]["pair_id"]}
    context = released(tmp_path, rows, decisions, validation=0, test=1)
    (lost,) = growing.dropped(context)
    assert (lost["reason"], lost["evidence"]) == ("duplicate", f"equals {rows[1]['pair_id']}")
    assert context.counts.rows_out == 7
    assert context.facts["funnel"][-1]["rows"] == 7


def test_not_entailment_that_became_neutral_or_contradiction_is_no_relabelling(
    tmp_path: Path,
) -> None:
    rows = [reviewed(f"Мост номер {n} закрыт.", "Проезда нет.", "not_entailment") for n in range(3)]
    labels = ("neutral", "contradiction", "entailment")
    decisions = [decide(row, label) for row, label in zip(rows, labels, strict=True)]
    context = released(tmp_path, rows, decisions, validation=0, test=0)
    assert context.facts["statistics"]["relabelled"]["all"] == pytest.approx(1 / 3, abs=1e-5)


def test_splits_larger_than_the_rows_are_told(tmp_path: Path) -> None:
    rows = candidates(2)
    with pytest.raises(RupairsError, match="4 rows cannot give 7360 to validation and test"):
        released(tmp_path, rows, [decide(row, "neutral") for row in rows])


def test_nothing_decided_is_no_crash(tmp_path: Path) -> None:
    context = released(tmp_path, candidates(1), [])
    assert context.counts.rows_out == 0 and context.facts["statistics"]["revised"] is None
