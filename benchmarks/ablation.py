"""The thesis's ablation on the open data at hand: what each part of the recipe gives here.

    python -m benchmarks.ablation --seeds 1,2,3

run at the root of the repository with the environment of the project. The data are those of
`benchmarks.gain`, without any text of Encodechka, STS-B and paraphraser.ru. mMARCO is not among
them: stage 1 has the questions of XQuAD in its place; the asymmetric model has titles of news and
their texts. Each variant is a run of `rupairs train ablate`, scored on Encodechka's eight sentence
tasks by the model's own pooling; a killed run goes on. Prints Markdown and writes JSON.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks.gain import (
    SENTENCE_TASKS,
    data_at_hand,
    parser_of,
    recipe_of_data,
    rupairs,
    write_result,
)
from benchmarks.gain_data import SOURCES
from rupairs.arithmetic import half_precision
from rupairs.manifest import read_manifest

STAGE1_SOURCE = "mr_tydi"


def main() -> int:
    parser = parser_of(__doc__, "ablation.json")
    parser.add_argument("--rows", type=int, default=1_000, help="of each of Encodechka's files")
    parser.add_argument("--steps", default="60,120,60", help="of stage 1 and of the two models")
    asked = parser.parse_args()
    native = data_at_hand(asked)
    if native is None:
        return 0
    found: list[dict[str, Any]] = []
    for seed in map(int, asked.seeds.split(",")):
        recipe = asked.work / f"ablation-{seed}.toml"
        recipe.write_text(_recipe(asked, native, seed), encoding="utf-8")
        run = asked.work / f"ablation-{seed}"
        rows = json.loads(rupairs("train", "ablate", str(recipe), "--out", str(run), "--json"))
        found.append({"seed": seed, "before": _before(run), "variants": rows})
        write_result(asked, {"seeds": found})
    print("\n".join(_table(found, asked.rows)))
    return 0


def _recipe(asked: argparse.Namespace, native: Path, seed: int) -> str:
    stage1, symmetric, asymmetric = map(int, asked.steps.split(","))
    return f"""\
{recipe_of_data(asked.work, native, seed, SOURCES)}
[training.stage1]
only = ["{STAGE1_SOURCE}"]
steps = {stage1}

[training.symmetric]
steps = {symmetric}

[training.asymmetric]
steps = {asymmetric}

[training.encoder.merge]
rule = "fixed"

[training.evaluation]
encodechka = {json.dumps(str(asked.realdata / "encodechka"))}
tasks = {json.dumps(SENTENCE_TASKS)}
rows = {asked.rows}
mode = "fixed"
bf16 = {str(half_precision()).lower()}
"""


def _before(run: Path) -> float:
    facts = read_manifest(run / "ablation/full/training/evaluation").facts
    return float(facts["scores"]["before"]["means"]["fixed"]["Mean S"])


def _table(found: list[dict[str, Any]], rows: int) -> list[str]:
    """Return a row a variant: the mean over the seeds, and what lies between their ends."""
    lines = ["| variant | Mean S here | less than the recipe | published |", "|---|--:|--:|--:|"]
    before = statistics.mean(of["before"] for of in found)
    lines.append(f"| before training | {before:.4f} | | |")
    full = [of["variants"][0]["fixed"] for of in found]
    for number, variant in enumerate(found[0]["variants"]):
        values = [of["variants"][number]["fixed"] for of in found]
        lost = [a - b for a, b in zip(full, values, strict=True)]
        cells = [variant["title"], _spread(values), _spread(lost) if number else ""]
        lines.append(f"| {' | '.join(cells)} | {variant['published']:.3f} |")
    lines += ["", f"{rows} rows of each of Encodechka's files; {len(found)} seeds."]
    return lines


def _spread(values: list[float]) -> str:
    mean = f"{statistics.mean(values):.4f}"
    return f"{mean} ({min(values):.4f} to {max(values):.4f})" if len(values) > 1 else mean


if __name__ == "__main__":
    raise SystemExit(main())
