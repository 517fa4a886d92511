"""What a card says against its own release: known faults, and what was not looked for.

Everything follows from manifests: settings that were off, checks that were not made, calls that
failed. Sentences come in English and in Russian, with the same figures.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data_cards.russian import counted, in_russian
from rupairs.manifest import Manifest, ModelFacts

Said = tuple[str, str]
"""A sentence in English and in Russian."""
Steps = Mapping[str, Manifest]

_SIMULATED = (
    "The reviewers were a program: labels say how it voted, not what people think.",
    "Разметчики — программа: метки показывают, как голосовала она, а не что думают люди.",
)


def ruhnp_faults(steps: Steps, audited: bool, simulated: bool) -> list[Said]:
    """Return what is known to be wrong, or was not looked for, in RuHNP."""
    config = steps["ruhnp.verify"].config
    said: list[Said] = [_SIMULATED] if simulated else []
    if not audited:
        said.append(("No person has checked these rows.", "Люди эти строки не проверяли."))
    if not config.get("judge"):
        said.append(
            (
                "No model judged the meaning: a text of `neg` may say the same as its anchor, one "
                "of `pos` something else.",
                "Модель-судья смысл не проверяла: текст из `neg` может говорить то же, что "
                "исходное предложение, а текст из `pos` — другое.",
            )
        )
    if (checks := config.get("checks")) is not None:
        names = ", ".join(f"`{name}`" for name in checks) or "—"
        said.append((f"Only these checks were made: {names}.", f"Проверялось только: {names}."))
    said.append(
        (
            "The similarity of a text to its anchor ranks topics; it does not tell a paraphrase "
            "from a hard negative.",
            "Сходство текста с исходным предложением показывает близость тем; отличить по нему "
            "парафраз от трудного негатива нельзя.",
        )
    )
    return [*said, *_of_models(steps)]


def ruwanli_faults(steps: Steps, simulated: bool) -> list[Said]:
    """Return what is known to be wrong, or was not looked for, in RuWANLI."""
    said: list[Said] = [_SIMULATED] if simulated else []
    decided = steps["annotation.decisions"]
    dropped = decided.counts.dropped_by_reason
    if undecided := dropped.get("no_majority", 0):
        said.append(
            (
                f"Reviewers came to no label for {undecided} of {decided.counts.rows_in} pairs; "
                "these are not among the rows.",
                f"По {undecided} из {decided.counts.rows_in} пар разметчики не пришли к одной "
                "метке; в строки такие пары не вошли.",
            )
        )
    if decided.config.get("min_votes") == 1:
        said.append(("One vote was enough for a label.", "Для метки хватало одного голоса."))
    if not steps["ruwanli.filter"].config.get("near"):
        said.append(("Near-duplicates were not looked for.", "Нечёткие дубликаты не исключались."))
    return [*said, *_of_models(steps)]


def encoder_faults(steps: Steps, simulated: bool) -> list[Said]:
    """Return what is known to be wrong, or was not measured, of an encoder."""
    said: list[Said] = [_SIMULATED] if simulated else []
    config = steps["training.encoder"].config
    if config.get("freeze_embeddings"):
        said.append(
            (
                "The embeddings of tokens were not trained.",
                "Эмбеддинги токенов не обучались.",
            )
        )
    scores = steps["training.evaluation"].facts.get("scores", {}).get("after", {})
    if not scores.get("means"):
        said.append(
            (
                "No benchmark was measured: the figures above are of held-out pairs alone.",
                "На бенчмарках не измерялось: выше — показатели только на отложенных парах.",
            )
        )
    return [*said, *_of_models(steps)]


def _of_models(steps: Steps) -> Iterator[Said]:
    """Yield the notes of the models that wrote, and the calls that failed."""
    found: list[ModelFacts] = []
    for manifest in steps.values():
        found += [m for m in manifest.models if m.role == "generator" and m not in found]
    for note in dict.fromkeys(model.note for model in found if model.note):
        yield note, in_russian(note)
    for name, manifest in steps.items():
        failed = sum((manifest.facts.get("failed_calls") or {}).values())
        if failed:
            calls = manifest.facts.get("calls", failed)
            russian = counted(calls, "запроса", "запросов", "запросов")
            yield (
                f"`{name}`: {failed} of {calls} calls got no answer.",
                f"`{name}`: без ответа осталось {failed} из {russian}.",
            )


def searched(manifest: Manifest | None, what: Said) -> Said:
    """Return which benchmark texts were kept out of what a set was made from (`what`)."""
    benchmarks: Mapping[str, Any] = manifest.facts.get("benchmarks", {}) if manifest else {}
    if manifest is None or not benchmarks:
        return (
            f"No benchmark texts were looked for in {what[0]}: measure nothing on a test set "
            "without looking for it in here.",
            f"Тексты бенчмарков {what[1]} не искали: прежде чем измерять что-либо на тестовом "
            "наборе, проверьте, нет ли его текстов здесь.",
        )
    names = ", ".join(sorted(benchmarks))
    flagged = manifest.config.get("leaks") == "flag"
    return (
        f"In {what[0]} texts of {len(benchmarks)} benchmarks ({names}) were looked for and "
        f"{'only listed' if flagged else 'left out'}.",
        f"Тексты {counted(len(benchmarks), 'бенчмарка', 'бенчмарков', 'бенчмарков')} ({names}) "
        f"{what[1]} искали и {'только перечислили' if flagged else 'исключали'}.",
    )


WRITTEN: Said = (
    "What the model wrote was not looked through for benchmark texts.",
    "В написанном моделью тексты бенчмарков не искали.",
)


def prompts(steps: Steps) -> list[dict[str, str]]:
    """Return the prompts of the steps that asked a model: step, name, text, hash."""
    return [
        {"step": step, "name": name, **facts}
        for step, manifest in steps.items()
        for name, facts in manifest.facts.get("prompts", {}).items()
    ]


def listed(names: Sequence[str], steps: Steps) -> dict[str, Manifest]:
    """Return those of the steps that there are, in this order."""
    return {name: steps[name] for name in names if name in steps}
