"""The Hub, the site and a folder of one's own give the same rows of the same files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import harvest.sources as harvest_sources
from harvest.source import SiteFile
from harvest.sources import SOURCES, get
from rupairs.store import StageReader
from tests.harvest.conftest import Harvest, Native
from tests.harvest.native_files import jsonl, parquet, zipped
from tests.hub import Hub
from tests.site import Site

pytestmark = pytest.mark.usefixtures("without_plots")

OF_THE_WAY = ("source_revision", "source_row")
ENTAILED = [
    {"premise": "Мы видели лес.", "hypothesis": "Лес был виден.", "label": 0, "idx": 0},
    {"premise": "Мы видели лес.", "hypothesis": "Леса не было.", "label": 1, "idx": 1},
]
NATIVE: dict[str, dict[str, bytes]] = {
    "terra": {"terra/train/0000.parquet": parquet(ENTAILED, ["entailment", "not_entailment"])},
    "ruparadetox": {
        "train.tsv": "ru_toxic_comment\tru_neutral_comment\nВсё дурацкое.\tВсё плохое.\n".encode()
    },
    "gazeta": {
        "gazeta_train.jsonl": jsonl(
            {
                "title": "Мост открыли вновь",
                "text": "Движение по старому мосту возобновилось утром.",
                "summary": "По мосту снова едут.",
                "url": "u",
                "date": "2020-01-01",
            }
        ).encode()
    },
}


def rows_of(stage: StageReader) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = stage.table().to_pylist()
    return [{k: v for k, v in row.items() if k not in OF_THE_WAY} for row in rows]


def assert_same(fetched: StageReader, own: StageReader, revision: str) -> None:
    """Compare two tables of the same files in all that does not tell the way they came."""
    assert rows_of(fetched) == rows_of(own)
    assert fetched.manifest.counts == own.manifest.counts
    assert {row["source_revision"] for row in fetched.rows()} == {revision}
    assert {row["source_revision"].partition("-")[0] for row in own.rows()} == {"files"}
    # Of files of one layout, the rows have one name too.
    assert [r["source_row"] for r in fetched.rows()] == [r["source_row"] for r in own.rows()]


@pytest.mark.parametrize("name", NATIVE)
def test_the_hub_and_a_folder_give_the_same(
    hub: Hub, harvest: Harvest, put: Native, name: str
) -> None:
    (part,) = get(name).hub
    commit = hub.add(part.repo, NATIVE[name], part.revision or "main")
    folder = put(name, dict(NATIVE[name]))
    rows = {"sources": [name]}
    fetched, own = harvest(None, "fetched", rows=rows), harvest(folder, "own", rows=rows)
    assert fetched["rows"].manifest.counts.rows_out > 0
    for step in ("rows", "pairs"):
        assert_same(fetched[step], own[step], commit)
    assert any("/resolve/" in request for request in hub.requests)


def test_the_site_and_a_folder_give_the_same(
    harvest: Harvest, put: Native, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = zipped(
        {
            "bible-uedin.en-ru.ru": "В начале было Слово.\nИ свет во тьме светит, и тьма.\n",
            "bible-uedin.en-ru.en": "In the beginning was the Word.\nAnd the light shines in it.\n",
        }
    )
    folder = put("bible", {"en-ru.txt.zip": archive})
    monkeypatch.setenv("RUPAIRS_CACHE", str(tmp_path / "cache"))
    with Site() as site:
        file = SiteFile(site.add("en-ru.txt.zip", archive), "en-ru.txt.zip")
        known = tuple(replace(s, site=(file,)) if s.name == "bible" else s for s in SOURCES)
        monkeypatch.setattr(harvest_sources, "SOURCES", known)
        fetched = harvest(None, "fetched", rows={"sources": ["bible"]})["pairs"]
    own = harvest(folder, "own", rows={"sources": ["bible"]})["pairs"]
    assert fetched.manifest.counts.rows_out == 2
    assert_same(fetched, own, next(iter(fetched.rows()))["source_revision"])
    assert {row["license"] for row in fetched.rows()} == {"CC0-1.0"}


def test_a_folder_and_the_hub_together(hub: Hub, harvest: Harvest, put: Native) -> None:
    """What stands in a folder is read there, whatever the Hub has; the rest is fetched."""
    (part,) = get("gazeta").hub
    hub.add(part.repo, NATIVE["gazeta"], part.revision or "main")
    folder = put("terra", dict(NATIVE["terra"]))
    names = ["terra", "gazeta"]
    rows = harvest(folder, rows={"sources": names}, fetch_missing=True)["rows"]
    found = {row["source"]: row["source_revision"][:6] for row in rows.rows()}
    assert list(found) == names and found["terra"] == "files-" != found["gazeta"]
