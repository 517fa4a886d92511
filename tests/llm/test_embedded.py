"""Both model classes against a real model server: llama.cpp with the embedded model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rupairs.embedded.llm import EmbeddedServer
from rupairs.llm.client import Client
from rupairs.llm.log import ReplayLog
from rupairs.llm.models import language_model
from rupairs.llm.request import Candidate, Rejected
from rupairs.llm.task import load_task
from rupairs.progress import Progress
from rupairs.recipe import LLMSection

PROMPT = Path(__file__).parents[2] / "ruhnp" / "prompts" / "hard_negative.v1.toml"
ANCHOR = {"anchor": "Мост через реку построили в 1912 году по проекту инженера Белова."}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path_factory.mktemp("llm") / "log", slots=4) as running:
        yield running


def texts(server: EmbeddedServer, folder: Path, kind: str, n: int) -> list[str]:
    section = LLMSection.model_validate(
        {"server": "embedded", "kind": kind, "concurrency": 4, "max_tokens": 300}
    )
    model, task = language_model(section), load_task(PROMPT)
    requests = list(model.requests(task, ANCHOR, n))
    with ReplayLog(folder / "llm.sqlite") as log:
        spent = Client(section, [server.url], log).answer(requests, Progress(), kind)
        assert spent.sent == len(requests) and spent.completion_tokens > 0
        answers = [(r, log.get(r.key)) for r in requests]
        found = [f for r, a in answers if a is not None for f in model.read(task, r, a)]
    assert len(found) == len(requests), "every answer is a candidate or says why not"
    assert {f.reason for f in found if isinstance(f, Rejected)} <= {"cut_at_max_tokens"}
    return [f.fields["text"] for f in found if isinstance(f, Candidate)]


def test_a_base_model_completes_lines(server: EmbeddedServer, tmp_path: Path) -> None:
    lines = texts(server, tmp_path, "base", 4)
    assert lines and all("\n" not in line for line in lines)


def test_chat_is_held_to_the_schema(server: EmbeddedServer, tmp_path: Path) -> None:
    """The model is no chat model; that its answers parse is the schema's doing.

    About a third of them never close the string and are cut, so eight are asked for.
    """
    assert texts(server, tmp_path, "instruct", 8)
