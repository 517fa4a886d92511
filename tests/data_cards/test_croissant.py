"""Croissant metadata of the releases: what it says is what the files hold."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from data_cards.annotations import ANNOTATION_SCHEMA
from data_cards.croissant import CROISSANT, About, croissant, disagreements, write_croissant
from data_cards.opening import opened_set
from data_cards.stage import CardSection
from data_cards.terms import release_terms
from data_cards.verify import verify
from rupairs import views
from rupairs.pairs import PAIR_SCHEMA
from rupairs.store import write_table
from tests.data_cards import test_pairs, test_ruwanli

FREE = About("Набор", "Пары.", release_terms({"CC-BY-4.0": 2}))
ANCHORS = [
    {"query": "Снег выпал ночью.", "pos": ["Ночью выпал снег."], "neg": ["Снег растаял."]},
    {"query": "Кот спит.", "pos": ["Спит кот.", "Кот уснул."], "neg": []},
]


def read(folder: Path) -> Any:
    return json.loads((folder / CROISSANT).read_text("utf-8"))


def anchors(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Write a RuHNP-like set of two splits and return its files."""
    folder.mkdir()
    files = {"train": (folder / "train.parquet",), "validation": (folder / "val.parquet",)}
    for (path,) in files.values():
        write_table(pa.Table.from_pylist(ANCHORS, views.ANCHOR_SCHEMA), path)
    return files | {"test": ()}


def ruwanli(folder: Path, simulated: bool = False) -> Path:
    train = test_ruwanli.pair("Кот спит.", "Кот жив.", "entailment")
    other = test_ruwanli.pair("Дом стоит.", "Дом новый.", "neutral", split="validation")
    votes = [test_ruwanli.vote(p.pair_id, "ff00", "neutral") for p in (train, other)]
    return test_ruwanli.release(folder, [train, other], simulated, votes)


def test_files_have_their_hashes_and_configs_their_fields(tmp_path: Path) -> None:
    out = ruwanli(tmp_path)
    found = read(out)
    objects = [d for d in found["distribution"] if d["@type"] == "cr:FileObject"]
    assert {d["contentUrl"] for d in objects} == {
        "data/train.parquet",
        "data/val.parquet",
        "annotations/train.parquet",
        "annotations/val.parquet",
    }
    for node in objects:
        content = (out / node["contentUrl"]).read_bytes()
        assert node["sha256"] == hashlib.sha256(content).hexdigest()
        assert node["contentSize"] == f"{len(content)} B"
    sets = {d["@id"]: d["includes"] for d in found["distribution"] if d["@type"] == "cr:FileSet"}
    assert sets["default-files"] == ["data/train.parquet", "data/val.parquet"]
    records = {r["@id"]: r for r in found["recordSet"]}
    assert list(records) == ["splits", "default", "annotations"], "no premise has a triplet"
    kinds = {f["name"]: f["dataType"] for f in records["annotations"]["field"]}
    assert list(kinds) == ["split", *ANNOTATION_SCHEMA.names]
    assert (kinds["seconds"], kinds["latest"]) == ("sc:Float", "sc:Boolean")
    assert {k for name, k in kinds.items() if name not in ("seconds", "latest", "simulated")} == {
        "sc:Text"
    }
    assert records["splits"]["data"] == [
        {"splits/name": "train", "splits/url": "cr:TrainingSplit"},
        {"splits/name": "val", "splits/url": "cr:ValidationSplit"},
    ]
    ids = [n["@id"] for n in [*found["distribution"], *found["recordSet"]]]
    ids += [f["@id"] for r in found["recordSet"] for f in r["field"]]
    assert len(set(ids)) == len(ids)


def test_it_says_who_wrote_and_what_was_simulated(tmp_path: Path) -> None:
    plain, simulated = (read(ruwanli(tmp_path / str(s), s)) for s in (False, True))
    assert "written by a language model, gen. Poor." in plain["description"]
    assert "**" not in plain["description"] and "\n" not in plain["description"]
    assert "simulated" not in plain["description"].lower()
    assert "made by a program, not by people" in simulated["description"]
    assert simulated["keywords"] == ["synthetic", "simulated-annotation"]
    # Terms that nobody has read have no page to name.
    assert plain["license"]["name"] == "unknown"
    assert "Own terms" in plain["license"]["description"]
    assert "url" not in plain


