"""The encoder written for ONNX Runtime and OpenVINO, and run there."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rupairs.errors import RupairsError, UsageError
from training import export
from training.export import export_encoder

pytest.importorskip("onnxscript", reason="the extra `export` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")

TEXTS = ["кот спит", "поезд стоит у дороги за холмом под снегом на севере", "дом"]


@pytest.fixture(scope="module")
def exported(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "model"
    command = [sys.executable, "-m", "rupairs.cli", "train", "export", str(tiny_encoder)]
    done = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{out}/onnx: at most" in done.stdout and f"{out}/openvino: at most" in done.stdout
    return out


def test_graphs_lie_where_sentence_transformers_looks(exported: Path) -> None:
    assert (exported / "onnx/model.onnx").is_file()
    assert (exported / "openvino/openvino_model.xml").is_file()
    assert (exported / "openvino/openvino_model.bin").is_file()


def test_the_folder_is_still_the_model(exported: Path, tiny_encoder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    own, copy = SentenceTransformer(str(tiny_encoder)), SentenceTransformer(str(exported))
    assert np.array_equal(own.encode(TEXTS), copy.encode(TEXTS))
    assert copy.max_seq_length == own.max_seq_length


@pytest.mark.parametrize("count", [1, 3])
def test_onnx_takes_any_number_and_length_of_texts(exported: Path, count: int) -> None:
    import onnxruntime
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(exported))
    features = model.preprocess(TEXTS[-count:])
    inputs = {key: features[key].numpy() for key in ("input_ids", "attention_mask")}
    session = onnxruntime.InferenceSession(exported / "onnx/model.onnx")
    (tokens,) = session.run(["last_hidden_state"], inputs)
    mask = inputs["attention_mask"][..., None]
    mean = (tokens * mask).sum(1) / mask.sum(1)
    unit = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    expected = model.encode(TEXTS[-count:], normalize_embeddings=True)
    assert np.allclose(unit, expected, atol=1e-4)


def test_a_graph_with_other_vectors_is_refused_and_nothing_is_left(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = export._onnx_run
    monkeypatch.setattr(export, "_onnx_run", lambda path: lambda inputs: run(path)(inputs) + 1)
    with pytest.raises(RupairsError, match="onnx graph gives other vectors"):
        export_encoder(str(tiny_encoder), ["onnx"], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_and_an_unknown_format_are_refused(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="exists"):
        export_encoder(str(tiny_encoder), ["onnx"], tmp_path)
    with pytest.raises(UsageError, match="tflite: no such format; known: onnx, openvino"):
        export_encoder(str(tiny_encoder), ["tflite"], tmp_path / "out")
