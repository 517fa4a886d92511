"""Quiet libraries: our own progress says what happens, their bars and advice would hide it."""

from collections.abc import Iterator
from contextlib import contextmanager
from logging import ERROR, getLogger


@contextmanager
def silence() -> Iterator[None]:
    """Switch off bars, advice and warnings of transformers and sentence-transformers."""
    from transformers.utils import logging

    advice = getLogger("sentence_transformers")
    before = advice.level
    advice.setLevel(ERROR)

    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        advice.setLevel(before)
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
