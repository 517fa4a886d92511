"""A recipe of the whole chain that runs in seconds: scripted LLM, random tiny encoder, sample."""

from pathlib import Path

RECIPE = """
[run]
seed = 3

[llm]
urls = ["{url}"]
model = "scripted"
license = "CC0-1.0"
kind = "base"
concurrency = 4
attempts = 3
max_tokens = 64

[encoder]
model = "{encoder}"
license = "CC0-1.0"
max_length = 64

[harvest]
from_dir = "package:sample"
[harvest.rows]
sources = ["lenta", "rcb", "ruparadetox", "miracl"]
[harvest.texts]
sources = ["wikipedia"]

[ruhnp.anchors]
limit = 20
[ruhnp.generate]
positives = 2
negatives = 2
[ruhnp.verify]
checks = [
  "length", "not_russian", "mixed_script", "meta_phrase", "loop", "copy",
  "positive_equals_negative", "repeated_in_row", "not_similar",
]
min_length_ratio = 0.1
min_positive_similarity = -1.0
min_negative_similarity = -1.0
[ruhnp.release]
min_positives = 1
min_negatives = 1
validation = 2
test = 3

[ruwanli.seeds]
per_label = 8
[ruwanli.generate]
per_seed = 2
[ruwanli.release]
validation = 2
test = 3

[annotation]
reviewers = "simulated"

[training.encoder]
steps = 30
batch_size = 8
checkpoint_every = 5
bf16 = false

[data_cards.pairs]
[data_cards.ruhnp]
[data_cards.ruwanli]
[data_cards.encoder]
"""


def write_recipe(folder: Path, url: str, encoder: Path) -> Path:
    """Write the recipe and return its path."""
    path = folder / "tiny.toml"
    path.write_text(RECIPE.format(url=url, encoder=encoder), encoding="utf-8")
    return path
