"""Cards: Markdown with the Hub's front matter, every figure read from manifests.

`README.md` is in English; `README.ru.md`, in Russian, is made from the same facts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data_cards.readme import Readme, with_prose
from data_cards.russian import counted, in_russian, markdown_in_russian, number
from data_cards.stage import CardSection
from rupairs.manifest import Manifest, ModelFacts

RUSSIAN = "README.ru.md"
FOLDER = "path/to/this/folder"
_PAGE = re.compile(r"https?://[^/]+/(?:datasets/)?([^/]+/[^/]+?)/?")
_TEMPLATES = Path(__file__).parent / "templates"
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


def write_cards(
    folder: Path,
    name: str,
    front: Mapping[str, Any],
    facts: Mapping[str, Any],
    section: CardSection,
) -> None:
    """Write both cards of a release: prose by hand, and the templates `name` filled with `facts`.

    A name that a template asks for and `facts` lacks is an error, so a card has no silent gaps.
    """
    environment = _environment()
    facts = {"where": _where(section.url), **facts}
    made, russian = (
        environment.get_template(f"{name}{language}.md.jinja").render(**facts)
        for language in ("", ".ru")
    )
    card = with_prose(Readme(front, made=made, before=section.prose_text())).text()
    (folder / "README.md").write_text(card, encoding="utf-8")
    parts = (section.russian_prose_text(), russian.strip())
    (folder / RUSSIAN).write_text("\n\n".join(filter(None, parts)) + "\n", encoding="utf-8")


def at_home(text: str, name: str) -> str:
    """Return a card whose usage opens the set where it is published."""
    return text.replace(FOLDER, name)


def description(name: str, facts: Mapping[str, Any]) -> str:
    """Return what the English card's block `description` says, as plain text on one line."""
    found = _environment().get_template(f"{name}.md.jinja")
    text = "".join(found.blocks["description"](found.new_context(dict(facts))))
    return " ".join(re.sub(r"\*\*|`", "", text).split())


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {
        "counted": counted,
        "in_russian": in_russian,
        "markdown_in_russian": markdown_in_russian,
        "number": number,
    }
    environment.globals["names_of"] = names_of
    return environment


def names_of(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return the names of a table of counts by column, the most frequent first."""
    totals = Counter[str]()
    for found in counts.values():
        totals.update(found)
    return sorted(totals, key=lambda name: (-totals[name], name))


def _where(url: str) -> str:
    """Return what opens a release: its name on the Hub if its page is known."""
    found = _PAGE.fullmatch(url)
    return found[1] if found else FOLDER


def size_category(rows: int) -> str:
    """Return the Hub's size category."""
    return next((name for limit, name in _SIZES if rows < limit), "n>10M")


def funnel(manifests: Iterable[Manifest]) -> list[dict[str, Any]]:
    """Return a row a step: rows in, kept, dropped, and the reasons, most frequent first."""
    return [
        {
            "step": m.step,
            "rows_in": m.counts.rows_in,
            "rows_out": m.counts.rows_out,
            "rows_dropped": m.counts.rows_dropped,
            "reasons": ", ".join(
                f"{reason} {n}"
                for reason, n in sorted(
                    m.counts.dropped_by_reason.items(), key=lambda item: (-item[1], item[0])
                )
            ),
        }
        for m in manifests
    ]


def models(manifests: Iterable[Manifest]) -> list[ModelFacts]:
    """Return the models that took part, each once, in order."""
    found: list[ModelFacts] = []
    for manifest in manifests:
        found += [m for m in manifest.models if m not in found]
    return found


def licenses(manifests: Iterable[Manifest]) -> dict[str, str]:
    """Return source → license over all manifests."""
    found: dict[str, str] = {}
    for manifest in manifests:
        found |= manifest.licenses
    return dict(sorted(found.items()))
