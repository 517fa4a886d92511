"""Samples: rows of a table as a person reads them, in Markdown."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rupairs.store import read_table
from rupairs.text import key

_LONGEST = 240
# An underscore inside a word is none of Markdown's marks.
_MARKS = re.compile(r"([\\`*{}\[\]<>|~$&#]|(?<!\w)_|_(?!\w))")
_WORD = re.compile(r"\w+")
_LEAKS = 5


def markdown(value: object, longest: int = _LONGEST) -> str:
    """Return a text for a cell of a Markdown table: one line, shortened, nothing of it markup."""
    text = " ".join(str(value).split())
    if len(text) > longest:
        start = text[: longest - 1]
        text = (start.rpartition(" ")[0] or start) + "…"
    return _MARKS.sub(r"\\\1", text)


def excerpt(text: str, known: str, longest: int = _LONGEST) -> str:
    """Return the part of a text that shares most words with the key of a known one."""
    words, wanted = [(m.start(), key(m.group())) for m in _WORD.finditer(text)], set(known.split())
    shared = [start for start, word in words if word in wanted]
    if len(text) <= longest or not shared:
        return text
    window = longest * 2 // 3
    near = [bisect_left(shared, start + window) - n for n, start in enumerate(shared)]
    best = shared[near.index(max(near))]
    begin = next(start for start, _ in words if start >= best - longest // 6)
    return f"…{text[begin:]}" if begin else text


def rows_table(columns: Mapping[str, str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table, of cells that are Markdown already.

    `columns` are their heads and whether they stand `left` or `right`.
    """
    marks = {"left": "---", "right": "--:"}
    lines = [
        f"| {' | '.join(columns)} |",
        f"|{'|'.join(marks[side] for side in columns.values())}|",
    ]
    return lines + [f"| {' | '.join(map(str, row))} |" for row in rows]


def sample_pages(samples: Mapping[str, pa.Table], columns: Sequence[str]) -> list[str]:
    """Return the lines that show the samples of every source."""
    lines: list[str] = []
    for source, table in samples.items():
        rows = [[markdown(row[name]) for name in columns] for row in table.to_pylist()]
        heads = {name.replace("_", " "): "left" for name in columns}
        lines += ["", f"## {source}", "", *rows_table(heads, rows)]
    return lines


def leak_pages(leaks: Path, parts: Sequence[Path]) -> list[str]:
    """Return the lines that show up to five leaks of every benchmark.

    The texts come from `parts`, the table that the leaks were found in. Shown are the leaks with
    the least pair ids, which are hashes, and each benchmark text once.
    """
    chosen = _chosen_leaks(read_table(leaks).sort_by([("pair_id", "ascending")]))
    places = {(row["source"], row["source_row"]) for rows in chosen.values() for row in rows}
    texts = _texts(parts, places)
    columns = ("source", "row", "side", "score", "benchmark text", "text of the pair")
    heads = {name: "right" if name == "score" else "left" for name in columns}
    lines: list[str] = []
    for benchmark, rows in chosen.items():
        cells = []
        for row in rows:
            text = texts[row["source"], row["source_row"]][row["side"]]
            place = [markdown(row[name]) for name in ("source", "source_row", "side")]
            shown = [markdown(row["known_text"]), markdown(excerpt(text, row["known_text"]))]
            cells.append([*place, f"{row['score']:.2f}", *shown])
        lines += ["", f"## {markdown(benchmark)}", "", *rows_table(heads, cells)]
    return lines


def _chosen_leaks(leaks: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """Return the first leaks of every benchmark; one that several hold stands under each."""
    labels = leaks["benchmark"].unique().to_pylist()
    names = sorted({name for label in labels for name in label.split(", ")})
    chosen = {}
    for name in names:
        own = pa.array([label for label in labels if name in label.split(", ")], pa.string())
        found = leaks.filter(pc.is_in(leaks["benchmark"], value_set=own))
        texts = found["known_text"].combine_chunks().dictionary_encode()
        first = pc.index_in(texts.dictionary[:_LEAKS], found["known_text"])
        chosen[name] = found.take(first).to_pylist()
    return chosen


def _texts(parts: Iterable[Path], wanted: set[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """Return the rows with these sources and source rows; row groups without any are not read."""
    sources, rows = (pa.array(sorted({place[n] for place in wanted}), pa.string()) for n in (0, 1))
    names = ["source", "source_row"]
    found = {}
    for part in parts:
        with pq.ParquetFile(part, page_checksum_verification=True) as file:
            for number in range(file.num_row_groups):
                places = file.read_row_group(number, names)
                fit = pc.and_(
                    pc.is_in(places["source"], value_set=sources),
                    pc.is_in(places["source_row"], value_set=rows),
                )
                if pc.any(fit).as_py():
                    group = file.read_row_group(number, [*names, "query", "passage"])
                    for row in group.filter(fit).to_pylist():
                        found[row["source"], row["source_row"]] = row
    return {place: found[place] for place in wanted}
