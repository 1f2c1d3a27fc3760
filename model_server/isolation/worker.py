"""The program `python -m model_server.isolation.worker`: loads one version, and answers for it.

It is started by the server and by nobody else, with the descriptor of its lifeline as the argument.
It ends when the server says so by SIGTERM, or when the server is gone.
"""

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path

import numpy as np

from model_server.call import Call
from model_server.config import Flags
from model_server.isolation.line import Line, LineClosedError
from model_server.isolation.parcel import end_of, pack, unpack
from model_server.isolation.protocol import (
    HEEDED_SIGNALS,
    LANE,
    Done,
    Failed,
    GiveUp,
    Load,
    Loaded,
    Message,
    Run,
)
from model_server.isolation.shared_memory import Block
from model_server.runtimes import Servable
from model_server.servable import ServableId
from model_server.status import Code, ServingError

logger = logging.getLogger(__name__)


def main() -> None:
    """Open each lane that the server asks for, until the server is gone."""
    lifeline = socket.socket(fileno=int(sys.argv[1]))
    threading.Thread(target=_heed_signals, name="signals", daemon=True).start()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    version = _Version()
    while descriptors := socket.recv_fds(lifeline, len(LANE), 2)[1]:
        line = Line(socket.socket(fileno=descriptors[0]), Block(descriptors[1]))
        lane = _Lane(line, version)
        threading.Thread(target=lane.serve, name="lane", daemon=True).start()
    os._exit(0)


def _heed_signals() -> None:
    """End when the server says so; the signals were blocked before this process began.

    Others may not: whoever stops a whole service sends SIGTERM to all of its processes, and the
    calls that the server still answers need this one.
    """
    while True:
        if signal.sigwaitinfo(HEEDED_SIGNALS).si_pid == os.getppid():
            os._exit(0)


class _Lane:
    """The worker's end of a lane, and the thread that runs its calls."""

    def __init__(self, line: Line, version: "_Version") -> None:
        self._line = line
        self._version = version

    def serve(self) -> None:
        """Answer one question after the other, until the server hangs up.

        If that fails, the whole worker ends: the server would wait for an answer for ever.
        """
        try:
            with closing(self._line), suppress(LineClosedError):
                while True:
                    self._converse()
        except BaseException:
            logger.exception("a lane broke down")
            os._exit(1)

    def _converse(self) -> None:
        question = self._line.receive()
        if isinstance(question, GiveUp):  # which came after the answer
            return
        # The server speaks next when it has the answer, unless it is to give the call up.
        self._line.send(self._answer(question, self._line.has_news))

    def _answer(self, question: Message, is_given_up: Callable[[], bool]) -> Message:
        spent_s: dict[str, float] = {}
        try:
            if isinstance(question, Load):
                return self._load(question)
            if isinstance(question, Run):
                return self._run(question, Call(question.deadline, is_given_up, spent_s))
        except ServingError as error:
            return _failed(error.code, error.message, spent_s)
        except Exception as error:
            # The edge of this thread: whatever a model raises becomes the answer.
            logger.exception("%s failed in an unexpected way", type(question).__name__)
            return _failed(Code.INTERNAL, f"{type(error).__name__}: {error}", spent_s)
        kind = type(question).__name__
        return _failed(Code.INTERNAL, f"Expected Load or Run from the server, got {kind}", spent_s)

    def _run(self, run: Run, call: Call) -> Message:
        try:
            call.check()
        except ServingError as error:
            return _failed(error.code, error.message, {}, was_dropped=True)
        block = self._line.block
        inputs = unpack(run.tensors, block)
        outputs = self._version.servable.run(run.signature, inputs, run.outputs, call)
        try:
            packed = pack(outputs, block, end_of(run.tensors))
        except ValueError as error:
            raise ServingError(Code.UNIMPLEMENTED, f"output {error}") from error
        return Done(tensors=packed, spent_s=call.spent_s)

    def _load(self, load: Load) -> Message:
        self._version.load(load)
        signatures = self._version.servable.signatures
        packed = pack(
            {
                name: np.array(signature.SerializeToString(), object)
                for name, signature in signatures.items()
            },
            self._line.block,
        )
        return Loaded(tensors=packed)


class _Version:
    """The version that this worker is for."""

    servable: Servable

    def load(self, load: Load) -> None:
        """Load it.

        Raises:
            ServingError: There is no usable one.
        """
        module, _, function = load.builder.partition(":")
        runtime = getattr(import_module(module), function)(Flags(**load.flags))
        self.servable = runtime.load(ServableId(load.name, load.version), Path(load.path))
        gc.freeze()  # what is there now stays: no need to search it for garbage time and again


def _failed(
    code: Code, message: str, spent_s: dict[str, float], *, was_dropped: bool = False
) -> Failed:
    return Failed(code=code, message=message, was_dropped=was_dropped, spent_s=spent_s)


if __name__ == "__main__":
    main()
