"""PravoIsrael: questions about the law of Israel and the answers to them, in Russian.

1. Neither the files nor the columns are documented. Files are all JSON files, or those with `train`
   in their names where there are any. The query is the column `question`, `query`, `q`, `вопрос` or
   `title`; the passage is `answer`, `answers`, `a`, `text` or `ответ`. What was taken is said; the
   recipe may name others.
2. Of an answer that is a list of texts, the first that is not empty is taken. Anything deeper stops
   the harvest.
"""

from collections.abc import Iterator

from harvest.reading.columns import choose
from harvest.reading.rows import Row, read_rows
from harvest.source import NO_COMMIT, Draft, HubFiles, Native, Source, Unusable

_FILES = ("*train*.json*", "*.json*", "train*.parquet", "train/*.parquet")
_QUESTIONS = ("question", "query", "q", "вопрос", "title")
_ANSWERS = ("answer", "answers", "a", "text", "ответ")


def _pairs(native: Native) -> Iterator[Draft | Unusable]:
    start = 0
    for path in native.some(*_FILES):
        question = choose(native, path, "query", _QUESTIONS)
        answer = choose(native, path, "passage", _ANSWERS)
        for row in read_rows(path, (question, answer)):
            name = str(start + row.number)
            yield Draft(name, row.text(question), _first(row, answer), "question_answer")
        start += row.number


def _first(row: Row, column: str) -> str:
    """Return a text, or of a list the first text that is not empty ("" if none is)."""
    value = row.values[column]
    if not isinstance(value, list):
        return row.text(column)
    if not all(text is None or isinstance(text, str) for text in value):
        raise row.error(f"{column} is {value!r:.80}, not text or a list of texts")
    return next((text for text in value if text and text.strip()), "")


SOURCE = Source(
    name="pravo_israel",
    title="PravoIsrael",
    license="unknown",
    license_url="",
    url="https://huggingface.co/datasets/TarasHu/pravoIsrael",
    citation="TarasHu. pravoIsrael. Hugging Face Hub.",
    files=_FILES,
    relations=("question_answer",),
    symmetric=False,
    expected=26_364,
    why="The number of rows is not documented.",
    hub=(HubFiles("TarasHu/pravoIsrael", ("*.json*",), unpinned=NO_COMMIT),),
    finds_columns=True,
    pairs=_pairs,
    note=(
        "No license is stated. Columns are found by their names; the recipe's `columns` names "
        "others. Answers may hold HTML and words in Hebrew."
    ),
)
