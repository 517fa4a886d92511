import subprocess
import sys
from pathlib import Path

from ruhnp.rules.sample import Found, anchors, draw
from ruhnp.rules.variant import Variant

SENTENCES = (
    "В 1874 году в Серпухове была построена каменная церковь.",
    "Река Тихая является левым притоком реки Полной.",
    "Все жители посёлка работают на старом заводе у реки.",
)


def lines(path: Path) -> Path:
    path.write_text("\n".join((*SENTENCES, "Обрывок", "")), encoding="utf-8")
    return path


def test_lines_and_conllu_are_read(tmp_path: Path) -> None:
    assert list(anchors(lines(tmp_path / "plain.txt"))) == list(SENTENCES)
    conllu = tmp_path / "some.conllu"
    text = "Роман ``Лес&#39;&#39; -- повесть о старом лесорубе и реке."
    conllu.write_text(f"# sent_id = 1\n# text = {text}\n1\tРоман\n", encoding="utf-8")
    assert list(anchors(conllu)) == ["Роман «Лес» — повесть о старом лесорубе и реке."]


def test_the_draw_is_even_and_repeatable() -> None:
    found = [Found(f"а{i}", Variant(f"б{i}", "negative", "number", "")) for i in range(30)]
    found += [Found(f"в{i}", Variant(f"г{i}", "positive", "synonym", "")) for i in range(3)]
    drawn = draw(found, 8, seed=1)
    assert drawn == draw(found[::-1], 8, seed=1) != draw(found, 8, seed=2)
    assert sum(f.variant.change == "synonym" for f in drawn) == 3
    assert len(drawn) == 8


def test_the_command_prints_variants_and_yields(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ruhnp.rules.sample", str(lines(tmp_path / "plain.txt"))]
    done = subprocess.run(
        [*command, "--seed", "3", "--count", "5"], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("  + ") == 5
    assert "3 anchors" in done.stdout and "per 1,000 anchors" in done.stdout
