"""For workers in tests: a runtime without TensorFlow, whose models do as they are told.

Files in a version folder say how it loads: `error` holds the code and the message of an error,
`bug` makes it raise something nobody foresaw, `die` ends the process, and `wait` makes the load
write `loading` and never return.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from model_server.call import Call
from model_server.config import Flags
from model_server.runtimes import Runtime, Servable, SignatureDef, Tensor
from model_server.servable import ServableId
from model_server.status import Code, ServingError

BUILDER = f"{__name__}:obedient_runtime_of"


def obedient_runtime_of(flags: Flags) -> Runtime:
    """Make the runtime of a worker."""
    return _ObedientRuntime(flags)


class _EmptySignature:
    """As much of a `SignatureDef` as a worker needs."""

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        return b""


class _ObedientRuntime:
    def __init__(self, flags: Flags) -> None:
        self._flags = flags

    def is_ready(self, path: Path) -> bool:
        return path.is_dir()

    def load(self, servable_id: ServableId, path: Path) -> Servable:  # noqa: ARG002  # all alike
        if (path / "die").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if (path / "wait").exists():
            (path / "loading").write_text(str(os.getpid()))
            threading.Event().wait()
        if (path / "bug").exists():
            raise ZeroDivisionError("by zero")
        if (path / "error").exists():
            code, _, message = (path / "error").read_text().partition(": ")
            raise ServingError(Code[code], message)
        return _ObedientModel(self._flags, path)


class _ObedientModel:
    def __init__(self, flags: Flags, path: Path) -> None:
        self._flags = flags
        self._path = path
        self._kept: dict[str, Tensor] = {}
        self._runs = 0
        self._methods: dict[str, Callable[[Mapping[str, Tensor]], dict[str, Tensor]]] = {
            "echo": dict,
            "pid": lambda _: {"pid": np.array(os.getpid())},
            "runs": lambda _: {"runs": np.array(self._runs)},
            "threads": self._threads,
            "keep": self._keep,
            "kept": lambda _: self._kept,
            "hold": self._hold,
            "fail": self._fail,
            "bug": self._bug,
            "die": self._die,
            "print": self._print,
            "odd": lambda _: {"q": np.zeros(3, [("qint8", "i1")])},
        }

    @property
    def signatures(self) -> Mapping[str, SignatureDef]:
        return dict.fromkeys(self._methods, _EmptySignature())

    def run(
        self,
        signature: str,
        inputs: Mapping[str, Tensor],
        outputs: Iterable[str],  # noqa: ARG002  # all of them
        call: Call,
    ) -> dict[str, Tensor]:
        self._runs += 1
        with call.timed("run"):
            return self._methods[signature](inputs)

    def close(self) -> None:
        """Do nothing: the process ends."""

    def _threads(self, _: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {"threads": np.array([self._flags.intra_op_threads, self._flags.inter_op_threads])}

    def _keep(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Keep the inputs as they are, as a variable does that is assigned one."""
        self._kept = dict(inputs)
        return {}

    def _hold(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Say by a file that the run has begun, and go on when there is another one."""
        (self._path / f"held by {os.getpid()}").touch()
        while not (self._path / "go on").exists():
            time.sleep(0.01)
        return {"pid": np.array(os.getpid()), **inputs}

    def _fail(self, _: Mapping[str, Tensor]) -> dict[str, Tensor]:
        raise ServingError(Code.OUT_OF_RANGE, "that is too far")

    def _bug(self, _: Mapping[str, Tensor]) -> dict[str, Tensor]:
        raise ZeroDivisionError("by zero")

    def _die(self, _: Mapping[str, Tensor]) -> dict[str, Tensor]:
        signal.pthread_kill(threading.get_ident(), signal.SIGSEGV)  # no other thread may be hit
        raise AssertionError

    def _print(self, _: Mapping[str, Tensor]) -> dict[str, Tensor]:
        print("said by print")  # noqa: T201  # that is the point
        os.write(2, b"written by a library\n")
        return {}
