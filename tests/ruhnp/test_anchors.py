import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from ruhnp.anchor_notes import NO_BENCHMARKS
from ruhnp.anchors import choose, outside, unfit
from ruhnp.stage import AnchorsSection, RuhnpSection
from rupairs.errors import UsageError
from rupairs.recipe import validate
from rupairs.runs import open_recipe
from rupairs.steps import load_stages
from tests.ruhnp import finished

CONFIG = AnchorsSection(min_characters=20, max_characters=200)


@pytest.mark.parametrize(
    "text",
    [
        "Волга впадает в Каспийское море и протекает через пятнадцать регионов.",
        "«Аврора» была спущена на воду в 1900 году в Санкт-Петербурге.",
        "1703 год считается годом основания Санкт-Петербурга.",
        "Онежское озеро занимает второе место в Европе по площади.",
        "В городе Пскове реставраторы открыли мастерскую.",
        "Кострома — город на берегу Волги.",
        "Игорь и его брат построили мельницу на ручье.",
        "После того как плотина рухнула, деревню перенесли на холм.",
        "Построено сорок новых домов для учителей.",
        "Скончался Иван Крылов в Петербурге.",
        "В старину сено хранили на чердаках.",
        "Сочинения Плутарха известны со 2 века нашей эры.",
    ],
)
def test_self_contained_sentences_pass(text: str) -> None:
    assert unfit(text, CONFIG) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Она впадает в Каспийское море и длинна.", "dangling"),
        ("Кроме того, город известен своими мостами.", "dangling"),
        ("В 1995 году он переехал в столицу края.", "dangling"),
        ("В том же году мост закрыли на ремонт.", "dangling"),
        ("Об этом рассказала дочь художника.", "dangling"),
        ("Основной её задачей стала охрана леса.", "dangling"),
        ("После встречи с ним художник бросил курить.", "dangling"),
        ("Но урожай того лета оказался богатым.", "dangling"),
        ("Через два года завод получил новые станки.", "dangling"),
        ("В итоге музей переехал в здание вокзала.", "dangling"),
        ("В селе работают школа и две библиотеки.", "dangling"),
        ("Население составляет 1200 человек, в основном рыбаки.", "dangling"),
        ("Родился в Риге в семье железнодорожника.", "subjectless"),
        ("В 1970 году окончил сельскохозяйственный техникум.", "subjectless"),
        ("Находится на правом берегу реки Свияги.", "subjectless"),
        ("Участник трёх полярных экспедиций, географ.", "subjectless"),
        ("— список рек: Волга, Дон, Ока, Кама.", "list_scrap"),
        ("2) река Волга; река Дон; река Кама; Ока.", "list_scrap"),
        ("Награды: медаль за отвагу и три грамоты.", "list_scrap"),
        ("Ивановка () — деревня на востоке района.", "lost_words"),
        ("Пётр Ильин (, Тверь) — русский садовод.", "lost_words"),
        ("протекает через пятнадцать регионов страны.", "not_a_sentence"),
        ("Волга протекает через пятнадцать регионов", "not_a_sentence"),
        ("Памятник работы знаменитого скульптора А.", "not_a_sentence"),
        ("Хор распался в 1992 году После распада певцы разъехались.", "two_sentences"),
        ("Волга (самая длинная река Европы впадает в море.", "unbalanced"),
        ('Газета "Заря выходит раз в неделю по средам.', "unbalanced"),
        ("Каждую весну мы чистим родник у дороги.", "speaker"),
        ("Короткая фраза.", "too_short"),
        ("Очень длинная фраза " * 20 + ".", "too_long"),
        ("The Volga flows into the Caspian Sea.", "not_russian"),
    ],
)
def test_the_rest_is_named(text: str, reason: str) -> None:
    found = unfit(text, CONFIG)
    assert found is not None and found[0] == reason


RIVERS = ["Волга", "Ока", "Кама", "Вятка", "Пинега", "Мезень", "Печора", "Двина", "Нева", "Лена"]
DEEDS = [
    "питает водой десятки рыбацких посёлков",
    "весной затапливает широкие луга",
    "течёт среди старых сосновых лесов",
    "замерзает на пять холодных месяцев",
    "давно привлекает художников и туристов",
]
ENDS = ["", ", как писали ещё летописцы", ", и об этом знает каждый школьник в округе"]


def sentences() -> list[str]:
    """Return 150 sentences of 40 to 90 characters."""
    return [f"{river} {deed}{end}." for river in RIVERS for deed in DEEDS for end in ENDS]


