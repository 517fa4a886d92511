"""Publishing over real HTTP: what is sent, what stays, and what faults do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from huggingface_hub import HfApi

from data_cards.loading import check_arrival, opened
from data_cards.publish import Published, Wishes, open_release, plan, publish
from data_cards.readme import Readme, read_readme
from data_cards.remote import Place
from rupairs.errors import RupairsError
from rupairs.manifest import Counts, Manifest, describe_files
from rupairs.store import write_table
from tests.data_cards.hub import WritableHub
from tests.waits import pass_over

PLACE = Place("anna/ru-hnp", "dataset")
TOKEN = "hf_thisIsTheSecretOfAnna"
FRONT = {
    "license": "mit",
    "tags": ["synthetic"],
    "configs": [
        {
            "config_name": "default",
            "data_files": [{"split": "train", "path": "train.parquet"}],
        }
    ],
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WritableHub]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    # The library's own tries follow each other at once.
    pass_over(monkeypatch)
    with WritableHub() as found:
        yield found


def api(hub: WritableHub) -> HfApi:
    return HfApi(endpoint=hub.url, token=TOKEN)


def release(folder: Path, texts: list[str], usage: str = "", **facts: Any) -> Path:
    folder.mkdir(parents=True)
    write_table(pa.table({"query": texts}), folder / "train.parquet")
    (folder / "README.md").write_text(
        Readme(FRONT, f"# {len(texts)} строк\n{usage}").text(), "utf-8"
    )
    (folder / "README.ru.md").write_text(f"По-русски: {len(texts)} строк.\n{usage}", "utf-8")
    (folder / "report.md").write_text("Для того, кто делал.", "utf-8")
    Manifest(
        step="data_cards.ruhnp",
        step_version=1,
        fingerprint="f",
        seed=1,
        config={},
        inputs={},
        counts=Counts(),
        files=describe_files(folder),
        simulated=bool(facts.pop("simulated", False)),
        facts={"terms": {"hub": "mit", "name": ""}, "refusals": []} | facts,
    ).write(folder)
    return folder


def send(hub: WritableHub, folder: Path, **wishes: Any) -> Published:
    wanted = Wishes(**wishes)
    waits: list[float] = []
    return publish(api(hub), open_release(folder, wanted), PLACE, wanted, waits.append)


def on_hub(hub: WritableHub, revision: str = "main") -> dict[str, bytes]:
    return hub.repositories["datasets", PLACE.repo].files(revision)


def test_a_release_arrives_once_and_opens(hub: WritableHub, tmp_path: Path) -> None:
    folder = release(tmp_path / "a", ["Лена поёт.", "Кот спит."])
    first = send(hub, folder, tag="v1")
    repository = hub.repositories["datasets", PLACE.repo]
    assert repository.private
    assert repository.tags == {"v1": first.commit}
    assert sorted(on_hub(hub)) == [".gitattributes", "README.md", "README.ru.md", "train.parquet"]
    files = plan(api(hub), open_release(folder, Wishes()), PLACE, Wishes()).files
    check_arrival(api(hub), PLACE, files)
    assert opened(api(hub), PLACE) == {"default/train": 2}
    commits = len(repository.commits)
    again = send(hub, folder, tag="v1")
    assert (again.sent, again.commit) == (0, first.commit)
    assert len(repository.commits) == commits


def test_looking_first_sends_nothing(hub: WritableHub, tmp_path: Path) -> None:
    hub.add("datasets", PLACE.repo, {"old.parquet": b"1", "README.md": "Чужое.".encode()})
    folder = release(tmp_path / "a", ["Лена поёт."])
    found = plan(api(hub), open_release(folder, Wishes()), PLACE, Wishes())
    assert {c.name: c.fate for c in found.changes} == {
        "README.md": "changed",
        "README.ru.md": "new",
        "old.parquet": "theirs",
        "train.parquet": "new",
    }
    assert any("# 1 строк" in line for line in found.readme)
    assert not [r for r in hub.requests if r.startswith(("POST", "PUT")) and "/commit/" in r]


def test_what_others_wrote_and_their_files_stay(hub: WritableHub, tmp_path: Path) -> None:
    hub.add("datasets", PLACE.repo, {"extra/val.parquet": b"1", "README.md": "Чужое.".encode()})
    send(hub, release(tmp_path / "a", ["Лена поёт."]))
    readme = read_readme(on_hub(hub)["README.md"].decode(), "README.md")
    assert (readme.before, readme.made) == ("Чужое.", "# 1 строк")
    assert on_hub(hub)["extra/val.parquet"] == b"1"


def test_the_card_in_russian_is_a_file_like_others(hub: WritableHub, tmp_path: Path) -> None:
    theirs = {"README.md": "Чужое.".encode(), "README.ru.md": "Прежнее.".encode()}
    hub.add("datasets", PLACE.repo, theirs)
    folder = release(tmp_path / "a", ["Лена поёт."])
    found = plan(api(hub), open_release(folder, Wishes()), PLACE, Wishes())
    assert {c.name: c.fate for c in found.changes}["README.ru.md"] == "changed"
    send(hub, folder)
    assert on_hub(hub)["README.ru.md"] == (folder / "README.ru.md").read_bytes()
    assert read_readme(on_hub(hub)["README.md"].decode(), "README.md").before == "Чужое."


def test_a_pull_request_leaves_the_branch_alone(hub: WritableHub, tmp_path: Path) -> None:
    before = hub.add("datasets", PLACE.repo, {"README.md": b"x"})
    found = send(hub, release(tmp_path / "a", ["Лена поёт."]), pull_request=True)
    repository = hub.repositories["datasets", PLACE.repo]
    assert repository.branches["main"] == before
    assert "train.parquet" in repository.files("refs/pr/1")
    assert found.url.endswith("/discussions/1")


@pytest.mark.parametrize("status", [429, 500, 503, 0])
@pytest.mark.parametrize("match", ["POST */commit/*", "PUT /upload/*", "POST */preupload/*"])
@pytest.mark.parametrize("done", [False, True])
def test_faults_that_pass_are_passed(
    hub: WritableHub, tmp_path: Path, match: str, status: int, done: bool
) -> None:
    hub.fail(match, status, times=2, done=done)
    send(hub, release(tmp_path / "a", ["Лена поёт.", "Кот спит."]))
    assert "train.parquet" in on_hub(hub)
    messages = hub.repositories["datasets", PLACE.repo].messages
    assert len(messages) == 2, "made, and released once"
    assert sum(r.startswith("PUT /upload/") for r in hub.requests) <= 3


def test_a_commit_that_somebody_forestalled_is_tried_again(
    hub: WritableHub, tmp_path: Path
) -> None:
    hub.add("datasets", PLACE.repo, {"README.md": b"x"})
    hub.fail("POST */commit/*", 409)
    send(hub, release(tmp_path / "a", ["Лена поёт."]))
    assert "train.parquet" in on_hub(hub)


@pytest.mark.parametrize("lost", [True, False])
def test_a_pull_request_is_opened_once(hub: WritableHub, tmp_path: Path, lost: bool) -> None:
    hub.add("datasets", PLACE.repo, {"README.md": b"x"})
    folder = release(tmp_path / "a", ["Лена поёт."])
    if lost:
        hub.fail("POST */commit/*", 500, done=True)
    first = send(hub, folder, pull_request=True)
    again = send(hub, folder, pull_request=True)
    branches = hub.repositories["datasets", PLACE.repo].branches
    assert sorted(branches) == ["main", "refs/pr/1"]
    assert first.commit == again.commit == branches["refs/pr/1"]
    assert again.sent == 0 and again.url.endswith(f"{PLACE.repo}/discussions/1")
    assert first.url == again.url
    send(hub, release(tmp_path / "b", ["Лена молчит."]), pull_request=True)
    assert "refs/pr/2" in branches, "another release is another request"


def test_a_branch_is_made_where_there_is_none(hub: WritableHub, tmp_path: Path) -> None:
    before = hub.add("datasets", PLACE.repo, {"README.md": "Чужое.".encode(), "old.csv": b"1"})
    place = replace(PLACE, branch="dev")
    opened_release = open_release(release(tmp_path / "a", ["Лена поёт."]), Wishes())
    found = plan(api(hub), opened_release, place, Wishes())
    assert {c.name: c.fate for c in found.changes}["old.csv"] == "theirs"
    publish(api(hub), opened_release, place, Wishes(), lambda seconds: None)
    repository = hub.repositories["datasets", PLACE.repo]
    assert repository.branches["main"] == before
    assert sorted(repository.files("dev")) == [
        "README.md",
        "README.ru.md",
        "old.csv",
        "train.parquet",
    ]
    assert read_readme(repository.files("dev")["README.md"].decode(), "x").before == "Чужое."


def test_what_was_sent_is_what_is_compared(hub: WritableHub, tmp_path: Path) -> None:
    """Somebody may write to the README after the plan was shown."""
    hub.add("datasets", PLACE.repo, {"README.md": "Раз.".encode()})
    folder = release(tmp_path / "a", ["Лена поёт."])
    shown = plan(api(hub), open_release(folder, Wishes()), PLACE, Wishes())
    hub.add("datasets", PLACE.repo, {"README.md": "Два.".encode()})
    done = send(hub, folder)
    check_arrival(api(hub), replace(PLACE, branch=done.commit), done.files)
    with pytest.raises(RupairsError, match=r"not as sent: README\.md"):
        check_arrival(api(hub), PLACE, shown.files)


def test_usage_opens_the_set_where_it_is_published(hub: WritableHub, tmp_path: Path) -> None:
    folder = release(tmp_path / "a", ["Лена поёт."], usage='load_dataset("path/to/this/folder")')
    send(hub, folder)
    for name in ("README.md", "README.ru.md"):
        card = on_hub(hub)[name].decode()
        assert f'load_dataset("{PLACE.repo}")' in card and "path/to" not in card


REFUSED = [(401, "set HF_TOKEN"), (403, "set HF_TOKEN"), (413, "in one piece")]
PASSING = [(500, "HTTP 500 .*run the same command again"), (0, "no answer .*run the same command")]


@pytest.mark.parametrize(
    ("match", "status", "said"),
    [
        *(("POST */commit/*", *case) for case in (*REFUSED, (409, "somebody else changed it"))),
        *(("PUT /upload/*", *case) for case in (*REFUSED, *PASSING, (409, "somebody else"))),
        *(("GET */api/datasets/*", *case) for case in REFUSED[:2]),
    ],
)
def test_a_refusal_says_what_to_do_and_no_secret(
    hub: WritableHub, tmp_path: Path, match: str, status: int, said: str
) -> None:
    hub.add("datasets", PLACE.repo, {"README.md": b"x"})
    hub.fail(match, status, times=999)
    with pytest.raises(RupairsError, match=said) as failed:
        send(hub, release(tmp_path / "a", ["Лена поёт."]))
    assert "anna/ru-hnp" in str(failed.value)
    assert TOKEN not in str(failed.value)


def test_somebody_elses_commit_is_not_written_over(hub: WritableHub, tmp_path: Path) -> None:
    hub.add("datasets", PLACE.repo, {"README.md": "Раз.".encode()})
    folder = release(tmp_path / "a", ["Лена поёт."])
    asked = Wishes()
    api_ = api(hub)
    create = api_.create_commit

    def late(*args: Any, **kwargs: Any) -> Any:
        api_.create_commit = create  # type: ignore[method-assign]
        hub.add("datasets", PLACE.repo, {"README.md": "Два.".encode()})
        return create(*args, **kwargs)

    api_.create_commit = late  # type: ignore[method-assign,assignment]
    publish(api_, open_release(folder, asked), PLACE, asked, lambda seconds: None)
    assert read_readme(on_hub(hub)["README.md"].decode(), "x").before == "Два."


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"refusals": ["3 rows under unknown: a, b, c"]}, "3 rows under unknown"),
        ({"simulated": True}, "--simulated"),
    ],
)
def test_what_must_not_be_published_is_not(tmp_path: Path, facts: Any, said: str) -> None:
    with pytest.raises(RupairsError, match=said):
        open_release(release(tmp_path / "a", ["Лена поёт."], **facts), Wishes())


def test_a_folder_that_was_changed_is_not_published(tmp_path: Path) -> None:
    folder = release(tmp_path / "a", ["Лена поёт."])
    card = (folder / "README.md").read_bytes()
    (folder / "README.md").write_bytes(card.replace(b"1", b"2"))
    with pytest.raises(RupairsError, match=r"README.md: changed after it was made"):
        open_release(folder, Wishes())


def test_a_tag_is_not_moved(hub: WritableHub, tmp_path: Path) -> None:
    send(hub, release(tmp_path / "a", ["Лена поёт."]), tag="v1")
    with pytest.raises(RupairsError, match="a tag is not moved"):
        send(hub, release(tmp_path / "b", ["Лена молчит."]), tag="v1")


def test_what_arrived_otherwise_is_noticed(hub: WritableHub, tmp_path: Path) -> None:
    folder = release(tmp_path / "a", ["Лена поёт."])
    send(hub, folder)
    hub.add("datasets", PLACE.repo, {"train.parquet": b"PAR1"})
    with pytest.raises(RupairsError, match=r"not as sent: train\.parquet"):
        check_arrival(api(hub), PLACE, {"train.parquet": folder / "train.parquet"})
