"""A worker process as the server sees it: its start, its log, its lanes, and its end."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from model_server.isolation.lane import Lane, NoteDropped
from model_server.isolation.lanes import Lanes
from model_server.isolation.protocol import HEEDED_SIGNALS
from model_server.status import Code, ServingError

_PROGRAM = "model_server.isolation.worker"
_GRACE_S = 5.0
_LINE_BYTES_MAX = 8192
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class WorkerProcess:
    """A worker, from its start on.

    It is a fresh interpreter: a fork would copy the locks of gRPC, and of every thread, as they
    happen to be. A pair of sockets is the lifeline between the two processes. It is closed by the
    system whichever of them ends, and however; and it carries the descriptors of each lane.

    The worker is in a process group of its own, so that Ctrl-C in a terminal reaches the server
    alone. It shares the server's session: Linux shares processors out among sessions, where it
    groups them (`sched_autogroup_enabled`), and a call that passes between two waits longer.

    Args:
        name: What starts each line of its log.
        note_dropped: Told of each call that the worker did not run.

    Attributes:
        lanes: The lanes that are open.

    Raises:
        ServingError: It cannot be started.
    """

    def __init__(self, name: str, note_dropped: NoteDropped) -> None:
        self._name = name
        self._note_dropped = note_dropped
        self.lanes = Lanes()
        try:
            self._lifeline, self._process = _start()
        except OSError as error:
            raise ServingError(
                Code.RESOURCE_EXHAUSTED, f"Cannot start a worker process: {error}"
            ) from error
        self._log = threading.Thread(target=self._relay_log, name=f"log of {name}", daemon=True)
        self._log.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def open_lane(self) -> Lane:
        """Open one more lane.

        Raises:
            WorkerLostError: The worker has ended.
            ServingError: There can be no more.
        """
        try:
            return Lane(self._lifeline, self._note_dropped)
        except OSError as error:
            raise ServingError(
                Code.RESOURCE_EXHAUSTED, f"Cannot connect to a worker process: {error}"
            ) from error

    def has_ended(self, wait_s: float = 0) -> bool:
        """Say whether the worker has ended, or does so within some time."""
        poll = select.poll()
        poll.register(self._lifeline, select.POLLIN)
        return bool(poll.poll(wait_s * 1000))

    def how_it_ended(self) -> str:
        """Say what ended the worker, as the rest of a sentence about it."""
        with suppress(subprocess.TimeoutExpired):
            return _how(self._process.wait(_GRACE_S))
        return "closed its connection"

    def memory_bytes(self) -> int:
        """Return how much memory it has in use; 0 if it has ended."""
        with suppress(OSError, IndexError):
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_BYTES
        return 0

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def end(self) -> None:
        """Make sure that it has ended, and that nothing of it is left but lanes."""
        self.terminate()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.join(_GRACE_S)
        self._lifeline.close()

    def _relay_log(self) -> None:
        """Write each line of the worker to the server's stderr, with its name in front."""
        with cast("IO[bytes]", self._process.stdout) as log:
            for line in iter(lambda: log.readline(_LINE_BYTES_MAX), b""):
                text = line.decode(errors="replace").rstrip("\n")
                sys.stderr.write(f"{self._name}: {text}\n")


def _start() -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    """Start a worker; return our end of its lifeline, and the process.

    It imports from wherever this process does, and from nowhere else. It inherits that signals are
    blocked, because its libraries start threads as soon as they are imported.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED_SIGNALS)
    program = ["-u", "-P", "-X", "faulthandler", "-m", _PROGRAM, str(theirs.fileno())]
    try:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, *program],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            process_group=0,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        theirs.close()
    return ours, process


def _how(status: int) -> str:
    """Say how a process ended.

    Example:
        >>> _how(-11), _how(1)
        ('was killed by SIGSEGV', 'ended with status 1')
    """
    if status >= 0:
        return f"ended with status {status}"
    names = {each.value: each.name for each in signal.Signals}
    hint = " (as the system does when memory runs out)" if -status == signal.SIGKILL else ""
    return f"was killed by {names.get(-status, f'signal {-status}')}{hint}"
