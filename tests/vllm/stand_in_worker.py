"""Stands in for the worker of batch mode where that must die, hang or babble at will.

`python -m tests.vllm.stand_in_worker MODE FOLDER SCRIPT SOCKET …` answers with the prompt, five
tokens each. FOLDER gets `lives`, how often it was started, and `asked`, a prompt a line.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from rupairs.vllm.workers.line import Line

POISON = "Исходное: 7"


def main(mode: str, folder: Path, path: str) -> None:
    """Answer what comes, or do what the mode says."""
    lives = folder / "lives"
    life = int(lives.read_text()) + 1 if lives.exists() else 1
    lives.write_text(str(life))
    if mode == "never-starts" or (mode == "dies-for-good" and life > 1):
        stop("ValueError: it was told not to")
    line = Line(path)
    answered = 0
    while True:
        try:
            asked = line.hear(wait=True)
        except EOFError:
            return
        assert asked is not None
        with (folder / "asked").open("a", encoding="utf-8") as out:
            out.write(f"{asked['prompt']}\n")
        if mode == "poison" and asked["prompt"] == POISON:
            stop("RuntimeError: that prompt")
        first_life = life == 1 and answered == 10
        if first_life and mode in ("dies", "dies-for-good"):
            stop("RuntimeError: it was told to")
        if first_life and mode == "hangs":
            time.sleep(600)
        if first_life and mode == "babbles":
            line._socket.sendall(b"[vLLM] loading\n")
        time.sleep(0.01 if mode == "slow" else 0)
        line.say(key=asked["key"], seconds=0.1, **reply(mode, asked, answered))
        answered += 1


def reply(mode: str, asked: dict[str, Any], answered: int) -> dict[str, Any]:
    """Return the outcome of one request."""
    if mode == "refuses" and asked["prompt"] == POISON:
        return {"error": "BadRequestError", "detail": "the prompt is too long"}
    if mode == "errs" and answered == 0:
        return {"error": "InternalServerError", "detail": "an error of its own"}
    choice = {"finish_reason": "stop", "text": asked["prompt"]}
    if mode == "aborts" and answered == 0:
        choice["finish_reason"] = "abort"
    if mode == "mumbles" and asked["prompt"] == POISON:
        return {"reply": {"choices": "none"}}
    usage = {"prompt_tokens": 7, "completion_tokens": 5}
    return {"reply": {"model": "tiny", "choices": [choice], "usage": usage}}


def stop(words: str) -> None:
    """End with some last words."""
    print(words, flush=True)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[4])
