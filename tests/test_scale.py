"""What a run of a size takes: formulas by hand, and what of the code they rest on."""

from collections.abc import Mapping
from dataclasses import replace
from inspect import signature
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import BaseModel

from benchmarks.annotation_push import measure as measure_push
from benchmarks.scale_ruwanli import memory as measure_ruwanli
from rupairs.errors import UsageError
from rupairs.near import BANDS, SKETCH, Buckets
from rupairs.recipe import CORE_SECTIONS
from rupairs.runs import open_recipe
from rupairs.scale import work
from rupairs.scale.limits import limits
from rupairs.scale.rates import SHIPPED, UNITS, Rate, Rates, read_rates
from rupairs.scale.settings import Asked, asked
from rupairs.steps import load_stages
from rupairs.store import StageWriter, read_batches, write_table

REPOSITORY = Path(__file__).parent.parent
ASKED = Asked(
    calls=2,
    texts=16,
    pairs=10,
    rounds=2,
    pool=3,
    prompt=1600,
    nli_calls=0.5,
    completions=0.25,
    overlap=3,
    repeats=0.1,
    people=6,
    items=500,
    batch=1000,
    steps=36_005,
    generated=2000,
    reviewed=1200,
)
VALUES = {
    "tokens_per_second": 1000,
    "tokens_per_call": 100,
    "nli_tokens_per_call": 50,
    "completion_tokens_per_call": 10,
    "top_up_share": 0.5,
    "complete_share": 0.5,
    "server_start_seconds": 60,
    "gpu_hour_price": 3,
    "client_share": 1,
    "client_calls_per_second": 25,
    "checks_per_second": 100,
    "log_bytes": 1000,
    "generated_bytes": 50,
    "anchor_memory_bytes": 1000,
    "text_memory_bytes": 100,
    "harvest_pairs_per_second": 100,
    "harvest_cores": 2,
    "harvest_main_share": 0.5,
    "harvest_start_seconds": 60,
    "harvest_bytes": 736,
    "harvest_memory_bytes": 500,
    "harvest_memory_base": 1e9,
    "ray_ratio": 1.5,
    "triples_per_second": 1000,
    "training_bytes": 1000,
    "training_memory_bytes": 100,
    "push_items_per_second": 1000,
    "push_memory_bytes": 2000,
    "nli_memory_bytes": 4000,
    "card_memory_bytes": 1000,
    "seconds_per_vote": 20,
    "annotator_hours": 100,
    "memory": 1e11,
    "disk": 1e12,
}


def rates(**given: float) -> Rates:
    values = VALUES | given
    return Rates({n: Rate(values[n], "assumed", "by hand") for n in UNITS})


def test_generation_by_hand() -> None:
    # 1,000 pairs are 200 anchors of which half end whole; 2 calls each and half of that again.
    one = work.generation(rates(), ASKED, 1000, 1)
    assert one.calls == pytest.approx(600)
    assert one.hours == pytest.approx((60 + 60) / 3600)  # 10 calls/s
    assert one.money == pytest.approx(0.1)
    assert (one.log, one.tables) == (pytest.approx(600_000), pytest.approx(50_000))
    assert one.bound == "GPUs"
    eight = work.generation(rates(), ASKED, 1000, 8)
    assert eight.hours == pytest.approx((60 + 24) / 3600)  # 25 calls/s, not 80
    assert eight.money == pytest.approx(8 * 84 / 3600 * 3)
    assert eight.bound == "client"
    assert work.gpus_of_a_client(rates()) == pytest.approx(2.5)


def test_without_rounds_nothing_is_asked_again() -> None:
    once = work.generation(rates(), replace(ASKED, rounds=0), 1000, 1)
    assert once.calls == pytest.approx(400)


def test_harvest_by_hand() -> None:
    # Half of the work is shared: of 4 parts on one core, 2 + 2 / 2 took a hundredth of a second.
    two = work.harvest(rates(), 1_000_000, 2)
    assert two.hours == pytest.approx((60 + 10_000) / 3600)
    assert work.harvest(rates(), 1_000_000, 1).hours == pytest.approx((60 + 40_000 / 3) / 3600)
    assert work.harvest(rates(), 1_000_000, 4).hours == pytest.approx((60 + 25_000 / 3) / 3600)
    assert two.ray_hours == pytest.approx(1.5 * two.hours)
    assert two.memory == 1.5e9
    assert two.disk == 1e6 * (736 + work.SCRATCH_BYTES)
    assert (two.parts, two.tables) == (1, 123)


