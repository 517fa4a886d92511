from pathlib import Path

import pytest

from ruhnp.cosines import Cosines, similarity
from rupairs.encoder import load_encoder
from rupairs.recipe import EncoderSection

POSITIVE = "Через пролив два раза в день ходит старый паром."
NEGATIVE = "Старый паром ходит через пролив пять раз в день."
PAIRS = [("Паром ушёл.", POSITIVE), ("Паром ушёл.", NEGATIVE), ("Маяк погас.", POSITIVE)]


def test_they_are_those_of_the_texts(encoder: Path) -> None:
    model = load_encoder(EncoderSection(model=str(encoder)))
    texts = [text for pair in PAIRS for text in pair]
    vectors = dict(zip(texts, model.encode(texts), strict=True))
    direct = [float(vectors[a] @ vectors[b]) for a, b in PAIRS]
    assert similarity(PAIRS, model) == pytest.approx(direct, abs=1e-5)
    assert similarity([], model) == []


def test_they_are_computed_once(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = EncoderSection(model=str(encoder), max_length=64)
    first = Cosines(tmp_path, section).of(PAIRS[:1])
    every = Cosines(tmp_path, section).of(PAIRS)
    assert every[0] == first[0] and len(set(every)) == 3
    monkeypatch.setattr("ruhnp.cosines.load_encoder", None)
    again = Cosines(tmp_path, section)
    assert again.of(PAIRS[::-1]) == every[::-1]
    with pytest.raises(TypeError):
        Cosines(tmp_path, EncoderSection(model=str(encoder), max_length=16)).of(PAIRS)


def test_a_block_that_was_cut_off_ends_with_the_same_numbers(encoder: Path, tmp_path: Path) -> None:
    """One block is stored before the kill; the next is computed whole, as if none had been."""
    section = EncoderSection(model=str(encoder), max_length=64)
    blocks = [[(f"Паром {n} ушёл.", "Да." * n), (f"Маяк {n}.", POSITIVE * n)] for n in (1, 2, 3)]
    whole = Cosines(tmp_path / "whole", section)
    expected = [whole.of(block) for block in blocks]
    Cosines(tmp_path / "killed", section).of(blocks[0])
    resumed = Cosines(tmp_path / "killed", section)
    assert [resumed.of(block) for block in blocks] == expected
