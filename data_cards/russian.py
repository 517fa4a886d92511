"""Russian for what manifests and steps say in English: fixed sentences, words, counted nouns.

1. A sentence is looked up by its English, as gettext does; `{}` is a part that varies.
2. That part is translated too where it has Russian of its own.
3. What is not here comes back as it is: names, identifiers, other people's words.
"""

import re
from functools import cache

CONDITIONS = {
    "credentialed": "только для тех, кому владелец дал доступ; передавать дальше нельзя; "
    "только для исследований",
    "unknown": "издатель не указал условий, поэтому нельзя ничего, на что нужно разрешение",
    "unrecognised": "такая лицензия здесь не описана: её должен прочитать человек",
    "no_derivatives": "изменённые версии распространять нельзя",
    "non_commercial": "не для коммерческого использования",
    "use_restricted": "названные в лицензии применения запрещены, в том числе тем, кто получит "
    "тексты",
    "share_alike": "производные распространяются только под той же лицензией",
    "attribution": "нужно указать авторов, лицензию и внесённые изменения",
    "notice": "при передаче прикладываются лицензия и её уведомление об авторских правах",
    "free": "без условий",
}
"""What the conditions of `rupairs.licenses` mean."""

_SAID = {
    # titles
    "Russian sentence pairs": "Пары русских предложений",
    "Russian sentence encoder": "Энкодер русских предложений",
    # what a model did
    "generator": "генератор",
    "similarity": "сходство текстов",
    "topics": "тематики",
    "judge": "модель-судья",
    "classifier's encoder": "энкодер классификатора",
    "initial encoder": "исходный энкодер",
    "finder of hard negatives": "поиск трудных негативов",
    # relations and sides
    "paraphrase": "парафраз",
    "non_paraphrase": "не-парафраз",
    "entailment": "следование",
    "neutral": "нейтрально",
    "contradiction": "противоречие",
    "premise": "посылка",
    "hypothesis": "гипотеза",
    # what was changed in a text, and by what
    "number": "число",
    "negation": "отрицание",
    "antonym": "антоним",
    "role swap": "роли участников",
    "entity": "имя или предмет",
    "time place": "время или место",
    "modality": "модальность",
    "quantity": "количество",
    "free (generated)": "не задано (модель)",
    "free (rule)": "не задано (правила)",
    "generated": "модель",
    "rule": "правила",
    # how an encoder pools the vectors of its tokens
    "mean": "среднее по токенам",
    "cls": "первый токен",
    "max": "максимум по токенам",
    # phases of training
    "stage1": "этап 1",
    "symmetric": "симметричная",
    "asymmetric": "асимметричная",
    "negatives": "негативы",
    "encoder": "итог",
    "yes": "да",
    "no": "нет",
    # notes of models
    "4-bit weights of the package {}.": "4-битные веса из пакета {}.",
    "Texts written by {} (Q4_K_M, 4-bit GGUF), a pretrained base model of {} million parameters "
    "without instruction tuning: they show that the pipeline works and are poor as Russian and as "
    "data. The model is provided under and subject to the Gemma Terms of Use found at {}, with its "
    "Prohibited Use Policy. Google claims no rights in the texts; by section {} of the terms a "
    "model trained on them to perform like Gemma is a Model Derivative.": "Тексты написала {} "
    "(Q4_K_M, 4-bit GGUF) — предобученная базовая модель на {} миллионов параметров без дообучения "
    "на инструкциях. Они показывают, что конвейер работает; как русский текст и как данные они "
    "плохи. Модель предоставляется на условиях Gemma Terms of Use ({}), включая Prohibited Use "
    "Policy. Google не заявляет прав на эти тексты; по разделу {} условий модель, обученная на "
    "них, чтобы работать подобно Gemma, считается производной (Model Derivative).",
    # evaluation
    "measure": "показатель",
    "before": "до",
    "after": "после",
    "difference": "разница",
    "harvested pairs": "собранные пары",
    "no pair is held out from training": "отложенных пар нет",
    "the held-out pairs have no positives": "среди отложенных пар нет позитивов",
    "the held-out pairs have no negatives": "среди отложенных пар нет негативов",
    "{}: mean cosine, positives minus negatives": "{}: средний косинус, позитивы минус негативы",
    "{}: AUC, positives over negatives": "{}: AUC, позитивы против негативов",
    "{}: overlap of the histograms": "{}: перекрытие гистограмм",
    "{}: mean cosine, positives": "{}: средний косинус позитивов",
    "{}: mean cosine, negatives": "{}: средний косинус негативов",
    "{}: median cosine, positives": "{}: медианный косинус позитивов",
    "{}: median cosine, negatives": "{}: медианный косинус негативов",
    "Encodechka: not measured, give evaluation.encodechka.": "Encodechka: не измерялась, нужна "
    "настройка `evaluation.encodechka`.",
    "Encodechka: {} rows of each file only.": "Encodechka: строк из каждого файла взято только {}.",
    "Cosines: pairs of {}, split {}; there is no validation or test.": "Косинусы, {}: пары из {}; "
    "ни validation, ни test нет.",
    "Cosines: pairs of {}, split {}.": "Косинусы, {}: пары из {}.",
    "Cosines: not measured, this run makes no pairs.": "Косинусы: не измерялись, этот запуск пар "
    "не делает.",
    "Cosines: not measured, {} in {}.": "Косинусы, {1}: не измерялись, {0}.",
    "Decontamination: {} texts of {} benchmark files were looked for in the harvested pairs; {} "
    "hits were removed before training.": "Деконтаминация: в собранных парах искали тексты "
    "бенчмарков (текстов: {}, файлов: {}); совпадений: {}, все удалены до обучения.",
    "Decontamination: {} texts of {} benchmark files were looked for in the harvested pairs; {} "
    "hits were LISTED, NOT removed.": "Деконтаминация: в собранных парах искали тексты бенчмарков "
    "(текстов: {}, файлов: {}); совпадений: {}, они ПЕРЕЧИСЛЕНЫ, но НЕ УДАЛЕНЫ.",
    "NOT looked for in the harvested pairs: {}. Set harvest.pairs.benchmarks to their folder.": "В "
    "собранных парах НЕ искали: {}. Укажите их папку в `harvest.pairs.benchmarks`.",
    "![Cosines of positives and negatives, {}, held-out pairs]({})": "![Косинусы позитивов и "
    "негативов, {}, отложенные пары]({})",
    "![Quality against speed and size]({})": "![Качество, скорость и размер]({})",
    "The same with published encoders: {}.": "Сравнение с опубликованными энкодерами: {}.",
}
_LISTED = re.compile(r"\w+(?: and \w+)+")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}\b)")


