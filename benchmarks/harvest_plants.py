"""Plants: rows whose right treatment is known, made of rows of the table itself.

1. Exact repeats differ in case, ё or punctuation, or have the sides of a symmetric pair swapped.
2. Near-repeats have typos, or a word less or another word in a long side, or are swapped as well.
3. Leaks hold a benchmark text: as a side, lightly edited, or inside a longer side.
4. Decoys are one number or one negation away from a row and must stay.
5. Unfit rows fail a check of single rows.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from benchmarks.harvest_edits import (
    Edit,
    folded,
    negated,
    number_changed,
    typos,
    word_dropped,
    word_replaced,
)
from benchmarks.harvest_rows import Base
from benchmarks.harvest_texts import Pool
from rupairs.text import key

# Shares of all rows of the table.
SHARES = {"exact": 0.02, "near": 0.04, "leak": 0.01, "decoy": 0.005, "unfit": 0.01}
EXTRA = sum(SHARES.values())
_VARIANTS = (1, 1, 1, 1, 1, 1, 1, 2, 2, 3)
_TRIES = 8
_WORD_EDITS = (word_dropped, word_replaced)


class Planted(NamedTuple):
    """A row that is put into the table; rows of one group say the same."""

    query: str
    passage: str
    polarity: int
    group: int
    kind: str


@dataclass
class Planter:
    """Makes planted rows; `waiting` are those that a later chunk or source is to hold."""

    pool: Pool
    rng: random.Random
    symmetric: bool
    groups: int
    waiting: dict[int, list[Planted]] = field(default_factory=lambda: defaultdict(list))
    placed: Counter[str] = field(default_factory=Counter)

    def make(self, base: Base, rows: int) -> tuple[list[Planted], dict[int, Planted]]:
        """Return `rows` planted rows, and the rows of `base` they were made of."""
        kinds, weights = zip(*SHARES.items(), strict=True)
        # One of each block: those that share a side with it are left alone.
        usable = np.unique(base.block, return_index=True)[1].tolist()
        originals = iter(self.rng.sample(usable, len(usable)))
        made: list[Planted] = []
        used: dict[int, Planted] = {}
        while len(made) < rows:
            number = next(originals)
            kind = self.rng.choices(kinds, weights)[0]
            new = self._of(kind, base, number, rows - len(made))
            if new and kind in ("exact", "near", "decoy"):
                used[number] = Planted(
                    *base.row(number), int(base.polarity[number]), self.groups, f"{kind}_original"
                )
            made += new
            self.groups += 1
        return made, used

    def take(self, polarities: tuple[int, ...], rows: int) -> list[Planted]:
        """Return waiting rows for a source that has pairs of these polarities, `rows` at most."""
        found: list[Planted] = []
        for polarity in polarities:
            there = self.waiting[polarity]
            share = rows // len(polarities)
            found += there[:share]
            del there[:share]
        return found

    def put_off(self, rows: list[Planted]) -> None:
        """Keep rows for a later chunk."""
        for row in rows:
            self.waiting[row.polarity].append(row)

    def _of(self, kind: str, base: Base, number: int, most: int) -> list[Planted]:
        query, passage = base.row(number)
        polarity = int(base.polarity[number])
        if kind == "leak":
            # Else the row would nearly repeat the one it is made of.
            query = base.query[self.rng.randrange(len(base.query))].as_py()
        variants = min(most, self.rng.choice(_VARIANTS)) if kind in ("exact", "near") else 1
        make: dict[str, Callable[[str, str], tuple[str, str, str] | None]] = {
            "exact": self._exact,
            "near": self._near,
            "leak": self._leak,
            "decoy": self._decoy,
            "unfit": self._unfit,
        }
        found: dict[tuple[str, str], Planted] = {}
        for _ in range(_TRIES):
            if len(found) == variants:
                break
            if (new := make[kind](query, passage)) and new[1:] != (query, passage):
                found[new[1:]] = Planted(new[1], new[2], polarity, self.groups, new[0])
        return list(found.values())

    def _exact(self, query: str, passage: str) -> tuple[str, str, str] | None:
        sides = [folded(self.rng, query), folded(self.rng, passage)]
        if self.rng.random() < 0.5:
            sides[self.rng.randrange(2)] = (query, passage)[self.rng.randrange(2)]
            sides = [
                new if key(new) == key(old) else folded(self.rng, old)
                for new, old in zip(sides, (query, passage), strict=True)
            ]
        if any(key(a) != key(b) for a, b in zip(sides, (query, passage), strict=True)):
            return None
        if self.symmetric and self.rng.random() < 0.3:
            return "exact_swapped", sides[1], sides[0]
        return "exact", sides[0], sides[1]

    def _near(self, query: str, passage: str) -> tuple[str, str, str] | None:
        sides = [query, passage]
        kind = self.rng.choice(("typo", "typo_both", "word", "swapped"))
        edits: tuple[tuple[int, Edit], ...]
        if kind == "word":
            word = self.rng.choice(_WORD_EDITS)
            kind = word.__name__
            # Of the passages of asymmetric pairs all are long, of their queries hardly any.
            edits = ((self.rng.randrange(2) if self.symmetric else 1, word),)
        elif kind == "typo_both":
            edits = ((0, typos), (1, typos))
        else:
            edits = ((self.rng.randrange(2), typos),)
        if kind == "swapped" and not self.symmetric:
            return None
        for side, edit in edits:
            changed = edit(self.rng, sides[side])
            if changed is None or key(changed) == key(sides[side]):
                return None
            sides[side] = changed
        if kind == "swapped":
            sides.reverse()
        return f"near_{kind}", sides[0], sides[1]

    def _decoy(self, query: str, passage: str) -> tuple[str, str, str] | None:
        sides = [query, passage]
        side = self.rng.randrange(2)
        # Few texts have a number to change, all have a word to negate.
        edit = number_changed if self.rng.random() < 0.7 else negated
        changed = edit(self.rng, sides[side])
        if changed is None:
            return None
        sides[side] = changed
        return f"decoy_{edit.__name__}", sides[0], sides[1]

    def _leak(self, query: str, passage: str) -> tuple[str, str, str] | None:
        text = self.pool.known[self.rng.randrange(len(self.pool.known))].as_py()
        edited = self.rng.random() < 0.5
        if edited:
            edit = self.rng.choice((typos, *_WORD_EDITS) if len(text) >= 150 else (typos,))
            if (changed := edit(self.rng, text)) is None:
                return None
            text = changed
        text = text[0].upper() + text[1:] + self.rng.choice((".", "!", "…"))
        kind = "edited" if edited else "whole"
        if self.rng.random() < 0.5:
            return f"leak_side_{kind}", *self._either(query, text)
        if self.symmetric:
            held = self.rng.choice((f"{passage} {text}", f"{text} {passage}"))
            return f"leak_inside_{kind}", *self._either(query, held)
        sentences = passage.split(". ")
        sentences.insert(self.rng.randrange(len(sentences) + 1), text.rstrip(".…!"))
        return f"leak_inside_{kind}", query, ". ".join(sentences)

    def _either(self, query: str, passage: str) -> tuple[str, str]:
        turned = self.symmetric and self.rng.random() < 0.5
        return (passage, query) if turned else (query, passage)

    def _unfit(self, query: str, passage: str) -> tuple[str, str, str] | None:
        foreign = self.pool.foreign[self.rng.randrange(len(self.pool.foreign))].as_py()
        middle = passage.find(" ", len(passage) // 2)
        return self.rng.choice(
            (
                ("unfit_markup", query, f"{passage[:middle]}<br/>{passage[middle:]}"),
                ("unfit_markup", query, f"{passage[:middle]}&nbsp;{passage[middle:]}"),
                ("unfit_english", query, foreign),
                ("unfit_short", query, "Да"),
                ("unfit_short", query, "—"),
                ("unfit_identical", query, f"{query} "),
            )
        )
