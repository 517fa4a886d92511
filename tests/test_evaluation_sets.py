"""What grew from an evaluation set: marked everywhere, refused by training and publishing."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data_cards.publish import Wishes, open_release
from rupairs.errors import RupairsError
from rupairs.evaluation_sets import FACT, grown_from, marked, refuse
from rupairs.manifest import Counts, Manifest, describe_files
from rupairs.report import write_report
from training.run import pair_inputs


def manifest(step: str, **given: Any) -> Manifest:
    values: dict[str, Any] = {"facts": {}, "licenses": {}, "files": {}} | given
    return Manifest(
        step=step,
        step_version=1,
        fingerprint="f",
        seed=0,
        config={},
        inputs={},
        counts=Counts(),
        **values,
    )


GROWN = manifest("ruwanli.release", facts={FACT: ["xnli_ru"]})


def test_marks_are_inherited_and_added_to() -> None:
    other = manifest("a.b", facts={FACT: ["xnli"], "rows": 1})
    assert grown_from([GROWN, other, manifest("c.d")]) == ["xnli", "xnli_ru"]
    assert marked({"rows": 1}, []) == {"rows": 1}
    assert marked({FACT: ["xnli"]}, ["xnli_ru"]) == {FACT: ["xnli", "xnli_ru"]}


def test_training_refuses_what_is_marked_and_rows_of_the_set_itself() -> None:
    plain = SimpleNamespace(manifest=manifest("harvest.pairs", licenses={"rcb": "MIT"}))
    held = SimpleNamespace(manifest=manifest("harvest.pairs", licenses={"xnli_ru": "CC-BY-NC-4.0"}))
    grown = SimpleNamespace(manifest=GROWN)
    step = SimpleNamespace(name="training.encoder")
    for inputs in ({"harvest.pairs": held}, {"harvest.pairs": plain, "ruwanli.release": grown}):
        context: Any = SimpleNamespace(step=step, inputs=inputs)
        with pytest.raises(RupairsError, match=r"training\.encoder: xnli_ru is an evaluation set"):
            pair_inputs(context)
    fine: Any = SimpleNamespace(step=step, inputs={"harvest.pairs": plain})
    assert pair_inputs(fine) == [plain]
    refuse("anything", [plain.manifest])


def test_publishing_refuses_what_is_marked(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("card", encoding="utf-8")
    facts = {"terms": {"hub": "mit"}, "refusals": [], FACT: ["xnli_ru"]}
    card = manifest("data_cards.ruwanli", facts=facts, files=describe_files(tmp_path))
    card.write(tmp_path)
    with pytest.raises(RupairsError, match="xnli_ru is an evaluation set"):
        open_release(tmp_path, Wishes())
    open_said = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert open_said["facts"][FACT] == ["xnli_ru"]


def test_the_report_of_every_step_says_so(tmp_path: Path) -> None:
    write_report(tmp_path, GROWN, "Title")
    said = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "grew from rows of xnli_ru" in said