def run_choose(folder: Path, texts: list[str], **settings: Any) -> finished.Context:
    given = {"min_characters": 20, "near": 0, "target_median": 0} | settings
    inputs = {"harvest.texts": finished.texts_of(folder, texts)}
    context = finished.context(folder, "anchors", inputs, **given)
    choose(context)
    counts = context.counts
    assert counts.rows_in == len(texts) == counts.rows_out + counts.rows_dropped
    return context


def chosen(folder: Path, texts: list[str], **settings: Any) -> list[str]:
    return [row["text"] for row in finished.kept(run_choose(folder, texts, **settings).out)]


def test_the_draw_hangs_on_the_texts_and_hardly_on_each_other(tmp_path: Path) -> None:
    texts = sentences()
    first = chosen(tmp_path / "a", texts, limit=40)
    assert len(first) == 40
    assert set(chosen(tmp_path / "b", texts[::-1], limit=40)) == set(first)
    fewer = chosen(tmp_path / "c", texts[:-15], limit=40)
    assert len(set(first) & set(fewer)) >= 34
    assert [t for t in texts if t in first] == first, "the order of the input"


def test_the_median_comes_near_the_target(tmp_path: Path) -> None:
    texts = sentences()
    natural = median(len(t) for t in texts)
    target = 50
    assert natural > target + 5
    context = run_choose(tmp_path / "a", texts, limit=40, target_median=target)
    lengths = sorted(len(r["text"]) for r in finished.kept(context.out))
    assert sum(length <= target for length in lengths) == 20
    assert context.facts["target_median"] == target
    # Between the longest of the short half and the shortest of the long one.
    assert lengths[19] <= context.facts["median_characters"] <= lengths[20]
    assert context.facts["median_characters"] < natural - 5
    assert "median length" in (context.out / "notes.md").read_text("utf-8")


def test_what_one_half_lacks_the_other_gives(tmp_path: Path) -> None:
    assert len(chosen(tmp_path / "a", sentences(), limit=40, target_median=20)) == 40
    assert len(chosen(tmp_path / "b", sentences(), limit=40, target_median=400)) == 40


def test_each_text_once_by_key_and_nearly(tmp_path: Path) -> None:
    texts = [
        "Ладожский маяк построили каменщики из Олонца за одно лето.",
        "ладожский маяк построили каменщики из Олонца за одно лето.".capitalize(),
        "Ладожский маяк построили каменщики из Олонца за одну зиму.",
        "Гончары из Скопина лепили кувшины в виде сказочных зверей.",
    ]
    context = run_choose(tmp_path, texts, near=0.85)
    found = {row["reason"]: row["evidence"] for row in finished.dropped(context.out)}
    assert set(found) == {"duplicate", "near_duplicate"}
    ids = {row["text_id"] for row in finished.kept(context.out)}
    similarity, _, like = found["near_duplicate"].split()
    assert float(similarity) >= 0.85 and like in ids
    assert context.counts.rows_out == 2


def test_benchmark_texts_are_kept_out_either_way_round(tmp_path: Path) -> None:
    texts = [
        "Ладожский маяк построили каменщики из Олонца за одно лето.",
        "Гончары из Скопина лепили кувшины в виде сказочных зверей.",
        "Зимой почту в Мезень возили на оленях через замёрзшие болота.",
        "Первый трамвай в Казани ходил от вокзала до кремля.",
    ]
    known = [
        texts[0].upper(),
        "лепили кувшины в виде сказочных зверей",
        f"Старожилы помнят многое. {texts[2]} Потом построили дорогу.",
    ]
    folder = tmp_path / "sets"
    folder.mkdir()
    (folder / "news.txt").write_text("\n".join(known), encoding="utf-8")
    context = run_choose(tmp_path / "run", texts, benchmarks=str(folder), contamination=0.6)
    assert [row["text"] for row in finished.kept(context.out)] == [texts[3]]
    rows = finished.dropped(context.out)
    evidence = {json.loads(r["row"])["text"]: r["evidence"] for r in rows}
    assert {r["reason"] for r in rows} == {"benchmark_leak"}
    for text, how in zip(texts, ("equals news", "holds news", "held by news"), strict=False):
        assert evidence[text].startswith(how)


