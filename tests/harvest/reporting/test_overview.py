"""The overview of a harvested table: figures that are the table's, samples that stand in it."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pyarrow as pa

from harvest.reporting.overview import write_pair_overview, write_text_overview
from harvest.reporting.plots import draw_dropped, draw_matrix, draw_sources
from harvest.reporting.samples import excerpt, markdown
from harvest.reporting.survey import PAIRS, SAMPLES, Lengths, survey
from harvest.table import LEAKS_SCHEMA
from rupairs.manifest import Manifest
from rupairs.pairs import PAIR_SCHEMA, Pair
from rupairs.report import write_report
from rupairs.sentences import SENTENCE_SCHEMA, Sentence
from rupairs.store import StageWriter, write_table
from tests.harvest.conftest import Harvest

TRICKY = (
    "Ключ | замок\nи `код`, <b>жирно</b>, *звёзды*, _черта_, [ссылка](x), snake_case, $5 & \\ ~"
)


def pair(source: str, number: int, query: str = "", **fields: Any) -> dict[str, Any]:
    texts = {"query": query or f"Вопрос номер {number} о погоде?", "passage": f"Ответ {number}."}
    known = {"relation": "question_answer", "polarity": 1, "symmetric": False, "license": "MIT"}
    origin = {"source": source, "source_revision": "r", "source_row": str(number)}
    return Pair(**(texts | known | origin | {"group_id": f"g{number}"} | fields)).row()


def sentence(number: int, text: str) -> dict[str, Any]:
    return Sentence(text, "Заголовок", "wikipedia", "r", str(number), "CC-BY-SA-4.0").row()


def tally(source: str, kept: int, **fields: Any) -> dict[str, Any]:
    about = {"license": "MIT", "license_url": "", "expected": None, "why": ""}
    counts = {"native": kept, "positives": kept, "kept": kept}
    relations = {"question_answer": kept} if kept else {}
    return {"source": source, **about, **counts, "relations": relations, "dropped": {}} | fields


def written(
    out: Path, rows: list[dict[str, Any]], schema: pa.Schema = PAIR_SCHEMA, part: int = 1_000_000
) -> list[Path]:
    out.mkdir()
    with StageWriter(out, schema, rows_per_part=part) as writer:
        for row in writer.each(rows):
            writer.keep(row)
    return sorted(out.glob("part-*.parquet"))


def facts_of(rows: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    counts = Counter(row["source"] for row in rows)
    return {"sources": {name: tally(name, kept) for name, kept in counts.items()}, **fields}


def cells(page: str) -> list[list[str]]:
    """Return the rows of all tables of a page, heads and rules too, as the text they show."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    split = (re.split(r"(?<!\\)\|", line)[1:-1] for line in lines)
    return [[re.sub(r"\\(\W|_)", r"\1", cell.strip()) for cell in row] for row in split]


def page(out: Path, name: str = "notes.md") -> str:
    return (out / name).read_text(encoding="utf-8")


def test_notes_say_what_the_table_holds(harvest: Harvest, sample: Path, tmp_path: Path) -> None:
    known = tmp_path / "known"
    known.mkdir()
    made = harvest(
        sample,
        rows={"sources": ["rcb", "ruparadetox", "lenta"]},
        pairs={"benchmarks": str(known_texts(known, sample))},
        texts={"sources": ["wikipedia"]},
    )
    for verb in ("rows", "pairs"):
        stage = made[verb]
        by_source = {row[0]: row for row in cells(page(stage.directory)) if len(row) == 9}
        kept = Counter((r["source"], r["relation"]) for r in stage.rows())
        for source in ("rcb", "ruparadetox", "lenta"):
            fact = stage.manifest.facts["sources"][source]
            _, _, native, positives, total, relations, dropped, _, _ = by_source[source]
            assert (int(native), int(positives)) == (fact["native"], fact["positives"])
            counts = {r: int(n) for r, n in (e.split() for e in relations.split(", "))}
            assert counts == {r: n for (s, r), n in kept.items() if s == source}
            assert int(total) == sum(counts.values())
            reasons = dict(e.split() for e in dropped.split(", ")) if dropped else {}
            assert {r: int(n) for r, n in reasons.items()} == fact["dropped"]
            assert int(native) == int(total) + sum(map(int, reasons.values()))
        assert {"sources.png", "dropped.png", "lengths.png"} <= set(stage.manifest.files)
        assert sum(part["rows"] for part in stage.manifest.facts["licenses"]["licenses"]) == len(
            list(stage.rows())
        )
    pairs, texts = made["pairs"], made["texts"]
    assert "leaks.md" in pairs.manifest.files
    report = page(pairs.directory, "report.md")
    assert "(leaks.png)" in report
    assert "First rows of `dropped.parquet`" in report
    assert "First rows of `part" not in report
    assert "First rows of `leaks" not in report
    lengths = [len(row["text"]) for row in texts.rows()]
    median = int(np.quantile(lengths, 0.5, method="inverted_cdf"))
    assert texts.manifest.facts["lengths"]["all"]["text"]["quartiles"][1] == median
    assert ["all", str(median)] in [row[:2] for row in cells(page(texts.directory))]


