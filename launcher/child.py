"""A process that the launcher started: its log lines, its life and its end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Child", "ChildSpec"]


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to start.

    Attributes:
        name: for people, "model server".
        mark: stands before each of its log lines.
        arguments: of the Python interpreter that runs the launcher.
        port: that it listens on once it is ready; None where it does not listen, and the others
            can do without it.
        variable: of `make run`, by which another port is chosen.
    """

    name: str
    mark: str
    arguments: Sequence[str]
    port: int | None = None
    variable: str = ""


class Child:
    """A running process in a session of its own, so that Ctrl-C reaches the launcher alone.

    Args:
        spec: what to start.
        environ: of the process.
        log: takes each line it writes, without the line's end.
        ended: called once, with the child, when the process is gone.
    """

    def __init__(
        self,
        spec: ChildSpec,
        environ: Mapping[str, str],
        log: Callable[[str], None],
        ended: Callable[["Child"], None],
    ) -> None:
        self.spec = spec
        self._started_s = time.monotonic()
        self._log = log
        self._ended = ended
        self._process = subprocess.Popen(  # noqa: S603  our own programs
            [sys.executable, *spec.arguments],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()

    @property
    def status(self) -> int | None:
        """The exit status; None while the process runs, negative for a signal."""
        return self._process.poll()

    @property
    def age_s(self) -> float:
        """How long ago it was started, in seconds."""
        return time.monotonic() - self._started_s

    def stop(self) -> None:
        """Asks the process to finish its work and end."""
        self._signal(signal.SIGTERM)

    def wait(self, timeout_s: float) -> None:
        """Waits for the end; kills the process, and all it started, when the time is over."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._follower.join(timeout_s)

    def _follow(self) -> None:
        for line in self._process.stdout or ():
            self._log(line.rstrip("\n"))
        self._process.wait()
        self._ended(self)

    def _signal(self, number: int) -> None:
        """Signals the whole session: the development server has a child of its own."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
