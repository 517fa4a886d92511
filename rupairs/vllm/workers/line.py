"""A worker's end of the line to the toolkit: requests come, answers go, a JSON object a line."""

import json
import queue
import socket
import threading
import time
from typing import Any

_BEAT_S = 1.0


class Line:
    """Connecting says that the worker is ready; what comes is read as it comes.

    So the toolkit never waits to be read while the worker waits to be read.
    """

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._came: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._beaten = time.monotonic()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    self._came.put(json.loads(line))
        finally:
            self._came.put(None)

    def hear(self, *, wait: bool) -> dict[str, Any] | None:
        """Return the next message, None if there is none yet; EOFError if none will come."""
        try:
            message = self._came.get(block=wait)
        except queue.Empty:
            return None
        if message is None:
            raise EOFError
        return message

    def say(self, **message: Any) -> None:
        """Send a message."""
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def beat(self) -> None:
        """Tell about once a second that work goes on."""
        if time.monotonic() - self._beaten > _BEAT_S:
            self._beaten = time.monotonic()
            self.say(beat=True)
