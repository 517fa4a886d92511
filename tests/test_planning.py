"""The hours of a plan: those of the rates that `rupairs scale` computes with."""

from typing import Any

import pytest

from rupairs.planning import notes, plan, step_notes
from rupairs.runs import open_recipe
from rupairs.scale import work
from rupairs.scale.rates import SHIPPED, read_rates
from rupairs.scale.settings import asked


def planned(*overrides: str, speed: float | None = None) -> dict[str, dict[str, Any]]:
    recipe = open_recipe("full", list(overrides))
    return {row["step"]: row for row in plan(recipe, speed)}


def test_the_hours_are_those_of_scale() -> None:
    rates, wanted = read_rates(SHIPPED), asked(open_recipe("full", []))
    pairs = wanted.generated * rates["complete_share"]
    found = work.generation(rates, wanted, pairs, 1)
    # Scale adds the start of the server, and the calls that are asked again.
    first = found.hours - rates["server_start_seconds"] / 3600
    rows = planned()
    expected = first / (1 + rates["top_up_share"])
    assert rows["ruhnp.generate"]["hours"] == pytest.approx(expected)
    both = rows["ruwanli.generate"]["hours"] + rows["ruwanli.complete"]["hours"]
    assert both == pytest.approx(work.review(rates, wanted, wanted.reviewed).gpu_hours)
    assert rows["harvest.pairs"]["hours"] == 0


def test_a_measured_speed_takes_the_place_of_the_assumed_one() -> None:
    slow, fast = (planned(speed=speed)["ruhnp.generate"]["hours"] for speed in (1000, 4000))
    assert slow == pytest.approx(4 * fast)


def test_where_no_rate_is_known_there_are_hours_only_at_a_given_speed() -> None:
    base = ("llm.kind=base", "llm.max_tokens=100")
    assert planned(*base)["ruhnp.generate"]["hours"] == 0
    row = planned(*base, speed=1000)["ruhnp.generate"]
    assert row["hours"] == pytest.approx(row["calls"] * 100 / 1000 / 3600)
    assert planned("llm.server=embedded")["ruhnp.generate"]["hours"] == 0


@pytest.mark.parametrize(
    ("overrides", "speed", "said"),
    [
        ([], None, "assumed rates of `rupairs scale` (tokens_per_call = 330, nli_tokens_per_call"),
        ([], None, "tokens_per_second = 5,000); --measure N"),
        (["llm.kind=base"], None, "hours: give --tokens-per-second"),
    ],
)
def test_the_plan_says_whose_hours_they_are(
    overrides: list[str], speed: float | None, said: str
) -> None:
    recipe = open_recipe("full", overrides)
    assert any(said in line for line in notes(recipe, plan(recipe, speed), speed))
    given = notes(recipe, plan(recipe, 7000.0), 7000.0)
    assert not any("tokens_per_second" in line for line in given)


def test_the_plan_says_what_top_ups_may_add() -> None:
    judged = ("ruhnp.verify.judge.kind=llm", "ruhnp.anchors.limit=100")
    texts = ("ruhnp.generate.positives=4", "ruhnp.generate.negatives=4")
    enough = ("ruhnp.generate.enough_positives=3", "ruhnp.generate.enough_negatives=2")
    rounds = ("ruhnp.generate.top_up_rounds=2", "llm.kind=base")
    recipe = open_recipe("full", [*judged, *texts, *enough, *rounds])
    rows = plan(recipe, None)
    found = {row["step"]: (row["calls"], row["calls_more"]) for row in rows}
    # A base model is asked once a text: twice what is missing, in each round, of every anchor.
    assert found["ruhnp.generate"] == (100 * 8, 100 * 2 * 2 * 5)
    assert found["ruhnp.verify"] == (2 * 100 * 8, 2 * 100 * 2 * 2 * 5)
    said = "first round; top-ups at most: ruhnp.generate 2,000, ruhnp.verify 4,000"
    assert any(said in line for line in notes(recipe, rows, None))
    without = open_recipe("full", ["ruhnp.generate.top_up_rounds=0"])
    assert not any("top-ups" in line for line in notes(without, plan(without, None), None))


def test_the_plan_names_sources_that_keep_a_release_back() -> None:
    (said,) = step_notes(open_recipe("full", []))
    assert said.startswith("terms: rows of allnli, opus100, ")
    assert "what RuWANLI grows from allnli: see [ruwanli.seeds]" in said
    assert "terra" not in said
    assert not step_notes(open_recipe("full", ['harvest.rows.sources=["terra", "miracl"]']))


def test_files_of_ones_own_have_the_terms_that_the_recipe_says() -> None:
    own = ["harvest.from_dir=.", 'harvest.rows.sources=["lenta"]']
    assert step_notes(open_recipe("full", own))
    assert not step_notes(open_recipe("full", [*own, "harvest.rows.licenses.lenta=CC0-1.0"]))
