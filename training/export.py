"""The encoder for other runtimes: ONNX, and OpenVINO made from it.

1. torch traces the transformer over texts of any number and length.
2. The graph is laid where sentence-transformers looks for it in a model's folder (`backend="onnx"`,
   `backend="openvino"`), beside the model itself.
3. Each graph is run on texts of different lengths, and must give the vectors of the model.

The library's own export goes through Optimum, whose releases exclude the transformers used here;
what is written opens in an environment of its own (`pip install 'sentence-transformers[onnx]'`).
"""

import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rupairs.encoder import faults_of_files, load_transformer
from rupairs.errors import RupairsError, UsageError
from rupairs.silence import silence
from training.saving import save_module_folder

FORMATS = ("onnx", "openvino")
_INPUTS = ("input_ids", "attention_mask")
_OUTPUT = "last_hidden_state"
_TEXTS = ("да", "Кошка спит на диване.", "Поезд опоздал на час, и мы пошли домой пешком. " * 4)
# The largest difference between two unit vectors that float32 kernels of two runtimes may make.
_TOLERANCE = 1e-3

Run = Callable[[dict[str, Any]], Any]
"""From token ids and attention mask, arrays of shape (texts, tokens), to token vectors."""


def export_encoder(path: str, formats: Sequence[str], out: Path) -> dict[str, float]:
    """Write the model and its graphs to the folder `out`; return how far each graph's vectors are.

    The distance is the largest between a unit vector of the graph and the model's. Raises
    `UsageError` if `out` exists, `RupairsError` if a graph cannot be made or gives other vectors.
    """
    if out.exists():
        raise UsageError(f"{out} exists; name another folder")
    if unknown := sorted(set(formats) - set(FORMATS)):
        raise UsageError(f"{unknown[0]}: no such format; known: {', '.join(FORMATS)}")
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with silence(), faults_of_files(partial):
            model = load_transformer(path, max_length=1_000_000).to("cpu").float().eval()
            save_module_folder(model, partial)
            found = _graphs(model, formats, partial)
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return found


def _graphs(model: Any, formats: Sequence[str], folder: Path) -> dict[str, float]:
    """Write the graphs; an ONNX file is made for OpenVINO too, and removed if nobody asked."""
    onnx = folder / "onnx/model.onnx"
    _write_onnx(model, onnx)
    found = {}
    if "onnx" in formats:
        found["onnx"] = _checked(model, _onnx_run(onnx), "onnx")
    if "openvino" in formats:
        xml = folder / "openvino/openvino_model.xml"
        found["openvino"] = _checked(model, _openvino_run(onnx, xml), "openvino")
    if "onnx" not in formats:
        shutil.rmtree(onnx.parent)
    return found


def _write_onnx(model: Any, path: Path) -> None:
    import torch

    try:
        import onnxscript  # noqa: F401
    except ImportError:
        raise _extra("ONNX") from None

    class Transformer(torch.nn.Module):
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.inner(input_ids=input_ids, attention_mask=attention_mask)[0]

    axes = {0: "batch", 1: "sequence"}
    path.parent.mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Transformer(model[0].auto_model).eval(),
            kwargs={name: _tokens(model)[name] for name in _INPUTS},
            input_names=list(_INPUTS),
            output_names=[_OUTPUT],
            dynamic_shapes=dict.fromkeys(_INPUTS, axes),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RupairsError("torch made no ONNX graph of this model")
    program.save(str(path))


def _onnx_run(path: Path) -> Run:
    try:
        import onnxruntime
    except ImportError:
        raise _extra("ONNX Runtime") from None
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run([_OUTPUT], inputs)[0]


def _openvino_run(onnx: Path, xml: Path) -> Run:
    openvino = _openvino()
    graph = openvino.convert_model(str(onnx))
    openvino.save_model(graph, str(xml), compress_to_fp16=False)
    # Without the hint some CPUs compute in bf16.
    compiled = openvino.compile_model(str(xml), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda inputs: compiled(inputs)[0]


def _openvino() -> Any:
    """Import OpenVINO without the package by which it tells its makers of every import."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError:
        raise _extra("OpenVINO") from None
    return openvino


def _checked(model: Any, run: Run, name: str) -> float:
    """Return the largest distance of the graph's unit vectors from the model's."""
    import torch

    with torch.no_grad():
        features = _tokens(model)
        own = _vectors(model, features, model[0](dict(features))["token_embeddings"])
        tokens = run({key: features[key].numpy() for key in _INPUTS})
        theirs = _vectors(model, features, torch.from_numpy(tokens))
    distance = float((own - theirs).norm(dim=1).max())
    if not distance <= _TOLERANCE:
        raise RupairsError(f"the {name} graph gives other vectors than the model ({distance:.2g})")
    return distance


def _tokens(model: Any) -> dict[str, Any]:
    found: dict[str, Any] = model.preprocess(list(_TEXTS))
    return found


def _vectors(model: Any, features: dict[str, Any], tokens: Any) -> Any:
    """Return unit vectors of shape (texts, dimensions) that the modules after the first make."""
    import torch

    made = features | {"token_embeddings": tokens}
    for module in list(model)[1:]:
        made = module(made)
    return torch.nn.functional.normalize(made["sentence_embedding"], dim=1)


def _extra(name: str) -> RupairsError:
    return RupairsError(f"{name} is not installed: pip install 'rupairs[export]'")
