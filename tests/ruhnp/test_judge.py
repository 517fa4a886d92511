import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ruhnp.judge import Verdict, disputed, plan, question
from ruhnp.nli import CrossEncoder, Scored, entailment_label
from ruhnp.stage import PROMPTS, JudgeSection, VerifySection
from rupairs.errors import RupairsError
from rupairs.llm.models import language_model
from rupairs.llm.task import load_task
from rupairs.recipe import LLMSection
from rupairs.runs import open_recipe
from tests.llm_server import ScriptedServer
from tests.ruhnp import verifying
from tests.ruhnp.verifying import NEGATIVE, POSITIVE, kept, recipe, verify, write_generated
from tests.training.tiny import write_encoder

TASK = load_task(PROMPTS / "judge.v1.toml")
PAIRS = [
    ("Паром ушёл утром.", "Утром паром ушёл."),
    ("Лодка старая.", "Лодка новая, и ей нет цены во всём посёлке у пролива."),
    ("Ярмарку отменили.", "Ярмарка не состоялась."),
    ("В порту 5 лодок.", "В порту пять лодок и один паром."),
    ("Маяк погас.", "Маяк горит."),
]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return verifying.write_nli(tmp_path_factory.mktemp("nli") / "tiny-nli")


def section(model: Path, **given: object) -> JudgeSection:
    return JudgeSection.model_validate(
        {"kind": "nli", "model": str(model), "batch_size": 2} | given
    )


@pytest.mark.parametrize(
    ("labels", "index"),
    [
        (("entailment", "neutral", "contradiction"), 0),
        (("CONTRADICTION", "NEUTRAL", "ENTAILMENT"), 2),
        (("contradiction", "entailment", "neutral"), 1),
        (("not_entailment", "entailment"), 1),
        (("not entailment", "Entailment"), 1),
        (("противоречие", "нейтрально", "следование"), 2),
    ],
)
def test_labels_are_read_in_any_order(labels: tuple[str, ...], index: int) -> None:
    assert entailment_label(dict(enumerate(labels)), "m") == index


@pytest.mark.parametrize(
    "labels",
    [
        ("LABEL_0", "LABEL_1", "LABEL_2"),
        ("entailment", "LABEL_1"),
        ("neutral", "contradiction"),
        ("entailment", "entails", "neutral"),
        ("entailment",),
    ],
)
def test_labels_that_cannot_be_told_are_an_error(labels: tuple[str, ...]) -> None:
    with pytest.raises(RupairsError, match="do not say which one is entailment; set id2label"):
        entailment_label(dict(enumerate(labels)), "m")


def test_a_cross_encoder_gives_probabilities_that_padding_leaves_alone(nli: Path) -> None:
    judge = CrossEncoder(section(nli))
    together = judge.score(PAIRS)
    assert all(0 < p < 1 for p in together) and len(set(together)) == len(PAIRS)
    alone = [judge.score([pair])[0] for pair in PAIRS]
    assert together == pytest.approx(alone, abs=1e-5)
    backwards = judge.score([(b, a) for a, b in PAIRS])
    assert backwards != pytest.approx(together, abs=1e-4)


def test_the_label_named_entailment_is_the_one_that_counts(nli: Path, tmp_path: Path) -> None:
    turned = verifying.write_nli(tmp_path / "turned", ("neutral", "entailment", "contradiction"))
    # The weights are the same: what was entailment is now called neutral.
    assert CrossEncoder(section(turned)).score(PAIRS) != CrossEncoder(section(nli)).score(PAIRS)


def test_a_folder_with_two_labels_opens(tmp_path: Path) -> None:
    one = verifying.write_nli(tmp_path / "one", ("entailment", "not_entailment"))
    other = verifying.write_nli(tmp_path / "other", ("not_entailment", "entailment"))
    scores = CrossEncoder(section(one)).score(PAIRS)
    assert CrossEncoder(section(other)).score(PAIRS) == pytest.approx([1 - p for p in scores])


