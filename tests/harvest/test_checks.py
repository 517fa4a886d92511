"""Every reason a row can go for, in order, and the ids of those that stay."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.checks import JUDGED_SCHEMA, Reasons, Terms, check_pairs, check_text
from harvest.source import DRAFT_SCHEMA, Draft
from rupairs.pairs import PAIR_SCHEMA, Pair, group_id
from rupairs.text import clean, digest, key

TERMS = Terms(
    source="проба",
    revision="r1",
    license="CC0-1.0",
    symmetric=True,
    languages=("ru", "ru"),
    shortest=3,
    longest=200,
    cut=0,
)
GOOD = "Мальчик ест яблоко в саду."
OTHER = "Ребёнок сидит под деревом и ест фрукт."
ENGLISH = "The boy is eating an apple in the garden."
LONG = " ".join(["Мы шли по дороге весь день."] * 10)
WORDS = st.lists(
    st.sampled_from(["ёж", "Еж", "сло́во", "Cон", "№5", "-7", "не", "«Да»", "…", "10 %", "\u00a0"]),
    max_size=6,
).map(" ".join)


def judge(drafts: list[Draft], terms: Terms = TERMS) -> list[dict[str, Any]]:
    rows = [draft._asdict() for draft in drafts]
    return list(check_pairs(pa.Table.from_pylist(rows, schema=DRAFT_SCHEMA), terms).to_pylist())


def verdict(query: str, passage: str, **terms: Any) -> tuple[str | None, str | None]:
    row = judge([Draft("1", query, passage, "paraphrase")], replace(TERMS, **terms))[0]
    return row["reason"], row["evidence"]


def reason(side: str) -> str | None:
    """Return the reason given for a side, the same wherever it stands."""
    first, second = verdict(side, GOOD)[0], verdict(GOOD, side)[0]
    assert first == second
    return first


def test_a_good_row() -> None:
    draft = Draft("train:7", f" {GOOD}\u00a0", OTHER, "entailment")
    assert judge([draft]) == [
        {
            "pair_id": Pair(GOOD, OTHER, "entailment", 1, True, "", "", "", "", license="").pair_id,
            "query": GOOD,
            "passage": OTHER,
            "relation": "entailment",
            "polarity": 1,
            "symmetric": True,
            "group_id": group_id(GOOD),
            "split": "train",
            "source": "проба",
            "source_revision": "r1",
            "source_row": "train:7",
            "license": "CC0-1.0",
            "origin": "found",
            "parents": [],
            "call_id": None,
            "reason": None,
            "evidence": None,
        }
    ]


@pytest.mark.parametrize(
    ("query", "passage", "expected"),
    [
        ("", GOOD, ("empty_side", "query has 0 characters")),
        (GOOD, " \u00a0\u200b\n", ("empty_side", "passage has 0 characters")),
        ("Ну", GOOD, ("too_short", "query has 2 characters")),
        (GOOD, LONG, ("too_long", "passage has 279 characters")),
        (GOOD, "Он <b>тут</b>.", ("markup", "passage holds '<b>'")),
        ("Читайте также: новости", GOOD, ("boilerplate", "query holds 'Читайте также'")),
        (ENGLISH, GOOD, ("wrong_language", "query: 0 of 32 letters are of the script of ru")),
        ("Ёж спит.", "«еж  спит»", ("identical_sides", "both say: еж спит")),
        (GOOD, GOOD, ("identical_sides", "both say: мальчик ест яблоко в саду")),
        (GOOD, OTHER, (None, None)),
    ],
)
def test_reasons(query: str, passage: str, expected: tuple[str | None, str | None]) -> None:
    assert verdict(query, passage) == expected


@pytest.mark.parametrize(
    ("worse", "lesser"),
    [
        ("", "Ну"),
        ("Ну", LONG),
        (LONG, "Он &nbsp; тут"),
        ("Он &nbsp; тут", "Реклама"),
        ("Реклама", ENGLISH),
    ],
)
def test_order_of_the_reasons(worse: str, lesser: str) -> None:
    """The first reason holds, whichever side it is on."""
    assert reason(worse) != reason(lesser)
    assert verdict(worse, lesser)[0] == verdict(lesser, worse)[0] == reason(worse)


def test_within_one_side_the_first_reason_holds() -> None:
    assert verdict("<p>" + ENGLISH, GOOD)[0] == "markup"
    assert verdict("<p>" + ENGLISH * 9, GOOD)[0] == "too_long"
    assert verdict("", "")[0] == "empty_side"
    assert verdict("Да", "да")[0] == "too_short"
    assert verdict(ENGLISH, ENGLISH)[0] == "wrong_language"
    assert verdict("Реклама", "Реклама") == ("boilerplate", "query holds 'Реклама'")


def test_lengths_are_counted_after_cleaning() -> None:
    assert reason("\u00a0Да\u200b  ") == "too_short"
    assert reason("Да!") is None
    assert verdict("ы" * 200, GOOD)[0] is None
    assert verdict("ы" * 201, GOOD)[0] == "too_long"


@pytest.mark.parametrize(
    "side",
    [
        "Первая строка<br/>вторая строка",
        "Смотри <a href='https://site.example/1'>сюда</a>",
        "Абзац </P> и ещё один",
        '<div class="x y">Текст</div>',
        "Текст <script async src='x.js'></script> дальше",
        "Текст <!-- тайный --> и явный",
        "Пять &lt; шести",
        "Дом&nbsp;2",
        "Дом&#160;2 и &#xA0; ещё",
        "Половина &frac12; яблока",
        "Родился в {{дата рождения}} году",
        "Столица — [[Москва]]",
        "Так пишут<ref name=a/> везде",
    ],
)
def test_markup(side: str) -> None:
    assert reason(side) == "markup"


@pytest.mark.parametrize(
    "side",
    [
        "Пусть a<b и c>d, тогда верно и обратное.",
        "Если x<y, а y>z, то ничего не следует.",
        "Если b <и c = d> e, то это опечатка.",
        "Отдел R&D; так его назвали.",
        "Маша & Медведь",
        "Стрелка -> направо, стрелка <- налево.",
        "Список [1] и множество {2}",
        "Он улыбнулся <3",
        "Слово <слово> в скобках",
    ],
)
def test_no_markup(side: str) -> None:
    assert reason(side) is None


@pytest.mark.parametrize(
    "side",
    [
        "Читайте также",
        "— Смотрите также: другие новости дня",
        "Подписывайтесь на наш канал!",
        "Реклама",
        "РЕКЛАМА.",
        "Комментарии (12)",
        "Загрузка…",
        "Поделиться",
        "Поделиться в соцсетях",
        "Текст сообщения удалён.",
        "Страница не найдена",
        "Фото: Пётр Сидоров / ТАСС",
        "Источник: РИА Новости",
        "Источник: news.example",
        "«Видео: Россия 24»",
        "Этот сайт использует cookie",
    ],
)
def test_boilerplate(side: str) -> None:
    assert reason(side) == "boilerplate"


@pytest.mark.parametrize(
    "side",
    [
        "Источник: министр вылетел в Сочи",
        "Источник: Петров озвучил новый план",
        "Видео: кот спас хозяина из огня",
        "Реклама пива на улице снова запрещена",
        "Загрузка судна завершилась в срок",
        "Комментарии к роману заняли второй том",
        "Поделиться с другом последним куском",
        "Он сказал: «Читайте также мои стихи»",
        "Фотография: вид на реку",
    ],
)
def test_what_only_begins_like_boilerplate(side: str) -> None:
    assert reason(side) is None


def test_boilerplate_only_when_short() -> None:
    opening = "Читайте также старые письма, "
    assert reason(f"{opening}{'в них много тепла ' * 5}".strip()) == "boilerplate"
    assert reason(f"{opening}{'в них много тепла ' * 6}".strip()) is None


def test_traps_of_spelling_are_no_reason() -> None:
    for side in ("Во́лга впадает в мо́ре", "Пoезд ушёл", "Чай\u00a0с лимоном", "Ко\u00adпия листа"):
        row = judge([Draft("1", side, GOOD, "paraphrase")])[0]
        assert row["reason"] is None
        assert row["query"] == clean(side)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Всё ещё идёт дождь", "все еще идет дождь!"),
        ("Старый за́мок", "Старый замок"),
        ("Пoезд ушёл", "Поезд ушел"),  # a Latin o
        ("Чай\u00a0—\u00a0горячий", "чай - горячий"),
        ("Он сказал: «Нет»", 'Он сказал "нет".'),
    ],
)
def test_identical_by_key(one: str, two: str) -> None:
    assert verdict(one, two)[0] == "identical_sides"


@pytest.mark.parametrize(
    ("one", "two"),
    [("Там было -5 градусов", "Там было 5 градусов"), ("Рост на 5 %", "Рост на 5"), ("С 1", "С 2")],
)
def test_not_identical(one: str, two: str) -> None:
    assert verdict(one, two)[0] is None


def test_english_side() -> None:
    terms = {"languages": ("ru", "en")}
    assert verdict(GOOD, ENGLISH, **terms) == (None, None)
    assert verdict(ENGLISH, GOOD, **terms)[0] == "wrong_language"
    evidence = "passage: 0 of 21 letters are of the script of en"
    assert verdict(OTHER, GOOD, **terms) == ("wrong_language", evidence)


def test_language_unchecked() -> None:
    assert verdict(ENGLISH, "Das ist ein Apfel", check_language=False) == (None, None)
    assert verdict("12345", GOOD, check_language=False)[0] is None


def test_a_long_passage_is_cut() -> None:
    row = judge([Draft("1", GOOD, LONG, "title_text")], replace(TERMS, cut=100))[0]
    assert row["reason"] is None
    assert row["passage"] == " ".join(["Мы шли по дороге весь день."] * 3)
    assert row["pair_id"] == _pair(GOOD, row["passage"], symmetric=True).pair_id


def test_cutting_comes_before_the_lengths() -> None:
    assert verdict(GOOD, LONG, cut=150)[0] is None
    assert verdict(GOOD, LONG, cut=250)[0] == "too_long"


def test_groups() -> None:
    rows = judge([Draft("1", GOOD, OTHER, "a", 1, "стая"), Draft("2", GOOD.upper(), OTHER, "a")])
    assert [row["group_id"] for row in rows] == [digest(("стая",)), group_id(GOOD)]


def test_rows_are_judged_alone_and_in_order() -> None:
    drafts = [
        Draft("a", GOOD, OTHER, "paraphrase"),
        Draft("b", "", OTHER, "paraphrase"),
        Draft("c", OTHER, GOOD, "non_paraphrase", -1),
        Draft("d", GOOD, ENGLISH, "paraphrase"),
    ]
    assert judge(drafts) == [judge([draft])[0] for draft in drafts]


def test_tables() -> None:
    none = check_pairs(DRAFT_SCHEMA.empty_table(), TERMS)
    assert (none.num_rows, none.schema) == (0, JUDGED_SCHEMA)
    rows = [Draft(str(n), f"{GOOD} {n}", OTHER, "paraphrase")._asdict() for n in range(9)]
    table = pa.Table.from_pylist(rows, schema=DRAFT_SCHEMA)
    pieces = pa.concat_tables([table.slice(0, 4), table.slice(4, 5)])
    assert check_pairs(pieces, TERMS).equals(check_pairs(table, TERMS))
    assert check_pairs(table.slice(3, 2), TERMS)["source_row"].to_pylist() == ["3", "4"]
    judged = check_pairs(table, TERMS).select(PAIR_SCHEMA.names)
    assert judged.schema == PAIR_SCHEMA


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), max_size=8), st.booleans())
def test_ids_are_those_of_the_pair(sides: list[tuple[str, str]], symmetric: bool) -> None:
    drafts = [Draft(str(n), q, p, "paraphrase") for n, (q, p) in enumerate(sides)]
    rows = judge(drafts, replace(TERMS, symmetric=symmetric, check_language=False))
    for (query, passage), row in zip(sides, rows, strict=True):
        assert row["pair_id"] == _pair(query, passage, symmetric=symmetric).pair_id
        assert row["group_id"] == group_id(query)
        swapped = _pair(passage, query, symmetric=symmetric).pair_id
        assert (swapped == row["pair_id"]) == (symmetric or key(query) == key(passage))


def _pair(query: str, passage: str, *, symmetric: bool) -> Pair:
    return Pair(query, passage, "paraphrase", 1, symmetric, "", "", "", "", license="")


def test_single_texts() -> None:
    texts = ["", "Да", LONG, "Он <i>тут</i>", "Реклама", ENGLISH, GOOD]
    found = Reasons(len(texts))
    check_text(found, pa.array(texts), TERMS)
    assert found.reasons == [
        "empty_text",
        "too_short",
        "too_long",
        "markup",
        "boilerplate",
        "wrong_language",
        None,
    ]
    assert found.evidence[:2] == ["text has 0 characters", "text has 2 characters"]
    assert (found.evidence[5] or "").startswith("text: 0 of ")
