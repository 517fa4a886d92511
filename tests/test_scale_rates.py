"""Where rates come from, how wrong ones are told, and the page that is computed from them."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.annotation_push import measure as measure_push
from rupairs.errors import UsageError
from rupairs.llm.sample import Sample
from rupairs.llm.sample import figures as measured_plan
from rupairs.recipe import LLMSection
from rupairs.runs import open_recipe
from rupairs.scale import brief
from rupairs.scale import page as pages
from rupairs.scale.measured import read_measured
from rupairs.scale.rates import SHIPPED, UNITS, Rate, Rates, read_rates, write_rates
from rupairs.scale.settings import asked
from rupairs.scale.show import show_scale
from tests.test_scale import ASKED, VALUES, rates

REPOSITORY = Path(__file__).parent.parent
PAGE, README = REPOSITORY / "docs/scale.md", REPOSITORY / "README.md"


def write(path: Path, **changes: Any) -> Path:
    """Write a whole rates file in which some rates are other tables, or none at all (None)."""
    write_rates(rates(), path)
    tables = path.read_text(encoding="utf-8").split("\n\n")
    kept = [t for t in tables if t[1 : t.index("]")] not in changes]
    added = [
        "\n".join([f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items())])
        for name, table in changes.items()
        if table is not None
    ]
    path.write_text("\n\n".join(kept + added) + "\n", encoding="utf-8")
    return path


def test_rates_are_read_as_written(tmp_path: Path) -> None:
    shipped = read_rates(SHIPPED)
    odd = Rate(0.5, "measured", 'said "so"\nтак', "2 cores", "2026-11-23")
    write_rates(shipped.having({"client_share": odd}, "here"), tmp_path / "rates.toml")
    read = read_rates(tmp_path / "rates.toml")
    assert read.by_name["client_share"] == odd
    assert {**read} == {**shipped, "client_share": 0.5}


GOOD = {"value": 1, "basis": "assumed", "source": "somebody"}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "missing"),
        (GOOD | {"value": -1}, "above 0, not -1"),
        (GOOD | {"value": 0}, "above 0, not 0"),
        (GOOD | {"value": "1"}, "must be a number"),
        (GOOD | {"value": True}, "must be a number"),
        (GOOD | {"basis": "guessed"}, "basis is"),
        (GOOD | {"basis": "measured"}, "machine is missing"),
        (GOOD | {"basis": "measured", "machine": "2 cores"}, "date is missing"),
        (GOOD | {"source": ""}, "source is missing"),
        ({"value": 1}, "a rate has value, basis, source"),
        (GOOD | {"note": "x"}, "a rate has value, basis, source"),
    ],
)
def test_a_wrong_rate_is_named_with_its_file(tmp_path: Path, table: Any, message: str) -> None:
    path = write(tmp_path / "rates.toml", disk=table)
    with pytest.raises(UsageError) as error:
        read_rates(path)
    assert str(error.value).startswith(f"{path}: disk: ")
    assert message in str(error.value)


def test_other_wrong_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such rates file"):
        read_rates(tmp_path / "none.toml")
    with pytest.raises(UsageError, match=r"speed: no such rate; rates: tokens_per_second"):
        read_rates(write(tmp_path / "rates.toml", speed=GOOD))
    with pytest.raises(UsageError, match="client_share: a share is at most 1"):
        read_rates(write(tmp_path / "rates.toml", client_share=GOOD | {"value": 1.5}))
    (tmp_path / "rates.toml").write_text("disk = 3\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"disk: write a table \[disk\]"):
        read_rates(tmp_path / "rates.toml")
    (tmp_path / "rates.toml").write_text("[disk\n", encoding="utf-8")
    with pytest.raises(UsageError, match="not valid TOML"):
        read_rates(tmp_path / "rates.toml")


def test_rates_of_the_command_line() -> None:
    found = rates().given(["disk=2e12", "top_up_share = 0"])
    assert (found["disk"], found["top_up_share"]) == (2e12, 0)
    assert found.by_name["disk"] == Rate(2e12, "assumed", "given on the command line")
    for wrong, message in (
        ("disk", "write name=number"),
        ("disk=much", "write name=number"),
        ("disk=-1", "above 0"),
        ("disk=nan", "must be a number"),
        ("speed=1", "no such rate"),
    ):
        with pytest.raises(UsageError, match=f"--rate.*{message}"):
            rates().given([wrong])


def test_a_harvest_benchmark_is_a_line_through_its_sizes(tmp_path: Path) -> None:
    runs = [
        {"pairs": n, "seconds": 20 + n / 4000, "pss": 1e9 + 700 * n}
        for n in (10**5, 10**6, 3 * 10**6)
    ]
    machine = {"cpu": "Some CPU", "cores": 4, "processes": 2}
    path = tmp_path / "harvest.json"
    path.write_text(json.dumps({"stage": runs, "machine": machine}), encoding="utf-8")
    found = read_measured(path)
    assert found["harvest_pairs_per_second"].value == pytest.approx(4000)
    assert found["harvest_start_seconds"].value == pytest.approx(20)
    assert found["harvest_memory_bytes"].value == pytest.approx(700)
    assert found["harvest_memory_base"].value == pytest.approx(1e9)
    assert found["harvest_cores"].value == 2
    assert found["harvest_cores"].machine == "4 cores, Some CPU"
    assert found["harvest_cores"].source == "python -m benchmarks.harvest"
    assert rates().having(found, "here")["harvest_memory_bytes"] == pytest.approx(700)


def test_a_push_benchmark_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "annotation_push.json"
    path.write_text(json.dumps(measure_push(500) | {"seconds": 0.5}), encoding="utf-8")
    assert read_measured(path)["push_items_per_second"].value == 1000


def test_a_measured_plan_gives_tokens(tmp_path: Path) -> None:
    llm = LLMSection(server="embedded")
    row = measured_plan(Sample(100, 20, 40_000, 24_000, 1234.5), 220_000, llm)
    path = tmp_path / "plan.json"
    nli = {"step": "ruwanli.generate"} | row | {"completion_tokens_per_call": 200}
    path.write_text(json.dumps([nli, {"step": "ruhnp.generate"} | row]), encoding="utf-8")
    found = read_measured(path)
    assert found["tokens_per_call"].value == 300
    assert found["nli_tokens_per_call"].value == 200
    assert "completion_tokens_per_call" not in found
    assert found["tokens_per_second"].value == 1234.5
    path.write_text(json.dumps([{"step": "ruhnp.generate", "calls": 3}]), encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds no measured ruhnp\.generate"):
        read_measured(path)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{", "not valid JSON"),
        ("{}", "no result of a benchmark"),
        ("3", "no result of a benchmark"),
        ('{"runners": {}}', "not what `python -m benchmarks.generation` writes"),
        ('{"runners": []}', "not what `python -m benchmarks.generation` writes"),
        ('{"ways": []}', "not what `python -m benchmarks.training` writes"),
        ('{"stage": [{"pairs": 9, "seconds": 1, "pss": 1}]}', "measure at least two"),
        ("[3]", "not what `rupairs plan RECIPE"),
    ],
)
def test_files_that_hold_no_rates(tmp_path: Path, written: str, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(written, encoding="utf-8")
    with pytest.raises(UsageError, match=message) as error:
        read_measured(path)
    assert str(path) in str(error.value)


def test_assumed_rates_are_named_under_each_table() -> None:
    text = pages.page(rates(tokens_per_second=4321), ASKED, "mine")
    generation = text.partition("## Harvest")[0]
    assert "`tokens_per_second` = 4,321" in generation
    assert "seconds_per_vote" not in generation
    sure = {n: Rate(v, "measured", "a command", "2 cores", "2026-11-23") for n, v in VALUES.items()}
    text = pages.page(Rates({n: sure[n] for n in UNITS}), ASKED, "mine")
    assert "Assumed:" not in text
    assert text.count("Nothing assumed") == 5


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (pages.count(999), "999"),
        (pages.count(3_350_000), "3.35M"),
        (pages.count(999_600), "1,000k"),
        (pages.count(1e10), "10B"),
        (pages.count(5e12), "5,000B"),
        (pages.size(0), "0"),
        (pages.size(637), "637 B"),
        (pages.size(1.28e11), "128 GB"),
        (pages.size(6.9e12), "6.9 TB"),
        (pages.hours(0.001), "<0.01"),
        (pages.hours(0.143), "0.14"),
        (pages.hours(48.83), "48.8"),
        (pages.hours(4872.4), "4,872"),
    ],
)
def test_figures_as_shown(shown: str, expected: str) -> None:
    assert shown == expected


def test_the_page_is_what_its_rates_make_of_it() -> None:
    expected = pages.page(read_rates(SHIPPED), asked(open_recipe("full", [])), "full")
    shown = PAGE.read_text(encoding="utf-8").partition(pages.BEGIN)[2].partition(pages.END)[0]
    assert shown.strip() == expected.strip(), "make it anew: rupairs scale --write docs/scale.md"


def test_the_verb_writes_page_and_rates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, mine = tmp_path / "page.md", tmp_path / "mine.toml"
    page.write_text(f"Before\n{pages.BEGIN}\nworn out\n{pages.END}\nAfter\n", encoding="utf-8")
    show_scale("full", [], None, [], ["gpu_hour_price=2.5"], [page, mine], False)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before\n")
    assert text.endswith(f"{pages.END}\nAfter\n")
    assert "worn out" not in text
    assert "`gpu_hour_price` = 2.5" in text
    show_scale("full", [], mine, [], [], [page], False)
    assert page.read_text(encoding="utf-8") == text
    assert capsys.readouterr().out == ""
    show_scale("full", [], mine, [], [], [], True)
    found = json.loads(capsys.readouterr().out)
    assert found["rates"]["gpu_hour_price"]["value"] == 2.5
    assert len(found["generation"]) == 9
    show_scale("full", [], mine, [], [], [], False)
    assert "What breaks first" in capsys.readouterr().out


def test_the_verb_takes_what_was_measured(tmp_path: Path) -> None:
    plan, sizes, mine = (tmp_path / name for name in ("plan.json", "scale.json", "mine.toml"))
    row = {"step": "ruhnp.generate", "tokens_per_second": 900, "completion_tokens_per_call": 300}
    plan.write_text(json.dumps([row]), encoding="utf-8")
    sizes.write_text(json.dumps({"scale": {"ray_ratio": 1.25}, "machine": "a laptop"}), "utf-8")
    words = ["scale", "--measured", plan, "--measured", sizes, "--write", mine]
    done = subprocess.run(
        [sys.executable, "-m", "rupairs.cli", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = read_rates(mine).by_name
    assert (found["tokens_per_second"].value, found["tokens_per_second"].basis) == (900, "measured")
    assert (found["ray_ratio"].value, found["ray_ratio"].machine) == (1.25, "a laptop")
    assert found["disk"] == read_rates(SHIPPED).by_name["disk"]


def test_the_readme_has_the_same_in_brief() -> None:
    expected = brief.brief(read_rates(SHIPPED), asked(open_recipe("full", [])), "full")
    shown = README.read_text(encoding="utf-8").partition(brief.BEGIN)[2].partition(brief.END)[0]
    assert shown.strip() == expected.strip(), "make it anew: rupairs scale --write README.md"


def test_in_brief_by_hand() -> None:
    text = brief.brief(rates(), ASKED, "mine")
    # 2,000 pairs asked for, of which half end in whole rows: 600 calls at 10 a second.
    assert "| RuHNP: 1k pairs, 600 calls | 0.03 | 0 | 650 kB |" in text
    # 36,005 steps of 1,000 examples at 1,000 a second.
    assert "| training: 36,005 steps of 1,000 examples | 10.0 | 30 |" in text
    assert "| **`mine` in all** | 10.0 | 30 |" in text
    assert "`tokens_per_second` = 1,000" in text


def test_what_the_judge_is_asked_is_said_to_be_left_out() -> None:
    judged = replace(ASKED, judged=3_520_000)
    for text in (brief.brief(rates(), judged, "mine"), pages.page(rates(), judged, "mine")):
        assert "**Not in these figures**: the judge of" in text
        assert "3.52M short questions for" in text
    assert "but for the judge" in brief.brief(rates(), judged, "mine")
    assert "judge" not in brief.brief(rates(), ASKED, "mine")


def test_marks_of_both_kinds_are_filled(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"A\n{brief.BEGIN}\n{brief.END}\nB\n{pages.BEGIN}\n{pages.END}\n", "utf-8")
    show_scale("full", [], None, [], [], [page], False)
    text = page.read_text(encoding="utf-8")
    assert text.index("one 80 GB GPU") < text.index("\nB\n") < text.index("What breaks first")


def test_a_page_without_marks_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{pages.END}\n{pages.BEGIN}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="must stand in it"):
        show_scale("full", [], None, [], [], [page], False)
    assert page.read_text(encoding="utf-8") == f"{pages.END}\n{pages.BEGIN}\n"
    with pytest.raises(UsageError, match="no such page"):
        show_scale("full", [], None, [], [], [tmp_path / "none.md"], False)
