"""A model server that thinks for a fixed time: the same answer to every call, after so long.

    python -m benchmarks.generation_server LATENCY_S

prints its port. A protocol on asyncio's transports, so that it is not what is measured. `GET
/counts` returns the calls since `GET /reset`, their tokens, and the seconds from the first call's
arrival to the last answer.
"""

import asyncio
import json
import sys
import time

USAGE = {"prompt_tokens": 60, "completion_tokens": 90, "total_tokens": 150}
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 0,
    "model": "mock",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "logprobs": None,
            "message": {
                "role": "assistant",
                "content": "Поезд пришёл на станцию раньше, чем его ждали на перроне. " * 5,
            },
        }
    ],
    "usage": USAGE,
}


def http(body: dict[str, object]) -> bytes:
    """Return a whole response."""
    raw = json.dumps(body, ensure_ascii=False).encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


class Calls:
    """How many calls came, and when."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.calls = self.answered = 0
        self.first = self.last = 0.0

    def figures(self) -> dict[str, object]:
        """Return the figures."""
        return {
            "calls": self.calls,
            "answered": self.answered,
            "seconds": self.last - self.first,
            "tokens": self.calls * USAGE["total_tokens"],
            "tokens_a_call": USAGE["total_tokens"],
        }


class Connection(asyncio.Protocol):
    """One connection; a call at a time, as HTTP/1.1 has it."""

    answer = http(dict(ANSWER))

    def __init__(self, calls: Calls, latency: float) -> None:
        self.calls = calls
        self.latency = latency
        self.held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.held += data
        head, end, body = self.held.partition(b"\r\n\r\n")
        if not end:
            return
        if head.startswith(b"GET"):
            self.held = b""
            if head.startswith(b"GET /reset"):
                self.calls.reset()
            self.transport.write(http(self.calls.figures()))
            return
        if len(body) < _length(head):
            return
        self.held = b""
        self.calls.calls += 1
        self.calls.first = self.calls.first or time.monotonic()
        asyncio.get_running_loop().call_later(self.latency, self.reply)

    def reply(self) -> None:
        """Answer, if there is still someone to answer."""
        if not self.transport.is_closing():
            self.transport.write(self.answer)
            self.calls.answered += 1
            self.calls.last = time.monotonic()


def _length(head: bytes) -> int:
    at = head.lower().index(b"content-length:") + 15
    return int(head[at:].split(b"\r\n", 1)[0])


async def main(latency: float) -> None:
    """Serve until killed."""
    calls = Calls()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(calls, latency), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
