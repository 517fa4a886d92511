"""A proxy that stands between a client and a model server and spoils what passes, over real HTTP.

What is done to a call follows from the seed, the body and how often it has come, whatever the order
of arrival. As a process (`python -m tests.llm.proxy UPSTREAM SEED RATE`) it prints its URL;
`GET /counts` returns how often each fault was served.
"""

import asyncio
import json
import sys
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from rupairs.text import share

LONG = "Снег шёл всю ночь. " * 5_264  # 100,016 characters
STALL_S = 30.0
REFUSALS = {
    "429": (429, ""),
    "429-after": (429, "Retry-After: 0.2\r\n"),
    "429-odd": (429, "Retry-After: nan\r\n"),
    "500": (500, ""),
    "503": (503, ""),
}
CUTS = ("stall", "cut-before", "cut-middle")
BODIES = {
    "garbage": b'{"choices": [{"message": {"content": "\\u04',
    "list": b"[]",
    "no-message": b'{"choices": [{"message": null}], "usage": {"prompt_tokens": "x"}}',
}
TEXTS = ("english", "echo", "long", "blank", "nothing", "surrogate", "thought")
FAULTS = (*REFUSALS, *CUTS, *BODIES, *TEXTS)
# Of the calls, the share that is refused each time it comes.
_ALWAYS = 0.004


class Proxy:
    """Spoils a share `rate` of the calls, every fault as often as another."""

    def __init__(self, upstream: str, seed: int, rate: float) -> None:
        self.upstream = urlsplit(upstream)
        self.seed = seed
        self.rate = rate
        self.counts: Counter[str] = Counter()
        self._came: Counter[str] = Counter()

    def fault(self, body: str) -> str:
        """Return what is done to a call, '' for nothing."""
        always = share(body, self.seed, "always")
        if always < _ALWAYS:
            return "400" if always < _ALWAYS / 2 else "500"
        self._came[body] += 1
        drawn = share(body, self.seed, f"{self._came[body]}") / self.rate
        return FAULTS[int(drawn * len(FAULTS))] if drawn < 1 else ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection from a client, with a connection of its own to the server."""
        above: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while head := await _head(reader):
                if head.startswith(b"GET"):
                    await _send(writer, 200, json.dumps(self.counts).encode())
                    continue
                body = await reader.readexactly(_length(head))
                fault = self.fault(body.decode())
                self.counts[fault or "none"] += 1
                if fault == "400" or fault in REFUSALS:
                    code, extra = REFUSALS.get(fault, (400, ""))
                    broken = b'{"error": {"message": "no \\ud800 today"}}'
                    await _send(writer, code, broken, extra)
                elif fault in BODIES:
                    await _send(writer, 200, BODIES[fault])
                elif fault == "stall":
                    await asyncio.sleep(STALL_S)
                    return
                elif fault == "cut-before":
                    return
                else:
                    above = above or await asyncio.open_connection(
                        self.upstream.hostname, self.upstream.port
                    )
                    answer = await _ask(*above, head, body)
                    if fault == "cut-middle":
                        await _send(writer, 200, answer, cut=True)
                        return
                    await _send(writer, 200, spoilt(answer, json.loads(body), fault))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            if above:
                above[1].close()


def spoilt(raw: bytes, asked: dict[str, Any], fault: str) -> bytes:
    """Return a good answer with another text in it."""
    if not fault:
        return raw
    answer = json.loads(raw)
    message = answer["choices"][0].get("message", answer["choices"][0])
    field = "content" if "messages" in asked else "text"
    prompt = asked["messages"][-1]["content"] if "messages" in asked else asked["prompt"]
    if fault == "thought":
        message["reasoning_content"] = "Подумаем."
    message[field] = {
        "english": '{"items": [{"text": "The snow was falling all night long."}]}',
        "echo": prompt,
        "long": json.dumps({"items": [{"text": LONG}]}, ensure_ascii=False),
        "blank": " \n ",
        "nothing": None,
        "surrogate": '{"items": [{"text": "Снег \ud800 шёл \udc00."}]}',
        "thought": None,
    }[fault]
    return json.dumps(answer).encode()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next(int(x[15:]) for x in lines if x.startswith(b"content-length:"))


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, body: bytes
) -> bytes:
    writer.write(head + body)
    return await reader.readexactly(_length(await _head(reader)))


async def _send(
    writer: asyncio.StreamWriter, code: int, body: bytes, extra: str = "", cut: bool = False
) -> None:
    head = f"HTTP/1.1 {code} X\r\nContent-Type: application/json\r\n{extra}"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + (body[: len(body) // 2] if cut else body))
    await writer.drain()


async def main(upstream: str, seed: str, rate: str) -> None:
    """Serve until killed."""
    proxy = Proxy(upstream, int(seed), float(rate))
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=1 << 20)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
