# mypy: disable-error-code="import-not-found"
"""Answers requests with `vllm.LLM` in this process: no server, no HTTP.

Run by path, as `batch_worker.py SOCKET KIND ARGUMENTS…`; ARGUMENTS are those of vLLM's server.
"""

import multiprocessing
import os
import sys
import threading
import time
from multiprocessing import connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from frontend import Frontend
from line import Line

_PROBE = "Привет"


class Worker:
    """The model, and what is under way by vLLM's own numbers."""

    def __init__(self, arguments: list[str]) -> None:
        from vllm import LLM

        self._frontend = Frontend(arguments)
        template = self._frontend.options.chat_template
        self._llm = LLM(**vars(self._frontend.engine), chat_template=template)
        self._under_way: dict[str, tuple[dict[str, Any], float]] = {}
        self._closing = False
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """End this process with its engine: `step` would wait for a dead one for good."""
        connection.wait([child.sentinel for child in multiprocessing.active_children()])
        if not self._closing:
            print("EngineDeadError: vLLM's engine process has ended", flush=True)
            os._exit(1)

    def try_out(self, kind: str) -> None:
        """Make one token, as the model will be asked; what vLLM raises says why it cannot."""
        from vllm import SamplingParams

        one = SamplingParams(max_tokens=1)
        if kind == "instruct":
            self._llm.chat([{"role": "user", "content": _PROBE}], one, use_tqdm=False)
        else:
            self._llm.generate([_PROBE], one, use_tqdm=False)

    def work(self, line: Line) -> None:
        """Answer what comes until the line is closed."""
        while True:
            try:
                while asked := line.hear(wait=not self._under_way):
                    self._begin(asked, line)
            except EOFError:
                self._closing = True
                return
            for output in self._llm.llm_engine.step():
                if output.finished:
                    self._tell(output, line)
            line.beat()

    def _begin(self, asked: dict[str, Any], line: Line) -> None:
        import jinja2
        from vllm.exceptions import VLLMClientError

        try:
            number = self._enqueue(asked)
        except (VLLMClientError, ValueError, TypeError, OverflowError, jinja2.TemplateError) as e:
            # What the server answers with status 400.
            line.say(key=asked["key"], error="BadRequestError", detail=str(e))
        else:
            self._under_way[number] = asked, time.monotonic()

    def _enqueue(self, asked: dict[str, Any]) -> str:
        """Return the number under which vLLM will tell the outcome."""
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        settings = {"max_tokens": None} | asked["parameters"]
        if asked["schema"] is not None:
            settings["structured_outputs"] = StructuredOutputsParams(json=asked["schema"])
        sampling = SamplingParams(**settings)
        if asked["endpoint"] == "chat":
            (number,) = self._llm.enqueue_chat(
                [asked["messages"]],
                sampling,
                use_tqdm=False,
                chat_template_content_format=self._frontend.options.chat_template_content_format,
                chat_template_kwargs=self._frontend.template,
            )
        else:
            (number,) = self._llm.enqueue([asked["prompt"]], sampling, use_tqdm=False)
        # The engine's name for a request is its number and some random characters.
        return str(number).partition("-")[0]

    def _tell(self, output: Any, line: Line) -> None:
        asked, began = self._under_way.pop(output.request_id)
        (made,) = output.outputs
        if made.finish_reason == "error":
            line.say(key=asked["key"], error="InternalServerError", detail="vLLM's own error")
            return
        tokens = len(output.prompt_token_ids), len(made.token_ids)
        reply = self._frontend.reply(
            asked, made.text, made.finish_reason, tokens, self._llm.get_tokenizer
        )
        line.say(key=asked["key"], seconds=time.monotonic() - began, reply=reply)


def main(path: str, kind: str, arguments: list[str]) -> None:
    """Load the model, make one token, connect, and work until the toolkit hangs up."""
    worker = Worker(arguments)
    worker.try_out(kind)
    worker.work(Line(path))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
