import pytest

from ruhnp.checks import Checked, first_fault
from ruhnp.content.difference import trivial
from ruhnp.content.names import added, lost, names
from ruhnp.content.negation import negations
from ruhnp.content.numbers import numbers
from ruhnp.content.shown import shown_difference
from ruhnp.generated import judged
from ruhnp.rules import generate
from ruhnp.stage import VerifySection
from ruhnp.verify import NAMES, out_of_band
from rupairs.errors import UsageError
from rupairs.recipe import find_recipe, load_recipe
from rupairs.steps import load_stages

ANCHOR = "В 1950 году он окончил институт и переехал в Ленинград."
CONFIG = VerifySection()


def fault(kind: str, text: str, anchor: str = ANCHOR, change: str = "", **given: object):
    config = VerifySection.model_validate(given)
    return first_fault(Checked(anchor, text, kind, change), config)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("positive", "Окончив институт в 1950 году, он перебрался в Ленинград."),
        ("negative", "В 1951 году он окончил институт и переехал в Ленинград."),
        ("negative", "В 1950 году он не окончил институт и не переехал в Ленинград."),
        ("negative", "В 1950 году он окончил институт и переехал в Киев."),
        ("negative", "В 1950 году он окончит институт и переедет в Ленинград."),
    ],
)
def test_good_texts_pass(kind: str, text: str) -> None:
    assert fault(kind, text) is None


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("positive", "В 1950 году он окончил институт, и переехал в Ленинград!", "copy"),
        ("negative", "в 1950 году он окончил институт и переехал в Ленинград.", "copy"),
        ("positive", "В 1950 году он окончил институты и переехал в Ленинград.", "near_copy"),
        ("positive", "Окончив институт в 1951 году, он перебрался в Ленинград.", "numbers_changed"),
        ("positive", "Окончив институт в 1950 году, он перебрался в Москву.", "names_changed"),
        ("positive", "В 1950 году он не доучился и уехал в Ленинград.", "negation_changed"),
        (
            "negative",
            "В 1950 году он окончил институты и переехали в Ленинграде.",
            "only_inflection",
        ),
        ("negative", "В 1950 году институт он окончил и переехал в Ленинград.", "only_word_order"),
        (
            "negative",
            "В 1950 году он даже окончил институт и переехал в Ленинград.",
            "only_particles",
        ),
        ("negative", "В 1950 году он окончил институт, переехал в Ленинград.", "only_particles"),
        (
            "negative",
            "В 1950 году он закончил институт и перебрался в Ленинград.",
            "only_synonyms",
        ),
        ("positive", "Да.", "length"),
        ("negative", "In 1950 he graduated and moved to Leningrad at once.", "not_russian"),
        ("negative", "В 1950 году он oкончил институт и уехал из Ленинграда.", "mixed_script"),
        ("negative", "К сожалению, я не могу выполнить эту просьбу о тексте.", "refusal"),
        ("negative", "Вот вариант: в 1950 году он бросил институт и уехал.", "meta_phrase"),
        ("negative", "В 1950 году он бросил институт и уехал из", "unfinished"),
        ("negative", "Он был там и он был там и он был там и он был там.", "loop"),
    ],
)
def test_faults_are_named_with_evidence(kind: str, text: str, reason: str) -> None:
    found = fault(kind, text)
    assert found is not None and found[0] == reason and found[1]
    assert reason in NAMES
    others = [name for name in NAMES if name != reason]
    assert (fault(kind, text, checks=others) or ("",))[0] != reason


@pytest.mark.parametrize(
    ("anchor", "text", "change", "reason"),
    [
        ("На холме стоят 5 домов.", "На холме стоят пять изб.", "number", "other_change"),
        ("На холме стоят 5 домов.", "На холме стоят 6 домов.", "number", None),
        ("Ярмарка открылась 5 мая.", "Ярмарка открылась 5 июня.", "number", None),
        ("Старый мост не достроили.", "Новый мост не достроили.", "negation", "other_change"),
        # The negation stands before another word: that may well be a change.
        ("Мост не достроили.", "Мост не дорисовали.", "negation", None),
        ("Мост не достроили.", "Мост достроили.", "negation", None),
        ("Ярмарку отменили осенью.", "Ярмарка состоялась осенью.", "negation", None),
        ("Рыбаки ушли бы в море утром.", "Рыбаки ушли в море утром.", "", "only_particles"),
        ("Рыбаки ушли бы в море утром.", "Рыбаки ушли в море утром.", "modality", None),
    ],
)
def test_the_stated_change_must_be_made(
    anchor: str, text: str, change: str, reason: str | None
) -> None:
    found = fault("negative", text, anchor, change)
    assert (found[0] if found else None) == reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Волк догнал лису.", "Волка догнала лиса."),
        ("Мать зовёт дочь.", "Дочь зовёт мать."),
        ("Поезд вышел в 8 и пришёл в 10 часов.", "Поезд вышел в 10 и пришёл в 8 часов."),
        ("Новый дом и старый сад проданы.", "Старый дом и новый сад проданы."),
        ("Паром идёт из Перми в Казань.", "Паром идёт из Казани в Пермь."),
        ("Он строил дом.", "Он построит дом."),
        ("Пекарь закрыл лавку.", "Пекарь открыл лавку."),
    ],
)
def test_what_matters_is_not_trivial(one: str, other: str) -> None:
    assert trivial(one, other) is None