def test_the_pair_table_with_its_sources(tmp_path: Path) -> None:
    address = "https://example.org/datasets/anna/pairs"
    context = test_pairs.release(tmp_path, only_redistributable=True, url=address, title="Пары {1}")
    found = read(context.out)
    assert (found["name"], found["url"]) == ("Пары {1}", address)
    assert found["license"] == "https://spdx.org/licenses/CC-BY-2.0.html"
    cited = " ".join(found["citeAs"].split())
    assert cited.startswith(f"@misc{{1, title = {{Пары 1}}, howpublished = {{{address}}}")
    assert "Автор, tapaco." in found["citation"]
    assert found["description"].startswith("3 pairs of texts from open Russian data sets")
    named = {d["contentUrl"] for d in found["distribution"] if d["@type"] == "cr:FileObject"}
    assert named == {"data/train-00000.parquet", "data/test-00000.parquet"}
    (default,) = [r for r in found["recordSet"] if r["@id"] == "default"]
    fields = {f["name"]: f for f in default["field"]}
    assert set(fields) == set(PAIR_SCHEMA.names)
    assert fields["parents"]["repeated"] and fields["polarity"]["dataType"] == "sc:Integer"
    assert "column" not in fields["split"]["source"]["extract"]


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    files = anchors(tmp_path / "set")
    texts = set()
    for _ in range(2):
        write_croissant(tmp_path / "set", {"default": files}, FREE)
        texts.add((tmp_path / "set" / CROISSANT).read_bytes())
    assert len(texts) == 1
    fields = croissant(tmp_path / "set", {"default": files}, FREE)["recordSet"][1]["field"]
    assert [f["name"] for f in fields if f.get("repeated")] == ["pos", "neg"]


@pytest.mark.parametrize("url", ["example.org", "javascript:alert(1)", "https://a b"])
def test_an_address_is_one_of_the_web(url: str) -> None:
    with pytest.raises(ValidationError):
        CardSection(url=url)


def test_verify_finds_files_that_are_not_as_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write_croissant(folder, {"default": anchors(folder)}, FREE)

    def said() -> dict[str, tuple[str, ...]]:
        with opened_set(str(folder)) as found:
            return {f.severity: f.examples for f in verify(found) if f.check == "croissant"}

    assert said() == {"ok": ()}
    write_table(pa.Table.from_pylist(ANCHORS[:1], views.ANCHOR_SCHEMA), folder / "val.parquet")
    assert said() == {"fault": ("val.parquet: has another SHA-256",)}
    (folder / "val.parquet").unlink()
    assert said() == {"fault": ("val.parquet: is not there",)}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "croissant.json: not to be read"),
        ('{"distribution": 3}', "croissant.json: not to be read"),
        ('{"distribution": [{"contentUrl": "../secret"}]}', "../secret: is not there"),
        ('{"distribution": [{"contentUrl": "/etc/passwd"}]}', "/etc/passwd: is not there"),
        ('{"distribution": {"contentUrl": "a.csv", "sha256": null}}', "a.csv: is not there"),
    ],
)
def test_other_peoples_metadata_may_be_anything(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "secret").write_text("x", "utf-8")
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / CROISSANT).write_text(text, "utf-8")
    (found,) = disagreements(folder)
    assert found.startswith(fault)


def test_what_lies_elsewhere_is_not_looked_for(tmp_path: Path) -> None:
    nodes = [
        {"contentUrl": "https://example.org/a.parquet", "sha256": "0"},
        {"@type": "cr:FileSet"},
    ]
    (tmp_path / CROISSANT).write_text(json.dumps({"distribution": nodes}), "utf-8")
    assert list(disagreements(tmp_path)) == []


def test_its_own_reader_reads_every_row(tmp_path: Path) -> None:
    reader = pytest.importorskip("mlcroissant", reason="pip install mlcroissant")
    ruwanli(tmp_path / "nli")
    anchors_folder = tmp_path / "set"
    write_croissant(anchors_folder, {"default": anchors(anchors_folder)}, FREE)
    for folder, config in ((tmp_path / "nli" / "out", "annotations"), (anchors_folder, "default")):
        found = reader.Dataset(str(folder / CROISSANT))
        assert not found.metadata.ctx.issues.errors
        rows = list(found.records(config))
        assert set(Counter(row[f"{config}/split"] for row in rows)) == {b"train", b"val"}
    assert rows[1]["default/pos"] == [text.encode() for text in ("Спит кот.", "Кот уснул.")]
