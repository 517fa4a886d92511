"""The labelling pages: what an annotator sees, and the names under which the answers come back.

A page is Label Studio's XML (labelstud.io/tags). Annotators see Russian words; an `alias` puts the
English label into the export.
"""

import re
from collections.abc import Collection
from pathlib import Path
from xml.etree import ElementTree

from rupairs.errors import RupairsError

PAGE = Path(__file__).parent / "pages" / "nli.xml"
PARAPHRASE = Path(__file__).parent / "pages" / "paraphrase.xml"

DISCARD = "discard"
LABELS = ("entailment", "neutral", "contradiction", DISCARD)
CHOICE, CHOICE_TEXT = "nli", "hypothesis"
REVISED = {"premise": "premise_revised", "hypothesis": "hypothesis_revised"}
"""The field of a task, and the control in which an annotator may retouch it."""

MEANINGS = ("same", "different", "unclear")
MEANING_OF = {"first": "first_meaning", "second": "second_meaning"}
"""The sentence of a triple, and the control that asks about it."""

_VARIABLE = re.compile(r"\$(\w+)")


def read_page(fields: Collection[str], path: Path = PAGE) -> str:
    """Return a packaged page, checked against the fields that every task's data has.

    Raises `RupairsError` naming the file and everything that does not fit.
    """
    page = path.read_text(encoding="utf-8")
    found = triple_faults(page, fields) if path == PARAPHRASE else faults(page, fields)
    if found:
        raise RupairsError(f"{path}: {'; '.join(found)}")
    return page


def faults(page: str, fields: Collection[str]) -> list[str]:
    """Return what would keep NLI tasks with these data fields, or the reader, from this page."""
    try:
        root = ElementTree.fromstring(page)
    except ElementTree.ParseError as error:
        return [f"not XML: {error}"]
    return [
        *_wiring_faults(root, fields),
        *_choice_faults(root, CHOICE, CHOICE_TEXT, LABELS),
        *_hotkey_faults(root),
        *_revision_faults(root),
    ]


def triple_faults(page: str, fields: Collection[str]) -> list[str]:
    """Return what would keep triples with these data fields, or the reader, from this page."""
    try:
        root = ElementTree.fromstring(page)
    except ElementTree.ParseError as error:
        return [f"not XML: {error}"]
    found = _wiring_faults(root, fields) + _hotkey_faults(root)
    for text, control in MEANING_OF.items():
        found += _choice_faults(root, control, text, MEANINGS)
    return found


def _wiring_faults(root: ElementTree.Element, fields: Collection[str]) -> list[str]:
    tags = list(root.iter())
    names = [tag.get("name", "") for tag in tags if tag.get("name")]
    found = [
        f"the name {n} is used twice" for n in sorted({n for n in names if names.count(n) > 1})
    ]
    for tag in tags:
        used = _VARIABLE.findall(tag.get("value", ""))
        found += [f"${name} is not in the tasks' data" for name in used if name not in fields]
        target = tag.get("toName")
        if target is not None and target not in names:
            found.append(f"{tag.get('name')} points to {target}, which is not on the page")
    return found


def _choice_faults(
    root: ElementTree.Element, name: str, text: str, labels: Collection[str]
) -> list[str]:
    control = root.find(f".//Choices[@name='{name}']")
    if control is None:
        return [f"no <Choices name={name!r}>"]
    found = []
    if control.get("toName") != text:
        found.append(f"{name} must point to {text}")
    if control.get("choice", "single") not in ("single", "single-radio"):
        found.append(f"{name} must take a single choice")
    if control.get("required") != "true":
        found.append(f"{name} must be required")
    # Label Studio exports the alias where there is one.
    offered = [c.get("alias") or c.get("value") for c in control.iter("Choice")]
    if sorted(map(str, offered)) != sorted(labels):
        found.append(f"{name} offers {offered} instead of {list(labels)}")
    return found


def _hotkey_faults(root: ElementTree.Element) -> list[str]:
    hotkeys = [c.get("hotkey") for c in root.iter("Choice")]
    if None in hotkeys or len(set(hotkeys)) < len(hotkeys):
        return ["every choice needs a hotkey of its own"]
    return []


def _revision_faults(root: ElementTree.Element) -> list[str]:
    found = []
    for field, name in REVISED.items():
        control = root.find(f".//TextArea[@name='{name}']")
        if control is None:
            found.append(f"no <TextArea name={name!r}>")
        elif control.get("value") != f"${field}" or control.get("toName") != field:
            found.append(f"{name} must point to {field} and be filled with ${field}")
    return found
