import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from ruhnp.cli import register
from ruhnp.judge import UNJUDGED
from ruhnp.measuring import labelled
from ruhnp.measuring.chain import Seen, chain, tried
from ruhnp.measuring.figures import auc, decision
from ruhnp.measuring.labelled import (
    BETWEEN,
    OTHER,
    SAME,
    SETS,
    LabelledPair,
    files_in,
    read_set,
)
from ruhnp.measuring.thresholds import choices
from ruhnp.stage import VerifySection
from rupairs.errors import RupairsError, UsageError
from tests.ruhnp import verifying
from tests.ruhnp.verifying import recipe, verify, write_generated
from tests.training.tiny import write_encoder

XML = """<?xml version='1.0' encoding='UTF8'?>
<data><corpus>
<paraphrase><value name="id">1</value>
<value name="text_1">Паром &amp;laquo;Чайка&amp;raquo; вернулся в порт</value>
<value name="text_2">В порт вернулся паром «Чайка»</value><value name="class">1</value></paraphrase>
<paraphrase><value name="id">2</value><value name="text_1">Паром вернулся в порт</value>
<value name="text_2">Паром не вернулся в порт</value><value name="class">-1</value></paraphrase>
<paraphrase><value name="id">3</value><value name="text_1">Паром вернулся в порт</value>
<value name="text_2">В порту ждут паром</value><value name="class">0</value></paraphrase>
</corpus></data>
"""
STS = (
    "Старик чинит старую сеть.,Старую сеть чинит старик.,5.0\r\n"
    "Старик чинит сеть.,Старик рвёт сеть.,2.0\r\n"
    "Старик чинит сеть.,Рыбак сидит у лодки.,0.5\r\n"
    "Старик чинит сеть.,Рыбак чинит сеть.,3.2\r\n"
)
XNLI = (
    "gold_label,sentence1,sentence2\n"
    "entailment,Маяк построили зимой.,Зимой построили маяк.\n"
    "contradiction,Маяк построили зимой.,Маяк построили летом.\n"
    "neutral,Маяк построили зимой.,Маяк строили солдаты.\n"
)


def votes(first: str, second: str, said: str, golden: str = "") -> list[str]:
    return [f"{first}\t{second}\t{'true' if c == '+' else 'false'}\t{golden}" for c in said]


DETOX = "\n".join(
    [
        "INPUT:toxic_comment\tINPUT:neutral_comment\tOUTPUT:is_match\tGOLDEN:is_match",
        *votes("Этот рыжий кот вредный", "Рыжий кот бывает вредным", "+++--"),
        *votes("Он глупо и зря сказал", "Он сказал это вчера", "+----"),
        *votes("Суп дрянь", "Суп плох", "++++"),
        *votes("Уйди прочь", "Уйди", "+++++", golden="true"),
    ]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("paraphraser/paraphrases_gold.xml", XML),
        ("stsb_multi_mt/stsb-ru-dev.csv", STS),
        ("encodechka/xnli_ru.csv", XNLI),
        ("mera_rudetox_toloka/assignments_from_pool_1.tsv", DETOX),
        ("mera_rudetox_toloka/assignments_from_pool_2.tsv", "INPUT:idx\tOUTPUT:toxic\n1\ttrue\n"),
    ):
        path = tmp_path / "labelled" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return tmp_path / "labelled"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


def test_the_auc_is_how_often_a_positive_wins() -> None:
    rng = np.random.default_rng(3)
    positive, negative = rng.integers(2, 9, 40), rng.integers(0, 7, 70)
    wins = [(p > n) + (p == n) / 2 for p in positive for n in negative]
    found = auc(list(positive), list(negative), seed=1)
    assert found is not None and found.value == pytest.approx(np.mean(wins))
    assert found.low < found.value < found.high
    assert auc(list(positive), list(negative), seed=1) == found
    assert auc(list(positive), list(negative), seed=2) != found
    perfect = auc([2.0, 3.0], [0.0, 1.0], seed=0)
    assert perfect is not None and (perfect.value, perfect.low, perfect.high) == (1, 1, 1)
    assert auc([], [1.0], seed=0) is None


def test_precision_and_recall_with_intervals() -> None:
    accepted = [True] * 30 + [True] * 10 + [False] * 20 + [False] * 40
    true = [True] * 30 + [False] * 10 + [True] * 20 + [False] * 40
    found = decision(accepted, true, seed=4)
    assert (found.true_accepted, found.false_accepted) == (30, 10)
    assert (found.true_rejected, found.false_rejected) == (40, 20)
    assert found.precision is not None and found.precision.value == 0.75
    assert 0.5 < found.precision.low < 0.75 < found.precision.high < 0.95
    assert found.recall is not None and found.recall.value == 0.6
    nothing = decision([False, False], [True, False], seed=0)
    assert nothing.precision is None and nothing.recall is not None
    assert decision([], [], seed=0).recall is None


def read(folder: Path, name: str) -> list[labelled.LabelledPair]:
    return read_set(next(s for s in SETS if s.name == name), files_in(folder)[name])


