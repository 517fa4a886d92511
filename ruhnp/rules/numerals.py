"""Number words: cardinals 2–20 and tens, collectives and ordinals, and the nouns they count."""

from ruhnp.rules.morphology import Reading, inflected, lemma_reading

CARDINALS = {
    **{"два": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "восемь": 8},
    **{"девять": 9, "десять": 10, "одиннадцать": 11, "двенадцать": 12, "тринадцать": 13},
    **{"пятнадцать": 15, "шестнадцать": 16, "двадцать": 20, "тридцать": 30, "сорок": 40},
    **{"пятьдесят": 50, "шестьдесят": 60, "семьдесят": 70, "восемьдесят": 80},
}
COLLECTIVES = {"двое": 2, "трое": 3, "четверо": 4, "пятеро": 5, "шестеро": 6, "семеро": 7}
ORDINALS = (
    *("первый", "второй", "третий", "четвёртый", "пятый"),
    *("шестой", "седьмой", "восьмой", "девятый", "десятый"),
)


def cardinal(number: int, case: str, gender: str, animacy: str) -> str | None:
    """Return a cardinal in a case; `gender` matters to два, `animacy` to 2–4 in the accusative."""
    lemma = next((word for word, n in CARDINALS.items() if n == number), None)
    base = lemma_reading(lemma, "NUMR") if lemma else None
    if base is None:
        return None
    gender = gender if number == 2 and case in {"nomn", "accs"} else ""
    if number == 2 and case == "accs" and animacy == "anim":
        gender = ""
    animacy = animacy if number <= 4 and case == "accs" else ""
    return inflected(base, case, gender, animacy)


def counted(noun: Reading, number: int, case: str) -> str | None:
    """Return the noun as it stands after a cardinal of 2 or more in the given case."""
    if case not in {"nomn", "accs"}:
        return inflected(noun, "plur", case)
    if number % 10 in {2, 3, 4} and number not in {12, 13, 14}:
        # «три ничьи», «две запятые»: nouns declined as adjectives stand otherwise.
        if noun.lemma.endswith(("ый", "ая", "яя", "ое", "ее", "ичья", "ой")):
            return None
        return inflected(noun, "sing", "gent")
    return "человек" if noun.lemma == "человек" else inflected(noun, "plur", "gent")
