"""What share of a device's arithmetic training uses: GradCache with an encoder of base size.

    python -m benchmarks.training_peak                       # on a GPU
    python -m benchmarks.training_peak --batch 64 --steps 2  # a first look on a CPU

run at the root of the repository with the environment of the project. A random BERT of 12 layers of
768 is trained on triples of real Russian NLI, by our trainer and by sentence-transformers' own with
its cached loss, in turns, with the same batch, pieces and precision, all weights included. Counted
are the products of matrices for tokens that are no padding: three forward passes' worth a text
(`useful`), and four with the second forward pass that GradCache is made of (`computed`). The peak
is what bare products of large matrices reach on the same device in the same precision, measured
before and after. Prints Markdown and writes JSON.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
)
from transformers import AutoTokenizer, BertConfig, BertModel, TrainerCallback
from transformers.trainer_callback import PrinterCallback

from benchmarks.harvest_measure import machine
from benchmarks.training import read_triples
from benchmarks.training_run import PROMPT, TEMPERATURE, library_trainer, train_ours
from rupairs.arithmetic import half_precision, precision
from rupairs.embedded.encoder import embedded_encoder
from rupairs.encoder import load_transformer
from rupairs.silence import silence

ROOT = Path(__file__).resolve().parents[1]
OURS, PLAIN = "rupairs", "sentence-transformers"
# The first steps allocate and choose kernels.
WARM = 2


def main() -> int:
    asked = _arguments()
    if not asked.realdata.is_dir():
        print(f"skipped: no real data at {asked.realdata}; name its folder with --realdata")
        return 0
    if asked.batch is None:
        if not torch.cuda.is_available():
            print("skipped: no GPU here; a first look without one takes --batch 32 --steps 2")
            return 0
        asked.batch = 1024
    rows = read_triples(asked.realdata / "encodechka" / "xnli_ru.csv")
    if len(rows) < asked.batch:
        raise SystemExit(f"--batch {asked.batch}: there are {len(rows)} triples")
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, silence():
        model = Path(folder) / "model"
        make_model(model, asked.layers, asked.hidden)
        forward = flops_of_triple(model, rows, asked.length)
        peaks = [peak_flops()]
        for repeat in range(asked.repeats):
            for name, train in ((OURS, _ours), (PLAIN, _plain)):
                work = Path(folder) / f"{name}-{repeat}"
                work.mkdir()
                found[name].append(_timed(train, model, work, rows, asked))
        peaks.append(peak_flops())
    result = {
        "machine": machine(torch.get_num_threads()),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "precision": precision(None),
        "settings": {name: str(value) for name, value in vars(asked).items()},
        "forward_flops_of_triple": forward,
        "peak_flops": peaks,
        "runs": found,
    }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print("\n".join(_table(result)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=20, help=f"timed, after {WARM}")
    parser.add_argument("--batch", type=int, help="examples; 1024 on a GPU")
    parser.add_argument("--mini", type=int, default=128, help="texts that go through at once")
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--realdata", type=Path, default=ROOT / "../shared/realdata")
    parser.add_argument("--out", type=Path, default=ROOT / "runs/benchmarks/training_peak.json")
    return parser.parse_args()


def make_model(folder: Path, layers: int, hidden: int) -> None:
    """Write a random BERT with the embedded encoder's tokenizer."""
    torch.manual_seed(1)
    tokenizer = AutoTokenizer.from_pretrained(str(embedded_encoder(pruned=True)))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=max(1, hidden // 64),
        intermediate_size=4 * hidden,
        pad_token_id=tokenizer.pad_token_id,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def flops_of_triple(model: Path, rows: list[Any], length: int) -> float:
    """Return the floating-point operations of one forward pass over a triple, the mean of all."""
    config = BertConfig.from_pretrained(model)
    tokenizer = AutoTokenizer.from_pretrained(model)
    texts = [PROMPT + text for triple in rows for text in triple]
    tokens = tokenizer(texts, truncation=True, max_length=length)["input_ids"]
    linear = 8 * config.hidden_size**2 + 4 * config.hidden_size * config.intermediate_size
    pairs = 4 * config.hidden_size
    of_texts = (len(text) * (linear + pairs * len(text)) for text in tokens)
    return float(config.num_hidden_layers * sum(of_texts) / len(rows))


def peak_flops() -> float:
    """Return the operations a second of bare products of large matrices."""
    cuda = torch.cuda.is_available()
    size, device = (8_192, "cuda") if cuda else (2_048, "cpu")
    kind = torch.bfloat16 if half_precision() else torch.float32
    left, right = (torch.randn(size, size, device=device).to(kind) for _ in range(2))
    best = 0.0
    for _ in range(10):
        _settle()
        started = time.perf_counter()
        for _ in range(5):
            left @ right
        _settle()
        best = max(best, 5 * 2 * size**3 / (time.perf_counter() - started))
    return best


def _settle() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class _Clock(TrainerCallback):  # type: ignore[misc]
    """The moment after every step."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.tick(1, 0.0)

    def tick(self, steps: int, loss: float | None) -> None:
        """Take the time, unless this only says where training begins."""
        if loss is not None:
            _settle()
            self.moments.append(time.perf_counter())


def _timed(
    train: Any, model: Path, work: Path, rows: list[Any], asked: argparse.Namespace
) -> dict[str, float]:
    clock = _Clock()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    train(model, work, rows, asked, clock)
    seconds = clock.moments[-1] - clock.moments[WARM - 1]
    found = {"triples_per_second": asked.steps * asked.batch / seconds}
    if torch.cuda.is_available():
        found["peak_gb"] = torch.cuda.max_memory_allocated() / 1e9
    return found


def _ours(
    model: Path, work: Path, rows: list[Any], asked: argparse.Namespace, clock: _Clock
) -> None:
    train_ours(
        str(model),
        work,
        rows,
        clock.tick,
        steps=WARM + asked.steps,
        length=asked.length,
        seed=1,
        batch_size=asked.batch,
        mini_batch_size=asked.mini,
        freeze_embeddings=False,
    )


def _plain(
    model: Path, work: Path, rows: list[Any], asked: argparse.Namespace, clock: _Clock
) -> None:
    encoder = load_transformer(str(model), None, asked.length)
    loss = CachedMultipleNegativesRankingLoss(
        encoder, scale=1 / TEMPERATURE, mini_batch_size=asked.mini
    )
    how = {"bf16": half_precision(), "use_cpu": not torch.cuda.is_available()}
    trainer = library_trainer(loss, work, rows, WARM + asked.steps, asked.batch, **how)
    trainer.add_callback(clock)
    trainer.remove_callback(PrinterCallback)
    trainer.train()


def _table(result: dict[str, Any]) -> list[str]:
    peak, forward = max(result["peak_flops"]), result["forward_flops_of_triple"]
    lines = [
        "| way | triples a second | times | useful, of the peak | computed | GPU memory, GB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    speeds = {
        name: statistics.median(run["triples_per_second"] for run in runs)
        for name, runs in result["runs"].items()
    }
    for name, speed in speeds.items():
        memory = max(run.get("peak_gb", 0.0) for run in result["runs"][name])
        useful, computed = (passes * forward * speed / peak for passes in (3, 4))
        lines.append(
            f"| {name} | {speed:,.1f} | {speed / speeds[PLAIN]:.2f} | {useful:.0%} "
            f"| {computed:.0%} | {f'{memory:.1f}' if memory else '–'} |"
        )
    said = " and ".join(f"{value / 1e12:.2f}" for value in result["peak_flops"])
    lines += ["", f"{result['device']}, {result['precision']}; peak: {said} TFLOP/s."]
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