def in_russian(text: str) -> str:
    """Return a word or sentence in Russian, or as it is where there is no Russian for it."""
    if text in _SAID:
        return _SAID[text]
    for pattern, russian in _patterns():
        if found := pattern.fullmatch(text):
            return russian.format(*map(in_russian, found.groups()))
    if _LISTED.fullmatch(text):
        return text.replace(" and ", " и ")
    return _GROUPED.sub("\N{NO-BREAK SPACE}", text)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    varied = {english: russian for english, russian in _SAID.items() if "{}" in english}
    return [
        (re.compile("(.+)".join(map(re.escape, english.split("{}")))), russian)
        for english, russian in varied.items()
    ]


def markdown_in_russian(text: str) -> str:
    """Return Markdown whose lines, list items and cells of tables are put into Russian."""
    return "\n".join(map(_line, text.split("\n")))


def _line(line: str) -> str:
    if line.startswith("| "):
        return f"| {' | '.join(in_russian(cell) for cell in line[2:-2].split(' | '))} |"
    if line.startswith("- "):
        return f"- {in_russian(line[2:])}"
    return in_russian(line)


def number(count: int) -> str:
    """Return a number as Russian writes it, thousands apart."""
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")


def counted(count: int, one: str, few: str, many: str) -> str:
    """Return a number with its noun: 1 пара, 2 пары, 5 пар, 11 пар, 21 пара."""
    tens, ones = count // 10 % 10, count % 10
    if tens == 1 or ones not in (1, 2, 3, 4):
        return f"{number(count)} {many}"
    return f"{number(count)} {one if ones == 1 else few}"