def test_training_and_review_by_hand() -> None:
    trained = work.training(rates(), ASKED, 3_600_500, 2)
    assert trained.hours == pytest.approx(3_600_500 / 2000 / 3600)
    assert trained.money == pytest.approx(3_600_500 / 1000 / 3600 * 3)
    assert trained.steps == 3601
    assert (trained.disk, trained.memory) == (3_600_500_000, 360_050_000)
    found = work.review(rates(), ASKED, 1200)
    assert found.votes == pytest.approx(3960)
    assert found.hours == pytest.approx(22)
    assert found.hours_each == pytest.approx(22 / 6)
    assert (found.tasks, found.files) == (1560, 18)
    assert work.review(rates(), replace(ASKED, items=None), 1200).files == 6


def test_what_reviewers_read_is_written_first() -> None:
    found = work.review(rates(), ASKED, 1200)
    assert found.calls == pytest.approx(900)
    # 600 calls at 20 a second; 300 completions, of which a GPU could write 100, at the client's 25.
    assert found.gpu_hours == pytest.approx((600 / 20 + 300 / 25) / 3600)
    assert found.money == pytest.approx(3 * found.gpu_hours)
    assert found.log == pytest.approx(900_000)


def test_limits_by_hand() -> None:
    found = limits(rates(), ASKED)
    day = 86_400
    at = {(limit.rows, limit.what.partition(",")[0]): limit.at for limit in found}
    assert at["harvested pairs", "memory of `harvest.pairs`"] == pytest.approx(198e6)
    assert at["harvested pairs", "disk"] == pytest.approx(1e9)
    # 5 pairs and 16 texts an anchor, 0.6 calls a pair.
    assert at["generated pairs", "memory of `ruhnp.generate`"] == pytest.approx(500e6)
    assert at["generated pairs", "memory of `ruhnp.anchors`"] == pytest.approx(500e6 / 3)
    assert at["generated pairs", "memory of `ruhnp.release`"] == pytest.approx(312.5e6)
    assert at["generated pairs", "disk: replay log and tables"] == pytest.approx(1e12 / 650)
    assert at["generated pairs", "a day of the client"] == pytest.approx(day * 25 / 0.6)
    assert at["generated pairs", "a day of the plain checks"] == pytest.approx(day * 100 * 5 / 16)
    assert at["reviewed items", "the hours of 6 annotators"] == pytest.approx(
        600 / (3.3 * 20 / 3600)
    )
    assert at["reviewed items", "memory of `ruwanli.release`"] == pytest.approx(25e6)
    assert at["reviewed items", "memory of `data_cards.ruwanli`"] == pytest.approx(100e6)
    assert at["trained pairs", "a day of one GPU"] == pytest.approx(day * 1000)


def test_what_breaks_first_stands_first() -> None:
    found = limits(read_rates(SHIPPED), ASKED)
    for before, after in pairwise(found):
        assert before.rows != after.rows or before.at <= after.at


@pytest.mark.parametrize("pairs", [1, 100_000, 10**9])
def test_more_machines_are_never_slower(pairs: int) -> None:
    for given in (rates(), read_rates(SHIPPED)):
        generated = [work.generation(given, ASKED, pairs, n).hours for n in range(1, 130)]
        harvested = [work.harvest(given, pairs, n).hours for n in range(1, 130)]
        trained = [work.training(given, ASKED, pairs, n).hours for n in range(1, 130)]
        for hours in (generated, harvested, trained):
            assert hours == sorted(hours, reverse=True)
        assert min(generated) >= given["server_start_seconds"] / 3600
        assert min(harvested) >= pairs * work.main_seconds(given) / 3600


def test_more_rows_take_more_of_everything() -> None:
    given = read_rates(SHIPPED)
    for less, more in ((1000, 1001), (10**6, 10**7), (10**9, 10**10)):
        for small, large in (
            (work.generation(given, ASKED, n, 8) for n in (less, more)),
            (work.harvest(given, n, 8) for n in (less, more)),
            (work.training(given, ASKED, n, 8) for n in (less, more)),
            (work.review(given, ASKED, n) for n in (less, more)),
        ):
            for name, value in vars(small).items():
                assert name == "bound" or getattr(large, name) >= value, name
            assert large.hours > small.hours


