"""Publishing through hf_xet, as it is installed everywhere, to a storage that fails; run by a test.

A storage that works would have to read the blocks that hf_xet makes of files, so what is tried here
is what a person is told when it does not.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from rupairs.errors import RupairsError
from tests.data_cards.hub import WritableHub
from tests.data_cards.test_publish import PLACE, release, send

TOKEN = "GET */xet-write-token/*"


def dead(hub: WritableHub) -> None:
    hub.xet = "http://127.0.0.1:9"


def refusing(hub: WritableHub) -> None:
    hub.xet = f"{hub.url}/cas"
    hub.fail("* /cas/*", 403, times=999)


CASES: dict[str, Callable[[WritableHub], None]] = {
    "token 401": lambda hub: hub.fail(TOKEN, 401, times=999),
    "token 404": lambda hub: None,
    "token 500": lambda hub: hub.fail(TOKEN, 500, times=999),
    "storage dead": dead,
    "storage 403": refusing,
}


def main(folder: Path) -> None:
    said = {}
    for name, fail in CASES.items():
        with WritableHub() as hub:
            hub.add("datasets", PLACE.repo, {"README.md": b"x"})
            fail(hub)
            try:
                send(hub, release(folder / name, ["Лена поёт."]))
            except RupairsError as error:
                asked = sum("xet-write-token" in request for request in hub.requests)
                said[name] = [type(error).__name__, str(error), asked]
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
