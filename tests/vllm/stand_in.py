"""Stands in for vLLM where it must die or hang at will: `python stand_in.py MODE -m MODULE …`.

It answers completions as the scripted server does. `dies` ends after a completion, `hangs` stops
answering after one, each only in the first life that a file of that name in the current directory
remembers; `always-dies` ends after one in every life.
"""

import os
import sys
import time
from pathlib import Path

from tests.llm_server import ScriptedServer


def main(mode: str, arguments: list[str]) -> None:
    """Serve on the port vLLM is given."""
    first = not Path(mode).exists()
    Path(mode).touch()
    port = int(arguments[arguments.index("--port") + 1])
    with ScriptedServer(port) as server:
        while not server.requests:
            time.sleep(0.02)
        time.sleep(0.5)
        if mode == "always-dies" or (mode == "dies" and first):
            print("ValueError: it was told to", flush=True)
            os._exit(1)
        if mode == "hangs" and first:
            server.delay_s = 3600
        time.sleep(3600)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