def test_trivial_differences_add_up() -> None:
    found = trivial("Пруд же находится в лесу.", "Пруды располагаются в лесу.")
    assert found == {"inflection", "synonym", "particle"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("двадцать пять тысяч рублей", {25_000}),
        ("25 тыс. рублей", {25_000}),
        ("12 345 человек и 2,5 миллиона", {12_345, 2_500_000}),
        ("в тысяча девятьсот пятидесятом году", {1950}),
        ("XX век", {20}),
        ("07.03.1950", {7, 3, 1950}),
        ("1941—1945", {1941, 1945}),
        ("сто двадцать пять, потом семь", {125, 7}),
        ("один из лучших, впервые", set()),
    ],
)
def test_numbers_by_value(text: str, said: set[float]) -> None:
    assert set(numbers(text).said) == said


@pytest.mark.parametrize(
    ("anchor", "text"),
    [
        ("Пять лодок ушли за десять лет.", "За десятилетие ушли 5 лодок."),
        ("Город вырос вдвое.", "Город вырос в два раза."),
        ("Он дважды был в плену.", "Он был в плену два раза."),
        ("В 1990-е годы завод закрыли.", "Завод закрыли в 90-е годы."),
        ("В XIX веке тут был порт.", "В девятнадцатом веке тут был порт."),
        ("Дом в пять этажей снесли.", "Снесли пятиэтажный дом."),
        ("Он приехал с семью детьми.", "Он приехал с 7 детьми."),
        ("Тула стала одним из центров края.", "Тула вошла в число центров края."),
    ],
)
def test_numbers_that_only_change_their_form(anchor: str, text: str) -> None:
    config = VerifySection(checks=("numbers_changed",))
    assert first_fault(Checked(anchor, text, "positive"), config) is None
    assert first_fault(Checked(text, anchor, "positive"), config) is None


@pytest.mark.parametrize(
    ("anchor", "text"),
    [
        ("Обоз шёл из Перми в Казань.", "Из Перми в Казань шёл обоз."),
        ("Зимой Лев Ильич Сомов жил в Перми.", "Зимой Сомов жил в пермском доме."),
        ("Флот США вышел в море.", "В море вышел флот Соединённых Штатов."),
        ("Границу РФ закрыли.", "Закрыли границу Российской Федерации."),
        ("Указ подписан при Павле I.", "Указ подписан при Павле Первом."),
        ("В порту ждали Л. И. Сомова.", "В порту ждали Льва Ильича Сомова."),
        ("Повесть «Тихий берег» забыта.", "Забыта повесть о «Тихом береге»."),
        ("Дом стоит в Санкт-Петербурге.", "В Петербурге стоит его дом."),
        ("Озеро Келезия замёрзло.", "Замёрзла вода на Келезии."),
        ("Столяр из Мексики открыл школу.", "Школу открыл мексиканец, столяр."),
        ("Порты Великобритании закрыты.", "Закрыты порты Британии."),
        ("Он ушёл. Вы остались.", "Вы остались, а он ушёл."),
    ],
)
def test_names_that_only_change_their_form(anchor: str, text: str) -> None:
    assert (lost(anchor, text), [w for w in added(anchor, text) if w not in "Льва Ильича"]) == (
        [],
        [],
    )


@pytest.mark.parametrize(
    ("anchor", "text", "evidence"),
    [
        ("Обоз шёл из Перми в Казань.", "Обоз шёл из Перми в Тулу.", "−Казань, +Тулу"),
        ("Повесть «Тихий берег» забыта.", "Повесть «Тихий лес» забыта.", "−берег, +лес"),
        ("Здесь жил Иван Сомов.", "Здесь жил Иван Петров.", "+Петров"),
        ("Здесь жил столяр Осип.", "Здесь жил столяр Осипенко.", "−Осип, +Осипенко"),
        ("Здесь жил учёный Александр Сомов.", "Здесь жил учёный Алексей Сомов.", "+Алексей"),
        ("Павлов вернулся в Рязань.", "Он вернулся в Рязань.", "−Павлов"),
        ("Здесь жил учёный.", "Здесь жил учёный МГУ.", "+МГУ"),
    ],
)
def test_names_that_change(anchor: str, text: str, evidence: str) -> None:
    found = fault("positive", text, anchor, checks=("names_changed",))
    assert found == ("names_changed", evidence)
    assert fault("negative", text, anchor, checks=("names_changed",)) is None