def test_sets_are_read_as_published(folder: Path) -> None:
    headlines = read(folder, "paraphraser.ru")
    assert headlines[0].first == "Паром «Чайка» вернулся в порт"
    assert [p.label for p in headlines] == [SAME, OTHER, BETWEEN]
    assert [p.label for p in read(folder, "STS-B ru")] == [SAME, OTHER, OTHER, BETWEEN]
    assert [p.label for p in read(folder, "XNLI ru")] == [SAME, OTHER, BETWEEN]
    # Four votes are too few, and control tasks are no pairs.
    assert [(p.first[:4], p.label) for p in read(folder, "MERA ruDetox")] == [
        ("Этот", SAME),
        ("Он г", OTHER),
    ]


def test_a_folder_without_sets_and_a_damaged_file_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no labelled pairs; looked for paraphraser"):
        files_in(tmp_path / "absent")
    path = folder / "stsb_multi_mt" / "stsb-ru-dev.csv"
    path.write_text("Одна,две,много\n", encoding="utf-8")
    with pytest.raises(RupairsError, match=r"stsb-ru-dev\.csv: not in the layout of STS-B ru"):
        read(folder, "STS-B ru")


def test_the_real_sets_have_the_sizes_their_makers_state(realdata: Path) -> None:
    sizes = {}
    for s in SETS:
        pairs = read_set(s, files_in(realdata)[s.name])
        sizes[s.name] = len(pairs), sum(p.label == SAME for p in pairs)
    assert sizes["XNLI ru"] == (5_010, 1_670)
    assert sizes["MERA ruDetox"][0] == 800
    total, same = sizes["paraphraser.ru"]
    assert 9_000 < total <= 7_227 + 1_924 and same <= 1_688 + 374
    assert sizes["STS-B ru"][0] > 7_000


def test_what_benchmarks_test_on_is_held_out(folder: Path) -> None:
    train = folder / "paraphraser" / "paraphrases_train.xml"
    train.write_text(XML.replace("В порту ждут паром", "Паром ещё в порту"), encoding="utf-8")
    # Two of its three pairs stand in the tested file as well.
    assert [p.held_out for p in read(folder, "paraphraser.ru")] == [True] * 3 + [False]
    assert all(p.held_out for p in read(folder, "STS-B ru") + read(folder, "XNLI ru"))


def test_half_of_a_set_that_nobody_tests_on_is_held_out(realdata: Path) -> None:
    sides = [p.held_out for p in read(realdata, "MERA ruDetox")]
    assert 300 < sum(sides) < 500
    assert sides == [p.held_out for p in read(realdata, "MERA ruDetox")]


def seen(similarity: float, label: int, held_out: bool = False, text: str = "Вода стоит.") -> Seen:
    pair = LabelledPair("Озеро стоит.", text, label, held_out)
    return Seen(pair, similarity, UNJUDGED)


def test_a_threshold_is_chosen_on_one_part_and_tried_on_the_other() -> None:
    checks = ("copy", "not_similar", "too_similar")
    config = VerifySection(checks=checks, min_positive_similarity=0.88)
    pairs = [
        *(seen(s, SAME) for s in (0.80, 0.84, 0.90)),
        *(seen(s, OTHER) for s in (0.60, 0.75, 0.89)),
        # Whatever the threshold is, a copy is none of the accepted.
        seen(0.99, SAME, text="Озеро стоит!"),
        seen(0.95, BETWEEN),
        *(seen(s, SAME, held_out=True) for s in (0.70, 0.85)),
        seen(0.82, OTHER, held_out=True),
    ]
    given = {kind: tried(pairs, kind, config) for kind in ("positive", "negative")}
    floor, ceiling = choices(given, config)
    assert floor.setting == "min_positive_similarity"
    as_set, best = floor.development
    assert (as_set.value, as_set.precision, as_set.recall) == (0.88, 0.5, 0.25)
    # Of the values from 0.76 to 0.80, which do alike, the one nearest to 0.88.
    assert (best.value, best.precision, best.recall) == (0.8, 0.75, 0.75)
    assert best.balance == pytest.approx((3 / 4 + 2 / 3) / 2)
    assert [e.recall for e in floor.held_out] == [0, 0.5]
    assert [e.precision for e in floor.held_out] == [None, 0.5]
    assert ceiling.setting == "max_negative_similarity" and ceiling.development[0].value is None
    only_held = {kind: [t for t in of if t.seen.pair.held_out] for kind, of in given.items()}
    unknown = choices(only_held, config)[0]
    assert unknown.development == () and [e.value for e in unknown.held_out] == [0.88]


def test_each_check_is_counted_whatever_the_others_say() -> None:
    config = VerifySection(min_positive_similarity=0.9)
    pairs = [seen(0.5, SAME, text="Озеро не стоит."), seen(0.95, OTHER, text="Озеро не стоит.")]
    made = chain(tried(pairs, "positive", config), "positive", seed=0)
    assert list(made.checks) == ["negation_changed", "not_similar"]
    negation, band = made.checks["negation_changed"], made.checks["not_similar"]
    assert (negation.fails["same"], negation.fails["other"]) == (1, 1)
    assert (negation.alone["same"], negation.alone["other"]) == (0, 1)
    assert (band.fails["same"], band.alone["same"]) == (1, 0)


