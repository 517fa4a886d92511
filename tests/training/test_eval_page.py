import re
from pathlib import Path

from training.evaluation.encodechka.scores import TASKS
from training.evaluation.page import Page, comparison, mteb_comparison, write_page

PNG = b"\x89PNG\r\n\x1a\n"


def page(tmp_path: Path, **given: object) -> str:
    plot = tmp_path / "plot.png"
    plot.write_bytes(PNG)
    values: dict[str, object] = {
        "title": "Отчёт <script>alert(1)</script>",
        "rows": [("Encodechka STS, fixed", 0.8, 0.85), ("PI", 0.7, 0.6)],
        "encoders": {"this encoder": {"STS": {"fixed": 0.85, "official": None}}},
        "remarks": ['«кавычки» & "quotes" <b>'],
        "models": ["initial encoder: a/b (MIT)"],
        "plots": {"Cosines": plot},
    }
    out = tmp_path / "report.html"
    write_page(Page(**(values | given)), out)  # type: ignore[arg-type]
    return out.read_text(encoding="utf-8")


def test_the_page_is_whole_and_escaped(tmp_path: Path) -> None:
    text = page(tmp_path)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "«кавычки» &amp; &#34;quotes&#34; &lt;b&gt;" in text
    assert "data:image/png;base64,iVBORw0KGgo=" in text
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert '<td class="up">+0.0500</td>' in text
    assert '<td class="down">-0.1000</td>' in text
    assert "deepvk/USER-base" in text


def test_without_encodechka_there_is_no_comparison(tmp_path: Path) -> None:
    text = page(tmp_path, encoders={}, rows=[], simulated=True)
    assert "deepvk/USER-base" not in text
    assert "Simulated" in text


def test_scores_of_a_sample_stand_beside_no_published_ones(tmp_path: Path) -> None:
    text = page(tmp_path, sample=True)
    assert "deepvk/USER-base" not in text
    assert "this encoder, fixed" in text


def test_an_encoder_with_all_tasks_stands_where_its_mean_puts_it() -> None:
    scores = {task: {"fixed": 0.75, "official": 0.9} for task in TASKS}
    names = [row["name"] for row in comparison({"this encoder": scores})]
    assert names[0] == "this encoder, official"
    place = names.index("this encoder, fixed")
    assert names[place - 1] == "intfloat/multilingual-e5-base"
    assert names[place + 1] == "sergeyzh/rubert-tiny-turbo"


def test_deltas_are_to_scores_of_the_same_way() -> None:
    after = {task: {"fixed": 0.75, "official": 0.9} for task in TASKS}
    before = {task: {"fixed": 0.7, "official": 0.8} for task in TASKS}
    rows = comparison({"this encoder": after, "before training": before})
    deltas = {row["name"]: row["delta"] for row in rows}
    assert deltas["this encoder, official"] == deltas["this encoder, fixed"] == {}
    assert round(deltas["before training, fixed"]["STS"], 6) == 0.05
    assert round(deltas["before training, official"]["Mean S"], 6) == 0.1
    assert round(deltas["deepvk/USER-base"]["STS"], 6) == round(0.9 - 0.85, 6)
    assert "NE1" not in deltas["sentence-transformers/paraphrase-multilingual-mpnet-base-v2"]


def test_where_only_the_own_pooling_was_scored_it_is_compared(tmp_path: Path) -> None:
    scores = {"STS": {"fixed": 0.85, "official": None}}
    deltas = {row["name"]: row["delta"] for row in comparison({"this encoder": scores})}
    assert set(deltas["deepvk/USER-bge-m3"]) == {"STS"}
    assert round(deltas["deepvk/USER-bge-m3"]["STS"], 6) == -0.02
    assert '<td class="down">-0.02</td>' in page(tmp_path)


def test_the_russian_mean_stands_among_the_published(tmp_path: Path) -> None:
    assert "MTEB(rus" not in page(tmp_path)
    rows = mteb_comparison({"this encoder": 60.0, "before training": 57.0})
    names = [row["name"] for row in rows]
    assert names.index("this encoder") == names.index("deepvk/USER2-base") + 1
    text = page(tmp_path, mteb={"this encoder": 60.0})
    assert "<td>60.00</td>" in text and "<td>70.94</td>" in text
