"""The agreement of the reviewers in words, with its intervals, as `annotation.decisions` has it."""

from typing import Any

from rupairs.manifest import Manifest

_ITEMS = ("items with two votes or more", "примеры с двумя голосами и более")
_WORDS = {
    "percent_agreement": (
        ("equal pairs of votes on one item", "совпавшие пары голосов за один пример"),
        _ITEMS,
    ),
    "krippendorff_alpha": (
        ("Krippendorff's alpha (nominal)", "альфа Криппендорфа (номинальная)"),
        _ITEMS,
    ),
    "cohen_kappa": (
        ("Cohen's kappa, as WANLI reports it", "каппа Коэна, как в WANLI"),
        ("items with two votes, none revised", "примеры с двумя голосами без исправлений"),
    ),
    "cohen_kappa_pairwise": (
        ("Cohen's kappa, mean over pairs of people", "каппа Коэна, среднее по парам разметчиков"),
        ("pairs of people", "пары разметчиков"),
    ),
}


def agreement(decisions: Manifest) -> list[dict[str, Any]]:
    """Return a row a figure: title and what it is over, in both languages, value and interval."""
    rows = []
    for name, figure in decisions.facts.get("agreement", {}).items():
        plain = name.replace("_", " ")
        titles, over = _WORDS.get(name, ((plain, plain), ("", "")))
        low, high = figure.get("low"), figure.get("high")
        rows.append(
            {
                "titles": titles,
                "over": over,
                "items": figure.get("items", 0),
                "value": "" if figure["value"] is None else f"{figure['value']:.3f}",
                "span": "" if low is None else f"{low:.3f}–{high:.3f}",
            }
        )
    return rows
