# mypy: disable-error-code="import-not-found"
"""Answers requests with Ray Data LLM, whose actors each hold a vLLM engine.

Run by path, as `ray_worker.py SOCKET KIND AT_ONCE ACTORS ARGUMENTS…`; ARGUMENTS are those of vLLM's
server. Requests stream: a queue feeds one dataset that ends only with the line, each row is a block
and a batch of its own, so a row is answered as soon as its tokens are made, and the actors keep
their models.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from frontend import Frontend
from line import Line

_PROBE = {"key": "", "endpoint": "completions", "prompt": "Привет", "schema": None}
_PROBE_CHAT = _PROBE | {"endpoint": "chat", "messages": [{"role": "user", "content": "Привет"}]}
# What vLLM raises about a request; its server answers with status 400.
_REFUSALS = ("VLLMValidationError", "ValidationError", "ValueError", "TypeError", "OverflowError")
# Beside the engines, Ray counts tasks that do next to nothing: with one core each they would wait.
_FEED_CPUS = 0.01


class Worker:
    """The tokenizer and the dataset of answers."""

    def __init__(self, at_once: int, actors: int, arguments: list[str]) -> None:
        from transformers import AutoTokenizer

        self._frontend = Frontend(arguments)
        engine = self._frontend.engine
        self._tokenizer = AutoTokenizer.from_pretrained(
            engine.tokenizer or engine.model,
            revision=engine.tokenizer_revision or engine.revision,
            trust_remote_code=engine.trust_remote_code,
        )
        self._feed, self._answers = _pipeline(engine, at_once, actors)

    def try_out(self, kind: str) -> None:
        """Make one token, as the model will be asked; RuntimeError says why it cannot."""
        probe = _PROBE_CHAT if kind == "instruct" else _PROBE
        self._feed.put(self._prepared(probe | {"parameters": {"max_tokens": 1}}))
        row = next(self._answers)
        if row["__inference_error__"]:
            raise RuntimeError(row["__inference_error__"])

    def work(self, line: Line) -> None:
        """Answer what comes until the line is closed."""
        threading.Thread(target=self._take, args=(line,), daemon=True).start()
        for row in self._answers:
            self._tell(row, line)

    def _take(self, line: Line) -> None:
        import jinja2

        while True:
            try:
                asked = line.hear(wait=True)
            except EOFError:
                self._feed.put(None)
                return
            try:
                self._feed.put(self._prepared(asked))
            except (ValueError, TypeError, jinja2.TemplateError) as error:
                line.say(key=asked["key"], error="BadRequestError", detail=str(error))

    def _prepared(self, asked: dict[str, Any]) -> str:
        """Return a row: the request with its prompt as tokens, made as vLLM's server makes them."""
        if asked["endpoint"] == "chat":
            text = self._tokenizer.apply_chat_template(
                asked["messages"],
                tokenize=False,
                add_generation_prompt=True,
                chat_template=self._frontend.options.chat_template,
                **self._frontend.template,
            )
            tokens = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        else:
            tokens = self._tokenizer(asked["prompt"])["input_ids"]
        return json.dumps(asked | {"tokens": tokens})

    def _tell(self, row: dict[str, Any], line: Line) -> None:
        asked = json.loads(row["asked"])
        if fault := row["__inference_error__"]:
            refused = fault.partition(":")[0] in _REFUSALS
            error = "BadRequestError" if refused else "InternalServerError"
            line.say(key=asked["key"], error=error, detail=fault)
            return
        made = [int(token) for token in row["generated_tokens"]]
        tokens = int(row["num_input_tokens"]), len(made)
        text = row["generated_text"]
        finish = self._finish_reason(asked, text, made)
        reply = self._frontend.reply(asked, text, finish, tokens, lambda: self._tokenizer)
        line.say(key=asked["key"], seconds=float(row["time_taken_llm"]), reply=reply)

    def _finish_reason(self, asked: dict[str, Any], text: str, made: list[int]) -> str:
        """Return why an answer ended, which Ray does not tell: the limit, or anything else."""
        limit = asked["parameters"].get("max_tokens")
        longest = self._frontend.engine.max_model_len
        total = len(asked["tokens"]) + len(made)
        if not ((limit and len(made) >= limit) or (longest and total >= longest)):
            return "stop"
        if made and made[-1] == self._tokenizer.eos_token_id:
            return "stop"
        # What stands before a stop string is all that vLLM gives of the text.
        whole = self._tokenizer.decode(made, skip_special_tokens=True)
        stops = asked["parameters"].get("stop") or []
        stops = [stops] if isinstance(stops, str) else stops
        return "stop" if any(f"{text}{stop}" in whole for stop in stops) else "length"


