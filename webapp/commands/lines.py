"""Lines for whoever sits at the terminal."""

import sys


def say(line: str, *, is_note: bool = False) -> None:
    """Print a line.

    Args:
        line: What to say.
        is_note: Whether it is for people only: it goes to the standard error output, so that a
            script gets the answer alone.
    """
    print(line, file=sys.stderr if is_note else sys.stdout)
