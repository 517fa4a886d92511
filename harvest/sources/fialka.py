"""Fialka: instructions in Russian and what was answered to them.

The card does not tell the columns, so they are found when the file is read: an instruction (with
its `input`, if there is one) and an answer, or whole chats in one column.
"""

import re
from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.columns import Columns, choose, column_pairs
from harvest.reading.rows import column_names, read_rows
from harvest.source import NO_COMMIT, Draft, HubFiles, Native, Source, Unusable

_FILES = ("train*.parquet", "train/*.parquet", "train*.jsonl")
_INSTRUCTIONS = ("instruction", "prompt", "question", "query")
_ANSWERS = ("output", "answer", "response", "completion")
_CHATS = ("text", "texts")
_INPUT = "input"
_RELATION = "instruction_answer"
# <|user|>, a line feed, what was said, </s>; an end mark inside a turn is part of what was said.
_START = re.compile(r"<\|(user|assistant)\|>\n?")
_END = re.compile(r"</s>\s*(?=<\||\Z)")


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    there = column_names(native.some(*_FILES)[0])
    chats = [name for name in _CHATS if name in there]
    if chats and not native.columns and not set(_INSTRUCTIONS) & set(there):
        return _chats(native, chats[0])
    if _INPUT in there and _INPUT not in native.columns.values():
        return _with_input(native)
    return column_pairs(native, _FILES, Columns(_INSTRUCTIONS, _ANSWERS, _RELATION))


def _with_input(native: Native) -> Iterator[Draft | Unusable]:
    start = 0
    for path in native.some(*_FILES):
        query = choose(native, path, "query", _INSTRUCTIONS)
        passage = choose(native, path, "passage", _ANSWERS)
        number = 0
        for number, row in enumerate(read_rows(path, (query, passage), extra=(_INPUT,)), 1):
            asked = "\n".join(part for c in (query, _INPUT) if (part := row.text(c)).strip())
            yield Draft(str(start + number), asked, row.text(passage), _RELATION)
        start += number


def _chats(native: Native, column: str) -> Iterator[Draft | Unusable]:
    start = 0
    for path in native.some(*_FILES):
        native.say(f"{native.source}: chats are column {column} of {path.name}")
        number = 0
        for number, row in enumerate(read_rows(path, (column,)), 1):
            turns = _turns(row.text(column))
            asked = next((n for n, (who, _) in enumerate(turns) if who == "user"), len(turns))
            answers = [said for who, said in turns[asked:] if who == "assistant"]
            if answers:
                yield Draft(str(start + number), turns[asked][1], answers[0], _RELATION)
            else:
                evidence = f"{path.name} row {number}: no user turn with an assistant turn after it"
                yield Unusable({column: row.text(column)}, "malformed_chat", evidence)
        start += number


def _turns(chat: str) -> list[tuple[str, str]]:
    """Return (who, what was said) of the turns that have an end.

    In two steps: one pattern for a whole turn would search the rest of the chat at every start.
    """
    parts = _END.split(chat)[:-1]
    return [(s[1], part[s.end() :]) for part in parts if (s := _START.search(part))]


SOURCE = Source(
    name="fialka",
    title="Fialka-v1",
    license="Apache-2.0",
    license_url="https://huggingface.co/datasets/0x7o/fialka-v1",
    url="https://huggingface.co/datasets/0x7o/fialka-v1",
    citation="0x7o. Fialka-v1. Hugging Face.",
    files=_FILES,
    relations=(_RELATION,),
    symmetric=False,
    expected=130_000,
    why="130,000 is the size of the train split as the Hub rounds it; prompts may repeat.",
    hub=(HubFiles("0x7o/fialka-v1", ("data/train-*.parquet",), unpinned=NO_COMMIT),),
    finds_columns=True,
    pairs=_pairs,
    note="Columns are found by name when the file is read.",
)
