import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rupairs.errors import RupairsError
from rupairs.steps import Context
from rupairs.store import DROPPED, StageReader, read_table
from ruwanli.cartography import DYNAMICS_SCHEMA
from ruwanli.classifier import open_classifier
from ruwanli.seeds import draw, draw_label
from ruwanli.stage import SeedsSection
from tests.ruwanli import tiny

pytestmark = pytest.mark.usefixtures("one_thread")


def measured(count: int, source: str = "own") -> list[dict[str, Any]]:
    return [
        {"pair_id": f"{n:032d}", "variability": (n % 10) / 10, "source": source}
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def chart(charted: Context, tmp_path_factory: pytest.TempPathFactory) -> StageReader:
    """The finished cartography as a step's input."""
    directory = tmp_path_factory.mktemp("input") / "cartography"
    shutil.copytree(charted.out, directory)
    return tiny.finish(directory, "ruwanli.cartography", charted.counts)


def drawing(run: Path, chart: StageReader, pairs: StageReader, **given: Any) -> Context:
    inputs = {"harvest.pairs": pairs, "ruwanli.cartography": chart}
    context = tiny.context(run, "ruwanli.seeds", Path("unused"), inputs, **given)
    draw(context)
    return context


def test_only_the_most_variable_quarter_is_drawn_from() -> None:
    drawn = draw_label(measured(100), SeedsSection(fraction=0.25), seed=0)
    assert drawn.threshold == 0.7 and len(drawn.seeds) == 25
    assert [r["variability"] for r in drawn.seeds].count(0.7) == 5
    assert {r["variability"] for r in drawn.seeds} == {0.7, 0.8, 0.9}
    reasons = {reason for reason, _ in drawn.faults.values()}
    assert reasons == {"not_ambiguous"} and len(drawn.faults) == 75
    assert drawn.faults[f"{0:032d}"][1] == "variability 0.000000, threshold 0.700000"


def test_seeds_come_in_an_order_that_only_ids_and_the_seed_decide() -> None:
    config = SeedsSection(fraction=0.5, per_label=20)
    first = draw_label(measured(100), config, seed=0)
    assert draw_label(measured(100)[::-1], config, seed=0).seeds == first.seeds
    assert draw_label(measured(100), config, seed=1).seeds != first.seeds
    assert [r["pair_id"] for r in first.seeds] != sorted(r["pair_id"] for r in first.seeds)
    over = [why for why in first.faults.values() if why[0] == "over_quota"]
    assert len(over) == 30 and over[0][1].startswith("per_label 20; variability 0.")


def test_a_source_gives_no_more_than_its_share() -> None:
    rows = measured(40) + [r | {"pair_id": f"b{r['pair_id']}"} for r in measured(40, "other")]
    drawn = draw_label(rows, SeedsSection(fraction=1, per_source=10), seed=0)
    sources = [r["source"] for r in drawn.seeds]
    assert (sources.count("own"), sources.count("other")) == (10, 10)


def test_examples_are_the_nearest_of_the_label_farthest_first_and_the_seed_last(
    chart: StageReader, pairs: StageReader, tmp_path: Path
) -> None:
    context = drawing(tmp_path, chart, pairs, neighbours=3)
    seeds = read_table(context.out / "part-00000.parquet").to_pylist()
    rows = {pair.pair_id: pair for pair in tiny.rows()}
    assert seeds and {s["label"] for s in seeds} == set(tiny.THREE_WAY)
    classifier = open_classifier(chart.directory)
    for seed in seeds:
        own = rows[seed["seed_id"]]
        pool = [pair for pair in rows.values() if pair.relation == seed["label"]]
        texts = [(pair.query, pair.passage) for pair in pool]
        vectors = classifier.representations(classifier.tokenize(texts)).astype(np.float64)
        similar = vectors @ vectors[pool.index(own)]
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
        shown = [(e["premise"], e["hypothesis"]) for e in seed["examples"]]
        assert shown[-1] == (own.query, own.passage) and len(set(shown)) == 4
        taken = [float(similar[texts.index(text)]) for text in shown[:-1]]
        others = [float(s) for s, pair in zip(similar, pool, strict=True) if pair is not own]
        assert taken == sorted(taken)
        assert taken == pytest.approx(sorted(others)[-3:], abs=1e-6)


def test_seeds_carry_their_measures_joined_by_id(
    chart: StageReader, pairs: StageReader, tmp_path: Path
) -> None:
    """The harvest is read in another order than the one that was charted."""
    turned = tiny.write_pairs(tmp_path / "turned", tiny.rows()[::-1])
    context = drawing(tmp_path / "a", chart, turned)
    same = drawing(tmp_path / "b", chart, pairs)
    measures = {
        r["pair_id"]: r for r in read_table(chart.directory / "part-00000.parquet").to_pylist()
    }
    seeds = read_table(context.out / "part-00000.parquet").to_pylist()
    for seed in seeds:
        for name in ("variability", "confidence", "label"):
            assert seed[name] == measures[seed["seed_id"]][name]
    again = read_table(same.out / "part-00000.parquet").to_pylist()
    assert [s["seed_id"] for s in again] == [s["seed_id"] for s in seeds]


def test_every_other_row_is_dropped_with_reason_and_evidence(
    chart: StageReader, tmp_path: Path
) -> None:
    more = tiny.row("кот ждёт у моста", "верно кот ждёт у моста", "entailment")
    pairs = tiny.write_pairs(tmp_path, [*tiny.rows(), more])
    context = drawing(tmp_path, chart, pairs, per_label=3)
    counts = context.counts
    assert counts.rows_in == len(tiny.rows()) + 1 and counts.rows_out == 9
    assert counts.dropped_by_reason["not_charted"] == 1
    assert counts.dropped_by_reason.keys() == {"not_ambiguous", "not_charted", "over_quota"}
    dropped = read_table(context.out / DROPPED).to_pylist()
    assert all("threshold" in d["evidence"] for d in dropped if d["reason"] != "not_charted")


def test_a_seed_without_enough_neighbours_is_dropped(
    chart: StageReader, pairs: StageReader, tmp_path: Path
) -> None:
    context = drawing(tmp_path, chart, pairs, neighbours=60)
    assert context.counts.rows_out == 0
    assert context.counts.dropped_by_reason["too_few_neighbours"] > 10


def test_twins_are_no_neighbours(chart: StageReader, tmp_path: Path) -> None:
    """A source whose pairs are not symmetric gives the same texts another id."""
    neutral = [pair for pair in tiny.rows() if pair.relation == "neutral"]
    seed = next(pair for pair in neutral if pair.query > pair.passage)
    twin = replace(seed, query=seed.query.upper(), source="b", symmetric=False)
    assert twin.pair_id != seed.pair_id
    pairs = [seed, twin, *neutral[:5]]
    directory = tmp_path / "ruwanli" / "cartography"
    ignored = shutil.ignore_patterns("manifest.json")
    shutil.copytree(chart.directory, directory, ignore=ignored)
    measures = {"confidence": 0.5, "correctness": 1, "max_variability": 0.4, "probabilities": [0.5]}
    rows = [
        {
            "pair_id": pair.pair_id,
            "label": pair.relation,
            "source": pair.source,
            "variability": 0.4 if pair is seed else 0.1,
            **measures,
        }
        for pair in pairs
    ]
    reader = tiny.write_stage(tmp_path, "ruwanli.cartography", rows, DYNAMICS_SCHEMA)
    context = drawing(tmp_path, reader, tiny.write_pairs(tmp_path, pairs), fraction=0.1)
    (found,) = read_table(context.out / "part-00000.parquet").to_pylist()
    assert found["seed_id"] == seed.pair_id
    shown = {(e["premise"].lower(), e["hypothesis"]) for e in found["examples"]}
    assert len(shown) == 5, "the twin stands beside its seed"


def test_sources_that_were_not_charted_are_an_error(chart: StageReader, tmp_path: Path) -> None:
    pairs = tiny.write_pairs(tmp_path, [tiny.row("кот спит", "дом стоит", "neutral", "rcb")])
    with pytest.raises(RupairsError, match="no NLI row was charted"):
        drawing(tmp_path, chart, pairs)


def closed_rows() -> list[Any]:
    """Return the rows, some of each label of a source whose license nobody states."""
    found = tiny.rows()
    return [
        replace(pair, source="shut", license="unknown") if n // 3 % 2 else pair
        for n, pair in enumerate(found)
    ]


def test_a_seed_stands_under_the_terms_of_all_its_examples(
    chart: StageReader, tmp_path: Path
) -> None:
    pairs = closed_rows()
    by_texts = {(pair.query, pair.passage): pair for pair in pairs}
    context = drawing(tmp_path, chart, tiny.write_pairs(tmp_path, pairs), neighbours=3)
    seeds = read_table(context.out / "part-00000.parquet").to_pylist()
    mixed = 0
    for seed in seeds:
        shown = [by_texts[e["premise"], e["hypothesis"]] for e in seed["examples"]]
        assert set(seed["license"].split("; ")) == {pair.license for pair in shown}
        assert seed["license"].startswith(shown[-1].license)
        mixed += shown[-1].license != "unknown" and "unknown" in seed["license"]
    assert mixed, "an open seed beside a closed example is closed"
    held = sum("unknown" in seed["license"] for seed in seeds)
    assert context.facts["held_back"] == {"seeds": held, "terms": ["shut unknown"]}
    notes = (context.out / "notes.md").read_text("utf-8")
    assert (
        f"{held} of {len(seeds)} seeds" in notes and "keep the release back: shut unknown" in notes
    )


def test_what_may_not_be_passed_on_can_be_kept_from_the_model(
    chart: StageReader, pairs: StageReader, tmp_path: Path
) -> None:
    held = closed_rows()
    reader = tiny.write_pairs(tmp_path, held)
    context = drawing(tmp_path, chart, reader, neighbours=3, only_redistributable=True)
    seeds = read_table(context.out / "part-00000.parquet").to_pylist()
    assert seeds and {seed["license"] for seed in seeds} == {tiny.LICENSE}
    closed = {(p.query, p.passage) for p in held if p.license == "unknown"}
    assert not any((e["premise"], e["hypothesis"]) in closed for s in seeds for e in s["examples"])
    assert context.counts.dropped_by_reason["not_redistributable"] == len(closed)
    assert "held_back" in context.facts and context.facts["held_back"]["seeds"] == 0
    assert "keep the release back" not in (context.out / "notes.md").read_text("utf-8")
    with pytest.raises(RupairsError, match="no charted row may be passed on"):
        shut = [replace(pair, license="") for pair in tiny.rows()]
        drawing(
            tmp_path / "shut",
            chart,
            tiny.write_pairs(tmp_path / "shut", shut),
            only_redistributable=True,
        )
