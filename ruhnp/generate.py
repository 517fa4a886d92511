"""Generation: paraphrases and hard negatives of every anchor, until each has enough.

1. Every anchor is put to the model with both prompts. A hard negative is asked for by the kind of
   change it is to make, so that the set is balanced.
2. What the rules of `ruhnp.rules` make of an anchor stands beside it, marked by its origin.
3. An anchor without enough texts that pass all of [ruhnp.verify], similarity and judge included,
   is asked about again, for a bounded number of rounds. So other checks may ask for more texts,
   and never again for what is there; `ruhnp.verify` alone can be run with any.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from ruhnp.generated import GENERATED_SCHEMA, Row
from ruhnp.kinds import kinds_for
from ruhnp.stage import PROMPTS, GenerateSection
from ruhnp.verify import cosines_of, tried
from rupairs.llm.answering import Asked, answer_all, found_in, read_all
from rupairs.llm.log import ReplayLog
from rupairs.llm.models import LanguageModel, language_model
from rupairs.llm.request import Candidate, Rejected
from rupairs.llm.task import Task, load_task
from rupairs.recipe import Recipe
from rupairs.steps import Context

# Of one anchor, how many positives and negatives each round asks for.
Rounds = list[tuple[int, int]]


class Questions:
    """All calls of a run, as a function of the anchors and of what each round asks for."""

    def __init__(self, model: LanguageModel, config: GenerateSection, seed: int) -> None:
        self.model = model
        self.seed = seed
        self.tasks: dict[str, Task] = {
            "positive": load_task(PROMPTS / f"{config.positive_prompt}.toml", config.positives),
            "negative": load_task(PROMPTS / f"{config.negative_prompt}.toml", config.negatives),
        }

    def of(self, anchor: Row, rounds: Rounds, start: int = 0) -> Iterator[Asked]:
        """Yield the calls of the rounds from `start` on."""
        for side, (kind, task) in enumerate(self.tasks.items()):
            first = 0
            for number, counts in enumerate(rounds):
                n = counts[side]
                if number >= start and n:
                    yield from self._asked(anchor, kind, task, n, first)
                first += n

    def all(
        self, anchors: Iterable[Row], rounds: dict[str, Rounds], start: int = 0
    ) -> Iterator[Asked]:
        """Yield the calls of all anchors, of the rounds from `start` on."""
        for anchor in anchors:
            yield from self.of(anchor, rounds[anchor["text_id"]], start)

    def count(self, anchors: list[Row], rounds: dict[str, Rounds], start: int) -> int:
        """Return how many calls the round `start` makes: they depend on what is asked for alone."""
        wanted = Counter(rounds[a["text_id"]][start] for a in anchors)
        return sum(n * len(list(self.of(anchors[0], [w]))) for w, n in wanted.items())

    def kinds(self, anchors: Iterable[Row], rounds: dict[str, Rounds]) -> Counter[str]:
        """Return how many texts of each kind of change were asked for ("side kind")."""
        asked: Counter[str] = Counter()
        for side, (kind, task) in enumerate(self.tasks.items()):
            for anchor in anchors if task.kinds else ():
                n = sum(counts[side] for counts in rounds[anchor["text_id"]])
                changes = kinds_for(anchor["text"], anchor["text_id"], n, self.seed)
                asked.update(f"{kind} {change}" for change in changes)
        return asked

    def _asked(self, anchor: Row, kind: str, task: Task, n: int, first: int) -> Iterator[Asked]:
        changes = (
            kinds_for(anchor["text"], anchor["text_id"], n, self.seed, first) if task.kinds else ()
        )
        subject = _subject(anchor, kind) | {"changes": changes, "first": first}
        for request in self.model.requests(
            task, {"anchor": anchor["text"]}, n, changes, first=first
        ):
            yield Asked(subject, task, request)


def generate(context: Context) -> None:
    """Write one row a generated text; cut, unparsable and failed answers are dropped."""
    config = context.config
    questions = Questions(language_model(context.recipe.llm), config, context.seed)
    anchors = list(context.inputs["ruhnp.anchors"].rows())
    rounds: dict[str, Rounds] = {
        a["text_id"]: [(config.positives, config.negatives)] for a in anchors
    }
    for number in range(config.top_up_rounds + 1):
        asked = partial(questions.all, anchors, rounds, number)
        label = f"top-up {number}" if number else "paraphrases and hard negatives"
        answer_all(context, asked, label, questions.count(anchors, rounds, number))
        if number == config.top_up_rounds or not _top_up(context, questions, anchors, rounds):
            break
    _write(context, questions, anchors, rounds)


def _top_up(
    context: Context, questions: Questions, anchors: list[Row], rounds: dict[str, Rounds]
) -> int:
    """Add a round for the anchors that lack texts; returns how many do."""
    config, lacking = context.config, 0
    good = _good(context, _texts(context, questions, anchors, rounds))
    for anchor in anchors:
        missing = (
            max(0, config.enough_positives - good[anchor["text_id"], "positive"]),
            max(0, config.enough_negatives - good[anchor["text_id"], "negative"]),
        )
        rounds[anchor["text_id"]].append((missing[0] * config.surplus, missing[1] * config.surplus))
        lacking += any(missing)
    context.facts.setdefault("lacking", []).append(lacking)
    return lacking


def _good(context: Context, rows: Iterable[Row]) -> Counter[tuple[str, str]]:
    """Return how many texts of each anchor and kind pass the checks of [ruhnp.verify]."""
    good: Counter[tuple[str, str]] = Counter()
    for block in tried(context, rows, context.stage.verify, cosines_of(context)):
        good.update((t.row["anchor_id"], t.row["kind"]) for t in block if t.fault is None)
    context.facts.pop("judge_calls", None)  # ruhnp.verify tells them, each once
    return good


def _texts(
    context: Context, questions: Questions, anchors: list[Row], rounds: dict[str, Rounds]
) -> Iterator[Row]:
    """Yield what there is of every anchor so far, in the order in which it will be written."""
    with ReplayLog(context.log_path) as log:
        for anchor in anchors:
            asked = questions.of(anchor, rounds[anchor["text_id"]])
            for subject, found in found_in(log, questions.model, asked):
                if isinstance(found, Candidate):
                    yield _row(subject, found)
            yield from _rule_rows(anchor, context.config, context.seed)


def _write(
    context: Context, questions: Questions, anchors: list[Row], rounds: dict[str, Rounds]
) -> None:
    asked = questions.all(anchors, rounds)
    with context.writer(GENERATED_SCHEMA) as writer:
        remaining = iter(anchors)
        current: Row | None = None
        for subject, found in writer.each(read_all(context, questions.model, asked)):
            while current is None or current["text_id"] != subject["anchor_id"]:
                _keep_rules(context, writer, current)
                current = next(remaining)
            if isinstance(found, Rejected):
                row = _subject_row(subject) | {"call_id": found.call_id}
                writer.drop(row, found.reason, found.evidence)
            else:
                writer.keep(_row(subject, found))
        for anchor in (current, *remaining):
            _keep_rules(context, writer, anchor)
    context.facts["rounds"] = max((len(plan) for plan in rounds.values()), default=0)
    context.facts["asked"] = dict(sorted(questions.kinds(anchors, rounds).items()))


def _keep_rules(context: Context, writer: Any, anchor: Row | None) -> None:
    if anchor is not None:
        for row in writer.each(_rule_rows(anchor, context.config, context.seed)):
            writer.keep(row)


def _rule_rows(anchor: Row, config: GenerateSection, seed: int) -> list[Row]:
    if not config.rules:
        return []
    from ruhnp.rules import generate as variants

    made = enumerate(variants(anchor["text"], seed))
    return [
        _subject(anchor, v.kind)
        | {"change": v.change, "text": v.text, "origin": "rule", "call_id": None, "sample": n}
        for n, v in made
    ]


def _subject(anchor: Row, kind: str) -> Row:
    return {
        "anchor_id": anchor["text_id"],
        "anchor": anchor["text"],
        "kind": kind,
        "group_id": anchor["group_id"],
        "source": anchor["source"],
        "source_row": anchor["source_row"],
        "license": anchor["license"],
    }


def _subject_row(subject: Row) -> Row:
    return {name: value for name, value in subject.items() if name not in ("changes", "first")}


def _row(subject: Row, found: Candidate) -> Row:
    changes, number = subject["changes"], found.sample - subject["first"]
    return _subject_row(subject) | {
        "change": changes[number] if 0 <= number < len(changes) else "",
        "text": found.fields["text"],
        "origin": "generated",
        "call_id": found.call_id,
        "sample": found.sample,
    }


def plan(recipe: Recipe) -> tuple[int, int]:
    """Return (calls, prompt characters) of the first round, for as many anchors as are allowed.

    Anchors are taken to have the 115 characters that the published set has in the median.
    """
    config: GenerateSection = _section(recipe).generate
    return _planned(recipe, [(config.positives, config.negatives)])


def plan_top_ups(recipe: Recipe) -> tuple[int, int]:
    """Return what the other rounds come to if no anchor ever has a text that passes."""
    config: GenerateSection = _section(recipe).generate
    most = config.surplus * config.enough_positives, config.surplus * config.enough_negatives
    return _planned(recipe, [most] * config.top_up_rounds)


def _planned(recipe: Recipe, rounds: Rounds) -> tuple[int, int]:
    section = _section(recipe)
    names: Iterable[str] = ("text_id", "group_id", "source", "source_row", "license")
    anchor = dict.fromkeys(names, "") | {"text": "о" * 115}
    questions = Questions(language_model(recipe.llm), section.generate, recipe.run.seed)
    requests = [q.request for q in questions.of(anchor, rounds)]
    limit = section.anchors.limit
    return limit * len(requests), limit * sum(r.prompt_characters for r in requests)


def _section(recipe: Recipe) -> Any:
    return recipe.sections["ruhnp"]
