"""Whether a server answers, asked of a small one over real HTTP."""

import socket

import pytest

from rupairs.vllm.command import Served
from rupairs.vllm.environment import VllmError
from rupairs.vllm.probe import answers
from tests.llm_server import ScriptedServer


@pytest.fixture(autouse=True)
def says_yes(llm_server: ScriptedServer) -> None:
    llm_server.texts = ["да"] * 9


def test_a_model_that_can_chat_is_asked_by_chat(llm_server: ScriptedServer) -> None:
    assert answers(llm_server.url, Served("tiny"), 5)
    (request,) = llm_server.requests
    assert request["messages"] and request["model"] == "tiny" and request["max_tokens"] == 1


def test_a_base_model_is_asked_to_complete(llm_server: ScriptedServer) -> None:
    assert answers(llm_server.url, Served("tiny", kind="base"), 5)
    assert "prompt" in llm_server.requests[0]


def test_without_a_chat_template_it_completes_unless_it_has_to_chat(
    llm_server: ScriptedServer,
) -> None:
    llm_server.faults = [400, 200, 400]
    assert answers(llm_server.url, Served("tiny"), 5)
    with pytest.raises(VllmError, match=r'tiny cannot chat \(.*\): kind = "base" completes text'):
        answers(llm_server.url, Served("tiny", kind="instruct"), 5)


@pytest.mark.parametrize("fault", [500, 503, "drop", "garbage"])
def test_what_may_pass_is_no_answer_yet(llm_server: ScriptedServer, fault: int | str) -> None:
    llm_server.faults = [fault]
    assert not answers(llm_server.url, Served("tiny"), 5)


def test_a_silent_server_is_no_answer_yet() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        assert not answers(f"http://127.0.0.1:{mute.getsockname()[1]}/v1", Served("tiny"), 0.2)


def test_a_wrong_key_is_told(llm_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "k1")
    assert answers(llm_server.url, Served("tiny"), 5)
    assert llm_server.headers[0]["authorization"] == "Bearer k1"
    llm_server.faults = [401]
    with pytest.raises(VllmError, match=r"HTTP 401: .*its key is read from VLLM_API_KEY") as caught:
        answers(llm_server.url, Served("tiny"), 5)
    assert "k1" not in str(caught.value)