def test_the_first_word_is_a_name_only_where_it_can_be_nothing_else() -> None:
    assert names("Лев спит.") == names("Мост стоит. Вода ушла.") == ()
    assert names("Москва растёт.") == (("Москва",),)


@pytest.mark.parametrize(
    ("anchor", "text", "evidence"),
    [
        ("Ярмарка состоялась.", "Ярмарка не состоялась.", "0 → 1"),
        ("Моста нет.", "Мост есть.", "1 → 0"),
        ("Ярмарку отменили.", "Ярмарка не состоялась.", None),
        ("Суд запретил охоту.", "Суд не разрешил охоту.", None),
        ("Однако хлеб дорог.", "Тем не менее хлеб дорог.", None),
        ("Он всё же уехал.", "Как бы то ни было, он уехал.", None),
        ("Он пришёл.", "Он не мог не прийти.", None),
        ("Пришли минимум пятеро.", "Пришли не менее пяти человек.", None),
    ],
)
def test_negation_of_a_positive(anchor: str, text: str, evidence: str | None) -> None:
    found = fault("positive", text, anchor, checks=("negation_changed",))
    assert (found[1] if found else None) == evidence


def test_negations_are_counted_without_set_phrases() -> None:
    assert negations("Не только он, но и она никого не ждали.").count == 2


RULE_ANCHORS = (
    "В 1874 году в посёлке была построена каменная церковь на 300 мест.",
    "Большинство рыбаков, живущих у залива, в течение зимы работает на заводе.",
    "Все участники похода вернулись в Пермь, но двое из них вскоре уехали в Казань.",
    "Учёный может доказать, что уровень воды повысился на три метра за пять лет.",
    "После войны Иван Петров окончил институт и стал одним из лучших врачей Самары.",
    "Площадь озера составляет 12,5 км², глубина — более 40 м, длина — около 7 км.",
    "Флот США в 1961 г. занял порт, а отряд Сомова не вернулся на базу в 5 км от Тулы.",
)


@pytest.mark.parametrize("anchor", RULE_ANCHORS)
def test_what_the_rules_make_is_what_they_say(anchor: str) -> None:
    wrong = {"near_copy", "nearly_repeated"}
    rows = [
        {"anchor_id": "a", "anchor": anchor, "kind": v.kind, "change": v.change, "text": v.text}
        for v in generate(anchor, 1)
    ]
    found = [(f, r["text"]) for r, f in judged(rows, CONFIG) if f and f[0] not in wrong]
    assert rows and found == []


def row(kind: str, text: str) -> dict[str, object]:
    return {"anchor_id": "a", "anchor": ANCHOR, "kind": kind, "change": "", "text": text}


def faults(rows: list[dict[str, object]], **given: object) -> list[str | None]:
    config = VerifySection.model_validate(given)
    return [found[0] if found else None for _, found in judged(rows, config)]


def test_repeats_inside_a_row() -> None:
    same = "Окончив институт в 1950 году, он перебрался в Ленинград."
    other = "Институт он окончил в 1950 году, после чего уехал в Ленинград."
    rows = [
        row("positive", same),
        row("positive", same.replace("Окончив", "окончив")),
        row("positive", other),
        row("negative", other),
    ]
    assert faults(rows) == [None, "repeated_in_row", *["positive_equals_negative"] * 2]
    allowed = [n for n in NAMES if n not in ("repeated_in_row", "nearly_repeated")]
    assert faults(rows, checks=allowed)[1] is None


def test_a_text_that_is_dropped_takes_no_equal_one_with_it() -> None:
    other = "В 1951 году он окончил институт и переехал в Ленинград."
    both = [row("positive", other), row("negative", other)]
    assert faults(both) == ["near_copy", None]
    assert faults(both, max_positive_overlap=1.0) == ["numbers_changed", None]
    twins = [row("negative", other) | {"change": "negation"}, row("negative", other)]
    assert faults(twins) == ["other_change", None]


def test_of_two_near_positives_the_one_farther_from_the_anchor_stays() -> None:
    near = "В 1950 году он окончил институт и переехал жить в Ленинград."
    far = "В 1950 году он окончил институт и переехал насовсем в Ленинград."
    rows = [row("positive", near), row("positive", far)]
    limits = {"max_positive_overlap": 1.0, "max_row_overlap": 0.85}
    assert faults(rows, **limits) == ["nearly_repeated", None]
    assert faults(rows, max_positive_overlap=1.0) == [None, None]


