"""A completion in a process of its own, to be killed. Arguments: run folder, URL of the server."""

import sys
from pathlib import Path

from rupairs.store import StageReader
from ruwanli.complete import complete
from tests.ruwanli import growing

INPUTS = ("ruwanli.filter", "ruwanli.cartography", "harvest.pairs")


def main(run: str, url: str) -> None:
    folder = Path(run)
    inputs = {name: StageReader(folder / name.replace(".", "/")) for name in INPUTS}
    model = growing.llm(url, "base")
    complete(growing.context(folder, "ruwanli.complete", inputs, model=model))


if __name__ == "__main__":
    main(*sys.argv[1:])