def known_texts(folder: Path, sample: Path) -> Path:
    row = json.loads(next(iter((sample / "rcb").glob("train*"))).read_text().splitlines()[0])
    (folder / "probe.txt").write_text(row["premise"] + "\n", encoding="utf-8")
    return folder


def test_samples_are_of_the_table_and_at_most_ten_a_source(tmp_path: Path) -> None:
    rows = [pair("lenta", n) for n in range(40)] + [pair("rcb", n + 100) for n in range(3)]
    parts = written(tmp_path / "out", rows, part=7)
    assert len(parts) > 1
    found = survey(parts, PAIRS)
    for source, count in (("lenta", SAMPLES), ("rcb", 3)):
        ids = sorted(row["pair_id"] for row in rows if row["source"] == source)
        assert found.samples[source]["pair_id"].to_pylist() == ids[:count]
    write_pair_overview(tmp_path / "out", facts_of(rows))
    shown = [row for row in cells(page(tmp_path / "out", "samples.md")) if "?" in row[1]]
    assert len(shown) == SAMPLES + 3
    table = {(r["relation"], r["query"], r["passage"], r["source_row"]) for r in rows}
    assert set(map(tuple, shown)) <= table


def test_a_repeated_pair_is_a_sample_once(tmp_path: Path) -> None:
    rows = [pair("mr_tydi", 1, source_row=str(n)) for n in range(30)] + [pair("mr_tydi", 2)]
    found = survey(written(tmp_path / "out", rows, part=5), PAIRS)
    assert found.samples["mr_tydi"].num_rows == 2
    assert found.by("source") == {("mr_tydi",): 31}


def test_a_text_of_markup_stays_in_its_cell(tmp_path: Path) -> None:
    rows = [pair("lenta", 1, TRICKY)]
    written(tmp_path / "out", rows)
    write_pair_overview(tmp_path / "out", facts_of(rows))
    shown = cells(page(tmp_path / "out", "samples.md"))
    assert shown[-1] == ["question_answer", " ".join(TRICKY.split()), "Ответ 1.", "1"]
    raw = page(tmp_path / "out", "samples.md").splitlines()[-1]
    assert r"\<b\>жирно" in raw
    assert r"\`код\`" in raw
    assert "snake_case" in raw


def test_long_texts_are_shortened_between_words() -> None:
    text = "слово " * 100
    short = markdown(text)
    assert short.endswith("слово…")
    assert len(short) <= 240
    assert markdown("а" * 300) == "а" * 239 + "…"
    assert markdown("Коротко.") == "Коротко."


def test_an_excerpt_shows_the_place() -> None:
    text = "Сначала о другом. " * 60 + "Ёж пришёл в старый сад. " + "Потом о третьем. " * 60
    shown = excerpt(text, "еж пришел в старый сад")
    assert shown.startswith("…")
    assert "Ёж пришёл в старый сад" in markdown(shown)
    assert excerpt(text, "ничего общего") == text
    assert excerpt("Короткий текст.", "короткий текст") == "Короткий текст."


