"""Lines from a worker process: a message, or an error that ends it; never a hang."""

import os
import sys
from pathlib import Path

import pytest

from rupairs.vllm.worker import Order, Worker, WorkerGoneError
from tests.fuzz.damage import DEEP, spelled

# Says what stands in a file to whoever opened the socket, and waits to be ended.
SAYS = """
import socket, sys, time
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
line.sendall(open(sys.argv[2], "rb").read())
time.sleep(60)
"""


@pytest.mark.parametrize(
    "said",
    [
        *(b"[vLLM] loading\n", b"\n", b"\0\n", b"\xff\xfe\n", b"null\n", b"[1]\n", b'{"key": \n'),
        *(f"{spelled(DEEP)}\n".encode(), b"9" * 5_000 + b"\n", b'{"key": 1} {"key": 2}\n'),
    ],
    ids=range(10),
)
def test_what_is_no_message_ends_the_worker(tmp_path: Path, said: bytes) -> None:
    (tmp_path / "said").write_bytes(b'{"beat": true}\n' + said)
    before = [sys.executable, "-S", "-c", SAYS]
    order = Order(before, [str(tmp_path / "said")], dict(os.environ), "tiny")
    with Worker(order, tmp_path / "log", 20.0) as worker:
        assert worker.hear(10.0) == {"beat": True}
        with pytest.raises(WorkerGoneError, match="vLLM with tiny said what is no message"):
            worker.hear(10.0)
