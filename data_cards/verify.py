"""Verification of a data set, published or about to be: what its users would stumble over.

Rows are compared by the keys of their texts (`rupairs.text.key`), so case, ё and punctuation do not
hide a repeat. Every finding says how many rows it is about and shows some.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_cards.croissant import CROISSANT, disagreements
from data_cards.opening import Opened, Splits
from data_cards.terms import Tally, release_terms
from rupairs.benchmark_texts import read_benchmarks
from rupairs.containment import KnownTexts
from rupairs.errors import RupairsError
from rupairs.manifest import NAME, read_manifest, sha256
from rupairs.pairs import NLI_RELATIONS
from rupairs.russian import not_russian
from rupairs.text_columns import clean_column, key_column

Severity = Literal["ok", "note", "fault"]
# The text all rows of a group share, by the columns of the set.
_ANCHORS = ("query", "premise")
_TEXTS = (*_ANCHORS, "passage", "hypothesis", "entailment", "contradiction", "pos", "neg")
_VOTER = "annotator"
_SHOWN = 3
_SAMPLE = 5_000
_FOREIGN = 0.01
_HELD = 0.8
_PIECE = 100_000
_KEY = pa.large_string()
_SYMMETRIC = {"query", "passage", "symmetric"}


@dataclass(frozen=True)
class Finding:
    """The result of one check: where, how many rows, and some of them."""

    check: str
    where: str
    severity: Severity
    said: str
    examples: tuple[str, ...] = ()


def verify(found: Opened, benchmarks: Path | None = None) -> list[Finding]:
    """Return what every check says, faults and what is in order alike."""
    results = [*_files(found), *_croissant(found), *_card(found), *_terms(found)]
    for config, splits in found.configs.items():
        if not any(name in _TEXTS for table in splits.values() for name in table.column_names):
            results.append(Finding("texts", config, "note", "no text columns that are known here"))
            continue
        keyed = {split: _keyed(table) for split, table in splits.items()}
        results += [*_rows(config, splits, keyed), *_across(config, keyed)]
        results += [*_void(config, splits), _language(config, splits)]
        if benchmarks is not None:
            results.append(_leaks(config, keyed, benchmarks))
    return results


def _files(found: Opened) -> Iterator[Finding]:
    if not (found.folder / NAME).is_file():
        yield Finding("checksums", NAME, "note", "no manifest: nothing to compare the files with")
        return
    try:
        manifest = read_manifest(found.folder)
    except RupairsError as error:
        yield Finding("checksums", NAME, "fault", str(error))
        return
    wrong = [n for n, f in manifest.files.items() if sha256(found.folder / n) != f.sha256]
    yield _finding("checksums", NAME, wrong, "files are not as the manifest says")
    refusals = manifest.facts.get("refusals") or []
    refused = refusals if isinstance(refusals, list) else [str(refusals)]
    yield _finding("terms", NAME, refused, "kinds of rows must not be passed on")


def _croissant(found: Opened) -> Iterator[Finding]:
    if (found.folder / CROISSANT).is_file():
        wrong = list(disagreements(found.folder))
        yield _finding("croissant", CROISSANT, wrong, "files are not as it says")


def _card(found: Opened) -> Iterator[Finding]:
    front = found.card.front
    missing = [name for name in ("license", "language") if not front.get(name)]
    yield _finding("card", "front matter", missing, "fields are missing")
    try:
        declared = list(_declared(front.get("dataset_info") or []))
    except (TypeError, LookupError, AttributeError):
        said = "dataset_info is not as `datasets` writes it"
        yield Finding("card", "front matter", "fault", said)
        return
    for config, split, said_rows in declared:
        table = found.configs.get(config, {}).get(split)
        rows = table.num_rows if table is not None else 0
        if rows != said_rows:
            said = f"the card says {said_rows} rows, there are {rows}"
            yield Finding("card", f"{config}/{split}", "fault", said)
    named = {(config, split) for config, split, _ in declared}
    for config, splits in found.configs.items():
        if any(told == config for told, _ in named):
            untold = [split for split in splits if (config, split) not in named]
            said = "splits are not in dataset_info: `datasets` refuses them"
            yield _finding("card", config, untold, said)


def _terms(found: Opened) -> Iterator[Finding]:
    """Compare the license of the card with those of the rows, where rows say theirs."""
    for config, splits in found.configs.items():
        tally = Tally()
        for split, table in splits.items():
            if "license" in table.column_names and pa.types.is_string(table["license"].type):
                for counted in pc.value_counts(table["license"]).to_pylist():
                    name = counted["values"] or ""
                    tally.add_rows(name, counted["counts"], partial(list, [f"in {split}"]))
        if not tally.rows:
            continue
        refused = [str(refusal) for refusal in tally.refusals()]
        yield _finding("terms", config, refused, "kinds of rows must not be passed on")
        said, is_ = found.card.front.get("license"), release_terms(tally.rows).hub
        wrong = [] if said == is_ else [f"the card says {said}, the rows come to {is_}"]
        yield _finding("license", config, wrong, "license of the card is not that of its rows")


def _declared(infos: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield config, split and number of rows as a card says them."""
    for info in [infos] if isinstance(infos, Mapping) else infos:
        for split in info.get("splits", ()):
            yield str(info.get("config_name", "default")), str(split["name"]), split["num_examples"]


