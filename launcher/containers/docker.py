"""The docker program: asked in silence, or told something for everybody to see."""

import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from launcher.containers.exceptions import ContainersError

__all__ = ["Answer", "Docker", "as_shell"]

_ASK_S = 60.0
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command left.

    Attributes:
        status: its exit status; None where there is no such program, or it took too long.
        text: what it printed.
        error: what it complained of.
    """

    status: int | None
    text: str = ""
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.status == 0

    @property
    def last_words(self) -> str:
        """The last line of its complaint."""
        return (self.error.strip().splitlines() or ["no reason was given"])[-1]


class Docker:
    """Runs docker commands.

    Args:
        program: name or path of it; anything with Docker's command line will do.
        write: takes each line for the person at the terminal.
    """

    def __init__(self, program: str = "docker", write: Callable[[str], None] | None = None) -> None:
        self.program = program
        self._write = write or _print

    def ask(self, *arguments: str) -> Answer:
        """Run it in silence."""
        return ask(self.program, *arguments)

    def tell(self, arguments: Sequence[str]) -> None:
        """Print the command, so that it can be copied, and run it.

        Raises:
            ContainersError: it failed; the message has its last words.
        """
        self._write(as_shell([self.program, *arguments]))
        answer = subprocess.run(  # noqa: S603  a command of ours
            [self.program, *arguments], check=False, stderr=subprocess.PIPE, text=True,
            stdout=sys.stderr,
        )  # fmt: skip
        if answer.returncode:
            words = Answer(answer.returncode, "", answer.stderr).last_words
            raise ContainersError(f"`{self.program} {arguments[0]}` failed: {words}")

    def say(self, text: str) -> None:
        """Print a line."""
        self._write(text)


def ask(program: str, *arguments: str) -> Answer:
    """Run a program in silence, whatever becomes of it."""
    try:
        done = subprocess.run(  # noqa: S603  a command of ours
            [program, *arguments], check=False, capture_output=True, text=True, errors="replace",
            timeout=_ASK_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answer(None, error=str(error))
    return Answer(done.returncode, done.stdout, done.stderr)


def as_shell(command: Sequence[str]) -> str:
    r"""Return a command as a shell takes it, over several lines where it is long.

    Examples:
        >>> print(as_shell(["docker", "stop", "a b"]))
        docker stop 'a b'
    """
    lines = [""]
    for word in map(shlex.quote, command):
        if lines[-1] and len(lines[-1]) + len(word) > _WIDTH:
            lines.append("   ")
        lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n".join(lines)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
