"""What a plan says of the sources before anything is fetched, asked or reviewed."""

from typing import Any

from harvest.sources import get
from rupairs.pairs import NLI_RELATIONS
from rupairs.recipe import Recipe
from rupairs.redistribution import forbidding


def terms(recipe: Recipe) -> list[str]:
    """Say which sources give rows that keep a release back; nothing if all may be passed on."""
    section: Any = recipe.sections["harvest"]
    own = section.rows.licenses
    closed = [n for n in section.rows.sources if forbidding(own.get(n) or get(n).license)]
    if not closed:
        return []
    said = (
        f"terms: rows of {', '.join(closed)} may not be passed on as they are; a release holds "
        "them back with only_redistributable = true, and is refused without"
    )
    if nli := [name for name in closed if NLI_RELATIONS & set(get(name).relations)]:
        said += f"; so is what RuWANLI grows from {', '.join(nli)}: see [ruwanli.seeds]"
    return [said]
