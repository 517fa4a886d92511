"""Answering through a vLLM of our own: what a death of the server left unanswered is asked again.

1. A round sends every request the replay log lacks; the client tries each a few times.
2. A server that dies takes longer to come back than the client waits: requests fail, or the round
   ends early.
3. If the server has started anew since the round began, that was why, and the next round asks for
   what is missing. Otherwise the failures are the requests' own and stand.
"""

import time
from pathlib import Path

from rupairs.errors import RupairsError
from rupairs.llm.budget import BudgetSpentError
from rupairs.llm.client import Client, Spent
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Request
from rupairs.progress import Progress
from rupairs.recipe import LLMSection
from rupairs.vllm.command import Served
from rupairs.vllm.server import VllmServer


def section_server(section: LLMSection, log: Path, progress: Progress) -> VllmServer:
    """Return the server, not yet started, of the model that a recipe names."""
    served = Served(
        section.model,
        section.revision,
        section.kind,
        max_model_len=section.max_model_len,
        arguments=section.vllm_args,
    )
    return VllmServer(served, log, say=lambda message: progress.say(f"  {message}"))


def answer_in_rounds(
    section: LLMSection,
    server: VllmServer,
    log: ReplayLog,
    requests: list[Request],
    progress: Progress,
    label: str,
) -> Spent:
    """Send every request the log lacks, through restarts; afterwards each is in it or a failure.

    Raises what `Client.answer` raises, and VllmError when the server is given up.
    """
    todo = log.missing(requests)
    began = time.monotonic()
    while True:
        starts = server.steady()
        client = Client(section, [server.url], log)
        client.budget.started = began
        try:
            failed = client.answer(requests, progress, label).failed
        except BudgetSpentError:
            raise
        except RupairsError:
            if server.steady() == starts:
                raise
            continue
        if not failed or server.steady() == starts:
            break
    answers = [answer for r in todo if (answer := log.get(r.key))]
    return Spent(
        replayed=len(requests) - len(todo),
        sent=len(answers),
        failed=failed,
        prompt_tokens=sum(a.prompt_tokens for a in answers),
        completion_tokens=sum(a.completion_tokens for a in answers),
        seconds=time.monotonic() - began,
    )
