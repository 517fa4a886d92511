import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ruhnp.choice import choose
from ruhnp.generated import GENERATED_SCHEMA, VERIFIED_SCHEMA
from ruhnp.release import release
from rupairs.errors import RupairsError, UsageError
from rupairs.recipe import validate
from rupairs.runs import open_recipe
from rupairs.steps import Context
from rupairs.store import read_table
from rupairs.views import by_anchor
from tests.ruhnp import finished
from tests.ruhnp.finished import Row, verified

SETTINGS = {
    "min_positives": 2,
    "min_negatives": 2,
    "max_positives": 2,
    "max_negatives": 3,
    "validation": 1,
    "test": 1,
}
CHANGES = ("number", "negation", "antonym", "entity")


def texts(anchor: str, positives: int = 3, negatives: int = 5) -> list[Row]:
    """Return verified texts of an anchor; the negatives make `number` twice as often."""
    rows = [verified(anchor, "positive", f"{anchor} Иначе {n}.") for n in range(positives)]
    for n in range(negatives):
        change = ("number", *CHANGES)[n % 5]
        rows.append(verified(anchor, "negative", f"{anchor} Не так {n}.", change, sample=n))
    return rows


def anchors(count: int) -> list[list[Row]]:
    return [texts(f"Паром номер {n} ходит через пролив.") for n in range(count)]


def run_release(folder: Path, rows: list[Row], **settings: Any) -> Context:
    inputs = {
        "ruhnp.verify": finished.write_stage(folder, "ruhnp.verify", VERIFIED_SCHEMA, rows),
        "ruhnp.generate": finished.write_stage(
            folder, "ruhnp.generate", GENERATED_SCHEMA, [], finished.PROMPTS
        ),
    }
    context = finished.context(folder, "release", inputs, **(SETTINGS | settings))
    release(context)
    counts = context.counts
    assert counts.rows_in == len(rows) == counts.rows_out + counts.rows_dropped
    return context


def flat(groups: list[list[Row]]) -> list[Row]:
    return [row for group in groups for row in group]


def reasons(context: Context) -> Counter[str]:
    return Counter(row["reason"] for row in finished.dropped(context.out))


def test_rows_have_the_released_shape(tmp_path: Path) -> None:
    pairs = finished.kept(run_release(tmp_path, flat(anchors(6))).out)
    rows = list(by_anchor(pairs))
    assert len(rows) == 6
    assert all((len(r["pos"]), len(r["neg"])) == (2, 3) for r in rows)
    splits = {pair["query"]: pair["split"] for pair in pairs}
    assert Counter(splits.values()) == {"train": 4, "validation": 1, "test": 1}
    straddling = {(pair["group_id"], pair["split"]) for pair in pairs}
    assert len(straddling) == 6


def test_incomplete_anchors_are_kept_apart_with_what_they_have(tmp_path: Path) -> None:
    groups = [*anchors(5), texts("Мельница у пруда сгорела.", positives=1, negatives=4)]
    context = run_release(tmp_path, flat(groups))
    (row,) = read_table(context.out / "incomplete.parquet").to_pylist()
    assert row["query"] == "Мельница у пруда сгорела."
    assert (len(row["pos"]), len(row["neg"])) == (1, 4)
    assert (row["missing_pos"], row["missing_neg"]) == (1, 0)
    assert reasons(context)["incomplete_row"] == 5
    evidence = {r["evidence"] for r in finished.dropped(context.out) if r["reason"][:2] == "in"}
    assert evidence == {"1 positives, 4 negatives"}
    assert "Мельница у пруда сгорела." not in {p["query"] for p in finished.kept(context.out)}
    assert context.facts["incomplete_anchors"] == 1 and context.facts["rows"] == 5


def test_surplus_texts_go_so_that_kinds_of_change_stay_balanced(tmp_path: Path) -> None:
    context = run_release(tmp_path, flat(anchors(60)), max_negatives=4)
    provenance = read_table(context.out / "provenance.parquet").to_pylist()
    change = {row["pair_id"]: row["change"] for row in provenance}
    groups: dict[str, list[str]] = {}
    for pair in finished.kept(context.out):
        if pair["polarity"] < 0:
            groups.setdefault(pair["group_id"], []).append(change[pair["pair_id"]])
    assert all(sorted(found) == sorted(CHANGES) for found in groups.values())
    assert reasons(context) == {"over_quota": 60 * (1 + 1)}


