import json
from pathlib import Path

import pytest

from rupairs.pairs import pair_id
from rupairs.steps import Context
from ruwanli.generate import generate
from ruwanli.seeds import SEED_SCHEMA
from tests.llm_server import ScriptedServer
from tests.ruwanli import growing, tiny
from tests.ruwanli.growing import Row

WORDS = {
    "entailment": "Следует",
    "neutral": "Возможно",
    "contradiction": "Противоречит",
    "not_entailment": "Не следует",
}
FAR = {"premise": "Дальний пример стоит первым.", "hypothesis": "Он дальше всех."}
NEAR = {"premise": "Ближний пример стоит вторым.", "hypothesis": "Он ближе."}
SEED = {"premise": "Само зерно стоит последним.", "hypothesis": "После него ничего."}
ITEMS = [
    {"premise": f"Паром номер {n} ушёл.", "hypothesis": f"Паром номер {n} не стоит."}
    for n in range(3)
]


def seed(label: str) -> Row:
    return {
        "seed_id": f"seed {label}",
        "label": label,
        "examples": [FAR, NEAR, SEED],
        "variability": 0.2,
        "confidence": 0.5,
        "group_id": f"group {label}",
        "source": "own",
        "source_row": "7",
        "license": "CC0-1.0",
    }


def generated(run: Path, server: ScriptedServer, kind: str, labels: list[str]) -> Context:
    rows = [seed(label) for label in labels]
    inputs = {"ruwanli.seeds": tiny.write_stage(run, "ruwanli.seeds", rows, SEED_SCHEMA)}
    context = growing.context(
        run,
        "ruwanli.generate",
        inputs,
        {"generate": {"per_seed": 3}},
        growing.llm(server.url, kind),
    )
    generate(context)
    return context


@pytest.mark.parametrize("label", WORDS)
def test_a_base_model_reads_the_examples_far_to_near_with_the_seed_last(
    label: str, llm_server: ScriptedServer, tmp_path: Path
) -> None:
    context = generated(tmp_path, llm_server, "base", [label])
    word = WORDS[label]
    blocks = [
        "Напиши пару предложений, которые связаны между собой так же, как в примерах.",
        *(f"Предпосылка: {e['premise']}\n{word}: {e['hypothesis']}" for e in (FAR, NEAR, SEED)),
        "Предпосылка:",
    ]
    assert {r["prompt"] for r in llm_server.requests} == {"\n\n".join(blocks)}
    assert len({r["seed"] for r in llm_server.requests}) == len(llm_server.requests) == 3
    assert all(r["stop"] == ["\n\n"] for r in llm_server.requests)
    rows = growing.kept(context)
    assert [row["sample"] for row in rows] == [0, 1, 2]
    assert {row["intended_label"] for row in rows} == {label}


@pytest.mark.parametrize("label", WORDS)
def test_a_chat_model_is_asked_once_for_all_pairs_of_a_seed(
    label: str, llm_server: ScriptedServer, tmp_path: Path
) -> None:
    llm_server.texts = [json.dumps({"items": ITEMS})]
    context = generated(tmp_path, llm_server, "instruct", [label])
    (request,) = llm_server.requests
    system, user = request["messages"]
    examples = "\n\n".join(
        f"Предпосылка: {e['premise']}\n{WORDS[label]}: {e['hypothesis']}" for e in (FAR, NEAR, SEED)
    )
    assert user["content"] == f"Примеры:\n\n{examples}"
    assert system["content"].startswith("Напиши пару предложений, которые связаны")
    assert f"hypothesis — {WORDS[label].lower()}" in system["content"]
    items = request["response_format"]["json_schema"]["schema"]["properties"]["items"]
    assert (items["minItems"], items["maxItems"]) == (3, 3)
    assert list(items["items"]["properties"]) == ["premise", "hypothesis"]
    rows = growing.kept(context)
    assert [(r["premise"], r["hypothesis"], r["sample"]) for r in rows] == [
        (item["premise"], item["hypothesis"], n) for n, item in enumerate(ITEMS)
    ]
    assert len({row["call_id"] for row in rows}) == 1


def test_the_instruction_is_one_for_all_labels(llm_server: ScriptedServer, tmp_path: Path) -> None:
    generated(tmp_path, llm_server, "base", list(WORDS))
    assert len({r["prompt"].partition("\n\n")[0] for r in llm_server.requests}) == 1
    words = {r["prompt"].splitlines()[3].partition(":")[0] for r in llm_server.requests}
    assert words == set(WORDS.values())


def test_rows_say_where_they_come_from(llm_server: ScriptedServer, tmp_path: Path) -> None:
    llm_server.texts = [" Паром ушёл.\nСледует: Паром не стоит.", " Паром ушёл, и всё."]
    context = generated(tmp_path, llm_server, "base", ["entailment"])
    rows = growing.kept(context)
    assert [r["hypothesis"] for r in rows].count("Паром не стоит.") == 1
    for row in rows:
        assert (row["seed_id"], row["group_id"]) == ("seed entailment", "group entailment")
        assert (row["source"], row["source_row"], row["license"]) == ("own", "7", "CC0-1.0")
        assert row["examples"] == [FAR, NEAR, SEED]
        assert row["pair_id"] == pair_id(row["premise"], row["hypothesis"], symmetric=True)
    (lost,) = growing.dropped(context)
    assert lost["reason"] == "unparsable" and "Паром ушёл, и всё." in lost["evidence"]
