from typing import Any

from rupairs.manifest import Counts, Manifest
from training.evaluation.leaks import leaks


def manifest(facts: dict[str, Any], **config: Any) -> Manifest:
    return Manifest(
        step="harvest.pairs",
        step_version=1,
        fingerprint="f",
        seed=0,
        config=config,
        inputs={},
        counts=Counts(),
        files={},
        facts=facts,
    )


FACTS = {
    "benchmarks": {"encodechka/stsb_dev": 3000, "encodechka/para_gold": 3848},
    "leaks": {"terra": {"encodechka/stsb_dev": 2}, "lenta": {"encodechka/stsb_dev": 5}},
}


def test_what_the_harvest_looked_for_is_cited() -> None:
    found = leaks(manifest(FACTS), ["stsb_dev.csv", "para_gold.csv"])
    assert found is not None
    assert found.unsearched == ()
    assert found.found == {"encodechka/stsb_dev": 7}
    (sentence,) = found.sentences()
    assert "6,848 texts of 2 benchmark files" in sentence
    assert "7 hits were removed before training" in sentence


def test_what_it_did_not_look_for_or_did_not_remove_is_said() -> None:
    found = leaks(manifest(FACTS, leaks="flag"), ["stsb_dev.csv", "xnli_ru.csv"])
    assert found is not None
    first, second = found.sentences()
    assert "LISTED, NOT removed" in first
    assert "NOT looked for in the harvested pairs: xnli_ru.csv" in second


def test_without_a_harvest_nothing_is_said() -> None:
    assert leaks(None, ["stsb_dev.csv"]) is None
    none = leaks(manifest({}), ["stsb_dev.csv"])
    assert none is not None
    assert none.unsearched == ("stsb_dev.csv",)
