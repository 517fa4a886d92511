"""The hours of a plan: those of the rates that `rupairs scale` computes with."""

from typing import Any

import pytest

from rupairs.planning import notes, plan
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