@dataclass(frozen=True)
class _Keyed:
    """The keys of a split: of whole rows, of the shared text, and of every text by column."""

    rows: pa.ChunkedArray
    anchors: pa.ChunkedArray
    texts: Mapping[str, pa.ChunkedArray]


def _keyed(table: pa.Table) -> _Keyed:
    """Return the keys, piece by piece: one array of 32-bit offsets ends at 2 GiB of texts."""
    names = [n for n in _TEXTS if n in table.column_names]
    rows, texts = [], {name: [pa.array([], _KEY)] for name in names}
    for piece in _pieces(table):
        whole = []
        for name in names:
            keys, row = _keys(piece[name].combine_chunks())
            texts[name].append(keys.cast(_KEY))
            whole.append(row)
        if {*names, *_flags(piece)} >= _SYMMETRIC:
            whole = _ordered(whole, names, pc.fill_null(piece["symmetric"], False))
        rows.append(pc.binary_join_element_wise(*whole, "\x1e").cast(_KEY))
    keyed = {name: pa.chunked_array(found, _KEY) for name, found in texts.items()}
    whole_rows = pa.chunked_array(rows, _KEY)
    return _Keyed(whole_rows, next((keyed[n] for n in _ANCHORS if n in keyed), whole_rows), keyed)


def _flags(table: pa.Table) -> list[str]:
    return [column.name for column in table.schema if pa.types.is_boolean(column.type)]


def _pieces(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, _PIECE):
        yield table.slice(start, _PIECE)


