"""Lines of native text files (`rupairs.lines`)."""

from rupairs.lines import AGAIN, text_lines

__all__ = ["AGAIN", "text_lines"]