def test_benchmarks_are_inputs_of_the_step(tmp_path: Path) -> None:
    assert outside(RuhnpSection()) == {}
    section = RuhnpSection.model_validate({"anchors": {"benchmarks": str(tmp_path)}})
    with pytest.raises(UsageError, match="no file of benchmark texts"):
        outside(section)
    (tmp_path / "a.txt").write_text("Три слова здесь", encoding="utf-8")
    assert list(outside(section)) == ["benchmarks/a.txt"]
    assert "benchmarks" not in section.anchors.identity()


def test_anchors_inherit_the_benchmarks_of_pairs() -> None:
    known = {name: stage.section for name, stage in load_stages().items()}

    def benchmarks(**data: Any) -> Path | None:
        section: Any = validate(Path("own.toml"), data, known).sections["ruhnp"]
        found: Path | None = section.anchors.benchmarks
        return found

    pairs = {"pairs": {"benchmarks": "sets"}}
    assert benchmarks(ruhnp={}) is None and benchmarks(harvest={}, ruhnp={}) is None
    assert benchmarks(harvest=pairs, ruhnp={"anchors": {"limit": 5}}) == Path("sets").resolve()
    own = {"anchors": {"benchmarks": "own"}}
    assert benchmarks(harvest=pairs, ruhnp=own) == Path("own").resolve()
    assert "ruhnp" not in validate(Path("own.toml"), {"harvest": pairs}, known).sections
    with pytest.raises(UsageError, match=r"ruhnp\.anchors"):
        validate(Path("own.toml"), {"harvest": pairs, "ruhnp": {"anchors": 5}}, known)


def test_anchors_that_no_benchmark_was_kept_out_of_are_said(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets/a.txt").write_text("Три слова здесь", encoding="utf-8")
    plain = run_choose(tmp_path / "a", sentences(), limit=5)
    kept_out = run_choose(tmp_path / "b", sentences(), limit=5, benchmarks=str(tmp_path / "sets"))
    said = [NO_BENCHMARKS in (c.out / "notes.md").read_text("utf-8") for c in (plain, kept_out)]
    assert said == [True, False]


@pytest.mark.parametrize("name", ["real", "full", "full-24gb"])
def test_shipped_recipes_draw_over_topics(name: str) -> None:
    section: Any = open_recipe(name, []).sections["ruhnp"]
    assert section.anchors.topics and section.anchors.target_median == 115


def test_the_benchmarks_of_the_real_recipe_are_kept_out_of_its_anchors() -> None:
    sections: Any = open_recipe("real", []).sections
    assert sections["ruhnp"].anchors.benchmarks == sections["harvest"].pairs.benchmarks


def test_a_pool_too_small_is_said(tmp_path: Path) -> None:
    copies = [f"Ладожский маяк номер {n} построили каменщики из Олонца за лето." for n in range(40)]
    context = run_choose(tmp_path, copies, limit=20, near=0.8, surplus=1.0)
    assert context.counts.rows_out < 20
    assert "raise `ruhnp.anchors.surplus`" in (context.out / "notes.md").read_text("utf-8")


def test_topics_are_drawn_from_evenly_and_shown(tmp_path: Path, encoder: Path) -> None:
    texts = sentences()
    settings = {"limit": 30, "topics": 3, "encoder": encoder}
    context = run_choose(tmp_path / "a", texts, **settings)
    rows = finished.kept(context.out)
    topics = context.facts["topics"]
    assert sum(t["pool"] for t in topics) == context.facts["pool"]
    assert sum(t["anchors"] for t in topics) == 30 == len(rows)
    wanted = [min(t["pool"], 10) for t in topics]
    assert all(t["anchors"] >= least for t, least in zip(topics, wanted, strict=True))
    assert {row["topic"] for row in rows} <= {0, 1, 2}
    notes = (context.out / "notes.md").read_text("utf-8")
    assert all(text[:100] in notes for topic in topics for text in topic["typical"])
    assert [m.role for m in context.models] == ["generator", "topics"]
    again = run_choose(tmp_path / "b", texts, **settings)
    part = "part-00000.parquet"
    assert (again.out / part).read_bytes() == (context.out / part).read_bytes()


def test_without_topics_there_is_no_column_to_read(tmp_path: Path) -> None:
    context = run_choose(tmp_path, sentences(), limit=5)
    assert {row["topic"] for row in finished.kept(context.out)} == {None}


def test_nothing_fit_is_no_crash(tmp_path: Path) -> None:
    context = run_choose(tmp_path, ["Слишком коротко."], near=0.9, target_median=115)
    assert context.counts.rows_out == 0
