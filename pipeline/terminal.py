"""What the person at the terminal is told."""

import sys

from pipeline.exceptions import PipelineError


def say(sentence: str) -> None:
    """Write a line of result."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def complain(error: PipelineError | OSError) -> None:
    """Write one line on what went wrong."""
    sys.stderr.write(f"{_sentence(error)}\n")


def _sentence(error: PipelineError | OSError) -> str:
    if isinstance(error, PipelineError):
        return str(error)
    place = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{place}."