def test_two_runs_give_the_same_bytes_whatever_a_persons_settings(tmp_path: Path) -> None:
    rows = [pair("lenta", n, "Ж" * (n + 3)) for n in range(30)]
    rows += [pair("rcb", n, symmetric=True, license="unknown") for n in range(9)]

    def run(out: Path) -> dict[str, bytes]:
        written(out, rows, part=11)
        leak = {"pair_id": rows[0]["pair_id"], "source": "lenta", "source_row": "0"}
        leak |= {"side": "query", "benchmark": "тест", "known_text": "ж", "score": 0.9}
        write_table(pa.Table.from_pylist([leak], schema=LEAKS_SCHEMA), out / "leaks.parquet")
        found = {"overlap": {"rcb": {"lenta": 3}}, "leaks": {"lenta": {"тест": 1}}}
        facts = facts_of(rows, **found)
        write_pair_overview(out, facts, sorted(out.glob("part-*.parquet")))
        return {p.name: p.read_bytes() for p in sorted(out.iterdir())} | {
            "facts": json.dumps(facts).encode()
        }

    first = run(tmp_path / "a")
    with mpl.rc_context({"font.size": 20, "axes.grid": True, "savefig.dpi": 50}):
        second = run(tmp_path / "b")
    assert first == second
    plots = {"sources.png", "dropped.png", "lengths.png", "overlap.png", "leaks.png"}
    assert plots <= set(first)
    for name in plots:
        assert b"matplotlib" not in first[name].lower()
        assert len(first[name]) < 200_000


def test_an_empty_table_says_so(tmp_path: Path) -> None:
    parts = written(tmp_path / "out", [])
    assert survey(parts, PAIRS).facts() == {
        "all": {side: {"quartiles": [0, 0, 0], "longest": 0} for side in ("query", "passage")},
        "sources": {},
    }
    empty = tally("lenta", 0, native=4, dropped={"too_short": 4}, expected=9)
    facts = {"sources": {"lenta": empty}, "overlap": {}, "leaks": {}, "benchmarks": {"probe": 3}}
    write_pair_overview(tmp_path / "out", facts)
    notes = page(tmp_path / "out")
    assert notes.count("No row was kept.") == 2
    assert "3 texts of 1 files were looked for.\nNo pair holds one." in notes
    assert "| lenta | [MIT](https://spdx.org/licenses/MIT.html) | 4 | 0 | 0 |" in notes
    assert "| 9 | unexplained |" in notes
    assert not (tmp_path / "out" / "lengths.png").exists()
    assert facts["licenses"]["permits"] == {}
    written(tmp_path / "none", [])
    write_pair_overview(tmp_path / "none", {"sources": {}})
    assert not list((tmp_path / "none").glob("*.png"))


def test_single_texts_are_measured_and_shown(tmp_path: Path) -> None:
    rows = [sentence(n, "слово " * n + "конец.") for n in range(1, 24)]
    written(tmp_path / "out", rows, SENTENCE_SCHEMA)
    dropped = {"native": 25, "dropped": {"duplicate": 2}, "license": "CC-BY-SA-4.0"}
    facts: dict[str, Any] = {"sources": {"wikipedia": tally("wikipedia", 23, **dropped)}}
    write_text_overview(tmp_path / "out", facts)
    rows_shown = cells(page(tmp_path / "out"))
    license_shown = "[CC-BY-SA-4.0](https://spdx.org/licenses/CC-BY-SA-4.0.html)"
    assert ["wikipedia", license_shown, "25", "23", "duplicate 2"] in rows_shown
    lengths = [len(row["text"]) for row in rows]
    low, median, high = (
        int(np.quantile(lengths, q, method="inverted_cdf")) for q in (0.25, 0.5, 0.75)
    )
    measured = [str(median), f"{low}–{high}", str(max(lengths))]
    assert ["all", *measured] in rows_shown
    assert ["wikipedia", *measured] in rows_shown
    assert len(cells(page(tmp_path / "out", "samples.md"))) == 2 + SAMPLES


