"""The labelling page: what a reviewer sees, and the names under which the answers come back.

The page is Label Studio's XML (labelstud.io/tags). Reviewers see Russian words; an `alias` puts
the English label into the export.
"""

import re
from collections.abc import Collection
from pathlib import Path
from xml.etree import ElementTree

from rupairs.errors import RupairsError

PAGE = Path(__file__).parent / "pages" / "nli.xml"

DISCARD = "discard"
LABELS = ("entailment", "neutral", "contradiction", DISCARD)
CHOICE, CHOICE_TEXT = "nli", "hypothesis"
REVISED = {"premise": "premise_revised", "hypothesis": "hypothesis_revised"}
"""The field of a task, and the control in which a reviewer may retouch it."""

_VARIABLE = re.compile(r"\$(\w+)")


def read_page(fields: Collection[str]) -> str:
    """Return the packaged page, checked against the fields that every task's data has.

    Raises `RupairsError` naming the file and everything that does not fit.
    """
    page = PAGE.read_text(encoding="utf-8")
    if found := faults(page, fields):
        raise RupairsError(f"{PAGE}: {'; '.join(found)}")
    return page


def faults(page: str, fields: Collection[str]) -> list[str]:
    """Return what would keep tasks with these data fields, or the reader, from this page."""
    try:
        root = ElementTree.fromstring(page)
    except ElementTree.ParseError as error:
        return [f"not XML: {error}"]
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
    return found + _choice_faults(root) + _revision_faults(root)


def _choice_faults(root: ElementTree.Element) -> list[str]:
    control = root.find(f".//Choices[@name='{CHOICE}']")
    if control is None:
        return [f"no <Choices name={CHOICE!r}>"]
    found = []
    if control.get("toName") != CHOICE_TEXT:
        found.append(f"{CHOICE} must point to {CHOICE_TEXT}")
    if control.get("choice", "single") not in ("single", "single-radio"):
        found.append(f"{CHOICE} must take a single choice")
    if control.get("required") != "true":
        found.append(f"{CHOICE} must be required")
    choices = list(control.iter("Choice"))
    # Label Studio exports the alias where there is one.
    labels = [c.get("alias") or c.get("value") for c in choices]
    if sorted(map(str, labels)) != sorted(LABELS):
        found.append(f"{CHOICE} offers {labels} instead of {list(LABELS)}")
    hotkeys = [c.get("hotkey") for c in choices]
    if None in hotkeys or len(set(hotkeys)) < len(hotkeys):
        found.append(f"{CHOICE} needs a hotkey of its own for every choice")
    return found


def _revision_faults(root: ElementTree.Element) -> list[str]:
    found = []
    for field, name in REVISED.items():
        control = root.find(f".//TextArea[@name='{name}']")
        if control is None:
            found.append(f"no <TextArea name={name!r}>")
        elif control.get("value") != f"${field}" or control.get("toName") != field:
            found.append(f"{name} must point to {field} and be filled with ${field}")
    return found
