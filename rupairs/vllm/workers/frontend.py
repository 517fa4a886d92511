# mypy: disable-error-code="import-not-found"
"""What vLLM's server makes of its arguments and of an answer, for workers without a server.

Arguments are read by the server's own parser, and a reply has the shape of the server's, so that
nobody downstream can tell which of them has answered.
"""

from collections.abc import Callable
from typing import Any


class Frontend:
    """The server's side of vLLM's arguments; `engine` is the other side."""

    def __init__(self, arguments: list[str]) -> None:
        from vllm import EngineArgs
        from vllm.entrypoints.launchers.cli_args import make_arg_parser
        from vllm.utils.argparse_utils import FlexibleArgumentParser

        self.options = make_arg_parser(FlexibleArgumentParser()).parse_args(arguments)
        self.engine = EngineArgs.from_cli_args(self.options)
        self.template: dict[str, Any] = dict(self.options.default_chat_template_kwargs or {})
        self._name: str = self.options.served_model_name[0]

    def reply(
        self,
        asked: dict[str, Any],
        text: str,
        finish_reason: str | None,
        tokens: tuple[int, int],
        tokenizer: Callable[[], Any],
    ) -> dict[str, Any]:
        """Return a reply; `tokens` are those of the prompt and those of the answer."""
        choice: dict[str, Any] = {"finish_reason": finish_reason}
        if asked["endpoint"] == "chat":
            thought, said = self._split(text, tokenizer)
            choice["message"] = {"content": said, "reasoning": thought}
        else:
            choice["text"] = text
        usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
        return {"model": self._name, "choices": [choice], "usage": usage}

    def _split(self, text: str, tokenizer: Callable[[], Any]) -> tuple[str | None, str | None]:
        """Return what the model thought and what it said."""
        if not self.options.reasoning_parser:
            return None, text
        from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
        from vllm.reasoning import ReasoningParserManager

        kind = ReasoningParserManager.get_reasoning_parser(self.options.reasoning_parser)
        parser = kind(tokenizer(), chat_template_kwargs=self.template)
        asked = ChatCompletionRequest(messages=[], model=self._name)
        thought, said = parser.extract_reasoning(text, asked)
        return thought, said
