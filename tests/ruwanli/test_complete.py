import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rupairs.errors import RupairsError
from rupairs.pairs import pair_id
from rupairs.recipe import Recipe, RunSection
from rupairs.steps import Context
from ruwanli.candidates import FILTERED_SCHEMA
from ruwanli.complete import complete, gaps, outside, plan
from ruwanli.stage import CompleteSection, RuwanliSection
from tests.llm_server import ScriptedServer
from tests.ruwanli import growing, tiny
from tests.ruwanli.growing import PREMISES, Row, candidate

pytestmark = pytest.mark.usefixtures("one_thread")

REPOSITORY = Path(__file__).parents[2]
LABELS = ("entailment", "neutral", "contradiction", "not_entailment")


def rows() -> list[Row]:
    """Return candidates on six premises: the first has both sides, each other one has one label."""
    made = [candidate(PREMISES[0], "Паром ходит по утрам.", "contradiction")]
    for n, premise in enumerate(PREMISES):
        made.append(candidate(premise, f"Вот что сказали о случае номер {n}.", LABELS[n % 4]))
    return [row | {"max_variability": 0.1} for row in made]


def prepare(run: Path, charted: Context, filtered: list[Row] | None = None) -> Any:
    filtered = rows() if filtered is None else filtered
    return {
        "ruwanli.filter": tiny.write_stage(run, "ruwanli.filter", filtered, FILTERED_SCHEMA),
        "ruwanli.cartography": growing.cartography(charted, run),
        "harvest.pairs": tiny.write_pairs(
            run, [tiny.row(PREMISES[1], "Склад остался открытым.", "entailment")]
        ),
    }


def completed(run: Path, inputs: Any, url: str, kind: str = "base", **settings: Any) -> Context:
    model = growing.llm(url, kind)
    context = growing.context(run, "ruwanli.complete", inputs, settings, model)
    complete(context)
    counts = context.counts
    assert counts.rows_in == counts.rows_out + counts.rows_dropped
    return context


def of(rows: list[Row], **settings: Any) -> list[tuple[str, str]]:
    found = gaps(rows, CompleteSection(**settings), seed=0)
    return [(row["premise"], label) for row, label in found]


def test_every_premise_gets_what_it_lacks() -> None:
    assert of(rows()) == [
        (PREMISES[1], "entailment"),
        (PREMISES[1], "contradiction"),
        (PREMISES[2], "entailment"),
        (PREMISES[3], "entailment"),
        (PREMISES[3], "contradiction"),
        (PREMISES[4], "contradiction"),
        (PREMISES[5], "entailment"),
        (PREMISES[5], "contradiction"),
    ]


def test_one_premise_in_two_spellings_is_one() -> None:
    twice = [
        candidate("Паром ушёл.", "Парома нет."),
        candidate("«Паром ушел»", "Паром стоит.", "contradiction"),
    ]
    assert of(twice) == []


def test_a_smaller_share_or_limit_is_part_of_a_larger_one() -> None:
    half, whole = of(rows(), fraction=0.5), of(rows())
    assert set(half) < set(whole)
    two, three = of(rows(), limit=2), of(rows(), limit=3)
    assert len({premise for premise, _ in two}) == 2 and set(two) < set(three)
    assert of(rows(), fraction=0) == of(rows(), limit=0) == []


def test_a_base_model_is_asked_with_examples_of_the_label(
    charted: Context, llm_server: ScriptedServer, tmp_path: Path
) -> None:
    context = completed(tmp_path, prepare(tmp_path, charted), llm_server.url)
    assert len(llm_server.requests) == context.facts["asked"] == 8
    assert context.facts["premises"] == 5
    for request in llm_server.requests:
        *examples, last = request["prompt"].split("\n\n")[1:]
        word = last.splitlines()[1]
        assert word in ("Следует:", "Противоречит:") and len(examples) == 6
        assert all(example.splitlines()[1].startswith(word) for example in examples)
        assert last.splitlines()[0].removeprefix("Предпосылка: ") in PREMISES


def test_all_candidates_go_to_review_with_where_they_come_from(
    charted: Context, llm_server: ScriptedServer, tmp_path: Path
) -> None:
    inputs = prepare(tmp_path, charted)
    context = completed(tmp_path, inputs, llm_server.url)
    found = growing.kept(context)
    old, new = found[:7], found[7:]
    assert [r["pair_id"] for r in old] == [r["pair_id"] for r in rows()]
    assert {(r["origin_step"], r["completes"]) for r in old} == {("wanli", None)}
    assert len(new) == context.facts["completions"] > 0
    by_id = {row["pair_id"]: row for row in rows()}
    for row in new:
        parent = by_id[row["completes"]]
        assert row["origin_step"] == "completion"
        assert row["premise"] == parent["premise"] and row["call_id"] != parent["call_id"]
        for name in ("seed_id", "group_id", "source", "source_row", "license"):
            assert row[name] == parent[name]
        assert row["pair_id"] == pair_id(row["premise"], row["hypothesis"], symmetric=True)
        assert 0 <= row["max_variability"] < 0.5
        assert row["intended_label"] in ("entailment", "contradiction")
    assert context.licenses == {"own": tiny.LICENSE}


