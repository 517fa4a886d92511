"""The table of sources, and the comparison of what was found with what USER-base reports."""

from pathlib import Path
from typing import Any

from harvest.fetching.availability import probe
from harvest.fetching.transfer import by_hand
from harvest.source import Source
from harvest.sources import SOURCES, get
from rupairs.errors import RupairsError
from rupairs.manifest import NAME, read_manifest
from rupairs.options import print_json

_NOT_WHOLE = "not whole"
_ROWS, _PAIRS, _TEXTS = "harvest/rows", "harvest/pairs", "harvest/texts"


def show_sources(out: Path | None, from_dir: Path | None, as_json: bool) -> None:
    """Print the table of sources, with the counts of a run if one is given."""
    tallies = _tallies(out) if out else {}
    rows = [_described(source, from_dir, tallies.get(source.name)) for source in SOURCES]
    if as_json:
        print_json(rows)
        return
    _print(
        "Sources; expected are the positive pairs that the card of USER-base reports",
        ("name", "state", "gives", "license", "expected", "found"),
        [
            (
                row["name"],
                row["state"],
                ", ".join(row["relations"]) or row["gives"],
                row["license"],
                _number(row["expected"]),
                _number(row["found"]),
            )
            for row in rows
        ],
    )
    _explain(
        "Why counts differ, and what to know",
        {r["name"]: (r["why"], r["note"], r["access"]) for r in rows},
    )
    _say("Next: rupairs harvest run SOURCE... --out runs/harvest")


def verify_counts(out: Path, as_json: bool) -> int:
    """Print expected and found counts of a run; returns 1 if a source is not whole."""
    rows = []
    for name, tally in _tallies(out).items():
        if "positives" not in tally:
            continue
        expected, found = get(name).expected, tally["positives"]
        differs = expected is not None and expected != found
        rows.append(
            {
                "name": name,
                "expected": expected,
                "found": found,
                "difference": None if expected is None else found - expected,
                "native": tally["native"],
                "kept": tally["kept"],
                "why": get(name).why if differs else "",
                "verdict": _verdict(get(name), found),
            }
        )
    if as_json:
        print_json(rows)
    elif not rows:
        _say(f"{out}: no pairs in this run, so no counts to compare")
    else:
        _print(
            "Positive pairs in the native files, before any check",
            ("name", "expected", "found", "difference", "kept", "verdict"),
            [
                (
                    row["name"],
                    *(_number(row[n]) for n in ("expected", "found", "difference", "kept")),
                    row["verdict"],
                )
                for row in rows
            ],
        )
        _explain("Why they differ", {row["name"]: (row["why"],) for row in rows})
    return int(any(row["verdict"] == _NOT_WHOLE for row in rows))


def _verdict(source: Source, found: int) -> str:
    """Say how a count stands to the card's, and to those that whole copies are known to give."""
    if found == source.expected:
        return "equal"
    if source.counts:
        return "whole" if found in source.counts else _NOT_WHOLE
    return "nothing to compare with" if source.expected is None else "count of a copy unknown"


def _tallies(out: Path) -> dict[str, dict[str, Any]]:
    """Return the tallies of a run's sources; those of single texts count no `positives`."""
    rows, pairs, texts = out / _ROWS, out / _PAIRS, out / _TEXTS
    if not any((made / NAME).is_file() for made in (rows, texts)):
        raise RupairsError(
            f"{out}: no finished harvest there; run: rupairs harvest run SOURCE... --out {out}"
        )
    found: dict[str, dict[str, Any]] = {}
    if (texts / NAME).is_file():
        tallies = read_manifest(texts).facts["sources"]
        found |= {name: _without(tally, "positives") for name, tally in tallies.items()}
    if not (rows / NAME).is_file():
        return found
    manifest = read_manifest(rows)
    if (pairs / NAME).is_file():
        final = read_manifest(pairs)
        # The pairs may be those of an earlier run, where a later one ended before it made them.
        if final.inputs["harvest.rows"] == manifest.content:
            manifest = final
    pairs_of: dict[str, dict[str, Any]] = manifest.facts["sources"]
    return found | pairs_of


def _without(tally: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in tally.items() if key != name}


def _described(
    source: Source, from_dir: Path | None, tally: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "name": source.name,
        "title": source.title,
        "state": probe(source, from_dir).state,
        "gives": source.gives,
        "relations": list(source.relations),
        "symmetric": source.symmetric if source.pairs else None,
        "license": source.license,
        "expected": source.expected,
        "found": tally.get("positives") if tally else None,
        "kept": tally["kept"] if tally else None,
        "why": source.why,
        "hub": [part.repo for part in source.hub],
        "url": source.url,
        "access": f"{source.access}; {by_hand(source)}" if source.access else "",
        "note": source.note,
    }


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _print(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD)
    for name in columns:
        number = name in ("expected", "found", "difference", "kept")
        whole = number or name == "name"
        table.add_column(name, justify="right" if number else "left", no_wrap=whole)
    for row in rows:
        table.add_row(*row)
    _say(table)


def _explain(title: str, notes: dict[str, tuple[str, ...]]) -> None:
    said = {name: " ".join(filter(None, parts)) for name, parts in notes.items()}
    lines = [f"  {name}: {text}" for name, text in said.items() if text]
    if lines:
        _say("\n".join([f"{title}:", *lines, ""]))


def _say(what: object) -> None:
    from rich.console import Console

    Console(highlight=False, markup=False).print(what)