def test_a_bare_encoder_is_no_judge(tmp_path: Path) -> None:
    bare = verifying.write_nli(tmp_path / "bare", bare=True)
    with pytest.raises(RupairsError, match="judge bare: has no trained classifier"):
        CrossEncoder(section(bare))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RupairsError, match="judge empty: cannot be opened"):
        CrossEncoder(section(tmp_path / "empty"))


def test_scores_are_stored_by_content_and_computed_once(
    nli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "judge.sqlite"
    whole = Scored(path, section(nli)).of(PAIRS)
    # A kill after one batch: what is missing is computed in the same batches.
    half = tmp_path / "half.sqlite"
    killed = Scored(half, section(nli))
    order = sorted(range(len(PAIRS)), key=lambda i: sum(map(len, PAIRS[i])))
    killed.of([PAIRS[i] for i in order[:2]])
    assert Scored(half, section(nli)).of(PAIRS) == whole

    monkeypatch.setattr("ruhnp.nli.CrossEncoder", None)
    assert Scored(path, section(nli, batch_size=3, max_negative_entailment=0.1)).of(PAIRS) == whole
    with pytest.raises(TypeError):
        Scored(path, section(nli, max_length=16)).of(PAIRS)
    path.write_bytes(b"not a database, but long enough to look at" * 40)
    with pytest.raises(RupairsError, match=r"judge\.sqlite: not a usable store"):
        Scored(path, section(nli))


def test_verdicts_against_thresholds() -> None:
    judge = {"kind": "nli", "model": "m", "min_positive_entailment": 0.6}
    config = VerifySection.model_validate({"judge": judge})
    both, one_way, unknown = Verdict(0.7, 0.8), Verdict(0.9, 0.2), Verdict(problem="cut")
    assert disputed("positive", both, config) is None
    assert disputed("positive", one_way, config) == (
        "not_entailed",
        "0.900 forward, 0.200 backward < 0.6",
    )
    assert disputed("negative", one_way, config) is None
    found = disputed("negative", both, config)
    assert found == ("entailed_both_ways", "0.700 forward, 0.800 backward ≥ 0.5")
    assert disputed("negative", unknown, config) == ("not_judged", "cut")
    off = VerifySection.model_validate({"judge": judge, "checks": ()})
    assert disputed("positive", one_way, off) is disputed("positive", unknown, off) is None
    assert disputed("positive", one_way, VerifySection()) is None


def test_transformers_is_not_imported_without_an_nli_judge() -> None:
    import subprocess

    code = "import ruhnp.verify, ruhnp.nli, sys; print('transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def llm(kind: str) -> LLMSection:
    given = {"urls": ["http://x/v1"], "model": "m", "license": "l", "kind": kind}
    return LLMSection.model_validate(given)


def test_a_chat_model_can_say_nothing_but_the_two_words() -> None:
    request = question(language_model(llm("instruct")), TASK, "Маяк погас.", "Маяк горит.")
    assert request.schema is not None
    answer = request.schema["properties"]["items"]["items"]["properties"]["answer"]
    assert answer == {"type": "string", "enum": ["да", "нет"]}
    assert request.messages[1]["content"].endswith("Первое: Маяк погас.\nВторое: Маяк горит.")


def test_a_base_model_completes_a_few_shot_prompt() -> None:
    request = question(language_model(llm("base")), TASK, "Маяк погас.", "Маяк горит.")
    assert request.prompt.endswith("Первое: Маяк погас.\nВторое: Маяк горит.\nОтвет:")
    assert {example["answer"] for example in TASK.examples} == {"да", "нет"}


def answers(*words: str) -> list[str]:
    return [json.dumps({"items": [{"answer": word}]}, ensure_ascii=False) for word in words]


def test_a_language_model_judges_both_ways_and_is_never_asked_again(
    encoder: Path, tmp_path: Path, llm_server: ScriptedServer
) -> None:
    write_generated(
        tmp_path, (verifying.row("positive", POSITIVE), verifying.row("negative", NEGATIVE))
    )
    llm_server.texts = answers("да", "да", "да", "нет")

    def made(**judge: object):
        given = {"kind": "llm"} | judge
        return verify(
            tmp_path, recipe(encoder, llm_server.url, llm={"kind": "instruct"}, judge=given)
        )

    rows = kept(made())
    said = {r["kind"]: (r["judge_forward"], r["judge_backward"]) for r in rows}
    assert said == {"positive": (1.0, 1.0), "negative": (1.0, 0.0)}
    assert [r["temperature"] for r in llm_server.requests] == [0.0] * 4
    outcome = made(max_negative_entailment=0.0)
    assert outcome.state == "made" and len(llm_server.requests) == 4
    assert outcome.manifest.counts.dropped_by_reason == {"entailed_both_ways": 1}
    assert outcome.manifest.facts["judge_calls"] == 4
    assert [m.role for m in outcome.manifest.models].count("judge") == 1
    assert len(kept(made(max_negative_entailment=0.5))) == 2


def test_a_base_model_may_answer_in_more_words_or_not_at_all(
    encoder: Path, tmp_path: Path, llm_server: ScriptedServer
) -> None:
    write_generated(
        tmp_path, (verifying.row("positive", POSITIVE), verifying.row("negative", NEGATIVE))
    )
    llm_server.texts = [" Да, следует.", " да", " не знаю", " нет"]
    outcome = verify(tmp_path, recipe(encoder, llm_server.url, judge={"kind": "llm"}))
    assert [r["kind"] for r in kept(outcome)] == ["positive"]
    assert outcome.manifest.counts.dropped_by_reason == {"not_judged": 1}
    assert "failed_calls" not in outcome.manifest.facts


def test_a_failed_call_drops_the_row_and_shows(
    encoder: Path, tmp_path: Path, llm_server: ScriptedServer
) -> None:
    write_generated(tmp_path, (verifying.row("positive", POSITIVE),))
    llm_server.faults = [400]
    llm_server.texts = [" да"]
    outcome = verify(tmp_path, recipe(encoder, llm_server.url, judge={"kind": "llm"}))
    assert outcome.manifest.counts.dropped_by_reason == {"not_judged": 1}
    assert outcome.manifest.facts["failed_calls"] == {"BadRequestError": 1}


def test_the_plan_counts_two_calls_a_text(encoder: Path) -> None:
    assert plan(recipe(encoder)) == (0, 0)
    calls, characters = plan(recipe(encoder, judge={"kind": "llm"}))
    assert calls == 2 * 100_000 * 10 and characters > calls * 230


def test_an_nli_judge_keeps_its_probabilities_and_is_asked_once(
    encoder: Path, nli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_generated(tmp_path)

    def made(**given: float):
        judge = {"kind": "nli", "model": str(nli), "license": "MIT"} | given
        return verify(tmp_path, recipe(encoder, judge=judge))

    everything = {"min_positive_entailment": 0.0, "max_negative_entailment": 1.0}
    first = made(**everything)
    rows = kept(first)
    assert all(0 < r["judge_forward"] < 1 and 0 < r["judge_backward"] < 1 for r in rows)
    assert first.manifest.models[-1].id == "tiny-nli"
    assert str(nli) not in first.manifest.model_dump_json()

    monkeypatch.setattr("ruhnp.nli.CrossEncoder", None)
    second = made(min_positive_entailment=1.0, max_negative_entailment=1.0)
    assert {r["kind"] for r in kept(second)} == {"negative"}
    assert kept(made(**everything)) == rows


@pytest.mark.parametrize("name", ["full", "full-24gb"])
def test_the_full_recipes_have_their_own_model_judge(name: str) -> None:
    opened = open_recipe(name, [])
    section: Any = opened.sections["ruhnp"]
    assert section.verify.judge.kind == "llm"
    calls, characters = plan(opened)
    assert calls == 2 * 16 * section.anchors.limit and characters > calls


def test_the_real_recipe_tries_the_checks_on_labelled_pairs() -> None:
    section: Any = open_recipe("real", []).sections["ruhnp"]
    assert section.verify.measure.name == "realdata" and section.verify.measure_pairs == 150
