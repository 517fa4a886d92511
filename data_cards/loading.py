"""Loading back: what arrived on the Hub is what was sent, and opens as a user would open it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_cards.hub_errors import told
from data_cards.readme import read_readme
from data_cards.remote import README, Place, changes, head
from rupairs.errors import RupairsError


def check_arrival(api: Any, place: Place, files: Mapping[str, Path | bytes]) -> None:
    """Compare every file by hash with what a branch holds; `RupairsError` names those off."""
    wrong = [c.name for c in changes(files, head(api, place)) if c.fate in ("new", "changed")]
    if wrong:
        raise RupairsError(f"{place.address}: not as sent: {', '.join(wrong[:5])}; publish again")


def opened(api: Any, place: Place) -> dict[str, int]:
    """Open what the Hub has, from a fresh copy; returns the rows of `config/split`, or vectors.

    Of a dataset, the first file of every split is fetched; of a model, all of it.
    """
    with tempfile.TemporaryDirectory() as folder:
        if place.kind == "model":
            return _model(_fetched(api, place, None, folder))
        path = _fetched(api, place, [README], folder)
        card = read_readme((path / README).read_text(encoding="utf-8"), README)
        names = sorted(head(api, place).files)
        firsts = {
            (config["config_name"], part["split"]): _first(names, place, part["path"])
            for config in card.front.get("configs", ())
            for part in config["data_files"]
        }
        _fetched(api, place, sorted(set(firsts.values())), folder)
        return {f"{c}/{s}": _rows(path / file, s) for (c, s), file in firsts.items()}


def _fetched(api: Any, place: Place, patterns: list[str] | None, folder: str) -> Path:
    with told(place.address, "reading it back"):
        api.snapshot_download(
            place.repo,
            repo_type=place.kind,
            revision=place.branch,
            local_dir=folder,
            allow_patterns=patterns,
        )
    return Path(folder)


def _first(names: list[str], place: Place, pattern: str | list[str]) -> str:
    from fnmatch import fnmatch

    patterns = [pattern] if isinstance(pattern, str) else pattern
    found = next((n for n in names if any(fnmatch(n, p) for p in patterns)), None)
    if found is None:
        raise RupairsError(f"{place.address}: its card names {patterns[0]}, which is not there")
    return found


def _rows(path: Path, split: str) -> int:
    from datasets import load_dataset

    with tempfile.TemporaryDirectory() as cache:
        rows = load_dataset("parquet", data_files={split: str(path)}, split=split, cache_dir=cache)
        return len(rows)


def _model(folder: Path) -> dict[str, int]:
    from rupairs.encoder import load_transformer

    vectors = load_transformer(str(folder)).encode(["Проверка связи."])
    return {"vectors": len(vectors)}
