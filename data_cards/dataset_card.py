"""The card, front matter and metadata of a release of rows, from its contents and manifests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from data_cards.card import description, funnel, licenses, models, size_category, write_cards
from data_cards.caveats import prompts
from data_cards.citation import bibtex
from data_cards.croissant import About, write_croissant
from data_cards.front import Files, Licensed, configs, dataset_info
from data_cards.left_out import LeftOut
from data_cards.terms import Tally
from rupairs.errors import RupairsError
from rupairs.evaluation_sets import FACT
from rupairs.manifest import generator
from rupairs.steps import Context

SIMULATED = "Reviewers were simulated: their votes were made by a program, not by people."
EVALUATION = "It grew from an evaluation set: it is never to be trained on or published."


@dataclass
class Contents:
    """What a release holds: its files, its pairs by relation, their terms, what was left out.

    `sources` are those of the pairs that stay; `figures` are what its statistics say of them.
    """

    files: Files = field(default_factory=dict)
    relations: dict[str, int] = field(default_factory=dict)
    by_rule: int = 0
    tally: Tally = field(default_factory=Tally)
    sources: set[str] = field(default_factory=set)
    figures: Mapping[str, Any] = field(default_factory=dict)

    def add(self, pair: Mapping[str, Any]) -> None:
        """Count a pair."""
        relation = pair["relation"]
        self.relations[relation] = self.relations.get(relation, 0) + 1
        self.by_rule += pair["origin"] == "rule"
        self.sources.add(pair["source_row"].partition(":")[0])
        self.tally.add(pair["pair_id"], pair["license"])

    @property
    def pairs(self) -> int:
        """Return the number of pairs."""
        return sum(self.relations.values())


@dataclass(frozen=True)
class Named:
    """What a set is called: its template and title, and its kinds of task on the Hub."""

    template: str
    title: str
    tasks: Mapping[str, Any]


def write_dataset_card(
    context: Context, named: Named, contents: Contents, left_out: LeftOut, more: Mapping[str, Any]
) -> None:
    """Write both cards and `croissant.json`; `more` are facts that this set's templates ask for.

    Raises `RupairsError` if no row is there.
    """
    if not contents.pairs:
        raise RupairsError(
            f"{context.step.name}: no row has come through; the reports of the steps before say why"
        )
    licensed = Licensed.of(contents.tally)
    info = dataset_info(contents.files)
    rows = _rows(contents.files, info)
    front: dict[str, Any] = {
        "language": ["ru"],
        **licensed.fields(),
        "pretty_name": context.config.title or named.title,
        "size_categories": [size_category(sum(rows["default"].values()))],
        **named.tasks,
        "configs": configs(context.out, contents.files),
        "dataset_info": info,
        "tags": _tags(context),
    }
    facts = _facts(context, contents, left_out) | {
        "title": front["pretty_name"],
        "citation": bibtex(front["pretty_name"], context.config.url),
        "rows": rows,
        "terms": licensed.terms,
        "follows": "",
        **more,
    }
    write_cards(context.out, named.template, front, facts, context.config)
    said = [description(named.template, facts), facts["generator"].note]
    said += [SIMULATED] if context.simulated else []
    said += [EVALUATION] if FACT in context.facts else []
    about = About(
        name=facts["title"],
        description=" ".join(filter(None, said)),
        terms=licensed.terms,
        keywords=tuple(front["tags"]),
        url=context.config.url,
    )
    write_croissant(context.out, contents.files, about)
    context.facts |= {"rows": rows, "left_out": dict(left_out.reasons), **licensed.facts()}


def _tags(context: Context) -> list[str]:
    simulated = ["simulated-annotation"] if context.simulated else []
    return ["synthetic", *simulated, *(["from-evaluation-set"] if FACT in context.facts else [])]


def _rows(files: Files, info: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return the rows of every config and split, also where there are none."""
    rows = {config: dict.fromkeys(splits, 0) for config, splits in files.items()}
    for config in info:
        for split in config["splits"]:
            rows[config["config_name"]][split["name"]] = split["num_examples"]
    return rows


def _facts(context: Context, contents: Contents, left_out: LeftOut) -> dict[str, Any]:
    manifests = [reader.manifest for reader in context.inputs.values()]
    # Of the rows: what the classifier learned from is not in them.
    sources = licenses(manifests[-1:])
    if left_out.reasons:
        sources = {name: terms for name, terms in sources.items() if name in contents.sources}
    steps = [*funnel(manifests), *left_out.funnel(context.step.name, contents.pairs)]
    return {
        "generator": generator(models(manifests)),
        "models": models(manifests),
        "licenses": sources,
        "funnel": steps,
        "steps": {m.step: m for m in manifests},
        "pairs": contents.pairs,
        "by_rule": contents.by_rule,
        "simulated": context.simulated,
        "labels": dict(sorted(contents.relations.items())),
        "found": contents.figures,
        "prompts": prompts({m.step: m for m in manifests}),
        "left_out": left_out.reasons.total(),
        "versions": manifests[-1].versions,
    }
