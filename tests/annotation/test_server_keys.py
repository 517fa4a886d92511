"""Keys and addresses of Label Studio: what is refused, and that none is shown."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from annotation.server import Address, Server, address
from annotation.stage import PushSection
from rupairs.errors import RupairsError, UsageError
from tests.annotation.served import Make, Rows, answer_all, votes
from tests.annotation.studio import House, Person

pytestmark = pytest.mark.usefixtures("signed_in")


@pytest.mark.parametrize("key", ["abc\ndef", "ключ", "a b", "abc\x00"])
def test_what_cannot_be_a_key_is_said_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    if "\x00" not in key:
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", key)
    else:
        monkeypatch.setattr("annotation.server.os.environ", {"LABEL_STUDIO_API_KEY": key})
    with pytest.raises(UsageError, match="LABEL_STUDIO_API_KEY has a line break") as failure:
        address(PushSection(url="http://127.0.0.1:1"))
    assert key not in str(failure.value)


@pytest.mark.parametrize(("status", "said"), [(200, "is no Label Studio"), (404, "HTTP 404")])
def test_another_program_at_the_address_is_told_from_label_studio(status: int, said: str) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>Welcome</html>")

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{http.server_address[1]}"
        with pytest.raises(RupairsError, match="this is no Label Studio") as failure:
            Server(Address(url, "0123456789" * 4))
        http.shutdown()
    assert said in str(failure.value)


def test_both_kinds_of_key_push_and_pull_and_a_wrong_one_is_named_but_not_shown(
    house: House,
    make_run: Make,
    candidates: Rows,
    project: str,
    people: list[Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, key in enumerate((people[1].legacy, people[1].personal)):
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", key)
        run = make_run(candidates[:3], f"run{number}")
        settings = {"push": {"url": house.url, "project": f"{project[:25]} {number}", "overlap": 1}}
        push = run.run("push", **settings)
        answer_all(house, push, people)
        run.run("pull", **settings)
        assert len(votes(run)) == 3
        for path in run.path.rglob("*"):
            if path.is_file():
                assert key.encode() not in path.read_bytes(), path
    wrong = "0123456789" * 4
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", wrong)
    with pytest.raises(RupairsError, match="LABEL_STUDIO_API_KEY is not accepted") as failure:
        make_run(candidates, "wrong").run("push", **settings)
    assert wrong not in str(failure.value)
    assert failure.value.__context__ is None


def test_without_a_key_or_with_one_in_the_address_nothing_is_asked(
    make_run: Make, candidates: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="no name or password here") as failure:
        make_run(candidates).run("push", push={"url": "http://anna:secret@127.0.0.1:1"})
    assert "secret" not in str(failure.value)
    monkeypatch.delenv("LABEL_STUDIO_API_KEY")
    with pytest.raises(UsageError, match="LABEL_STUDIO_API_KEY is not set"):
        make_run(candidates).run("push", push={"url": "http://127.0.0.1:1"})
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    with pytest.raises(UsageError, match="no server"):
        make_run(candidates).run("push", push={"server": True})
    assert not PushSection().to_server
