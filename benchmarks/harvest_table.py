"""The figures of a run as one Markdown table, with what they depend on below it."""

from collections.abc import Iterator
from typing import Any

_MB = 1 << 20
_COLUMNS = (
    *("what", "pairs", "seconds", "a second", "RSS, MB", "PSS, MB"),
    *("exact found", "near found", "repeats right", "decoys taken", "leaks found", "leaks right"),
)


def table(result: dict[str, Any]) -> Iterator[str]:
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|---|{'---:|' * (len(_COLUMNS) - 1)}"
    for found in result.get("stage", ()):
        yield _row("harvest, whole stage", found)
    for name, found in result.get("baseline", {}).items():
        if isinstance(found, dict):
            times = len(found["runs"])
            yield _row(f"{name}, median of {times}", found)
    for found in result.get("peers", ()):
        yield _peer_row(found)
    yield ""
    yield from _lines(result)


def _row(name: str, found: dict[str, Any]) -> str:
    scores = found["scores"]
    cells = [
        *(name, f"{found['pairs']:,}", f"{found['seconds']:,.1f}"),
        *(f"{found['pairs_per_second']:,.0f}", *_memory(found)),
        *(_percent(scores[kind]["recall"]) for kind in ("exact", "near")),
        _percent(scores["repeats"]["precision"]),
        "{taken} of {planted}".format(**scores["decoys"]),
        *(_percent(scores["leaks"][kind]) for kind in ("recall", "precision")),
    ]
    return f"| {' | '.join(cells)} |"


def _peer_row(found: dict[str, Any]) -> str:
    name = f"near-duplicates only: {found['name']}"
    if "error" in found:
        said = f"did not run: {found['error'].strip().splitlines()[-1][:200]}"
        return f"| {name} | {said} |{' |' * (len(_COLUMNS) - 2)}"
    scores = found["all"]
    cells = [
        *(name, f"{found['documents']:,}", f"{found['seconds']:,.1f}"),
        *(f"{found['documents_per_second']:,.0f}", *_memory(found), ""),
        f"{_percent(scores['recall'])} ({_percent(found['without_swapped']['recall'])})",
        _percent(scores["precision"]),
        "{taken} of {planted}".format(**scores["decoys"]),
        *("", ""),
    ]
    return f"| {' | '.join(cells)} |"


def _memory(found: dict[str, Any]) -> list[str]:
    return [f"{found[kind] / _MB:,.0f}" for kind in ("rss", "pss")]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _lines(result: dict[str, Any]) -> Iterator[str]:
    stage = result.get("stage", [])
    if len(stage) > 1:
        first = stage[0]
        shares = ", ".join(
            f"{s['pairs']:,}: {s['pairs_per_second'] / first['pairs_per_second']:.2f}"
            for s in stage[1:]
        )
        yield f"- Pairs a second against those at {first['pairs']:,} pairs: {shares}."
    for found in stage:
        steps = ", ".join(f"{name} {seconds:,.1f} s" for name, seconds in found["steps"].items())
        yield f"- {found['pairs']:,} pairs: {steps}."
    if "baseline" in result:
        yield (
            f"- The harvest takes 1/{result['baseline']['ratio_of_pairs_a_second']} of the time "
            "that the same work takes with datasets.map."
        )
    for found in result.get("peers", ()):
        settings = ", ".join(f"{name} {value}" for name, value in found["settings"].items())
        yield f"- {found['name']}: {settings}."
    if result.get("peers"):
        yield "- Near-duplicates in brackets: without those whose sides changed places."
    for size, facts in result["data"].items():
        lengths = "; ".join(f"{n} {f['median']:.0f}" for n, f in facts["characters"].items())
        yield f"- {int(size):,} pairs, median characters: {lengths}."
    told = result["machine"]
    versions = ", ".join(f"{n} {v}" for n, v in told["versions"].items())
    yield (
        f"- {told['cpu']}, {told['processes']} of {told['cores']} cores, "
        f"{told['memory_bytes'] / (1 << 30):.0f} GiB, load {told['load_at_start']} at the start; "
        f"Python {told['python']}, {versions}."
    )