def test_a_chat_model_answers_by_schema_and_what_is_no_good_is_dropped(
    charted: Context, llm_server: ScriptedServer, tmp_path: Path
) -> None:
    texts = [
        "«Склад остался открытым.»",
        "Сторож запер все ворота.",
        PREMISES[2],
        "Никто ничего не ставил, и гераней нет.",
        "Герань стоит на окне.",
    ]
    answers = [json.dumps({"items": [{"hypothesis": text}]}) for text in texts]
    llm_server.texts = [*answers, "не знаю", json.dumps({"items": [{"hypothesis": "Нет"}]})]
    model = growing.llm(llm_server.url, "instruct").model_copy(update={"concurrency": 1})
    context = growing.context(
        tmp_path, "ruwanli.complete", prepare(tmp_path, charted, rows()[:5]), {}, model
    )
    complete(context)
    user = llm_server.requests[0]["messages"][1]["content"]
    assert user.endswith(f"Задание.\nПредпосылка: {PREMISES[1]}")
    assert "Следует: Младший брат плавать не умел." in user
    dropped = growing.dropped(context)
    assert [row["reason"] for row in dropped] == ["duplicate", "identical_sides"]
    assert "equals the NLI row" in dropped[0]["evidence"]
    assert {r["hypothesis"] for r in growing.kept(context)[5:]} == {texts[1], texts[3], texts[4]}
    lost = json.loads(dropped[1]["row"])
    assert lost["completes"] == rows()[3]["pair_id"] and lost["origin_step"] == "completion"


def test_an_answer_that_cannot_be_read_is_dropped_without_the_hypothesis_of_another(
    charted: Context, llm_server: ScriptedServer, tmp_path: Path
) -> None:
    llm_server.texts = ["ничего"]
    one = [rows()[1]]
    context = completed(tmp_path, prepare(tmp_path, charted, one), llm_server.url, "instruct")
    (lost,) = growing.dropped(context)
    row = json.loads(lost["row"])
    assert lost["reason"] == "not_in_schema"
    assert "hypothesis" not in row and "pair_id" not in row and row["premise"] == PREMISES[0]


def test_off_asks_nothing(charted: Context, tmp_path: Path) -> None:
    context = completed(
        tmp_path, prepare(tmp_path, charted), "http://127.0.0.1:9/v1", complete={"fraction": 0}
    )
    assert context.counts.rows_out == len(rows()) and context.facts["completions"] == 0


def test_killed_it_goes_on_and_asks_nothing_twice(charted: Context, tmp_path: Path) -> None:
    runs = {name: tmp_path / name for name in ("whole", "killed")}
    inputs = {name: prepare(run, charted) for name, run in runs.items()}
    with ScriptedServer() as server:
        whole = completed(runs["whole"], inputs["whole"], server.url)
    with ScriptedServer(delay_s=0.2) as server:
        command = [sys.executable, "-m", "tests.ruwanli.killed_completion"]
        process = subprocess.Popen(
            [*command, str(runs["killed"]), server.url],
            cwd=REPOSITORY,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        while len(server.requests) < 5 and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.wait()
        server.delay_s = 0.0
        before = len(server.requests)
        assert before < 8, "killed too late to show anything"
        again = completed(runs["killed"], inputs["killed"], server.url)
        seeds = [request["seed"] for request in server.requests]
        # Two calls are under way at a time: those alone may have been lost.
        assert len(seeds) - len(set(seeds)) <= 2
    for name in ("part-00000.parquet", "dropped.parquet"):
        assert (again.out / name).read_bytes() == (whole.out / name).read_bytes()


def test_the_settings_of_the_filter_decide_here_too() -> None:
    section = RuwanliSection()
    other = RuwanliSection.model_validate({"filter": {"max_characters": 99}})
    assert outside(section) == outside(RuwanliSection()) != outside(other)


@pytest.mark.parametrize("kind", ["base", "instruct"])
def test_plan(kind: str) -> None:
    def calls(**settings: Any) -> tuple[int, int]:
        given = {"seeds": {"per_label": 10}, "generate": {"per_seed": 4}, "complete": settings}
        section = RuwanliSection.model_validate(given)
        sections = {"run": RunSection(), "llm": growing.llm("http://x/v1", kind)}
        return plan(Recipe(Path("r.toml"), {**sections, "ruwanli": section}))

    # 10 seeds of 4 pairs a label, half kept: 60 premises, each lacks 4/3 on average.
    assert calls()[0] == 80
    assert calls(fraction=0.5)[0] == 40
    assert calls(limit=3)[0] == 4
    assert calls(fraction=0) == (0, 0)
    assert calls()[1] / calls()[0] > 500


def test_a_missing_prompt_is_named(charted: Context, tmp_path: Path) -> None:
    inputs = prepare(tmp_path, charted)
    with pytest.raises(RupairsError, match=r"none\.v9\.toml"):
        completed(
            tmp_path,
            inputs,
            "http://127.0.0.1:9/v1",
            complete={"entailment_prompt": "none.v9"},
        )