def _keys(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the keys of all texts, and of each row, whose list of texts is joined."""
    flat = values.flatten() if _is_list(values) else values
    keys = key_column(clean_column(pc.fill_null(flat.cast(pa.string()), "")))
    if not _is_list(values):
        return keys, keys
    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy()
    offsets = pa.array(np.append(0, np.cumsum(lengths)), pa.int32())
    return keys, pc.binary_join(pa.ListArray.from_arrays(offsets, keys), "\x1f")


def _ordered(whole: list[pa.Array], names: list[str], symmetric: pa.ChunkedArray) -> list[pa.Array]:
    """Return the keys of rows with the sides of symmetric pairs in one order."""
    query, passage = (whole[names.index(name)] for name in ("query", "passage"))
    swapped = pc.and_(symmetric.combine_chunks(), pc.greater(query, passage))
    first, second = pc.if_else(swapped, passage, query), pc.if_else(swapped, query, passage)
    sides = {"query": first, "passage": second}
    return [sides.get(name, keys) for name, keys in zip(names, whole, strict=True)]


def _is_list(values: pa.Array) -> bool:
    return bool(pa.types.is_list(values.type) or pa.types.is_large_list(values.type))


def _rows(config: str, splits: Splits, keyed: Mapping[str, _Keyed]) -> Iterator[Finding]:
    for split, found in keyed.items():
        where = f"{config}/{split}"
        empty = {n: pc.sum(pc.equal(k, "")).as_py() or 0 for n, k in found.texts.items()}
        for name in [n for n in found.texts if _is_list(splits[split][n])]:
            bare = pc.fill_null(pc.list_value_length(splits[split][name]), 0)
            empty[name] += pc.sum(pc.equal(bare, 0)).as_py() or 0
        said = [f"{name}: {count}" for name, count in empty.items() if count]
        yield _finding("empty texts", where, said, "columns lack texts in some rows")
        table = splits[split]
        if _VOTER in table.column_names:
            continue  # several people say something of one pair, and may discard it
        counts = pc.value_counts(found.rows)
        twice = [c["values"].as_py() for c in counts if c["counts"].as_py() > 1]
        yield _finding("repeats", where, twice, "rows are there twice or more", _first_text)
        if "label" in table.column_names and pa.types.is_string(table["label"].type):
            labels = pc.unique(table["label"]).to_pylist()
            unknown = [str(label) for label in labels if label not in NLI_RELATIONS]
            yield _finding("labels", where, unknown, "labels are not those of NLI")


def _void(config: str, splits: Splits) -> Iterator[Finding]:
    """Name columns without a value; `datasets` makes up what the card names and no file has."""
    tables = list(splits.values())
    names = tables[0].column_names if any(table.num_rows for table in tables) else []
    void = [name for name in names if all(t[name].null_count == t.num_rows for t in tables)]
    if void:
        yield Finding("columns", config, "note", f"hold nothing in any row: {', '.join(void)}")


def _across(config: str, keyed: Mapping[str, _Keyed]) -> Iterator[Finding]:
    names = list(keyed)
    for n, one in enumerate(names):
        for other in names[n + 1 :]:
            where = f"{config}/{one} and {other}"
            for check, part in (("repeats", "rows"), ("siblings", "anchors")):
                mine, theirs = (getattr(keyed[name], part) for name in (one, other))
                both = pc.unique(theirs.filter(pc.is_in(theirs, value_set=mine))).to_pylist()
                said = "rows are in both" if part == "rows" else "anchors have rows in both"
                yield _finding(check, where, [k for k in both if k], said, _first_text)


def _language(config: str, splits: Splits) -> Finding:
    texts: list[str] = []
    for table in splits.values():
        for name in [n for n in _TEXTS if n in table.column_names]:
            values = table[name].slice(0, _SAMPLE).combine_chunks()
            flat = pc.list_flatten(values) if _is_list(values) else values
            texts += [text for text in flat.slice(0, _SAMPLE).to_pylist() if text]
    foreign = [text for text in texts if not_russian(text)]
    share = len(foreign) / max(len(texts), 1)
    said = f"{len(foreign)} of the first {len(texts)} texts do not read as Russian"
    severity: Severity = "fault" if share > _FOREIGN else "note" if foreign else "ok"
    return Finding("language", config, severity, said, tuple(t[:120] for t in foreign[:_SHOWN]))


def _leaks(config: str, keyed: Mapping[str, _Keyed], folder: Path) -> Finding:
    benchmarks = read_benchmarks(folder)
    known = KnownTexts(benchmarks.keys, _HELD)
    leaked: list[str] = []
    columns = [column for found in keyed.values() for column in found.texts.values()]
    for keys in [chunk.cast(pa.string()) for column in columns for chunk in column.chunks]:
        held = {hit.row: hit for hit in known.hits(keys)}
        leaked += [f"{benchmarks.names[h.known]}: {keys[r].as_py()}" for r, h in held.items()]
    return _finding("leaks", config, leaked, f"texts hold one of {folder.name}")


def _finding(
    check: str,
    where: str,
    wrong: list[str],
    said: str,
    show: Callable[[str], str] = str,
) -> Finding:
    if not wrong:
        return Finding(check, where, "ok", "in order")
    examples = tuple(show(item)[:120] for item in wrong[:_SHOWN])
    return Finding(check, where, "fault", f"{len(wrong)} {said}", examples)


def _first_text(key: str) -> str:
    return key.partition("\x1e")[0]
