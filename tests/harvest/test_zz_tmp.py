from tests.harvest.conftest import *
from tests.harvest.test_sources import jsonl, parquet
import pytest
def nli(p,h,l="entailment"): return {"premise":p,"hypothesis":h,"label":l}
def test_zero(harvest, put):
    folder = put("rcb", {"train.jsonl": jsonl(nli("", "Пусто слева."))})
    print(harvest(folder, rows={"sources":["rcb"]})["pairs"].manifest.counts)
def test_sur(harvest, put):
    folder = put("rcb", {"train.jsonl": '{"premise": "Мы видели лес \\ud83d.", "hypothesis": "Лес был виден \\ud83d.", "label": "entailment"}\n'})
    print(harvest(folder, rows={"sources":["rcb"]})["pairs"].manifest.counts)
def test_sur2(harvest, put):
    folder = put("rcb", {"train.jsonl": '{"premise": "Мы видели лес \\ud83d.", "hypothesis": "Лес был виден \\ud83d.", "label": "-"}\n'})
    print(harvest(folder, rows={"sources":["rcb"]})["pairs"].manifest.counts)
def test_src(harvest, put):
    folder = put("rcb", {"train.jsonl": jsonl(nli("Мы видели лес.", "Лес был виден.", "-")|{"source":"чужой"})})
    r=harvest(folder, rows={"sources":["rcb"]})["rows"]
    print(dropped(r))
def dropped(stage):
    from rupairs.store import read_table
    return read_table(stage.directory / "dropped.parquet").to_pylist()
