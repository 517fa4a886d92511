"""Docs that work: every command they show is run on a finished run, or listed here with why not."""

import ast
import os
import shlex
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from rupairs.scale.rates import SHIPPED
from rupairs.store import read_table
from tests.shown import REPOSITORY, commands
from tests.tiny import write_recipe

# Words a command begins with → why it is not run here, and the test that runs it instead.
ELSEWHERE = {
    "serve embedded": (
        "runs until interrupted",
        "tests/embedded/test_llm.py::test_child_ends_when_its_parent_is_killed",
    ),
    "serve vllm": (
        "runs until interrupted",
        "tests/vllm/test_server.py::test_the_command_serves_until_it_is_killed",
    ),
    "annotate studio": (
        "runs until interrupted",
        "tests/annotation/test_studio.py::test_the_verb_says_where_things_are_and_shows_no_key",
    ),
    "annotate pull": (
        "asks Label Studio",
        "tests/annotation/test_pull_from_server.py::"
        "test_votes_come_back_with_every_version_and_only_what_is_new_is_read",
    ),
    "annotate triples": (
        "needs a release of many triples",
        "tests/annotation/test_triples.py::test_answers_are_counted_by_side",
    ),
    "annotate measure": (
        "needs labelled crowds",
        "tests/annotation/test_crowd.py::test_the_verb_prints_what_was_measured",
    ),
    "publish": (
        "asks the Hub",
        "tests/data_cards/test_publish.py::test_a_release_arrives_once_and_opens",
    ),
    "verify deepvk/ru-HNP": (
        "asks the Hub",
        "tests/data_cards/test_verify.py::test_the_verb_ends_with_1_for_faults",
    ),
    "harvest run --all": (
        "asks the Hub and the sites",
        "tests/harvest/test_cli.py::test_all_asks_for_the_open_sources_of_user_base",
    ),
    "harvest verify": (
        "the run must be of whole sources",
        "tests/harvest/test_cli.py::test_verify_fails_on_a_source_that_is_not_whole",
    ),
    "run full": ("needs a GPU and the Hub", "tests/test_chain.py::test_every_stage_adds_up"),
    "plan full --out": (
        "asks a model server",
        "tests/llm/test_sample.py::test_a_plan_by_a_sample_of_calls",
    ),
    "plan full --measure": (
        "asks a model server",
        "tests/llm/test_sample.py::test_a_plan_by_a_sample_of_calls",
    ),
    "plan RECIPE --out": (
        "asks a model server",
        "tests/llm/test_sample.py::test_a_plan_by_a_sample_of_calls",
    ),
    "plan RECIPE --measure": (
        "asks a model server",
        "tests/llm/test_sample.py::test_a_plan_by_a_sample_of_calls",
    ),
    "scale --measured": (
        "needs what benchmarks write",
        "tests/test_scale_rates.py::test_the_verb_takes_what_was_measured",
    ),
    "evaluate run": (
        "the recipe is the full one",
        "tests/training/test_evaluation.py::test_a_run_trains_and_compares_before_with_after",
    ),
    "evaluate encodechka": (
        "needs Encodechka's files",
        "tests/training/test_evaluation.py::test_evaluate_encodechka_of_any_model",
    ),
    "evaluate report": (
        "needs scores",
        "tests/training/test_eval_page.py::test_the_page_is_whole_and_escaped",
    ),
    "evaluate mteb": (
        "asks the Hub",
        "tests/training/test_eval_mteb.py::test_mteb_runs_on_local_texts_with_the_encoders_prompts",
    ),
    "evaluate retrieval": (
        "needs questions and passages",
        "tests/training/test_eval_mteb.py::test_mteb_runs_on_local_texts_with_the_encoders_prompts",
    ),
    "evaluate cosine": (
        "the run has no held-out pairs",
        "tests/training/test_evaluation.py::test_evaluate_cosine_of_several_models",
    ),
    "evaluate pareto": (
        "needs Encodechka's files",
        "tests/training/test_eval_pareto.py::test_encoders_are_timed_and_drawn",
    ),
    "ruhnp measure": (
        "needs labelled pairs",
        "tests/ruhnp/test_measure.py::test_the_verb_measures_and_says_under_which_settings",
    ),
    "ruhnp shift": (
        "needs labelled pairs",
        "tests/ruhnp/test_shift.py::test_the_shift_of_a_group_is_written_and_the_same_every_time",
    ),
    "ruhnp audit --out RUN --votes": (
        "needs votes on a draw",
        "tests/ruhnp/test_audit.py::test_the_verb_draws_and_counts",
    ),
    "ruhnp generate": (
        "asks a model server where the log lacks an answer",
        "tests/test_chain.py::test_every_stage_adds_up",
    ),
    "ruwanli cartography": (
        "the recipe has none",
        "tests/ruwanli/test_cartography.py::test_every_row_has_its_own_measures",
    ),
    "ruwanli complete": (
        "the recipe has none",
        "tests/ruwanli/test_complete.py::"
        "test_all_candidates_go_to_review_with_where_they_come_from",
    ),
    "train ablate": (
        "needs Encodechka's files",
        "tests/training/test_ablation.py::test_the_verb_trains_what_it_is_asked_for",
    ),
    "train negatives": (
        "the recipe has none",
        "tests/training/test_negatives.py::"
        "test_no_known_answer_is_a_negative_and_the_nearest_comes_first",
    ),
}
# Verbs that say something without being told more; others in the text are names of verbs.
_ALONE = {"doctor", "scale", "sources"}


