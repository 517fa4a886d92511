"""UD Russian GSD: sentences of Russian Wikipedia, split by people."""

import html
from collections.abc import Iterator
from pathlib import Path

from harvest.reading.lines import AGAIN, text_lines
from harvest.source import Excerpt, Native, Source, Unusable
from rupairs.errors import RupairsError

_ID, _TEXT = "# sent_id = ", "# text = "


def _texts(native: Native) -> Iterator[Excerpt | Unusable]:
    for path in native.some("*.conllu"):
        sentence_id, found = "", False
        for number, line in text_lines(path):
            if line.startswith(_ID):
                sentence_id = line.removeprefix(_ID).strip()
            elif line.startswith(_TEXT):
                found = True
                name = sentence_id or f"{path.name}:{number}"
                # Entities such as &#39; come from the crawl the treebank was made of.
                text = _unescaped(path, number, line.removeprefix(_TEXT))
                if native.takes(name):
                    yield Excerpt(name, text)
            elif not line.strip():
                sentence_id = ""
        if not found:
            raise RupairsError(f"{path}: no line starts with `{_TEXT.strip()}`: not a CoNLL-U file")


def _unescaped(path: Path, number: int, text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError as error:  # a number of thousands of digits
        raise RupairsError(f"{path}: line {number}: not a text ({error}); {AGAIN}") from None


SOURCE = Source(
    name="ud_russian_gsd",
    title="Universal Dependencies, Russian GSD",
    license="CC-BY-SA-4.0",
    license_url="https://creativecommons.org/licenses/by-sa/4.0/",
    url="https://github.com/UniversalDependencies/UD_Russian-GSD",
    citation="McDonald et al. Universal Dependency Annotation for Multilingual Parsing. ACL 2013.",
    files=("*.conllu",),
    texts=_texts,
    note="Only the plain sentences are used, so all parts of the treebank at hand are read.",
)