def test_what_is_rare_in_the_set_stays_oftener() -> None:
    counts = {"negative:number": 900, "negative:negation": 100}
    stayed: Counter[str] = Counter()
    for n in range(300):
        rows = [verified(f"Анкор {n}", "negative", c, c) for c in ("number", "negation")]
        stayed[choose(rows, 1, counts, seed=1)[0]["change"]] += 1
    assert stayed["negation"] > 250


def test_free_paraphrases_are_each_a_kind_of_their_own() -> None:
    rows = [verified("Анкор", "positive", f"Иначе {n}") for n in range(4)]
    rows += [verified("Анкор", "positive", f"Правило {n}", "word_order") for n in range(4)]
    kept = choose(rows, 5, {}, seed=1)
    assert Counter(row["change"] for row in kept) == {"": 4, "word_order": 1}


def test_the_choice_is_not_the_first_ones_and_the_same_every_time(tmp_path: Path) -> None:
    rows = flat(anchors(20))
    first = run_release(tmp_path / "a", rows)
    again = run_release(tmp_path / "b", rows)
    for name in ("part-00000.parquet", "provenance.parquet", "incomplete.parquet", "notes.md"):
        assert (first.out / name).read_bytes() == (again.out / name).read_bytes()
    positives = {p["passage"] for p in finished.kept(first.out) if p["polarity"] > 0}
    assert positives != {row["text"] for row in rows if row["text"].endswith(("0.", "1."))}


def test_a_text_stands_with_one_anchor_and_counts_there(tmp_path: Path) -> None:
    shared = "Пожар погасили к утру."
    groups = anchors(8)
    for group in groups[:5]:
        group.append(verified(group[0]["anchor"], "negative", shared, "entity"))
    # With its fifth negative, the last anchor has a text of the first; without it, too few.
    groups[7] = [*texts(groups[7][0]["anchor"], negatives=1), groups[0][-1] | {}]
    groups[7][-1] |= {k: groups[7][0][k] for k in ("anchor_id", "anchor", "group_id")}
    context = run_release(tmp_path, flat(groups), max_negatives=6)
    rows = [r for r in finished.dropped(context.out) if r["reason"] == "duplicate"]
    assert len(rows) == 5
    first = groups[0][0]["anchor_id"]
    assert {r["evidence"] for r in rows} == {f"stands with anchor {first}"}
    assert sum(p["passage"] == shared for p in finished.kept(context.out)) == 1
    (incomplete,) = read_table(context.out / "incomplete.parquet").to_pylist()
    assert (incomplete["missing_neg"], len(incomplete["neg"])) == (1, 1)


def test_a_text_that_is_an_anchor_is_no_passage(tmp_path: Path) -> None:
    one, other = "Маяк горит всю ночь.", "Всю ночь горит маяк."
    rows = flat(anchors(5))
    rows += [*texts(one), verified(one, "positive", other)]
    rows += [*texts(other), verified(other, "positive", one)]
    context = run_release(tmp_path, rows, max_positives=9)
    assert reasons(context)["duplicate"] == 2
    queries = {p["query"] for p in finished.kept(context.out)}
    assert not queries & {p["passage"] for p in finished.kept(context.out)}
    assert {one, other} <= queries


def test_train_takes_so_many_rows_and_the_rest_is_over_the_limit(tmp_path: Path) -> None:
    groups = [*anchors(9), texts("Мельница у пруда сгорела.", positives=1)]
    context = run_release(tmp_path / "a", flat(groups), train=4)
    pairs = finished.kept(context.out)
    splits = {pair["query"]: pair["split"] for pair in pairs}
    assert Counter(splits.values()) == {"train": 4, "validation": 1, "test": 1}
    assert reasons(context)["over_limit"] == 3 * (3 + 5)
    facts = context.facts
    assert (facts["rows"], facts["over_limit_anchors"], facts["incomplete_anchors"]) == (6, 3, 1)
    assert read_table(context.out / "incomplete.parquet").num_rows == 1
    notes = (context.out / "notes.md").read_text("utf-8")
    assert notes.startswith("4 rows in train, as asked for; 3 more complete anchors were left out.")
    more = run_release(tmp_path / "b", flat(groups), train=6)
    larger = {pair["query"]: pair["split"] for pair in finished.kept(more.out)}
    assert splits.items() <= larger.items(), "a larger train only adds"
    short = run_release(tmp_path / "c", flat(groups), train=8)
    assert short.facts["over_limit_anchors"] == 0
    notes = (short.out / "notes.md").read_text("utf-8")
    assert notes.startswith("**7 rows in train, 8 were asked for:** raise")


