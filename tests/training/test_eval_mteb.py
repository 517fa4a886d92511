import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rupairs.errors import RupairsError, UsageError
from tests.training import tiny
from training.evaluation.retrieval import read_collection, retrieval_task

mteb = pytest.importorskip("mteb", reason="mteb is not installed: pip install 'rupairs[evaluate]'")
pytestmark = pytest.mark.usefixtures("one_thread")

QUESTIONS = {"Кто спит у дороги?": "кот спит у дороги", "Что за холмом?": "дом стоит за холмом"}


def squad(path: Path) -> Path:
    paragraphs = [
        {"context": passage, "qas": [{"id": str(n), "question": question, "answers": []}]}
        for n, (question, passage) in enumerate(QUESTIONS.items())
    ]
    content = {"data": [{"title": "кот", "paragraphs": paragraphs}], "version": "1.1"}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model(encoder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder), device="cpu")
    model.prompts = {"query": "query: ", "document": "passage: ", "passage": "passage: "}
    model.default_prompt_name = "query"
    return model


def test_questions_and_passages_are_read(tmp_path: Path) -> None:
    found = read_collection(squad(tmp_path / "own.ru.json"))
    assert found.name == "own"
    assert list(found.queries.values()) == list(QUESTIONS)
    for number, relevant in found.relevant.items():
        (passage,) = relevant
        assert found.passages[passage] == QUESTIONS[found.queries[number]]
    again = read_collection(squad(tmp_path / "own.ru.json"))
    assert again.revision == found.revision


def test_held_out_pairs_of_a_stage_are_questions_and_passages(tmp_path: Path) -> None:
    rows = [
        tiny.pair("кто спит", "кот спит", "title", symmetric=False, split="test"),
        tiny.pair("кто спит", "дом стоит", "title", symmetric=False, split="test", polarity=-1),
        tiny.pair("кто молчит", "врач молчит", "title", symmetric=False),
    ]
    found = read_collection(tiny.write_stage(tmp_path, "harvest.pairs", rows).directory)
    assert list(found.queries.values()) == ["кто спит"]
    assert sorted(found.passages.values()) == ["дом стоит", "кот спит"]
    assert [len(r) for r in found.relevant.values()] == [1]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("[]", encoding="utf-8")
    with pytest.raises(RupairsError, match=r"other\.json: neither a stage directory"):
        read_collection(other)
    other.write_text('{"data": []}', encoding="utf-8")
    with pytest.raises(RupairsError, match="no query with a passage"):
        read_collection(other)


def test_mteb_runs_on_local_texts_with_the_encoders_prompts(
    model: Any, encoder: Path, tmp_path: Path
) -> None:
    from training.evaluation.mteb_runs import run

    seen: list[tuple[str | None, str]] = []
    original = model.preprocess

    def preprocess(inputs: list[str], prompt: str | None = None, **given: Any) -> Any:
        seen.extend((prompt, text) for text in inputs)
        return original(inputs, prompt=prompt, **given)

    task = retrieval_task(read_collection(squad(tmp_path / "own.json")))
    model.preprocess = preprocess
    try:
        (result,) = run(model, str(encoder), [task], tmp_path / "results")
        asked = len(seen)
        (again,) = run(model, str(encoder), [task], tmp_path / "results")
    finally:
        del model.preprocess
    assert result == again
    assert len(seen) == asked
    assert (result.task, result.type, result.recall_at_100) == ("Local-own", "Retrieval", 1.0)
    assert 0.5 < result.main_score <= 1
    assert {p for p, text in seen if text.strip() in QUESTIONS} == {"query: "}
    assert {p for p, text in seen if text.strip() in QUESTIONS.values()} == {"passage: "}
    (kept,) = (tmp_path / "results").rglob("Local-own.json")
    assert str(encoder.parent) not in kept.read_text(encoding="utf-8")
    assert "tiny-encoder" in str(kept.relative_to(tmp_path))


def test_prompts_have_the_keys_mteb_looks_for(model: Any) -> None:
    from training.evaluation.mteb_runs import prompts

    found = prompts(model)
    assert found is not None
    assert (found["query"], found["document"]) == ("query: ", "passage: ")
    assert (found["STS"], found["PairClassification"]) == ("query: ", "query: ")
    assert "Retrieval" not in found
    assert "Reranking" not in found


def test_benchmarks_are_known_by_name() -> None:
    from training.evaluation.mteb_runs import RECALL, RU10, RUSSIAN, benchmark_tasks

    assert len(benchmark_tasks(RUSSIAN)) == 23
    names = [task.metadata.name for task in benchmark_tasks(RU10)]
    assert len(names) == 10
    assert "OpusparcusPC" in names
    for task in benchmark_tasks(RU10):
        assert task.hf_subsets in (["ru"], ["rus-eng"], ["default"]), task.metadata.name
    assert {t.metadata.name for t in benchmark_tasks(RECALL)} == {
        "MIRACLRetrieval",
        "MultiLongDocRetrieval",
    }
    assert len(benchmark_tasks(RUSSIAN, ["TERRa"])) == 1
    with pytest.raises(UsageError, match="mteb knows no such benchmark"):
        benchmark_tasks("MTEB(xxx)")
    with pytest.raises(UsageError, match=r"Nothing: not in MTEB\(rus, v1.1\)"):
        benchmark_tasks(RUSSIAN, ["Nothing"])


def test_tasks_whose_data_were_trained_on_are_not_zero_shot() -> None:
    from training.evaluation.mteb_runs import _DATA, RU10, RUSSIAN, benchmark_tasks, trained_on

    russian = [task.metadata.name for task in benchmark_tasks(RUSSIAN)]
    assert trained_on(["gazeta", "own"], russian) == []
    # mteb makes the reranking of MIRACL and its hard negatives of the same data.
    assert trained_on(["terra", "miracl"], russian) == [
        "TERRa",
        "MIRACLReranking",
        "MIRACLRetrievalHardNegatives.v2",
    ]
    ru10 = [task.metadata.name for task in benchmark_tasks(RU10)]
    assert set(trained_on(_DATA, ru10)) == {
        "Tatoeba",
        "MLSUMClusteringP2P",
        "MLSUMClusteringS2S",
        "MultiLongDocRetrieval",
    }
    for names in _DATA.values():
        assert all(mteb.get_task(name).metadata.name == name for name in names)


def test_a_report_says_so() -> None:
    from training.evaluation.report import _not_zero_shot

    def trained(sources: list[str]) -> Any:
        reader = SimpleNamespace(manifest=SimpleNamespace(facts={"pairs": dict.fromkeys(sources)}))
        return SimpleNamespace(inputs={"training.symmetric": reader})

    scores = {"after": {"mteb": {"MTEB(rus, v1.1)": {"TERRa": {}, "STS22": {}}}}}
    (said,) = _not_zero_shot(trained(["terra", "gazeta"]), scores)
    assert said == "Trained on data of these tasks, so not zero-shot: TERRa."
    assert _not_zero_shot(trained(["gazeta"]), scores) == []
    assert _not_zero_shot(trained(["terra"]), {"after": {}}) == []
