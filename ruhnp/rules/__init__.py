"""Rules that rewrite a sentence without a model: paraphrases and hard negatives, offline.

`generate(anchor, seed)` gives the variants; what each rule does, and how often it is right when
its output is read, is in README.md beside this file.
"""

from ruhnp.rules.registry import generate
from ruhnp.rules.variant import Variant

__all__ = ["Variant", "generate"]
