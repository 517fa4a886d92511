"""How a model is sized to a card, from files of the right length that hold nothing."""

import json
from pathlib import Path

import pytest

from rupairs.vllm.environment import Card, VllmError
from rupairs.vllm.memory import Weights, card_limits, cpu_limits, weigh

GIB = 1 << 30
H100 = Card("NVIDIA H100 80GB HBM3", 80 * GIB, 79 * GIB)
RTX_4090 = Card("NVIDIA GeForce RTX 4090", 24 * GIB, 23 * GIB)
MOE = {
    "num_hidden_layers": 48,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "hidden_size": 2048,
    "max_position_embeddings": 262_144,
}


def write(folder: Path, config: dict[str, object], files: dict[str, int]) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name, size in files.items():
        with (folder / name).open("wb") as out:
            out.truncate(size)
    return folder


def test_a_folder_is_weighed_by_its_files_and_config(tmp_path: Path) -> None:
    files = {"model-1-of-2.safetensors": 3000, "model-2-of-2.safetensors": 1000}
    folder = write(tmp_path / "m", MOE, files | {"pytorch_model.bin": 4000, "vocab.json": 9})
    assert weigh(str(folder)) == Weights(4000, 2 * 48 * 4 * 128 * 2, 262_144)


def test_a_model_that_also_sees_is_weighed_by_its_text_part(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", {"text_config": MOE}, {"consolidated.safetensors": 7})
    assert weigh(str(folder)) == Weights(7, 98_304, 262_144)


@pytest.mark.parametrize("config", ["", "{}", "[]", '{"num_hidden_layers": "two"}'])
def test_what_cannot_be_told_is_left_open(tmp_path: Path, config: str) -> None:
    folder = write(tmp_path / "m", {}, {})
    (folder / "config.json").write_text(config, encoding="utf-8")
    assert weigh(str(folder)) == Weights()
    (folder / "config.json").unlink()
    assert weigh(str(folder)) == Weights()


def test_a_model_of_the_hub_is_weighed_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    snapshots = tmp_path / "models--team--model" / "snapshots"
    snapshots.mkdir(parents=True)
    write(snapshots / ("a" * 40), MOE, {"model.safetensors": 500})
    (tmp_path / "models--team--model" / "refs").mkdir()
    (tmp_path / "models--team--model" / "refs" / "main").write_text("a" * 40)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert weigh("team/model").size == 500
    assert weigh("team/absent") == Weights()


def test_eighty_gigabytes_hold_thirty_billion_parameters() -> None:
    limits = card_limits(H100, Weights(61_000_000_000, 98_304, 262_144), None)
    assert (limits.max_model_len, limits.max_num_seqs, limits.share) == (8192, 168, 0.94)


def test_twenty_four_hold_fourteen_in_four_bits() -> None:
    limits = card_limits(RTX_4090, Weights(10_000_000_000, 163_840, 40_960), None)
    assert (limits.max_model_len, limits.max_num_seqs, limits.share) == (8192, 64, 0.91)


def test_what_does_not_fit_is_told_before_it_is_loaded() -> None:
    heavy = Weights(61_000_000_000, 98_304, 262_144)
    with pytest.raises(VllmError, match=r"take 57 GiB, and NVIDIA GeForce RTX 4090 has 23 GiB"):
        card_limits(RTX_4090, heavy, None)
    assert card_limits(RTX_4090, heavy, None, cards=4).max_num_seqs is not None


def test_a_card_that_is_in_use_gives_what_is_free() -> None:
    busy = Card("NVIDIA H100 80GB HBM3", 80 * GIB, 40 * GIB)
    limits = card_limits(busy, Weights(16_000_000_000, 147_456, 40_960), 2048)
    assert limits.max_model_len == 2048
    assert limits.share == 0.46


def test_an_unknown_model_still_gets_a_share() -> None:
    assert card_limits(H100, Weights(), None).max_num_seqs is None
    assert card_limits(H100, Weights(), None).share == 0.94


def test_a_cpu_gives_a_quarter_of_what_is_left() -> None:
    assert cpu_limits(20 * GIB, Weights(4 * GIB, None, 512), None).cache_gib == 4
    assert cpu_limits(GIB, Weights(4 * GIB), None).cache_gib == 1
    assert cpu_limits(900 * GIB, Weights(), None).cache_gib == 16
    assert cpu_limits(GIB, Weights(None, None, 512), None).max_model_len == 512