def settings(encoder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(
        f'[encoder]\nmodel = "{encoder}"\n[ruhnp.verify]\nmin_positive_similarity = -1.0\n'
        "min_negative_similarity = -1.0\n",
        encoding="utf-8",
    )
    return path


def run(*arguments: object) -> str:
    app = typer.Typer()
    register(app)
    done = CliRunner().invoke(app, ["ruhnp", "measure", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    return done.stdout


def test_the_verb_measures_and_says_under_which_settings(
    folder: Path, encoder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "measured"
    arguments = ("--data", folder, "--recipe", settings(encoder, tmp_path), "--out", out)
    facts = json.loads(run(*arguments, "--json"))
    assert facts == json.loads((out / "measure.json").read_text(encoding="utf-8"))
    assert facts["settings"]["encoder"] == "tiny-encoder@"
    assert facts["settings"]["verify"]["max_positive_overlap"] == 0.95
    headlines, sts, *_ = facts["sets"]
    assert headlines["drawn"] == {"same": 1, "between": 1, "other": 1}
    # «не» added: the checks of a positive see it, and as a negative it is what it should be.
    assert headlines["positives"]["checks"]["negation_changed"]["fails"]["other"] == 1
    assert headlines["positives"]["decision"]["precision"]["value"] == 1.0
    assert headlines["negatives"]["accepted"]["other"] == 1
    assert sts["positives"]["decision"]["recall"]["value"] == 1.0
    page = run(*arguments)
    assert "Encoder tiny-encoder@; judge: none; seed 0." in page
    assert "| paraphraser.ru | 3 | 1 | 1 | 1 |" in page
    assert "XNLI ru (xnli_ru.csv; 3 pairs): same: entailment (one way only" in page
    assert str(tmp_path) not in page


def test_few_pairs_are_drawn_by_the_seed(folder: Path, encoder: Path, tmp_path: Path) -> None:
    out, recipe_path = tmp_path / "measured", settings(encoder, tmp_path)
    arguments = ("--data", folder, "--recipe", recipe_path, "--out", out, "--json")
    few = ("--set", "ruhnp.verify.measure_pairs=2")
    assert sum(json.loads(run(*arguments))["sets"][1]["drawn"].values()) == 4
    first = run(*arguments, *few)
    assert run(*arguments, *few) == first
    assert [sum(s["drawn"].values()) for s in json.loads(first)["sets"]] == [2] * 4
    others = [run(*arguments, *few, "--set", f"run.seed={n}") for n in range(1, 5)]
    assert any(json.loads(o)["sets"] != json.loads(first)["sets"] for o in others)


def test_a_recipe_without_the_stage_is_refused(folder: Path, encoder: Path, tmp_path: Path) -> None:
    path = tmp_path / "bare.toml"
    path.write_text("[run]\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"bare\.toml: has no \[ruhnp\] section"):
        run("--data", folder, "--recipe", path, "--out", tmp_path / "measured")


def test_the_judge_is_measured_too(folder: Path, encoder: Path, tmp_path: Path) -> None:
    nli = verifying.write_nli(tmp_path / "tiny-nli")
    judge = f'ruhnp.verify.judge={{kind="nli", model="{nli}", min_positive_entailment=1.0}}'
    arguments = ("--data", folder, "--recipe", settings(encoder, tmp_path), "--set", judge)
    facts = json.loads(run(*arguments, "--out", tmp_path / "measured", "--json"))
    assert facts["settings"]["judge"]["model"] == "tiny-nli"
    assert str(tmp_path) not in json.dumps(facts)
    for measured in facts["sets"]:
        assert 0 <= measured["judge_auc"]["value"] <= 1 and measured["unjudged"] == 0
        assert measured["positives"]["accepted"]["same"] == 0


def test_the_step_reports_it_and_counts_the_labelled_files_as_inputs(
    folder: Path, encoder: Path, tmp_path: Path
) -> None:
    write_generated(tmp_path / "run")
    without = verify(tmp_path / "run", recipe(encoder))
    assert without.manifest.inputs.keys() == {"ruhnp.generate"}
    made = verify(tmp_path / "run", recipe(encoder, measure=folder))
    assert "measure/encodechka/xnli_ru.csv" in made.manifest.inputs
    report = (made.directory / "report.md").read_text(encoding="utf-8")
    assert "## By kind of change" in report and "## The checks on labelled pairs" in report
    assert json.loads((made.directory / "measure.json").read_text(encoding="utf-8"))["sets"]
    moved = folder.rename(tmp_path / "elsewhere")
    assert verify(tmp_path / "run", recipe(encoder, measure=moved)).state == "kept"
    path = moved / "encodechka" / "xnli_ru.csv"
    path.write_text(XNLI + "neutral,Маяк цел.,Маяк стар.\n", encoding="utf-8")
    assert verify(tmp_path / "run", recipe(encoder, measure=moved)).state == "made"
