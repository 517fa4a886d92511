"""The overview: what a person wants to see of a harvested table, on one page with its plots.

`notes.md` becomes the top of the step's report; `samples.md` and `leaks.md` are linked from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harvest.reporting.plots import draw_dropped, draw_lengths, draw_matrix, draw_sources
from harvest.reporting.samples import leak_pages, markdown, rows_table, sample_pages
from harvest.reporting.survey import PAIRS, SAMPLES, TEXTS, Lengths, Survey, survey
from rupairs import licenses
from rupairs.licenses import (
    CONDITIONS,
    LicenseSummary,
    Part,
    conditions_of,
    permits,
    spdx_url,
)

Facts = dict[str, Any]
Tallies = Mapping[str, Mapping[str, Any]]

_NOTES, _SAMPLES, _LEAKS = "notes.md", "samples.md", "leaks.md"
_FOUND = "leaks.parquet"
_DOCUMENTS = "documents sampled"
# Of a matrix, so many counts are also told in figures.
_CELLS = 20


def write_pair_overview(out: Path, facts: Facts, looked_at: Sequence[Path] = ()) -> None:
    """Write the overview of the pairs in `out`, and what it measures into `facts`.

    `facts` hold the tallies of the sources and, of a finished table, `overlap` and `leaks`;
    `looked_at` are the parts of the table that the leaks were found in.
    """
    found = survey(_parts(out), PAIRS)
    tallies: Tallies = facts["sources"]
    terms = _measured(found, facts)
    lines = [*_left_out(facts), "## Sources", "", *_pair_tallies(tallies), "", _FOOTNOTE, _LINK]
    if tallies:
        draw_sources(tallies, out / "sources.png")
        draw_dropped(tallies, out / "dropped.png")
        lines += ["", "![Rows a source](sources.png)", "", "![Dropped rows](dropped.png)"]
    lines += ["", *_terms(terms, _addresses(tallies)), "", *_lengths(found, tallies, out)]
    lines += [*_overlap(facts.get("overlap", {}), tallies, out), *_leaks(facts, out, looked_at)]
    _write_samples(found, tallies, out)
    _write(out / _NOTES, lines)


def write_text_overview(out: Path, facts: Facts) -> None:
    """Write the overview of the single texts in `out`, and what it measures into `facts`."""
    found = survey(_parts(out), TEXTS)
    tallies: Tallies = facts["sources"]
    terms = _measured(found, facts)
    columns = {"source": "left", "license": "left", "native texts": "right", "kept": "right"}
    counted = any(t.get("documents") for t in tallies.values())
    rows = [
        (
            name,
            _license(t["license"], t["license_url"]),
            t["native"],
            t["kept"],
            *([_documents(t)] if counted else []),
            _counts(t, "dropped"),
        )
        for name, t in tallies.items()
    ]
    columns |= ({_DOCUMENTS: "right"} if counted else {}) | {"dropped": "left"}
    lines = [*_left_out(facts), "## Sources", "", *rows_table(columns, rows), "", _LINK, ""]
    lines += [*_terms(terms, _addresses(tallies)), "", *_lengths(found, tallies, out)]
    _write_samples(found, tallies, out)
    _write(out / _NOTES, lines)


_FOOTNOTE = (
    "Positive pairs are those of the native files before any check; a pair that stands in several "
    "sources is kept for the first of them."
)
_LINK = f"Rows as they stand in the table: [{_SAMPLES}]({_SAMPLES})."


def _measured(found: Survey, facts: Facts) -> LicenseSummary:
    counts = found.by("source", "license")
    terms = licenses.summary({(source, name): n for (source, name), n in counts.items()})
    facts["licenses"] = licenses.facts(terms)
    facts["lengths"] = found.facts()
    return terms


def _pair_tallies(tallies: Tallies) -> list[str]:
    numbers = ("native rows", "positive pairs", "kept")
    columns = {"source": "left", "license": "left", **dict.fromkeys(numbers, "right")}
    columns |= {"of these": "left", "dropped": "left", "USER-base": "right"}
    columns |= {"why it differs": "left"}
    rows = []
    for name, tally in tallies.items():
        expected = tally["expected"]
        differs = expected is not None and expected != tally["positives"]
        cells = (tally["native"], tally["positives"], tally["kept"])
        rows.append(
            (
                name,
                _license(tally["license"], tally["license_url"]),
                *cells,
                _counts(tally, "relations"),
                _counts(tally, "dropped"),
                "" if expected is None else expected,
                markdown(tally["why"] or "unexplained", 1_000) if differs else "",
            )
        )
    return rows_table(columns, rows)


def _counts(tally: Mapping[str, Any], name: str) -> str:
    counts: Mapping[str, int] = tally[name]
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{key} {count}" for key, count in ordered)


def _documents(tally: Mapping[str, Any]) -> str:
    found = tally.get("documents") or {}
    return f"{found['taken']} of {found['read']}" if found else ""


def _addresses(tallies: Tallies) -> dict[str, str]:
    """Return where the text of each license is, as the first source that says it does."""
    found: dict[str, str] = {}
    for tally in tallies.values():
        found.setdefault(tally["license"], tally["license_url"])
    return found


def _license(name: str, address: str) -> str:
    target = spdx_url(name) or ("" if conditions_of(name) == ("unknown",) else address)
    return f"[{markdown(name)}]({target})" if target else markdown(name)


def _terms(found: LicenseSummary, addresses: Mapping[str, str]) -> list[str]:
    lines = ["## Licenses", ""]
    if not found.rows:
        return [*lines, "No row was kept."]
    columns = {"license": "left", "rows": "right", "share": "right", "sources": "left"}
    named = [(_license(p.name, addresses.get(p.name, "")), *_part(p)) for p in found.licenses]
    lines += [*rows_table(columns, named), ""]
    columns = {"condition": "left", "which means": "left", "rows": "right", "share": "right"}
    columns |= {"sources": "left", "rows without it and all above": "right"}
    held = [
        (part.name, CONDITIONS[part.name], *_part(part), found.without[part.name])
        for part in found.conditions
    ]
    lines += [*rows_table(columns, held), ""]
    lines += [
        f"A set of all {found.rows} rows, by what the publishers state (no legal advice):",
        "",
    ]
    lines += [f"- {use}: {answer}" for use, answer in permits(found).items()]
    return lines


def _part(part: Part) -> tuple[object, ...]:
    sources = ", ".join(f"{name} {rows}" for name, rows in part.sources.items())
    return part.rows, f"{part.share:.1%}", sources


def _lengths(found: Survey, order: Iterable[str], out: Path) -> list[str]:
    lines = ["## Lengths", ""]
    if not found.lengths:
        return [*lines, "No row was kept."]
    several = {name: found.lengths[name] for name in order if name in found.lengths}
    whole = {"all": found.of_all()}
    columns = {"source": "left"}
    for side in found.shape.texts:
        columns |= {f"{side}, {n}": "right" for n in ("median", "quartiles", "longest")}
    rows = [
        (name, *(cell for lengths in sides.values() for cell in _measures(lengths)))
        for name, sides in (whole | several).items()
    ]
    draw_lengths(_panels(found, several), out / "lengths.png")
    lines += ["Characters of the kept texts.", "", *rows_table(columns, rows)]
    return [*lines, "", "![Lengths](lengths.png)"]


def _measures(lengths: Lengths) -> tuple[object, ...]:
    low, median, high = lengths.quartiles
    return median, f"{low}–{high}", lengths.longest


def _panels(
    found: Survey, several: Mapping[str, Mapping[str, Lengths]]
) -> list[tuple[str, Mapping[str, Lengths]]]:
    kinds: dict[Any, str] = {}
    if "symmetric" in found.shape.counted:
        either = {True: "symmetric", False: "asymmetric"}
        kinds = {source: f" ({either[kind]})" for source, kind in found.by("source", "symmetric")}
    return [(f"{name}{kinds.get(name, '')}", sides) for name, sides in several.items()]


def _overlap(
    overlap: Mapping[str, Mapping[str, int]], order: Iterable[str], out: Path
) -> list[str]:
    if not overlap:
        return []
    titles = ("Pairs that repeat an earlier one, by the sources of both", "repeat", "earlier pair")
    matrix = {name: overlap.get(name, {}) for name in order}
    draw_matrix(matrix, titles, out / "overlap.png")
    lines = ["", "## Repeats", "", *_matrix(matrix, titles), ""]
    return [*lines, "![Repeats between sources](overlap.png)"]


def _leaks(facts: Facts, out: Path, looked_at: Sequence[Path]) -> list[str]:
    """Return what is said of leaks: nothing if no benchmarks were looked for."""
    if "leaks" not in facts:
        return []
    lines = ["", "## Benchmark texts", ""]
    texts = sum(facts.get("benchmarks", {}).values())
    lines.append(f"{texts} texts of {len(facts.get('benchmarks', {}))} files were looked for.")
    if not facts["leaks"]:
        return [*lines, "No pair holds one."]
    titles = ("Pairs with a side that holds a benchmark text", "source", "benchmark")
    matrix = {name: facts["leaks"].get(name, {}) for name in facts["sources"]}
    draw_matrix(matrix, titles, out / "leaks.png")
    _write(out / _LEAKS, ["# Leaks", *leak_pages(out / _FOUND, looked_at)])
    lines += ["", *_matrix(matrix, titles), ""]
    return [*lines, f"Examples: [{_LEAKS}]({_LEAKS}).", "", "![Leaks](leaks.png)"]


def _matrix(matrix: Mapping[str, Mapping[str, int]], titles: tuple[str, str, str]) -> list[str]:
    """Return the table of a matrix's cells, those with most rows first."""
    cells = [(row, name, count) for row, of in matrix.items() for name, count in of.items()]
    cells.sort(key=lambda cell: (-cell[2], cell[0], cell[1]))
    rows = [(markdown(row), markdown(name), count) for row, name, count in cells[:_CELLS]]
    heads = {titles[1]: "left", titles[2]: "left", "pairs": "right"}
    more = len(cells) - len(rows)
    return rows_table(heads, rows) + (["", f"And {more} smaller counts."] if more > 0 else [])


def _left_out(facts: Facts) -> list[str]:
    """Return what is said of sources that the run went on without."""
    missing: Mapping[str, str] = facts.get("unavailable", {})
    if not missing:
        return []
    lines = ["## Left out", "", "These sources could not be had:", ""]
    return [*lines, *(f"- {name}: {markdown(why, 1_000)}" for name, why in missing.items()), ""]


def _write_samples(found: Survey, tallies: Iterable[str], out: Path) -> None:
    drawn = {name: found.samples[name] for name in tallies if name in found.samples}
    lines = ["# Samples", "", f"{SAMPLES} rows a source, drawn by their ids; long texts shortened."]
    _write(out / _SAMPLES, lines + sample_pages(drawn, found.shape.shown))


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("\n".join(lines).strip() + "\n", encoding="utf-8")


def _parts(out: Path) -> list[Path]:
    return sorted(out.glob("part-*.parquet"))
