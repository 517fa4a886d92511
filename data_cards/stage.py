"""The steps that turn finished stages into release folders."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from rupairs.errors import UsageError
from rupairs.manifest import sha256
from rupairs.recipe import RecipePath, Section
from rupairs.steps import Stage, Step

_PROSE_TITLE = "prose of the card"


class CardSection(Section):
    """What one release's card is called, and a Markdown file of prose that it begins with.

    `prose_ru` is that of the card in Russian.
    `url` is the page where the release is, or will be, published.
    With `only_redistributable`, rows that may not be passed on are left out of the release.
    """

    # The text of the file counts, not the place where it lies.
    transient: ClassVar[frozenset[str]] = frozenset({"prose", "prose_ru"})
    title: str = ""
    prose: RecipePath | None = None
    prose_ru: RecipePath | None = None
    only_redistributable: bool = False
    url: str = Field(default="", pattern=r"^(https?://\S+)?$")

    def prose_text(self) -> str:
        """Return the prose; `UsageError` names a file that is not there."""
        return _text(self.prose)

    def russian_prose_text(self) -> str:
        """Return the prose of the card in Russian; `UsageError` as above."""
        return _text(self.prose_ru)


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    if not path.is_file():
        raise UsageError(f"{path}: no such file ({_PROSE_TITLE})")
    return path.read_text(encoding="utf-8").strip()


class DataCardsSection(Section):
    """The recipe's [data_cards] section: a table for each release that is wanted."""

    pairs: CardSection | None = None
    ruhnp: CardSection | None = None
    ruwanli: CardSection | None = None
    encoder: CardSection | None = None


def prose_hashes(section: DataCardsSection) -> dict[str, str]:
    """Return the SHA-256 of the files of prose, by the release they stand in."""
    cards = {name: getattr(section, name) for name in ("pairs", "ruhnp", "ruwanli", "encoder")}
    paths = {
        f"{_PROSE_TITLE} {name}{language}": path
        for name, card in cards.items()
        if card
        for language, path in (("", card.prose), (" in Russian", card.prose_ru))
    }
    return {title: sha256(path) for title, path in paths.items() if path and path.is_file()}


STAGE = Stage(
    "data_cards",
    DataCardsSection,
    (
        Step(
            "data_cards.pairs",
            "write the pair table's release folder and its card",
            "data_cards.pairs:release_pairs",
            inputs=("harvest.pairs",),
            external="data_cards.stage:prose_hashes",
            enabled=lambda section: section.pairs is not None,
            directory="release/pairs",
            version=3,
        ),
        Step(
            "data_cards.ruhnp",
            "write the RuHNP release folder and its card",
            "data_cards.ruhnp:release_ruhnp",
            inputs=("ruhnp.anchors", "ruhnp.generate", "ruhnp.verify", "ruhnp.release"),
            external="data_cards.stage:prose_hashes",
            enabled=lambda section: section.ruhnp is not None,
            directory="release/ruhnp",
            version=3,
        ),
        Step(
            "data_cards.ruwanli",
            "write the RuWANLI release folder and its card",
            "data_cards.ruwanli:release_ruwanli",
            inputs=(
                "harvest.pairs",
                "ruwanli.cartography",
                "ruwanli.seeds",
                "ruwanli.generate",
                "ruwanli.filter",
                "ruwanli.complete",
                "annotation.pull",
                "annotation.quality",
                "annotation.decisions",
                "ruwanli.release",
            ),
            external="data_cards.stage:prose_hashes",
            enabled=lambda section: section.ruwanli is not None,
            directory="release/ruwanli",
            version=4,
        ),
        Step(
            "data_cards.encoder",
            "write the encoder's release folder and its card",
            "data_cards.encoder:release_encoder",
            inputs=("training.encoder", "training.evaluation"),
            optional_inputs=(
                "harvest.pairs",
                *(f"training.{n}" for n in ("stage1", "negatives", "symmetric", "asymmetric")),
            ),
            external="data_cards.stage:prose_hashes",
            enabled=lambda section: section.encoder is not None,
            directory="release/encoder",
            version=3,
        ),
    ),
)
