import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

from rupairs.embedded import llm
from rupairs.embedded.llm import LICENSE_NOTE, MODEL_ID, EmbeddedServer, ServerError

FEW_SHOT = """Перефразируй предложение.
Предложение: Завтра в городе ожидается сильный дождь.
Перефраз: По прогнозу, завтра город накроет ливень.
Предложение: Учёные нашли древнее поселение в Сибири.
Перефраз: В Сибири археологи обнаружили древний посёлок.
Предложение: {}
Перефраз:"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path_factory.mktemp("llm") / "server.log", context=512) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: EmbeddedServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key="none", timeout=60, max_retries=0)


def complete(client: openai.OpenAI, sentence: str, seed: int = 1) -> str:
    answer = client.completions.create(
        model=MODEL_ID,
        prompt=FEW_SHOT.format(sentence),
        max_tokens=16,
        temperature=0,
        seed=seed,
        stop=["\n"],
    )
    assert answer.model == MODEL_ID
    return answer.choices[0].text


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def alive(pid: int) -> bool:
    try:
        # An orphan in a container without init stays a zombie: dead for every purpose here.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_serves_one_model_under_its_id(server: EmbeddedServer, client: openai.OpenAI) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    assert server.url.endswith("/v1")
    assert [model.id for model in client.models.list().data] == [server.model] == [MODEL_ID]


def test_few_shot_russian_is_continued_in_russian(client: openai.OpenAI) -> None:
    text = complete(client, "Река замёрзла в ноябре.")
    assert any("а" <= char <= "я" for char in text.lower())


def test_requests_in_parallel_all_answer(client: openai.OpenAI) -> None:
    sentences = [f"Поезд номер {n} прибыл с опозданием." for n in range(10)]
    with ThreadPoolExecutor(10) as pool:
        texts = list(pool.map(lambda sentence: complete(client, sentence), sentences))
    # The model may end a line before it begins; that nearly all do would be a fault of the server.
    assert len(texts) == len(sentences)
    assert sum(bool(text.strip()) for text in texts) >= len(sentences) // 2


def test_schema_is_enforced(client: openai.OpenAI) -> None:
    schema: dict[str, object] = {
        "type": "object",
        "properties": {"n": {"enum": [7]}},
        "required": ["n"],
    }
    answer = client.chat.completions.create(
        model=MODEL_ID,
        messages=[{"role": "user", "content": "Число?"}],
        temperature=0,
        max_tokens=200,  # the grammar allows up to 22 characters of whitespace at each of 5 places
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
    )
    assert json.loads(answer.choices[0].message.content or "") == {"n": 7}


def test_log_stays_quiet(server: EmbeddedServer, client: openai.OpenAI) -> None:
    complete(client, "Музей открыт по выходным.")
    lines = server.log.read_text(encoding="utf-8").splitlines()
    assert lines == [f"rupairs embedded llm ready: {server.url}"]


def test_one_slot_without_prompt_cache_repeats_a_seed(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "log", slots=1, context=256) as server:
        client = openai.OpenAI(base_url=server.url, api_key="none", timeout=60)

        def seeded(seed: int) -> str:
            answer = client.completions.create(
                model=server.model,
                prompt="Однажды утром",
                max_tokens=8,
                temperature=1.0,
                seed=seed,
                extra_body={"cache_prompt": False},
            )
            return answer.choices[0].text

        with ThreadPoolExecutor(4) as pool:
            first, second = list(pool.map(seeded, range(4))), list(pool.map(seeded, range(4)))
    assert first == second
    assert len(set(first)) > 1


def test_child_ends_with_the_block(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "log", slots=1, context=256) as server:
        pid = server.pid
        assert pid is not None
        assert alive(pid)
    assert server.pid is None
    assert not alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import time; from pathlib import Path; from rupairs.embedded.llm import EmbeddedServer\n"
        f"with EmbeddedServer(Path({str(tmp_path / 'log')!r}), slots=1, context=256) as server:\n"
        "    print(server.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        os.kill(parent.pid, signal.SIGKILL)
    assert wait_for(lambda: not alive(pid))


def test_busy_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(ServerError, match=f"port {port} on 127.0.0.1 cannot be used"),
            EmbeddedServer(tmp_path / "log", port=port),
        ):
            pass


def test_failed_start_shows_the_end_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("RUPAIRS_CACHE", str(tmp_path / "file"))
    with (
        pytest.raises(ServerError, match=r"ended with exit code 1(?s:.*)set RUPAIRS_CACHE"),
        EmbeddedServer(tmp_path / "log"),
    ):
        pass


def test_slow_start_is_told_and_leaves_no_child(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "log", timeout=0.2)
    with pytest.raises(ServerError, match=r"was not ready after 0\.2 s"), server:
        pass
    assert server.pid is None


def test_silent_server_is_not_ready() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/v1"
        with pytest.raises(ServerError, match="did not complete one token"):
            llm._complete_one_token(url, timeout=0.2)


def test_license_note_names_model_kind_and_terms() -> None:
    for part in ("google/gemma-3-270m", "base model", "270", "https://ai.google.dev/gemma/terms"):
        assert part in LICENSE_NOTE
