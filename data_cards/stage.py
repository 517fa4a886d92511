"""The steps that turn finished stages into release folders."""

from rupairs.recipe import Section
from rupairs.steps import Stage, Step


class CardSection(Section):
    """What the card of one release is called."""

    title: str = ""


class DataCardsSection(Section):
    """The recipe's [data_cards] section: a table for each release that is wanted."""

    ruhnp: CardSection | None = None
    ruwanli: CardSection | None = None
    encoder: CardSection | None = None


STAGE = Stage(
    "data_cards",
    DataCardsSection,
    (
        Step(
            "data_cards.ruhnp",
            "write the RuHNP release folder and its card",
            "data_cards.datasets:release_ruhnp",
            inputs=("ruhnp.anchors", "ruhnp.generate", "ruhnp.verify", "ruhnp.release"),
            enabled=lambda section: section.ruhnp is not None,
            directory="release/ruhnp",
        ),
        Step(
            "data_cards.ruwanli",
            "write the RuWANLI release folder and its card",
            "data_cards.datasets:release_ruwanli",
            inputs=(
                "ruwanli.seeds",
                "ruwanli.generate",
                "ruwanli.filter",
                "annotation.pull",
                "annotation.decisions",
                "ruwanli.release",
            ),
            enabled=lambda section: section.ruwanli is not None,
            directory="release/ruwanli",
        ),
        Step(
            "data_cards.encoder",
            "write the encoder's release folder and its card",
            "data_cards.encoder:release_encoder",
            inputs=("training.encoder", "training.evaluation"),
            optional_inputs=("harvest.pairs",),
            enabled=lambda section: section.encoder is not None,
            directory="release/encoder",
        ),
    ),
)
