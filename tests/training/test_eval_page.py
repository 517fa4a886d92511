import re
from pathlib import Path

from training.evaluation.encodechka.scores import TASKS
from training.evaluation.page import Page, comparison, write_page

PNG = b"\x89PNG\r\n\x1a\n"


def page(tmp_path: Path, **given: object) -> str:
    plot = tmp_path / "plot.png"
    plot.write_bytes(PNG)
    values: dict[str, object] = {
        "title": "Отчёт <script>alert(1)</script>",
        "rows": [("Encodechka STS, fixed", 0.8, 0.85), ("PI", 0.7, 0.6)],
        "scores": {"STS": {"fixed": 0.85, "official": None}},
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
    text = page(tmp_path, scores={}, rows=[], simulated=True)
    assert "deepvk/USER-base" not in text
    assert "Simulated" in text


def test_scores_of_a_sample_stand_beside_no_published_ones(tmp_path: Path) -> None:
    text = page(tmp_path, sample=True)
    assert "deepvk/USER-base" not in text
    assert "this encoder, fixed" in text


def test_an_encoder_with_all_tasks_stands_where_its_mean_puts_it() -> None:
    scores = {task: {"fixed": 0.75, "official": 0.9} for task in TASKS}
    names = [row["name"] for row in comparison(scores)]
    assert names[0] == "this encoder, official"
    place = names.index("this encoder, fixed")
    assert names[place - 1] == "intfloat/multilingual-e5-base"
    assert names[place + 1] == "sergeyzh/rubert-tiny-turbo"