def _elsewhere(words: str) -> bool:
    return any(words == start or words.startswith(f"{start} ") for start in ELSEWHERE)


def _is_name(words: str) -> bool:
    """Say whether a verb is only named, as in: `rupairs card` computes the license."""
    return words not in _ALONE and all(word.isalpha() and word.islower() for word in words.split())


SHOWN = [command.removeprefix("rupairs ") for command in commands("rupairs")]
RUN_HERE = [words for words in SHOWN if not (_is_name(words) or _elsewhere(words))]


def test_nothing_is_listed_that_docs_do_not_show() -> None:
    for start in ELSEWHERE:
        assert any(s == start or s.startswith(f"{start} ") for s in SHOWN), start
    assert len(RUN_HERE) > 30


@pytest.mark.parametrize("node", sorted({node for _, node in ELSEWHERE.values()}))
def test_what_is_run_elsewhere_is(node: str) -> None:
    path, _, name = node.partition("::")
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
    assert name in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)], node


@pytest.mark.parametrize("command", RUN_HERE)
def test_shown_commands_work(
    command: str, finished_run: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    done = subprocess.run(
        [sys.executable, "-m", "rupairs.cli", *_meant(command, run, tiny_encoder)],
        cwd=tmp_path,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _meant(command: str, run: Path, encoder: Path) -> list[str]:
    """Return the command's words, its placeholders replaced by things that lie beside the run."""
    folder = run.parent
    # Nothing answers there: what is done again must come from the run's own log.
    recipe = str(write_recipe(folder, "http://127.0.0.1:9/v1", encoder))
    texts = folder / "texts"
    texts.mkdir()
    (texts / "bench.txt").write_text("Лебедь плывёт по тихому озеру.\n", encoding="utf-8")
    words = shlex.split(command)
    released = read_table(run / "ruhnp/release/part-00000.parquet").slice(0, 1).to_pylist()[0]
    means = {
        "RECIPE": recipe,
        "my.toml": str(SHIPPED) if words[0] == "scale" else recipe,
        "FOLDER": str(files("rupairs") / "sample") if "--from-dir" in words else str(texts),
        "PAIR_ID": released["pair_id"],
        **dict.fromkeys(("TEXT OF A ROW", "…"), released["query"]),
        **dict.fromkeys(("SOURCE#ROW", "terra#17"), "lenta#1"),
        **dict.fromkeys(("MODEL", "A", "B"), str(encoder)),
        **dict.fromkeys(("terra", "SOURCE"), "rcb"),
        "docs/scale.md": str(_copied(REPOSITORY / "docs/scale.md", folder)),
    }
    asked = [means.get(word, word) for word in words]
    for place, word in enumerate(words):
        for name in ("RUN", "runs/full", "runs/harvest"):
            if word == name or word.startswith(f"{name}/"):
                asked[place] = str(run) + word.removeprefix(name)
    if words[:2] in (["harvest", "run"], ["train", "merge"], ["train", "export"]):
        asked[asked.index("--out") + 1] = str(folder / "made")
    return asked


def _copied(page: Path, folder: Path) -> Path:
    return Path(shutil.copyfile(page, folder / page.name))
