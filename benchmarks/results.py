"""The tables of the project's README, printed from the results that are kept.

`benchmarks/results/NAME.json` is what the README shows of a run of `benchmarks.NAME`: the machine,
the settings and the figures, without examples and single runs. Between the marks `benchmark NAME`
stands what `TABLES` makes of it; where nothing is kept, the README is left as it is.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MADE, KEPT = ROOT / "runs/benchmarks", ROOT / "benchmarks/results"
README = ROOT / "README.md"
# What no table shows: single runs, examples with their texts, the words of errors.
_LEFT_OUT = {"runs", "mistakes", "wrong_examples", "data", "steps", "reference", "peer"}
_LEFT_OUT |= {"said", "notes", "what", "mended", "resume_error"}
_MB = 1 << 20

Result = Mapping[str, Any]


def harvested(result: Result) -> Iterator[str]:
    """Yield what became of the rows of real sources."""
    yield from _head("harvested", "native", "kept", "dropped", left=(0, 3))
    for source in result["sources"]:
        gone = sorted(source["dropped"].items(), key=lambda item: -item[1])
        said = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in gone)
        yield _row(f"`{source['source']}`", f"{source['native']:,}", f"{source['kept']:,}", said)


def harvest(result: Result) -> Iterator[str]:
    """Yield the whole stage at every size, the baseline, and the search beside others'."""
    stage = result["stage"]
    sizes = [f"{found['pairs']:,} pairs" for found in stage]
    yield from _head("harvest, real texts with planted repeats and leaks", *sizes)
    yield _row("whole stage, seconds", *(f"{found['seconds']:,.0f}" for found in stage))
    memory = (f"{found['pss'] / _MB:,.0f}" for found in stage)
    yield _row("memory of all processes (PSS), MB", *memory)
    for name, found, right in (
        ("near-duplicates found; right among those dropped as repeats", "near", "repeats"),
        ("leaks found; right", "leaks", "leaks"),
    ):
        both = ((f["scores"][found]["recall"], f["scores"][right]["precision"]) for f in stage)
        yield _row(name, *("; ".join(map(_percent, shares)) for shares in both))
    if baseline := result.get("baseline"):
        yield ""
        yield (
            "The same work written with `datasets.map` takes "
            f"{baseline['ratio_of_pairs_a_second']:.1f} times as long "
            f"({baseline['rupairs']['pairs']:,} pairs)."
        )
    if peers := [found for found in result.get("peers", ()) if "error" not in found]:
        yield f"Near-duplicates alone, {peers[0]['documents']:,} documents:"
        yield ""
        yield from _head("", "documents a second", "found", "right")
        for found in peers:
            name = " ".join(filter(None, (found["name"], found["settings"].get("version"))))
            shares = (_percent(found["all"][kind]) for kind in ("recall", "precision"))
            yield _row(name, f"{found['documents_per_second']:,.0f}", *shares)


def generation(result: Result) -> Iterator[str]:
    """Yield what each way to ask a server makes of its time, and of a kill."""
    of = result["settings"]
    wait = f"{1000 * float(of['latency']):.0f} ms"
    title = f"{int(of['calls']):,} calls, {of['concurrency']} at a time, answered after {wait}"
    killed = f"{int(of['resume_calls']):,} calls, killed at half: tokens over one pass"
    yield from _head(title, "calls a second", killed)
    for name, found in sorted(
        result["runners"].items(), key=lambda item: -item[1].get("calls_per_s", 0)
    ):
        if "calls_per_s" in found:
            again = found.get("resumed_over_one_pass")
            went_on = f"{again:.3f}" if again else f"not in {float(of['timeout']):.0f} s"
            yield _row(_named(name, found["package"]), f"{found['calls_per_s']:.0f}", went_on)


def _named(name: str, package: str = "") -> str:
    """Return how a table calls who was measured: a package by its version."""
    package = re.sub(r"\[.*?\]", "", package).replace("==", " ")
    return package or ("rupairs, replay log on" if name == "rupairs" else name)


def serving(result: Result) -> Iterator[str]:
    """Yield tokens a second of the client beside those of the server's own."""
    of = result["settings"]
    title = (
        f"vLLM {result['vllm']} on the CPU, a random model, {of['prompts']} prompts, "
        f"{of['concurrency']} at a time, {of['tokens']} tokens each"
    )
    yield from _head(title, "tokens a second", f"lowest to highest of {of['repeats']}")
    for name, speed in result["medians"].items():
        low, high = result["spread"][name]
        yield _row(_named(name), f"{speed:.0f}", f"{low:.0f} to {high:.0f}")