def test_a_harvest_on_the_cores_it_was_measured_on_takes_what_was_measured() -> None:
    given = read_rates(SHIPPED)
    cores = int(given["harvest_cores"])
    found = work.harvest(given, 3_350_000, cores).hours * 3600
    expected = given["harvest_start_seconds"] + 3_350_000 / given["harvest_pairs_per_second"]
    assert found == pytest.approx(expected)


def test_rows_of_files_are_those_of_the_code(tmp_path: Path) -> None:
    assert signature(StageWriter).parameters["rows_per_part"].default == work.ROWS_PER_PART
    write_table(pa.table({"n": range(20_000)}), tmp_path / "rows.parquet")
    first = next(read_batches(tmp_path / "rows.parquet"))
    assert first.num_rows == work.ROWS_PER_TABLE


def test_scratch_is_what_the_search_writes(tmp_path: Path) -> None:
    buckets = Buckets.open(tmp_path)
    buckets.add(np.zeros((7, BANDS), np.uint64), np.zeros((7, SKETCH), np.uint8))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 7 * work.SCRATCH_BYTES


def test_tasks_and_files_are_what_push_writes() -> None:
    pushed = measure_push(2_000)
    found = work.review(rates(), ASKED, 2_000)
    assert found.files == pushed["files"] == 24
    assert found.tasks == pytest.approx(pushed["tasks"], rel=0.03)


def test_memory_of_an_item_is_that_of_what_the_steps_hold() -> None:
    anchors = [
        {"text": f"Пароход номер {n} вышел из порта вечером и пришёл утром.", "group_id": f"{n}"}
        for n in range(40)
    ]
    found = measure_ruwanli(anchors, lambda work: len(str(work())))
    assert set(found) == {"nli_memory_bytes", "card_memory_bytes"} <= set(UNITS)
    # What is held has the texts in it: pairs, candidates and three votes on each.
    assert found["card_memory_bytes"] > 5 * len(anchors[0]["text"])


def test_a_recipe_says_what_is_asked() -> None:
    found = asked(open_recipe("full", []))
    assert (found.calls, found.texts, found.pairs, found.pool) == (2, 16, 10, 3)
    assert (found.overlap, found.repeats, found.people, found.items) == (3, 0.05, 3, 500)
    # 75,000 calls for as many candidates, and 50,000 completions.
    assert (found.nli_calls, found.completions, found.reviewed) == (0.6, 0.4, 125_000)
    assert (found.steps, found.generated) == (8_100, 1_100_000)
    assert 1000 < found.prompt < 3000
    more = asked(open_recipe("full", ["annotation.push.annotators=9", "ruhnp.anchors.limit=5"]))
    assert (more.calls, more.people) == (2, 9)
    fewer = ["ruwanli.filter.per_label=1000", "ruwanli.complete.fraction=0"]
    assert asked(open_recipe("full", fewer)).reviewed == 3000


def test_a_recipe_without_generation_is_said(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('[harvest.rows]\nsources = ["terra"]\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine\.toml: has no ruhnp\.generate"):
        asked(open_recipe(str(recipe), []))


@pytest.mark.parametrize(
    "override",
    [
        "ruhnp.anchors.surplus=1.0",
        "ruhnp.release.max_positives=8",
        "ruhnp.generate.top_up_rounds=0",
        "annotation.push.annotators=9",
    ],
)
def test_the_setting_moves_the_limit(override: str) -> None:
    key, given = override.partition("=")[0], read_rates(SHIPPED)

    def at(overrides: list[str]) -> list[float]:
        found = limits(given, asked(open_recipe("full", overrides)))
        return [limit.at for limit in found if limit.setting == key]

    assert len(at([])) == 1
    assert at([override])[0] > at([])[0]


def test_settings_exist_and_their_sections_are_documented() -> None:
    sections: Mapping[str, type[BaseModel]] = {
        **CORE_SECTIONS,
        **{name: stage.section for name, stage in load_stages().items()},
    }
    documented = (REPOSITORY / "docs/recipes.md").read_text(encoding="utf-8")
    for limit in limits(rates(), ASKED):
        first, *names = limit.setting.split(".")
        assert f"[{first}" in documented
        model: Any = sections[first]
        for name in names:
            model = model.model_fields[name].annotation