def test_lengths_are_exact() -> None:
    rng = np.random.default_rng(5)
    several = [rng.integers(1, 500, size) for size in (1, 2, 3, 4, 1_000)]
    parts = []
    for numbers in several:
        lengths = Lengths()
        for chunk in np.array_split(numbers, 3):
            lengths.add(chunk)
        expected = np.quantile(numbers, (0.25, 0.5, 0.75), method="inverted_cdf")
        assert list(lengths.quartiles) == expected.tolist()
        assert (lengths.shortest, lengths.longest) == (numbers.min(), numbers.max())
        parts.append(lengths)
    assert Lengths.together(parts).total == sum(map(len, several))


def test_leaks_show_five_texts_a_benchmark(tmp_path: Path) -> None:
    rows = [pair("lenta", n, f"Известная строка номер {n}") for n in range(20)]
    rows += [pair("rcb", 3, "Совсем другая строка под тем же номером")]
    parts = written(tmp_path / "rows", rows, part=4)
    known = f"известная строка номер {7}"
    leaks = [
        {
            "pair_id": row["pair_id"],
            "source": "lenta",
            "source_row": row["source_row"],
            "side": "query",
            "benchmark": "один, два" if n == 7 else "один",
            "known_text": known if n in (7, 8, 9) else f"известная строка номер {n}",
            "score": 0.9,
            "equal": False,
        }
        for n, row in enumerate(rows[:20])
    ]
    written(tmp_path / "out", rows[:1])
    table = pa.Table.from_pylist(leaks, schema=LEAKS_SCHEMA)
    write_table(table, tmp_path / "out" / "leaks.parquet")
    facts = facts_of(rows, overlap={}, leaks={"lenta": {"один": 20, "два": 1}}, benchmarks={})
    write_pair_overview(tmp_path / "out", facts, parts)
    shown = page(tmp_path / "out", "leaks.md")
    one, two = (cells(part) for part in shown.split("## ")[1:])
    one, two = (one, two) if len(one) > len(two) else (two, one)
    assert len(one) == 2 + 5
    assert len({row[4] for row in one[2:]}) == 5
    assert two[2:] == [["lenta", "7", "query", "0.90", known, "Известная строка номер 7"]]
    by_row = {row["source_row"]: row["query"] for row in rows[:20]}
    assert all(row[5] == by_row[row[1]] for row in one[2:])


def test_plots_hold_many_sources_and_reasons(tmp_path: Path) -> None:
    reasons = {f"reason_{n}": n for n in range(1, 21)}
    names = [f"source_with_a_rather_long_name_{n}" for n in range(30)]
    tallies = {n: tally(n, 5, native=215, dropped=reasons, expected=10**6) for n in names}
    draw_sources(tallies, tmp_path / "sources.png")
    draw_dropped(tallies, tmp_path / "dropped.png")
    matrix = {a: dict.fromkeys((f"набор/{n}" for n in range(60)), 10**6) for a in names[:2]}
    draw_matrix(matrix, ("Совпадения", "source", "benchmark"), tmp_path / "matrix.png")
    assert all((tmp_path / f"{n}.png").stat().st_size for n in ("sources", "dropped", "matrix"))


def test_only_a_step_that_shows_its_rows_is_spared_their_repetition(tmp_path: Path) -> None:
    rows = [pair("lenta", n) for n in range(3)]
    written(tmp_path / "out", rows)
    names = ["dropped.parquet", "part-00000.parquet"]
    empty = {"bytes": 0, "sha256": ""}
    described: dict[str, Any] = {"step": "s", "step_version": 1, "fingerprint": "", "seed": 0}
    described |= {"config": {}, "inputs": {}, "counts": {}}
    for extra, repeated in ((), True), (("samples.md",), False):
        manifest = Manifest(**described, files=dict.fromkeys((*names, *extra), empty))
        write_report(tmp_path / "out", manifest, "Step")
        assert ("First rows of `part-00000" in page(tmp_path / "out", "report.md")) is repeated


def test_plots_are_not_imported_before_they_are_drawn() -> None:
    code = "import sys, harvest.reporting.overview; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
