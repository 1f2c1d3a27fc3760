"""SIGTERM and SIGINT: the first asks the server to stop, the second insists."""

import os
import signal
import threading

_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})


class StopSignal:
    """Takes the process's signals from its creation on, which must precede any other thread.

    A thread of its own waits for them. A handler would run in the middle of whatever the main
    thread does, and could do hardly anything safely there.
    """

    def __init__(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # inherited by every later thread
        self._is_serving = threading.Event()
        self._is_asked = threading.Event()
        threading.Thread(target=self._watch, name="signals", daemon=True).start()

    def wait(self) -> None:
        """Wait for the first signal. Before this is called, one ends the process at once."""
        self._is_serving.set()
        self._is_asked.wait()

    def _watch(self) -> None:
        signal.sigwait(_SIGNALS)
        if not self._is_serving.is_set():
            os._exit(0)  # no call was accepted yet, so none is lost
        self._is_asked.set()
        os._exit(128 + signal.sigwait(_SIGNALS))