def test_near_negatives_repeat_each_other_only_if_nothing_that_matters_differs() -> None:
    rows = [
        row("negative", "В 1951 году он окончил институт и переехал в Ленинград."),
        row("negative", "В 1952 году он окончил институт и переехал в Ленинград."),
        row("negative", "В 1951 году институт он окончил и переехал в Ленинград."),
    ]
    assert faults(rows) == [None, None, "nearly_repeated"]


def test_bands_and_thresholds() -> None:
    config = VerifySection(min_positive_similarity=0.88)
    assert out_of_band("positive", 0.9, config) is None
    assert out_of_band("positive", 0.8, config) == ("not_similar", "0.800 < 0.88")
    loose = VerifySection(min_positive_similarity=0.7, max_negative_similarity=0.98)
    assert out_of_band("positive", 0.8, loose) is None
    assert out_of_band("negative", 0.99, loose) == ("too_similar", "0.990 > 0.98")
    assert out_of_band("positive", 0.99, loose) is None
    off = VerifySection(checks=("copy",))
    assert out_of_band("positive", 0.1, off) is None


def test_unknown_checks_and_judges_without_a_model_are_errors() -> None:
    sections = {n: s.section for n, s in load_stages().items()}

    def load(*overrides: str) -> None:
        load_recipe(find_recipe("demo"), sections, overrides)

    load('ruhnp.verify.checks=["copy", "too_similar"]')
    with pytest.raises(UsageError, match=r"ruhnp\.verify\.checks: copi is no check; checks: len"):
        load('ruhnp.verify.checks=["copi"]')
    with pytest.raises(UsageError, match=r"ruhnp\.verify\.judge: .*needs model"):
        load('ruhnp.verify.judge={kind="nli"}')
    with pytest.raises(UsageError, match=r"ruhnp\.verify\.judge: .*leave model out"):
        load('ruhnp.verify.judge={kind="llm", model="x"}')


@pytest.mark.parametrize(
    ("anchor", "text", "words"),
    [
        ("Старый мост через Вятку открыли ночью.", "Мост через Вятку открыли.", "старый ночью"),
        ("Мост через Вятку открыли.", "Новый мост через Вятку открыли.", "новый"),
        ("Рыбаки Онеги вышли в море рано утром.", "Рыбак Онеги вышел в море.", "рано утром"),
        # Other words, another order, or a word on which everything turns.
        ("Старый мост открыли ночью.", "Новый мост открыли.", ""),
        ("Волк ночью догнал лису.", "Волка догнала лиса.", ""),
        ("Утром старый паром ушёл.", "Паром ушёл ночью.", ""),
        ("Мост построили в 1950 году.", "Мост построили.", ""),
        ("Мост не открыли ночью.", "Мост открыли ночью.", ""),
        ("Почти все лодки вернулись в порт.", "Лодки вернулись в порт.", ""),
        ("Паром может утонуть.", "Паром утонуть.", ""),
    ],
)
def test_a_negative_that_only_leaves_words_out(anchor: str, text: str, words: str) -> None:
    found = fault("negative", text, anchor)
    assert found == (("only_omission", words) if words else None)
    assert fault("positive", text, anchor, checks=("only_omission",)) is None


@pytest.mark.parametrize(
    ("anchor", "text", "kind"),
    [
        ("На холме стоят 5 домов.", "На холме стоят шесть домов.", "number"),
        ("Ярмарка открылась в мае.", "Ярмарка открылась в июне.", "number"),
        ("Мост достроили к зиме.", "Мост не достроили к зиме.", "negation"),
        ("Концерт отменили.", "Концерт не состоялся.", None),
        ("Уровень воды в озере высокий.", "Уровень воды в озере низкий.", "antonym"),
        ("Обоз шёл из Перми в Казань.", "Обоз шёл из Перми в Вятку.", "name"),
        ("Обоз шёл из Перми в Казань.", "В Казань шёл пермский обоз.", None),
        ("На холме стоят 5 домов.", "На холме стоят пять изб.", None),
        ("В озере нашли новый вид рыб.", "В озере нашли новый вид медуз.", None),
    ],
)
def test_a_difference_that_can_be_pointed_at(anchor: str, text: str, kind: str | None) -> None:
    assert shown_difference(anchor, text) == kind
    asked = {"checks": ("no_shown_difference",), "shown_difference": True}
    found = fault("negative", text, anchor, **asked)
    assert found == (None if kind else ("no_shown_difference", text))
    assert fault("negative", text, anchor, checks=asked["checks"]) is None
