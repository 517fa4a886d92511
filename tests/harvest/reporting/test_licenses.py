"""Licenses: what each asks for, and what a set of several may be used for."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import rupairs.steps
from harvest.cli import register
from harvest.reporting.license_table import COLUMNS, licenses_of, parse_where
from harvest.sources import SOURCES
from harvest.stage import STAGE
from rupairs.errors import RupairsError, UsageError
from rupairs.licenses import CONDITIONS, conditions_of, facts, permits, spdx_url, summary
from tests.harvest.conftest import Harvest

ROWS = {
    ("xlsum", "CC-BY-NC-SA-4.0"): 30,
    ("miracl", "CC-BY-SA-3.0"): 20,
    ("mednli", "LicenseRef-PhysioNet-Credentialed-Health-Data-1.5.0"): 5,
    ("lenta", "unknown"): 25,
    ("ruparadetox", "openrail++"): 10,
    ("bible", "CC0-1.0"): 4,
    ("rcb", "MIT"): 6,
    ("terra", "MIT"): 0,
}


@pytest.mark.parametrize(
    ("license_id", "conditions", "page"),
    [
        ("MIT", ("notice",), "MIT"),
        ("apache-2.0", ("notice",), "Apache-2.0"),
        ("CC0-1.0", ("free",), "CC0-1.0"),
        ("CC-BY-2.0", ("attribution",), "CC-BY-2.0"),
        ("cc-by-sa-4.0", ("share_alike", "attribution"), "CC-BY-SA-4.0"),
        ("CC-BY-NC-4.0", ("non_commercial", "attribution"), "CC-BY-NC-4.0"),
        ("LicenseRef-MS-MARCO-Terms", ("unknown", "non_commercial"), None),
        (
            "Apache-2.0; LicenseRef-MS-MARCO-Terms",
            ("unknown", "non_commercial", "notice"),
            None,
        ),
        ("MIT; CC-BY-SA-3.0; ODC-By-1.0", ("share_alike", "attribution", "notice"), None),
        (
            "CC-BY-NC-SA-4.0",
            ("non_commercial", "share_alike", "attribution"),
            "CC-BY-NC-SA-4.0",
        ),
        (
            "CC-BY-NC-ND-4.0",
            ("no_derivatives", "non_commercial", "attribution"),
            "CC-BY-NC-ND-4.0",
        ),
        ("openrail++", ("use_restricted", "notice"), None),
        ("LicenseRef-PhysioNet-Credentialed-Health-Data-1.5.0", ("credentialed",), None),
        ("unknown", ("unknown",), None),
        ("", ("unknown",), None),
        ("Terms of the newspaper", ("unrecognised",), None),
        ("CC-BY-4.0 AND MIT", ("unrecognised",), None),
    ],
)
def test_a_license_has_conditions(
    license_id: str, conditions: tuple[str, ...], page: str | None
) -> None:
    assert conditions_of(license_id) == conditions
    assert spdx_url(license_id) == (f"https://spdx.org/licenses/{page}.html" if page else None)
    assert list(conditions) == [name for name in CONDITIONS if name in conditions]


def test_the_license_of_every_source_is_known_here() -> None:
    assert [s.name for s in SOURCES if conditions_of(s.license) == ("unrecognised",)] == []


def test_a_summary_counts_every_row_once_a_license() -> None:
    found = summary(ROWS)
    assert found.rows == sum(part.rows for part in found.licenses) == 100
    assert [(p.name, p.rows, p.share) for p in found.licenses][:2] == [
        ("CC-BY-NC-SA-4.0", 30, 0.3),
        ("unknown", 25, 0.25),
    ]
    by_name = {part.name: part for part in found.conditions}
    assert by_name["share_alike"].sources == {"miracl": 20, "xlsum": 30}
    assert by_name["notice"].sources == {"rcb": 6, "ruparadetox": 10}
    assert list(by_name) == [name for name in CONDITIONS if name in by_name]
    assert found.strictest == "credentialed"


def test_leaving_out_the_strict_leaves_the_rest() -> None:
    assert summary(ROWS).without == {
        "credentialed": 95,
        "unknown": 70,
        "non_commercial": 40,
        "use_restricted": 30,
        "share_alike": 10,
        "attribution": 10,
        "notice": 4,
        "free": 0,
    }


def test_a_set_permits_what_all_its_licenses_do() -> None:
    said = permits(summary(ROWS))
    assert said["passing it on"] == "excluded by mednli; no terms known for lenta"
    assert said["commercial use"] == "excluded by xlsum, mednli; no terms known for lenta"
    assert said["passing on changed versions"] == "excluded by mednli; no terms known for lenta"
    assert said["share_alike"].endswith(
        "(xlsum, miracl); the licenses differ: CC-BY-NC-SA-4.0, CC-BY-SA-3.0"
    )
    assert "ruparadetox" in said["use_restricted"]
    free = permits(summary({("bible", "CC0-1.0"): 3}))
    assert free == dict.fromkeys(list(said)[:3], "allowed by every license")
    strict = permits(summary({("a", "CC-BY-ND-4.0"): 1}))
    assert strict["passing on changed versions"] == "excluded by a"


def test_no_rows_have_no_terms() -> None:
    found = summary({("terra", "MIT"): 0})
    assert (found.rows, found.licenses, found.conditions, found.strictest) == (0, (), (), None)
    assert permits(found) == {}
    assert json.loads(json.dumps(facts(found)))["rows"] == 0


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("lenta", "write COLUMN=VALUE"),
        ("sources=lenta", "columns: source, license"),
        ("source=", "write COLUMN=VALUE"),
        ("source=lenta,", "write COLUMN=VALUE"),
    ],
)
def test_a_wrong_condition_is_refused(condition: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_where([condition])


def test_a_column_has_one_condition() -> None:
    assert parse_where(["source=a,b", "split=train"]) == {"source": ("a", "b"), "split": ("train",)}
    with pytest.raises(UsageError, match="source is given twice"):
        parse_where(["source=a", "source=b"])


def test_the_command_answers_for_any_part_of_the_table(
    harvest: Harvest, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = harvest(sample, rows={"sources": ["rcb", "ruparadetox", "lenta"]})["pairs"]
    run = tmp_path / "run"
    rows = list(stage.rows())
    monkeypatch.setattr(rupairs.steps, "load_stages", lambda: {"harvest": STAGE})
    app = typer.Typer()
    register(app)

    def asked(*where: str) -> dict[str, object]:
        options = [word for condition in where for word in ("--where", condition)]
        command = ["harvest", "licenses", "--out", str(run), "--json", *options]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
        answer: dict[str, object] = json.loads(done.stdout)
        return answer

    assert asked()["rows"] == len(rows)
    assert asked() == stage.manifest.facts["licenses"]
    chosen = [r for r in rows if r["source"] == "rcb" and r["relation"] == "neutral"]
    assert asked("source=rcb,lenta", "relation=neutral")["rows"] == len(chosen)
    assert asked("polarity=1")["rows"] == sum(row["polarity"] == 1 for row in rows)
    table = CliRunner().invoke(app, ["harvest", "licenses", "--out", str(run)])
    assert "no terms known for lenta" in table.stdout
    with pytest.raises(UsageError, match=r"no pair has source=lena; there are: lenta, rcb, rupar"):
        licenses_of(run, {"source": ("lena", "rcb")})
    with pytest.raises(RupairsError, match="has not finished"):
        licenses_of(tmp_path / "elsewhere", {})
    assert set(COLUMNS) <= set(rows[0])
