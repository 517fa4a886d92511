"""Members of archives: read like the files beside them, and named when they are wrong."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from harvest.reading.archives import unpacked
from harvest.reading.lines import text_lines
from harvest.source import Native
from rupairs.errors import RupairsError
from tests.harvest.native_files import tarred, zipped


def native(folder: Path, **files: bytes) -> Native:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    paths = {name: folder / name for name in files}
    return Native("opus", str(folder), paths, "files", "unknown")


def lines(path: Path) -> list[str]:
    return [line for _, line in text_lines(path)]


SIDES = {"README": "о наборе", "en/x.en": "one\ntwo\n", "ru/x.ru": "один\nдва\n"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("moses/en-ru.txt.zip", zipped(SIDES)),
        ("moses/en-ru.tar", tarred(SIDES, "")),
        ("moses/en-ru.tar.gz", tarred(SIDES, "gz")),
        ("moses/en-ru.tar.bz2", tarred(SIDES, "bz2")),
        ("moses/en-ru.tar.xz", tarred(SIDES, "xz")),
    ],
)
def test_members_are_found_by_globs_and_gone_afterwards(
    tmp_path: Path, name: str, content: bytes
) -> None:
    files = native(tmp_path, **{name: content})
    with unpacked(files, ("*.zip", "*.tar*"), ("x.en", "x.ru")) as opened:
        (english,), (russian,) = opened.some("x.en"), opened.some("x.ru")
        assert (lines(english), lines(russian)) == (["one\n", "two\n"], ["один\n", "два\n"])
        assert set(opened.files) == {name, f"{name}/en/x.en", f"{name}/ru/x.ru"}
    assert not russian.exists()


def test_archives_that_nobody_asked_for_stay_closed(tmp_path: Path) -> None:
    files = native(tmp_path, **{"broken.zip": b"not a zip", "x.ru": "раз\n".encode()})
    with unpacked(files, ("*.tar.gz",), ("x.ru",)) as opened:
        assert opened.files == files.files


def test_archives_of_one_name_in_two_folders_do_not_mix(tmp_path: Path) -> None:
    packed = {f"{n}/a.zip": zipped({"x.ru": f"{n}\n"}) for n in ("1", "2")}
    with unpacked(native(tmp_path, **packed), ("*.zip",), ("x.ru",)) as opened:
        assert [lines(path) for path in opened.some("x.ru")] == [["1\n"], ["2\n"]]


def test_the_shadows_that_macos_packs_are_not_members(tmp_path: Path) -> None:
    packed = zipped({"x.ru": "раз\n", "__MACOSX/x.ru": "\0", "._x.ru": "\0"})
    with unpacked(native(tmp_path, **{"a.zip": packed}), ("*.zip",), ("*x.ru",)) as opened:
        assert list(opened.files) == ["a.zip", "a.zip/x.ru"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.zip", b"<html>404</html>", r"a\.zip: cannot be read near its start"),
        ("a.zip", zipped(SIDES)[:-40], r"a\.zip: cannot be read near its start"),
        ("a.tar.bz2", b"<html>404</html>", r"a\.tar\.bz2: cannot be read near its start"),
        ("a.tar.gz", tarred(SIDES, "gz")[:-40], r"a\.tar\.gz: cannot be read"),
        (
            "a.zip",
            zipped({"readme": "", "x": "y"}),
            r"a\.zip: holds none of x\.ru; it holds readme, x$",
        ),
        ("a.zip", zipped({}), r"a\.zip: holds none of x\.ru; it holds nothing"),
        ("a.zip", zipped({"../x.ru": "раз"}), r"a\.zip: \.\./x\.ru points outside"),
    ],
)
def test_a_wrong_archive_is_named(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    files = native(tmp_path, **{name: content})
    with pytest.raises(RupairsError, match=problem), unpacked(files, ("a.*",), ("x.ru",)):
        pass


def test_damage_is_said_with_its_member(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as bundle:
        bundle.writestr("readme", "о наборе")
        bundle.writestr("x.ru", "раз два три")
    content = sink.getvalue().replace("раз два три".encode(), "раз ДВА три".encode())
    files = native(tmp_path, **{"a.zip": content})
    with (
        pytest.raises(RupairsError, match=r"a\.zip: cannot be read near x\.ru \(Bad CRC-32"),
        unpacked(files, ("*.zip",), ("x.ru",)),
    ):
        pass


def test_an_error_in_a_member_says_archive_and_member(tmp_path: Path) -> None:
    files = native(tmp_path, **{"a.zip": zipped({"ru/x.ru": ""})})
    with (
        unpacked(files, ("*.zip",), ("x.ru",)) as opened,
        pytest.raises(RupairsError, match=r"a\.zip/ru/x\.ru: the file is empty"),
    ):
        lines(opened.some("x.ru")[0])


def test_a_line_that_memory_cannot_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rupairs.lines._LONGEST", 1 << 20)
    path = tmp_path / "lines.gz"
    path.write_bytes(gzip.compress(b"a\n" + b"b" * (2 << 20)))
    with pytest.raises(RupairsError, match=r"lines.gz: line 2 is longer than 1 MiB"):
        list(text_lines(path))