def _pipeline(engine: Any, at_once: int, actors: int) -> tuple[Any, Iterator[dict[str, Any]]]:
    """Return a queue of requests, which None ends, and the answers as they come."""
    import ray
    from ray.data import DataContext
    from ray.data.llm import build_processor, vLLMEngineProcessorConfig
    from ray.util.queue import Queue

    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_COLOR_PREFIX="0")
    ray.init(include_dashboard=False)
    settings = DataContext.get_current()
    # A row a block, and none fetched ahead: nothing is held back until there is more of it.
    settings.target_max_block_size = 1
    settings.enable_progress_bars = False
    settings.issue_detectors_config.detectors = []
    feed = Queue(actor_options={"num_cpus": 0})
    on_cpu = not ray.cluster_resources().get("GPU")
    config = vLLMEngineProcessorConfig(
        model_source=engine.model,
        engine_kwargs=_differing(engine),
        batch_size=1,
        max_concurrent_batches=at_once,
        concurrency=(actors, actors),
        should_continue_on_error=True,
        log_engine_metrics=False,
        chat_template_stage=False,
        tokenize_stage=False,
        detokenize_stage=False,
        placement_group_config={"bundles": [{"CPU": 1}]} if on_cpu else None,
    )
    little = {"num_cpus": _FEED_CPUS}
    answer = build_processor(
        config,
        preprocess=_unpacked,
        postprocess=lambda row: row,
        preprocess_map_kwargs=little,
        postprocess_map_kwargs=little,
    )
    source = ray.data.read_datasource(
        _source(feed), override_num_blocks=1, ray_remote_args={"num_cpus": 0}
    )
    batches = answer(source).iter_batches(batch_size=1, prefetch_batches=0, batch_format="pyarrow")
    return feed, (row for batch in batches for row in batch.to_pylist())


def _unpacked(row: dict[str, Any]) -> dict[str, Any]:
    asked = json.loads(row["asked"])
    sampling = {"max_tokens": None} | asked["parameters"]
    if asked["schema"] is not None:
        sampling["structured_outputs"] = {"json": json.dumps(asked["schema"])}
    return {"tokenized_prompt": asked["tokens"], "sampling_params": sampling}


def _differing(engine: Any) -> dict[str, Any]:
    """Return what the arguments have changed in the engine's settings."""
    from vllm import EngineArgs

    usual = vars(EngineArgs(model=engine.model))
    return {k: v for k, v in vars(engine).items() if k != "model" and v != usual[k]}


def _source(feed: Any) -> Any:
    """Return a source of rows that reads the queue to its end."""
    from ray.data import Datasource
    from ray.data.block import BlockMetadata
    from ray.data.datasource import ReadTask

    def read() -> Iterator[Any]:
        import pyarrow as pa

        while (asked := feed.get()) is not None:
            yield pa.table({"asked": [asked]})

    class Feed(Datasource):  # type: ignore[misc]
        def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[Any]:
            nothing_known = BlockMetadata(None, None, None, None)
            return [ReadTask(read, nothing_known)]

        def estimate_inmemory_data_size(self) -> int | None:
            return None

    return Feed()


def main(path: str, kind: str, at_once: int, actors: int, arguments: list[str]) -> None:
    """Load the models, make one token, connect, and work until the toolkit hangs up."""
    worker = Worker(at_once, actors, arguments)
    worker.try_out(kind)
    worker.work(Line(path))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
