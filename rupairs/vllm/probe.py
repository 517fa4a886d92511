"""Whether a server answers: by a real token, for /health speaks before the model can."""

import http.client
import json
import os
import re
import socket
import urllib.error
import urllib.request
from typing import Any

from rupairs.vllm.command import HOST, Served
from rupairs.vllm.environment import VllmError

_CHAT = {"messages": [{"role": "user", "content": "Привет"}]}
_COMPLETION = {"prompt": "Привет"}
_TOKENS = re.compile(r"^vllm:(?:prompt|generation)_tokens_total(?:{.*})? (\S+)$", re.MULTILINE)
_METRICS_S = 10.0
_MOST_BYTES = 1 << 24


def free_port(port: int) -> int:
    """Return the port if it can be listened on, or any free one for 0; VllmError if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise VllmError(
                f"port {port} on {HOST} cannot be used ({error.strerror}): choose another, "
                "or 0 for any free one"
            ) from None
        found: int = probe.getsockname()[1]
        return found


def answers(url: str, served: Served, timeout: float) -> bool:
    """Return whether one token comes back, by chat if the model is asked so or can be.

    Raises VllmError when the server is up and will never answer: no chat template, a wrong key.
    """
    if served.kind != "base":
        code, said = _ask(f"{url}/chat/completions", served.model, _CHAT, timeout)
        if code != 400:
            return _judge(url, code, said)
        if served.kind == "instruct":
            raise VllmError(f'{served.model} cannot chat ({said}): kind = "base" completes text')
    return _judge(url, *_ask(f"{url}/completions", served.model, _COMPLETION, timeout))


def tokens_seen(url: str) -> float | None:
    """Return how many tokens vLLM has read and made so far; None if it does not tell."""
    try:
        with _direct().open(f"{url.removesuffix('/v1')}/metrics", timeout=_METRICS_S) as page:
            found = _TOKENS.findall(page.read(_MOST_BYTES).decode("utf-8", "replace"))
            return sum(map(float, found)) if found else None
    except (OSError, ValueError, http.client.HTTPException):
        return None


def _judge(url: str, code: int, said: str) -> bool:
    if 400 <= code < 500:
        hint = "; its key is read from VLLM_API_KEY" if code == 401 else ""
        raise VllmError(f"{url}: HTTP {code}: {said}{hint}")
    return code == 200


def _ask(url: str, model: str, prompt: dict[str, Any], timeout: float) -> tuple[int, str]:
    """Return the HTTP status (0 without an answer) and what an error says."""
    body = json.dumps({"model": model, "max_tokens": 1, **prompt}).encode()
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get("VLLM_API_KEY", ""):
        headers["Authorization"] = f"Bearer {key}"
    try:
        with _direct().open(
            urllib.request.Request(url, body, headers), timeout=timeout
        ) as response:
            tokens = json.load(response)["usage"]["completion_tokens"]
            return (200, "") if tokens else (0, "")
    except urllib.error.HTTPError as error:
        said = _message(error)
        return error.code, said.replace(key, "***") if key else said
    except (OSError, ValueError, LookupError, TypeError, http.client.HTTPException):
        return 0, ""


def _direct() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by http_proxy


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return " ".join(str(json.load(error)["error"]["message"]).split())[:200]
    except (OSError, ValueError, LookupError, TypeError):
        return error.reason
