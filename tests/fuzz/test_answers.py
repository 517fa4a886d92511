"""Answers of language models: any bytes from a server end as candidates, rejections or a fault."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ruhnp.judge import _said
from ruhnp.stage import PROMPTS as RUHNP
from rupairs.llm.models import language_model
from rupairs.llm.reply import EmptyAnswerError, UnreadableAnswerError, read_body, read_reply
from rupairs.llm.request import Answer, Candidate, Rejected
from rupairs.llm.task import Task, load_task
from rupairs.recipe import LLMSection
from rupairs.store import DROPPED_SCHEMA
from ruwanli.generate import relation_tasks
from ruwanli.stage import PROMPTS as RUWANLI
from tests.fuzz.damage import FUZZED, JUNK, damaged, promptly, spelled, twisted

PAIR = relation_tasks(RUWANLI / "pair.v1.toml", 5)["neutral"]
EXAMPLE = {"premise": "Мальчик играет.", "hypothesis": "Ему весело."}
TASKS: dict[str, Task] = {
    "paraphrase": load_task(RUHNP / "paraphrase.v1.toml", 5),
    "hard negative": load_task(RUHNP / "hard_negative.v3.toml", 5),
    "judge": load_task(RUHNP / "judge.v1.toml"),
    "pair": replace(PAIR, examples=(EXAMPLE,)),
    "entailment": load_task(RUWANLI / "entailment.v1.toml"),
}
ITEM = {"anchor": "Дом стоит.", "premise": "Дом стоит.", "hypothesis": "Он есть.", "kind": "иное"}
CHOICE = {"message": {"role": "assistant", "content": "{}"}, "finish_reason": "stop"}
REPLIES = (
    {"model": "m", "choices": [CHOICE], "usage": {"prompt_tokens": 3, "completion_tokens": 5}},
    {"choices": [{"message": {"content": None, "reasoning_content": "Думаю."}}], "usage": None},
    {"choices": [{"text": " Дом стоит.\n", "finish_reason": "length"}], "usage": {}},
)
CONTROL = st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Lo", "Mn"]), max_size=30)
TEXTS = (
    CONTROL | st.text(max_size=60) | st.sampled_from(["", "\n", "```json\n", "<think>Да</think>"])
)
FINISHED = st.sampled_from(["stop", "length", "", "tool_calls", "content_filter"])


def answer(text: str, finish_reason: str = "stop", reasoning: bool = False) -> Answer:
    return Answer(text, finish_reason, 1, 1, "m", 0.1, reasoning)


def parsed(kind: str, task: Task, said: Answer) -> Sequence[Candidate | Rejected]:
    """Read an answer and check that whatever it gave can be kept."""
    section = LLMSection(urls=("http://x/v1",), model="m", license="l", kind=kind)  # type: ignore[arg-type]
    model = language_model(section)
    request = model.requests(task, ITEM, 1)[0]
    with promptly():
        found = list(model.read(task, request, said))
    for one in found:
        if isinstance(one, Candidate):
            assert set(one.fields) == set(task.outputs)
            for text in one.fields.values():
                assert text and text == text.strip() and text.encode()
                assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)
            if "answer" in one.fields:
                assert (_said(one).probability is None) == bool(_said(one).problem)
        else:
            row = {"reason": one.reason, "evidence": one.evidence, "row": "{}"}
            pa.Table.from_pylist([row], schema=DROPPED_SCHEMA)
    return found


@FUZZED
@given(TEXTS, FINISHED, st.booleans(), st.sampled_from(sorted(TASKS)))
def test_raw_text_is_read_or_rejected(
    text: str, finish_reason: str, reasoning: bool, name: str
) -> None:
    # What a reply holds has passed through `whole`.
    text = text.encode("utf-8", "ignore").decode()
    for kind in ("base", "instruct"):
        found = parsed(kind, TASKS[name], answer(text, finish_reason, reasoning))
        assert found or kind == "instruct"


@FUZZED
@given(data=st.data(), name=st.sampled_from(sorted(TASKS)))
def test_json_of_any_form_is_read_or_rejected(data: st.DataObject, name: str) -> None:
    task = TASKS[name]
    items = [dict.fromkeys(task.outputs, f"Текст номер {n}.") for n in range(3)]
    said = data.draw(twisted({"items": items}) | JUNK)
    found = parsed("instruct", task, answer(spelled(said)))
    rows = said.get("items") if isinstance(said, dict) else None
    if any(isinstance(one, Candidate) for one in found):
        assert isinstance(rows, list) and len(found) == len(rows)


@FUZZED
@given(data=st.data(), name=st.sampled_from(sorted(TASKS)))
def test_json_with_bytes_changed_is_read_or_rejected(data: st.DataObject, name: str) -> None:
    task = TASKS[name]
    items = [dict.fromkeys(task.outputs, "Дом\u00a0стоит.")] * 2
    whole = json.dumps({"items": items}, ensure_ascii=False).encode()
    text = data.draw(damaged(whole)).decode("utf-8", "replace")
    assert len(parsed("instruct", task, answer(text))) <= max(1, text.count("{"))


@FUZZED
@given(data=st.data(), name=st.sampled_from(sorted(TASKS)))
def test_labelled_lines_with_characters_changed(data: st.DataObject, name: str) -> None:
    task = TASKS[name]
    *_, last = task.outputs
    whole = "".join(f"{label}: Дом стоит.\n" for label in task.outputs.values()).encode()
    text = data.draw(damaged(whole)).decode("utf-8", "replace")
    (found,) = parsed("base", task, answer(text))
    assert isinstance(found, Rejected) or "\n" not in found.fields[last]


def replied(raw: bytes) -> Answer | None:
    """Return the answer of a reply that could be read."""
    with promptly():
        try:
            read = read_reply(raw, 0.1)
        except (EmptyAnswerError, UnreadableAnswerError) as error:
            assert len(str(error)) < 10_000
            return None
    for text in (read.text, read.finish_reason, read.served_by):
        text.encode()
    assert read.prompt_tokens >= 0 and read.completion_tokens >= 0
    return read


@FUZZED
@given(st.sampled_from(REPLIES).flatmap(twisted) | JUNK)
def test_a_reply_of_any_form_is_an_answer_or_a_fault(reply: Any) -> None:
    replied(spelled(reply).encode())


@FUZZED
@given(st.sampled_from(REPLIES).flatmap(lambda r: damaged(json.dumps(r).encode())))
def test_a_reply_with_bytes_changed_is_an_answer_or_a_fault(raw: bytes) -> None:
    replied(raw)


@FUZZED
@example(REPLIES[0], float("nan"))
@given(st.sampled_from(REPLIES).flatmap(twisted) | JUNK, JUNK)
def test_a_message_of_a_worker_is_an_answer_or_a_fault(reply: Any, seconds: Any) -> None:
    with contextlib.suppress(EmptyAnswerError, UnreadableAnswerError):
        read_body(reply, seconds)


def test_thinking_aloud_is_no_answer() -> None:
    raw = spelled(REPLIES[1]).encode()
    read = replied(raw)
    assert read and read.reasoning and not read.text
    (found,) = parsed("instruct", TASKS["paraphrase"], read)
    assert isinstance(found, Rejected) and found.reason == "only_reasoning"


@pytest.mark.parametrize("tokens", [True, 10**30, -1, "7", 2.5, None])
def test_tokens_are_whole_numbers(tokens: Any) -> None:
    read = replied(spelled({**REPLIES[0], "usage": {"prompt_tokens": tokens}}).encode())
    assert read and type(read.prompt_tokens) is int and read.prompt_tokens < 2**63
