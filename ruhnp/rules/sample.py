"""A sample of variants to read: `python -m ruhnp.rules.sample FILE --seed 1 --count 100`.

FILE has one sentence a line, or is CoNLL-U («# text = …»). Sentences go through the anchors'
filter; the sample is stratified by change and drawn by hash.
"""

import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ruhnp.anchors import unfit
from ruhnp.rules import Variant, generate
from ruhnp.stage import AnchorsSection
from rupairs.text import clean, share

_CONLLU = "# text = "


@dataclass(frozen=True)
class Found:
    """A variant and the sentence it was made from."""

    anchor: str
    variant: Variant


def anchors(path: Path) -> Iterator[str]:
    """Yield the sentences of a file that can be anchors."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if any(line.startswith(_CONLLU) for line in lines):
        lines = [_unquoted(line) for line in lines if line.startswith(_CONLLU)]
    section = AnchorsSection()
    for line in map(clean, lines):
        if line and unfit(line, section) is None:
            yield line


def _unquoted(line: str) -> str:
    # The treebank writes « » and — in the ASCII of its tokeniser.
    text = html.unescape(line.removeprefix(_CONLLU))
    return re.sub(r"``(.*?)(?:\'\'|``)", r"«\1»", text).replace(" -- ", " — ")


def draw(found: list[Found], count: int, seed: int) -> list[Found]:
    """Return about `count` variants, as even over the changes as their numbers allow."""
    strata: dict[str, list[Found]] = defaultdict(list)
    for item in found:
        strata[f"{item.variant.kind} {item.variant.change}"].append(item)
    for items in strata.values():
        items.sort(key=lambda f: (share(f.anchor + f.variant.text, seed, "sample"), f.variant.text))
    chosen: list[Found] = []
    depth = 0
    while len(chosen) < count and any(len(items) > depth for items in strata.values()):
        chosen += [items[depth] for _, items in sorted(strata.items()) if len(items) > depth]
        depth += 1
    return sorted(chosen[:count], key=lambda f: (f.variant.kind, f.variant.change))


def main(
    files: Annotated[list[Path], typer.Argument(help="sentences, one a line, or CoNLL-U")],
    seed: Annotated[int, typer.Option(help="another seed draws another sample")] = 0,
    count: Annotated[int, typer.Option(help="variants to show")] = 100,
    change: Annotated[str, typer.Option(help="only this change")] = "",
) -> None:
    """Print a sample of variants with their anchors, then how many each change gave."""
    sentences = [line for path in files for line in anchors(path)]
    found = [Found(text, variant) for text in sentences for variant in generate(text, seed)]
    found = [f for f in found if change in {"", f.variant.change}]
    for item in draw(found, count, seed):
        variant = item.variant
        print(f"[{variant.kind} {variant.change}] {variant.evidence}")
        print(f"  - {item.anchor}\n  + {variant.text}\n")
    print(f"{len(sentences)} anchors")
    for name, n in sorted(Counter(f"{f.variant.kind} {f.variant.change}" for f in found).items()):
        print(f"{name:24} {n:6} {1000 * n / max(1, len(sentences)):8.1f} per 1,000 anchors")


if __name__ == "__main__":
    typer.run(main)
