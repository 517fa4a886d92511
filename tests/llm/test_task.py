"""What a prompt's file says, and what a manifest keeps of it."""

from hashlib import sha256
from pathlib import Path

import pytest

from rupairs.errors import RupairsError
from rupairs.llm.task import load_task


def test_a_prompt_is_known_by_name_version_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "pair.v2.toml"
    text = 'instruction = " Напиши пару. "\n[outputs]\ntext = "Текст"\n'
    path.write_text(text, "utf-8")
    task = load_task(path)
    assert task.prompt_version == "pair.v2"
    digest = sha256(text.encode()).hexdigest()
    assert task.facts() == {"instruction": "Напиши пару.", "sha256": digest}


def test_a_prompt_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pair.v1.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RupairsError, match=r"pair\.v1\.toml: not a prompt file"):
        load_task(path)