def test_the_full_recipe_has_the_published_sizes() -> None:
    section: Any = open_recipe("full", []).sections["ruhnp"]
    sizes = section.release.train, section.release.validation, section.release.test
    assert sizes == (100_000, 590, 2_000)


def test_kinds_of_change_are_followed_from_the_request_to_the_row(tmp_path: Path) -> None:
    rows = flat(anchors(5))
    inputs = {
        "ruhnp.verify": finished.write_stage(tmp_path, "ruhnp.verify", VERIFIED_SCHEMA, rows),
        "ruhnp.generate": finished.write_stage(tmp_path, "ruhnp.generate", GENERATED_SCHEMA, []),
    }
    tried = {"negative number": {"texts": 14, "kept": 10}, "positive —": {"texts": 15, "kept": 15}}
    inputs["ruhnp.verify"].manifest.facts["by_change"] = tried
    inputs["ruhnp.generate"].manifest.facts["asked"] = {"negative number": 20}
    context = finished.context(tmp_path, "release", inputs, **SETTINGS | {"max_negatives": 9})
    release(context)
    counts = {"asked": 20, "written": 14, "passed": 10, "released": 10}
    assert context.facts["kinds"] == {"negative number": counts}
    notes = (context.out / "notes.md").read_text("utf-8")
    assert "| negative | number | 20 | 14 | 10 | 10 |" in notes


def test_provenance_says_where_each_pair_came_from(tmp_path: Path) -> None:
    groups = anchors(5)
    for group in groups:
        rule = {"origin": "rule", "call_id": None, "similarity": 0.95}
        group[0] |= rule | {"change": "word_order"}
    context = run_release(tmp_path, flat(groups), max_positives=3)
    pairs = {p["pair_id"]: p for p in finished.kept(context.out)}
    provenance = read_table(context.out / "provenance.parquet").to_pylist()
    assert {row["pair_id"] for row in provenance} == set(pairs)
    for row in provenance:
        pair = pairs[row["pair_id"]]
        assert pair["parents"] == [f"id {pair['query']}"]
        assert (row["origin"], row["call_id"]) == (pair["origin"], pair["call_id"])
        if row["origin"] == "rule":
            assert (row["prompt"], row["change"]) == (None, "word_order")
            assert pair["source_revision"] == "rules.v1" and pair["license"] == "CC0-1.0"
            assert row["similarity"] == pytest.approx(0.95)
        else:
            side = "positive" if pair["polarity"] > 0 else "negative"
            assert row["prompt"] == finished.PROMPTS[f"{side}_prompt"]
            assert pair["source_revision"] == "gen@r1"
            assert pair["license"] == "CC0-1.0; Own terms"


def test_dropped_rows_are_the_verified_ones(tmp_path: Path) -> None:
    rows = flat(anchors(5))
    context = run_release(tmp_path, rows)
    known = [json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows]
    for found in finished.dropped(context.out):
        row = json.loads(found["row"])
        row["similarity"] = round(row["similarity"], 3)
        assert json.dumps(row, ensure_ascii=False, sort_keys=True) in known


def test_texts_of_an_anchor_must_stand_together(tmp_path: Path) -> None:
    rows = flat(anchors(3))
    with pytest.raises(RupairsError, match=r"anchor id Паром .* do not stand together"):
        run_release(tmp_path, [*rows[1:], rows[0]])


def test_nothing_complete_is_no_crash(tmp_path: Path) -> None:
    context = run_release(tmp_path, texts("Паром ходит через пролив.", positives=0))
    assert context.counts.rows_out == 0 and context.facts["rows"] == 0
    assert context.facts["statistics"]["anchors"] == 0


def test_a_row_takes_at_least_what_makes_it_complete() -> None:
    from ruhnp.stage import RuhnpSection

    data = {"ruhnp": {"release": {"max_positives": 2, "min_positives": 3}}}
    with pytest.raises(UsageError, match="max_positives = 2 is under min_positives = 3"):
        validate(Path("own.toml"), data, {"ruhnp": RuhnpSection})
