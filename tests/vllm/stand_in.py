"""Stands in for vLLM where it must die or hang at will.

`python -m tests.vllm.stand_in MODE LIVES -m MODULE …` answers as the scripted server does. LIVES is
a file that counts how often it was started. `dies` ends after ten requests of its first life,
`always-dies` after one of every life, `hangs` stops answering after one of its first.
"""

import os
import sys
import time
from pathlib import Path

from tests.llm_server import ScriptedServer

ANSWERED = {"dies": 10, "always-dies": 1, "hangs": 1}


def main(mode: str, lives: Path, arguments: list[str]) -> None:
    """Serve on the port vLLM is given."""
    life = int(lives.read_text()) + 1 if lives.exists() else 1
    lives.write_text(str(life))
    with ScriptedServer(int(arguments[arguments.index("--port") + 1]), delay_s=0.05) as server:
        server.texts = ["да"] * 1000
        while len(server.requests) < ANSWERED[mode] or (life > 1 and mode != "always-dies"):
            time.sleep(0.02)
        if mode == "hangs":
            server.delay_s = 3600.0
        time.sleep(0.3)
        while mode == "hangs":
            time.sleep(1)
        print("ValueError: it was told to", flush=True)
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
