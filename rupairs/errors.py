"""Errors a person can act on; the command line prints their text and nothing else."""


class RupairsError(Exception):
    """A failure a person can act on; its text is the whole message. Exit code 1."""


class UsageError(RupairsError):
    """A wrong path, option or recipe. Exit code 2."""