def training(result: Result) -> Iterator[str]:
    """Yield speed, loss and memory of each way to train."""
    of = result["settings"]
    title = (
        f"multilingual-e5-small on the CPU, {of['steps']} steps of {of['batch']} triples of XNLI"
    )
    title += f", medians of {of['repeats']}" if int(of["repeats"]) > 1 else ", one run each"
    yield from _head(title, "triples a second", "times", "held-out loss", "peak MB")
    for way in result["ways"]:
        if "error" not in way:
            speed = (f"{way['triples_per_second']:.1f}", f"{way['times']:.2f}")
            yield _row(
                way["way"].replace("ours", "rupairs", 1),
                *speed,
                f"{way['loss']:.3f}",
                f"{way['peak_mb']:,.0f}",
            )


def faults(result: Result) -> Iterator[str]:
    """Yield how the whole chain ended under faults of every kind."""
    met = [point for point in result["points"] if point["met"]]
    title = f"the whole chain under {len(met)} faults in {len({p['run'] for p in met})} runs"
    ends = ("went on by itself", "one clear line, then mended", "ended otherwise")
    yield from _head(title, "faults", *ends)
    for kind in dict.fromkeys(point["kind"] for point in met):
        of = [point for point in met if point["kind"] == kind]
        failed = sum(bool(point["failures"]) for point in of)
        clear = sum(point["clear_error"] and not point["failures"] for point in of)
        yield _row(kind, *map(str, (len(of), len(of) - clear - failed, clear, failed)))


TABLES: dict[str, Callable[[Result], Iterator[str]]] = {
    table.__name__: table for table in (harvested, harvest, generation, serving, training, faults)
}


def take(name: str) -> None:
    """Keep the last result of a benchmark; SystemExit if there is none."""
    path = MADE / f"{name}.json"
    if not path.is_file():
        raise SystemExit(f"{path}: not there; run python -m benchmarks {name}")
    result = json.loads(path.read_text(encoding="utf-8"))
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    KEPT.mkdir(exist_ok=True)
    text = json.dumps({"date": day} | small(result), ensure_ascii=False, indent=1)
    (KEPT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def small(result: Result) -> dict[str, Any]:
    """Return a result without what no table shows, nor the paths of the machine it is from."""
    settings = {k: v for k, v in result.get("settings", {}).items() if not _is_path(v)}
    kept: dict[str, Any] = _pruned(result) | {"settings": settings}
    if "medians" in result:
        speeds = {n: [r["tokens_per_s"] for r in runs] for n, runs in result["runs"].items()}
        kept["spread"] = {name: [min(of), max(of)] for name, of in speeds.items()}
    return kept


def _pruned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _pruned(v) for k, v in value.items() if k not in _LEFT_OUT and not _is_path(v)}
    return [_pruned(item) for item in value] if isinstance(value, list) else value


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("/", "./", "../", "runs/"))


def marks(name: str) -> tuple[str, str]:
    """Return the lines between which a table stands in the README."""
    return f"<!-- benchmark {name}: begin -->", f"<!-- benchmark {name}: end -->"


def shown(name: str) -> str | None:
    """Return the table of a benchmark; None if no result of it is kept."""
    path = KEPT / f"{name}.json"
    if not path.is_file():
        return None
    return "\n".join(TABLES[name](json.loads(path.read_text(encoding="utf-8"))))


def write_readme(path: Path = README) -> list[str]:
    """Put every table whose result is kept into the README; return their names."""
    text = path.read_text(encoding="utf-8")
    written = []
    for name in TABLES:
        begin, end = marks(name)
        before, first, rest = text.partition(begin)
        _, second, after = rest.partition(end)
        if (table := shown(name)) is not None and first and second:
            text = f"{before}{begin}\n\n{table}\n\n{end}{after}"
            written.append(name)
    path.write_text(text, encoding="utf-8")
    return written


def _head(*columns: str, left: tuple[int, ...] = (0,)) -> Iterator[str]:
    yield _row(*columns)
    yield f"|{'|'.join('---' if n in left else '--:' for n in range(len(columns)))}|"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
