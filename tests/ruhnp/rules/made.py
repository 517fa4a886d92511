"""What the rules make of a sentence over a few seeds."""

from ruhnp.rules import generate

SEEDS = range(12)


def made(anchor: str, change: str) -> set[str]:
    """Return every text of one change."""
    return {v.text for seed in SEEDS for v in generate(anchor, seed) if v.change == change}
