"""Cards on the Hub, which anybody wrote: read, joined with ours and written, or refused by name."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from data_cards.croissant import CROISSANT, disagreements
from data_cards.opening import Opened
from data_cards.readme import BEGIN, END, Readme, displaced, merged, read_readme, readme_text
from data_cards.verify import verify
from rupairs.errors import RupairsError
from tests.fuzz.damage import FUZZED, JUNK, damaged, promptly, spelled, twisted

FRONT = {
    "language": ["ru"],
    "license": "mit",
    "tags": ["nli", "synthetic"],
    "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "t"}]}],
    "dataset_info": [
        {"config_name": "default", "splits": [{"name": "train", "num_examples": 2}]},
    ],
}
OURS = Readme({"license": "apache-2.0", "tags": ["simulated-annotation"]}, "Сделано.")
WHOLE = Readme(FRONT, "Сделано раньше.", "# Набор", "## Благодарности").text()
# What YAML reads as something else than text, and what PyYAML fails at in its own ways.
SCALARS = st.sampled_from(
    [
        *("2024-99-99", "2024-01-01T25:00:00Z", "2024-01-01", "0x_", "0b_", "0o8", "1:60", "~", ""),
        *("!!int ''", "!!float x", "!!timestamp x", "!!bool x", "!!binary x", "!!python/none x"),
        *(
            "&a [*a]",
            "*a",
            "=",
            "<<",
            "[" * 2_000,
            "{a: b",
            "'",
            "|",
            ">",
            "%",
            "@x",
            "- -",
            ".inf",
        ),
        *("9" * 5_000, "\x07", "\u2028", "---", "...", "null", "no", "[nli, {a: 1}]", "{1: 2}"),
    ]
) | st.text(max_size=8)
YAML = st.lists(
    st.tuples(st.sampled_from(["tags", "license", "1", "? x", "<<", "a", "dataset_info"]), SCALARS),
    max_size=4,
).map(lambda pairs: "".join(f"{key}: {value}\n" for key, value in pairs))


def published(text: str) -> str | None:
    """Return a README with ours put into it, as publishing does; None where it was refused."""
    with promptly():
        try:
            theirs = read_readme(text, "them/README.md")
            after = merged(OURS, theirs).text()
        except RupairsError as error:
            assert str(error).startswith("them/README.md: ")
            return None
        displaced(OURS, theirs)
        # What was written is read as what was meant, and a second time changes nothing.
        again = read_readme(after, "after")
        assert again.front["license"] == "apache-2.0"
        assert again.made == "Сделано."
        assert "simulated-annotation" in again.front["tags"]
        assert merged(OURS, again).text() == after
    return after


@FUZZED
@example("")
@example("a: 2024-99-99\n")
@example("tags:\n")
@example("tags: nli\n")
@example("tags: [1, {a: 2}]\n")
@example("tags: &a [*a]\n")
@given(YAML)
def test_front_matter_of_any_yaml(front: str) -> None:
    published(f"---\n{front}---\n# Набор\n")


@FUZZED
@given(damaged(WHOLE.encode()))
def test_cards_with_bytes_changed(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "README.md"
        path.write_bytes(content)
        try:
            text = readme_text(path, "them/README.md")
        except RupairsError as error:
            assert str(error).startswith("them/README.md: byte ")
            return
    published(text)


@FUZZED
@given(st.text(max_size=30), st.sampled_from(["", BEGIN, END, BEGIN + END, END + BEGIN]))
def test_cards_of_any_text(text: str, marks: str) -> None:
    published(f"{text}{marks}{text}")


@FUZZED
@given(twisted(FRONT))
def test_front_matter_of_any_values(front: Any) -> None:
    try:
        written = yaml.safe_dump(front, allow_unicode=True)
    except (yaml.YAMLError, UnicodeEncodeError):
        return
    published(f"---\n{written}---\n")


@pytest.mark.parametrize("before", ["\ufeff", "\n", " \n\n", "\ufeff\n"])
def test_what_stands_before_the_front_matter_is_no_text(before: str) -> None:
    after = published(before + WHOLE)
    assert after is not None and after.count("---") == 2
    assert read_readme(after, "after").before == "# Набор"


TRAIN = pa.table({"premise": ["Снег выпал.", "Идёт дождь."], "hypothesis": ["Да.", "Сухо."]})


@FUZZED
@example({**FRONT, "dataset_info": 5})
@example({**FRONT, "dataset_info": [5]})
@example({**FRONT, "dataset_info": {"splits": None}})
@example({**FRONT, "dataset_info": [{"config_name": [1], "splits": [{"name": {}}]}]})
@given(twisted(FRONT, junk=JUNK))
def test_what_a_card_says_of_its_rows(front: Any) -> None:
    if not isinstance(front, dict):
        return
    with tempfile.TemporaryDirectory() as folder, promptly():
        found = verify(Opened(Path(folder), Readme(front), {"default": {"train": TRAIN}}))
    assert any(finding.check == "card" for finding in found)


def test_a_card_that_says_what_is_there_is_in_order(tmp_path: Path) -> None:
    found = verify(Opened(tmp_path, Readme(FRONT), {"default": {"train": TRAIN}}))
    assert {f.severity for f in found if f.check == "card"} == {"ok"}


def told(folder: Path, content: bytes) -> list[str]:
    (folder / CROISSANT).write_bytes(content)
    with promptly():
        return list(disagreements(folder))


FILE = {"@type": "cr:FileObject", "contentUrl": "train.parquet", "sha256": "0" * 64}


@FUZZED
@example({"distribution": {"contentUrl": "x" * 300}})
@example({"distribution": [{"contentUrl": "\0"}, {"contentUrl": "../README.md"}]})
@given(twisted({"distribution": [FILE, FILE | {"contentUrl": "https://example.org/a"}]}) | JUNK)
def test_what_croissant_metadata_says_of_files(said: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert all(isinstance(line, str) for line in told(Path(folder), spelled(said).encode()))


@FUZZED
@given(damaged(json.dumps({"distribution": [FILE]}).encode()))
def test_croissant_metadata_with_bytes_changed(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told(Path(folder), content)


def test_files_that_croissant_metadata_may_not_name(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "outside").write_text("as it was")
    for name in ("../outside", str(tmp_path / "outside"), "train.parquet"):
        said = json.dumps({"distribution": [{"contentUrl": name}]}).encode()
        assert told(tmp_path / "set", said) == [f"{name}: is not there"]
