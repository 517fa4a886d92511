"""Archives from strangers: nothing is written outside, and no disk is filled."""

import io
import os
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvest.reading.archives import unpacked
from harvest.source import Native, SiteFile, Source
from rupairs.errors import RupairsError
from tests.fuzz.damage import FUZZED, damaged, promptly

WANTED = ("x.ru", "*.ru")
NAMES = st.sampled_from(
    [
        *("x.ru", "ru/x.ru", "a/../x.ru", "../x.ru", "../../x.ru", "/tmp/x.ru", "//x.ru", "./x.ru"),
        *("..", ".", "", "/", "a//x.ru", "..\\x.ru", "C:\\x.ru", "\u202ex.ru", "x\0.ru", "x\n.ru"),
        *("n" * 300 + ".ru", "/".join(["d"] * 2_000) + "/x.ru", "__MACOSX/x.ru", "x.ru/y.ru"),
    ]
) | st.text(max_size=6).map(lambda name: f"{name}.ru")
KINDS = st.sampled_from(
    [
        *(tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE),
        *(tarfile.CHRTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE),
    ]
)
LINKS = st.sampled_from(["/etc/passwd", "../outside", "x.ru", "", "."])


def zipped(*members: tuple[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members:
            # Its own constructor mends some names.
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            entry.compress_type = zipfile.ZIP_DEFLATED
            with warnings.catch_warnings(action="ignore"):  # of names that are there twice
                bundle.writestr(entry, content)
    return sink.getvalue()


def tarred(*members: tuple[str, bytes, bytes, str], mode: str = "w:gz") -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode) as tape:  # type: ignore[call-overload]
        for name, content, kind, link in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.size = kind, link, len(content)
            tape.addfile(entry, io.BytesIO(content))
    return sink.getvalue()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose `temporary` is where archives are unpacked; beside it nothing may change."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "outside").write_text("as it was")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def listed(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield path.relative_to(folder).as_posix(), path.read_bytes()


def unpack(place: Path, name: str, content: bytes) -> dict[str, bytes] | None:
    """Return what an archive gave; None where it was refused, which must be by its name."""
    path = place / name
    path.write_bytes(content)
    before = list(listed(place))
    native = Native("opus", str(place), {name: path}, "files", "unknown")
    found: dict[str, bytes] | None = {}
    assert found is not None
    with promptly():
        try:
            with unpacked(native, (name,), WANTED) as opened:
                for member, file in opened.files.items():
                    if member != name:
                        assert file.resolve().is_relative_to((place / "temporary").resolve())
                        assert not file.is_symlink()
                        found[member] = file.read_bytes()
        except RupairsError as error:
            assert str(path) in str(error)
            found = None
    assert list(listed(place)) == before
    return found


@FUZZED
@example([("", b"")])
@example([("x\ud800.ru", b"")])
@given(st.lists(st.tuples(NAMES, st.binary(max_size=9)), max_size=3))
def test_zip_members_of_any_name_stay_inside(place: Path, members: list[tuple[str, bytes]]) -> None:
    try:
        content = zipped(*members)
    except (ValueError, UnicodeEncodeError):
        return  # no zip has such a name
    found = unpack(place, "a.zip", content)
    assert found is None or set(found.values()) <= {content for _, content in members}


@FUZZED
@given(st.lists(st.tuples(NAMES, st.binary(max_size=9), KINDS, LINKS), max_size=3))
def test_tar_members_of_any_name_and_kind_stay_inside(
    place: Path, members: list[tuple[str, bytes, bytes, str]]
) -> None:
    content = tarred(*members)
    found = unpack(place, "a.tar.gz", content)
    # A sparse member that tells of no piece is empty.
    said = {b"", *(content for _, content, _, _ in members)}
    assert found is None or set(found.values()) <= said


ZIP = zipped(("readme", b"about"), ("x.ru", "раз два".encode() * 9), ("\u00e9.ru", b"2"))
TAR = tarred(("x.ru", b"1" * 900, tarfile.REGTYPE, ""), ("a/" * 60 + "x.ru", b"2", b"0", ""))
FLAT = tarred(("x.ru", b"1" * 900, tarfile.REGTYPE, ""), ("y.ru", b"2", b"0", ""), mode="w:")


# Its directory says that a name is UTF-8, which it is not.
ODD = ZIP.replace("\u00e9".encode(), b"\xff\xff")


def test_a_name_that_is_no_text_is_refused(place: Path) -> None:
    assert unpack(place, "a.zip", ZIP) and unpack(place, "a.zip", ODD) is None


@FUZZED
@given(name=st.sampled_from(["a.zip", "a.tar.gz", "a.tar"]), data=st.data())
def test_archives_with_bytes_changed(place: Path, name: str, data: st.DataObject) -> None:
    whole = {"a.zip": ZIP, "a.tar.gz": TAR, "a.tar": FLAT}[name]
    unpack(place, name, data.draw(damaged(whole)))


@FUZZED
@given(st.integers(0, len(ZIP) - 1), st.binary(min_size=1, max_size=8))
def test_a_zip_directory_with_odd_numbers(place: Path, back: int, new: bytes) -> None:
    """The directory, which says names, places and versions, stands at the end."""
    at = len(ZIP) - 1 - back // 3
    unpack(place, "a.zip", ZIP[:at] + new + ZIP[at + len(new) :])


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_a_bomb_is_refused_before_it_fills_the_disk(place: Path, name: str) -> None:
    nothing = b"\0" * (20 << 20)
    member = ("x.ru", nothing, tarfile.REGTYPE, "")
    packed = name.rpartition(".")[2]
    content = zipped(member[:2]) if packed == "zip" else tarred(member, mode=f"w:{packed}")
    assert len(content) < len(nothing) / 500
    (place / name).write_bytes(content)
    native = Native("opus", str(place), {name: place / name}, "files", "unknown")
    with (
        pytest.raises(RupairsError, match=r"x\.ru unpacks to over 200 times the size"),
        unpacked(native, (name,), WANTED),
    ):
        pass
    assert not os.listdir(place / "temporary")  # noqa: PTH208


def test_a_sparse_member_that_claims_to_be_huge_is_refused(place: Path) -> None:
    entry = tarfile.TarInfo("x.ru")
    entry.type, entry.size = tarfile.GNUTYPE_SPARSE, 0
    block = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    block[483:495] = b"77777777777\0"  # the size when it is written out
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert unpack(place, "a.tar", bytes(block) + b"\0" * 1_024) is None


def test_text_that_packs_well_is_unpacked(place: Path) -> None:
    many = "".join(f"Строка номер {n}: в доме тихо и тепло.\n" for n in range(200_000)).encode()
    found = unpack(place, "a.zip", zipped(("x.ru", many)))
    assert found == {"a.zip/x.ru": many}


@FUZZED
@example(ODD)
@given(damaged(ZIP))
def test_a_fetched_zip_is_opened_or_fetched_again(content: bytes) -> None:
    from harvest.fetching.download import Download, Origin, _DamagedError

    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "a.zip.part"
        part.write_bytes(content)
        source: Any = Source("s", "t", "l", "", "https://example.org", "c", ("a.zip",))
        file = SiteFile("https://example.org/a.zip", "a.zip")
        try:
            Download(source, file, part, Origin(), lambda origin: None)._open()
        except _DamagedError:
            assert not part.exists()
