"""Opening a published data set, ours or anybody's: its card, configs and splits as Arrow tables."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_cards.hub_errors import told
from data_cards.readme import Readme, read_readme, readme_text
from data_cards.remote import README
from rupairs.errors import RupairsError, UsageError

_OF_A_MODEL = "modules.json"
Splits = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Opened:
    """A data set in a folder: its card, and its tables by config and split."""

    folder: Path
    card: Readme
    configs: Mapping[str, Splits]


@contextmanager
def opened_set(name: str, revision: str | None = None, api: Any = None) -> Iterator[Opened]:
    """Yield the data set in a folder, or on the Hub, by its id.

    `datasets` finds the files as it does for everybody. Raises `RupairsError` naming what cannot
    be opened, `UsageError` if there is neither such a folder nor an id of that form.
    """
    with tempfile.TemporaryDirectory() as work:
        folder = Path(name)
        if not folder.is_dir():
            if name.count("/") != 1 or name.startswith((".", "/")):
                raise UsageError(f"{name}: no such folder, and no id of the Hub (OWNER/NAME)")
            folder = _fetched(api or _api(), name, revision, Path(work) / "files")
        if (folder / _OF_A_MODEL).is_file():
            raise UsageError(f"{name}: a model; verify is for data sets")
        readme = folder / README
        text = readme_text(readme, str(readme)) if readme.is_file() else ""
        yield Opened(folder, read_readme(text, str(readme)), _configs(folder, work))


def _api() -> Any:
    from huggingface_hub import HfApi

    return HfApi()


def _fetched(api: Any, name: str, revision: str | None, into: Path) -> Path:
    from huggingface_hub.errors import RepositoryNotFoundError

    with told(name, "fetching it"):
        try:
            api.repo_info(name, repo_type="dataset")
        except RepositoryNotFoundError:
            if api.repo_exists(name, repo_type="model"):
                raise UsageError(f"{name}: a model; verify is for data sets") from None
            raise
        api.snapshot_download(name, repo_type="dataset", revision=revision, local_dir=into)
    return into


def _configs(folder: Path, work: str) -> dict[str, Splits]:
    from datasets import get_dataset_config_names, load_dataset

    found: dict[str, Splits] = {}
    try:
        with _without_bars():
            for config in get_dataset_config_names(str(folder)):
                # What the card says of rows is checked by us, with all else.
                splits = load_dataset(
                    str(folder), config, cache_dir=f"{work}/cache", verification_mode="no_checks"
                )
                found[config] = {str(split): rows.data.table for split, rows in splits.items()}
    except Exception as error:  # noqa: BLE001 (whatever keeps a user from opening it)
        raise RupairsError(f"{folder.name}: `datasets` cannot open it: {_cause(error)}") from None
    return found


def _cause(error: BaseException) -> str:
    """Return on one line what an error goes back to, which `datasets` wraps in general words."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:300]


@contextmanager
def _without_bars() -> Iterator[None]:
    from datasets import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            enable_progress_bars()
