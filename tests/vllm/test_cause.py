"""One line of why, out of logs in vLLM's layout."""

import pytest

from rupairs.vllm.cause import find_cause

GATED = """\
(APIServer pid=7) INFO 11-23 16:37:29 [api_utils.py:347] version 0.32.0
Traceback (most recent call last):
  File "hub.py", line 1, in get
httpx2.HTTPStatusError: Client error '401 Unauthorized'
The above exception was the direct cause of the following exception:
OSError: You are trying to access a gated repo.
Make sure to have access to it at https://huggingface.co/team/model.
"""
NO_MEMORY = """\
(EngineCore pid=8) ERROR 11-23 16:39:52 [core.py:1510] Traceback (most recent call last):
(EngineCore pid=8) ERROR 11-23 16:39:52 [core.py:1510]   File "core.py", line 1, in load
(EngineCore pid=8) ERROR 11-23 16:39:52 [core.py:1510] torch.OutOfMemoryError: CUDA out of memory.
(APIServer pid=7) ERROR 11-23 16:39:53 [core.py:99] RuntimeError: Worker failed with error 'CUDA \
out of memory.', please check the stack trace above for the root cause
RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
vLLM ended with exit code 1
"""
TOO_LONG = """\
pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig
  Value error, User-specified max_model_len (9000) is greater than the derived max_model_len.
    For further information visit https://errors.pydantic.dev/2.14/v/value_error
"""
ABSENT = """\
huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder \
and outgoing traffic has been disabled.
"""
KILLED = """\
(APIServer pid=7) ERROR 11-23 16:33:50 [async_llm.py:906] vllm.v1.engine.exceptions.\
EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.
INFO:     Finished server process [7]
resource_tracker.py:254: UserWarning: resource_tracker: There appear to be 1 leaked objects
  warnings.warn('resource_tracker: There appear to be %d '
vLLM ended with exit code 0
"""


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (GATED, "You are trying to access a gated repo: accept the model's terms on the Hub and "),
        (NO_MEMORY, "CUDA out of memory: take a smaller or quantised model, or lower "),
        (TOO_LONG, "User-specified max_model_len (9000) is greater than the derived max_model_len"),
        (
            ABSENT,
            "Cannot find an appropriate cached snapshot folder and outgoing traffic ",
        ),
        ("usage: x\napi_server.py: error: unrecognized arguments: --frob", "unrecognized arg"),
        ("one\n\ntwo\nvLLM ended with exit code -9\n", "one | two | vLLM ended with exit code -9"),
        (KILLED, "EngineCore encountered an issue. See stack trace (above) for the root cause"),
        ("", "its log is empty"),
    ],
)
def test_the_cause_is_one_line(log: str, cause: str) -> None:
    found = find_cause(log)
    assert found.startswith(cause) and "\n" not in found


def test_a_model_that_is_nowhere_says_how_that_can_be() -> None:
    assert find_cause(ABSENT).endswith("or HF_HUB_OFFLINE is set")


def test_secrets_are_blotted_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret123")
    assert find_cause("OSError: no access with hf_secret123") == "no access with ***"
