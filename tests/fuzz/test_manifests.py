"""Manifests: a finished directory is opened, or the error names what is wrong with it."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_cards.opening import Opened
from data_cards.readme import Readme
from data_cards.verify import verify
from rupairs.errors import RupairsError
from rupairs.manifest import NAME, Counts, Manifest, describe_files, read_manifest
from rupairs.store import write_table
from tests.fuzz.damage import FUZZED, JUNK, damaged, promptly, spelled, twisted

PART = "part-00000.parquet"
TABLE = pa.table({"premise": ["Снег выпал."], "hypothesis": ["Выпал снег."]})


def finished(folder: Path) -> dict[str, Any]:
    """Write a small finished directory; return its manifest as JSON has it."""
    (folder / NAME).unlink(missing_ok=True)
    write_table(TABLE, folder / PART)
    whole = Manifest(
        step="ruwanli.filter",
        step_version=1,
        fingerprint="0" * 32,
        seed=7,
        config={"keep": 0.5},
        inputs={"ruwanli.generate": "1" * 32},
        counts=Counts(rows_in=2, rows_out=1, rows_dropped=1, dropped_by_reason={"copied": 1}),
        files=describe_files(folder),
        licenses={"rcb": "MIT"},
    )
    found: dict[str, Any] = json.loads(whole.model_dump_json())
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


def opened(folder: Path, content: bytes) -> Manifest | None:
    """Read a directory; None where it was refused by the name of a file in it."""
    (folder / NAME).write_bytes(content)
    with promptly():
        try:
            manifest = read_manifest(folder)
        except RupairsError as error:
            assert str(error).startswith(f"{folder}/")
            return None
    assert all((folder / name).stat().st_size == f.bytes for name, f in manifest.files.items())
    assert len(manifest.content) == 32
    return manifest


@FUZZED
@given(st.data())
def test_manifests_with_values_changed(place: Path, data: st.DataObject) -> None:
    opened(place, spelled(data.draw(twisted(finished(place)) | JUNK)).encode())


@FUZZED
@given(st.data())
def test_manifests_with_bytes_changed(place: Path, data: st.DataObject) -> None:
    opened(place, data.draw(damaged(json.dumps(finished(place), indent=2).encode())))


@FUZZED
@example("x" * 300)
@example("\0")
@example(f"../{PART}")
@given(st.text(max_size=9) | st.sampled_from(["/etc/hostname", "..", ".", "", "a/../../x"]))
def test_files_that_a_manifest_may_not_name(place: Path, name: str) -> None:
    whole = finished(place)
    (place / "sub").mkdir(exist_ok=True)
    write_table(TABLE, place / "sub" / PART)
    whole["files"] = {name: whole["files"][PART]}
    assert opened(place / "sub", json.dumps(whole).encode()) is None


def test_a_manifest_is_whole_to_begin_with(place: Path) -> None:
    assert opened(place, json.dumps(finished(place)).encode())


@FUZZED
@example({"refusals": 5})
@example({"refusals": None})
@given(st.dictionaries(st.sampled_from(["refusals", "terms"]), JUNK))
def test_facts_of_somebody_elses_manifest(facts: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / NAME).write_text(spelled({**finished(folder), "facts": facts}), encoding="utf-8")
        found = verify(Opened(folder, Readme({"license": "mit", "language": "ru"}), {}))
    said = {finding.check: finding.severity for finding in found}
    assert said["checksums"] in ("ok", "fault")
    if said["checksums"] == "ok":
        assert said["terms"] == ("fault" if facts.get("refusals") else "ok")
