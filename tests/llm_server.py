"""A small OpenAI-compatible server over real HTTP whose answers are a function of the request.

Faults are scripted: `faults` is a list of status codes (or the words `drop`, `garbage`, `empty`)
that are served, one a request, before it answers properly. With `reasoning`, fields of a message,
it thinks and says nothing. As a process (`python -m tests.llm_server`) it prints its URL and keeps
no requests.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from rupairs.text import digest

NOUNS = ("город", "завод", "музей", "театр", "поезд", "сад", "мост", "порт", "рынок", "дом", "лес")
VERBS = ("украшает", "окружает", "напоминает", "заменяет", "скрывает", "продолжает", "дополняет")


def sentence(request: dict[str, Any], salt: str = "") -> str:
    """Return a Russian sentence decided by the prompt, the seed and `salt`."""
    prompt = request.get("prompt") or request.get("messages")
    asked = json.dumps([prompt, request.get("seed"), salt])
    a, b, c, d = bytes.fromhex(digest((asked,), size=4))
    nouns = NOUNS[a % len(NOUNS)], NOUNS[b % len(NOUNS)], NOUNS[d % len(NOUNS)]
    verb = VERBS[c % len(VERBS)]
    return f"{nouns[0]} на окраине {verb} старый {nouns[1]} и новый {nouns[2]}.".capitalize()


def line_completion(request: dict[str, Any]) -> str:
    """Return what a base model would: one line, or two where the examples have a second label."""
    *blocks, _ = request["prompt"].split("\n\n")
    last_example = blocks[-1].splitlines() if blocks else []
    opened = request["prompt"].rsplit("\n", 1)[-1]
    if len(last_example) == 2 and last_example[0].startswith(opened):
        label = last_example[1].partition(":")[0]
        return f" {sentence(request)}\n{label}: {sentence(request, 'second')}"
    return f" {sentence(request)}"


class ScriptedServer:
    """Serves until the `with` block ends; `requests` holds every body that arrived."""

    def __init__(self, port: int = 0, delay_s: float = 0.0) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.faults: list[int | str] = []
        self.retry_after: str | None = None
        self.delay_s = delay_s
        self.texts: list[str] = []
        self.finish_reason = "stop"
        self.reasoning: dict[str, str] = {}
        self.keeps = True
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _next(self, body: dict[str, Any], headers: dict[str, str]) -> tuple[int | str, str]:
        with self._lock:
            if self.keeps:
                self.requests.append(body)
                self.headers.append(headers)
            fault: int | str = self.faults.pop(0) if self.faults else 200
            text = self.texts.pop(0) if fault == 200 and self.texts else ""
        return fault, text

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *args: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fault, text = server._next(body, {k.lower(): v for k, v in self.headers.items()})
                time.sleep(server.delay_s)
                if fault == "drop":
                    self.close_connection = True
                    self.connection.close()
                elif fault == "garbage":
                    self._send(200, b"<html>not json</html>")
                elif isinstance(fault, int) and fault != 200:
                    # As careless servers do, it repeats the key it was given.
                    message = f"scripted fault for {self.headers['Authorization']}"
                    self._send(fault, json.dumps({"error": {"message": message}}).encode())
                else:
                    self._send(200, self._answer(body, text, empty=fault == "empty"))

            def _answer(self, body: dict[str, Any], text: str, empty: bool) -> bytes:
                silent = bool(server.reasoning)
                text = text or (
                    json.dumps({"items": [{"text": sentence(body)}]})
                    if "response_format" in body
                    else line_completion(body)
                )
                shape: dict[str, Any] = (
                    {"message": {"role": "assistant", "content": None if silent else text}}
                    if "messages" in body
                    else {"text": text}
                )
                if silent:
                    shape["message"] |= server.reasoning
                choice = {"index": 0, "finish_reason": server.finish_reason, **shape}
                answer = {
                    "id": "1",
                    "object": "completion",
                    "created": 0,
                    "model": body["model"],
                    "choices": [] if empty else [choice],
                    "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
                }
                return json.dumps(answer).encode()

            def _send(self, code: int, body: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                if server.retry_after is not None:
                    self.send_header("Retry-After", server.retry_after)
                self.end_headers()
                self.wfile.write(body)

        return Handler


if __name__ == "__main__":
    with ScriptedServer() as running:
        running.keeps = False
        print(running.url, flush=True)
        threading.Event().wait()
