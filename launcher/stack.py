"""The processes together: started, watched, and stopped as one."""

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path

from launcher.child import Child, ChildSpec
from launcher.ports import HOST, is_answering, is_free
from launcher.web_app import installed_models, is_healthy, models_line

__all__ = ["Ports", "Stack", "StackError", "specs"]

_READY_S = 180.0
_STOP_S = 20.0
_POLL_S = 0.1
_WAIT_S = 0.5
_CONFIG_POLL_S = 2
_AGE_MIN_S = 5.0


class StackError(Exception):
    """The stack cannot start, or did not stay up. The message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the parts listen, all on the loopback interface."""

    web: int = 5000
    grpc: int = 8500
    rest: int = 8501

    def __post_init__(self) -> None:
        if len({self.web, self.grpc, self.rest}) != len(fields(self)):
            raise StackError(
                f"Three different ports are needed; WEB_PORT is {self.web}, GRPC_PORT {self.grpc} "
                f"and REST_PORT {self.rest}."
            )

    @property
    def address(self) -> str:
        """Of the upload page."""
        return f"http://{HOST}:{self.web}"


def specs(ports: Ports, repository: Path, *, dev: bool, videos: bool) -> list[ChildSpec]:
    """The processes: the model server, the web app, and the worker that looks at videos."""
    model = (
        "-m", "model_server", f"--host={HOST}", f"--port={ports.grpc}",
        f"--rest_api_port={ports.rest}", f"--model_config_file={repository / 'models.config'}",
        f"--model_config_file_poll_wait_seconds={_CONFIG_POLL_S}",
        "--enable_serialization_as_tensor_content", "--auto_warmup",
    )  # fmt: skip
    web = ("-m", "webapp", f"--host={HOST}", f"--port={ports.web}", *(["--dev"] if dev else []))
    children = [
        ChildSpec("model server", "model", model, ports.grpc, "GRPC_PORT"),
        ChildSpec("web app", "web", web, ports.web, "WEB_PORT"),
    ]
    if videos:
        children.append(ChildSpec("video worker", "video", ("-m", "webapp.video_worker")))
    return children


class Stack:
    """The model server, the web app and what goes with them.

    Args:
        ports: where they listen.
        children: what to start.
        write: takes each line of the common log.
    """

    def __init__(
        self,
        ports: Ports,
        children: Sequence[ChildSpec],
        write: Callable[[str], None] | None = None,
    ) -> None:
        self._ports = ports
        self._specs = children
        self._write = write or _print
        self._events: queue.SimpleQueue[Child | int] = queue.SimpleQueue()
        self._children: list[Child] = []

    def run(self) -> None:
        """Starts everything; returns after SIGINT, SIGTERM or SIGHUP, with nothing left running.

        Raises:
            StackError: a port is taken, a process died, or did not become ready in time.
        """
        self._check_ports()
        with _signals_to(self._events):
            try:
                self._start()
                ready = self._until_ready()
                if ready:
                    self._say_models()
                    self._say(f"ready: open {self._ports.address} (Ctrl-C stops)")
                    while not self._watch(self._next_event()):
                        pass
            finally:
                self._stop()

    def _check_ports(self) -> None:
        taken = [("REST status", self._ports.rest, "REST_PORT")]
        taken += [(spec.name, spec.port, spec.variable) for spec in self._specs if spec.port]
        for name, port, variable in taken:
            if not is_free(port):
                raise StackError(
                    f"Port {port} is taken, so the {name} cannot listen there: stop the program "
                    f"that uses it, or choose another port with `make run {variable}={port + 10}`."
                )

    def _start(self) -> None:
        for spec in self._specs:
            self._children.append(self._child(spec))
        self._say("starting the model server and the web app; TensorFlow takes some seconds")

    def _child(self, spec: ChildSpec) -> Child:
        environ = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "SIGHTLINE_SERVING_TARGET": f"{HOST}:{self._ports.grpc}",
        }
        return Child(spec, environ, self._logger(spec.mark), self._events.put)

    def _until_ready(self) -> bool:
        """Waits for all; returns False if a signal came first."""
        end = time.monotonic() + _READY_S
        waiting = list(self._children)
        while waiting:
            try:
                if self._watch(self._events.get(timeout=_POLL_S)):
                    return False
            except queue.Empty:
                waiting = [child for child in waiting if not self._is_ready(child)]
            if waiting and time.monotonic() > end:
                raise StackError(
                    f"The {waiting[0].spec.name} was not ready after {_READY_S:.0f} s."
                )
        return True

    def _is_ready(self, child: Child) -> bool:
        port = child.spec.port
        if port is None:
            return True
        return is_healthy(port) if port == self._ports.web else is_answering(port)

    def _say_models(self) -> None:
        models = installed_models(self._ports.web)
        if models is not None:
            self._say(models_line(models))

    def _next_event(self) -> Child | int:
        """Waits, though never long at a time.

        Python handles a signal that comes right before a wait only when that wait is over.
        """
        while True:
            with suppress(queue.Empty):
                return self._events.get(timeout=_WAIT_S)

    def _watch(self, event: Child | int) -> bool:
        """True for a signal to stop; a child that ended by itself is an error, or starts anew."""
        if isinstance(event, int):
            self._say(f"{signal.Signals(event).name}: stopping")
            return True
        if event.spec.port is None:
            self._replace(event)
            return False
        raise StackError(
            f"The {event.spec.name} ended by itself with status {event.status}; its last words "
            f"stand above, marked `{event.spec.mark}`."
        )

    def _replace(self, child: Child) -> None:
        """Starts a child anew that the others can do without, unless it ended at once."""
        told = f"the {child.spec.name} ended by itself with status {child.status}"
        self._children.remove(child)
        child.wait(_STOP_S)
        if child.age_s < _AGE_MIN_S:
            self._say(f"{told}, right after its start; it is not started again")
        else:
            self._say(f"{told}; it is started again")
            self._children.append(self._child(child.spec))

    def _stop(self) -> None:
        """Stops the last one first: the web app's last uploads still need the model server."""
        for child in reversed(self._children):
            child.stop()
            child.wait(_STOP_S)

    def _logger(self, mark: str) -> Callable[[str], None]:
        return lambda line: self._write(f"{mark:<5} | {line}")

    def _say(self, text: str) -> None:
        self._write(f"{'run':<5} | {text}")


_PRINT_LOCK = threading.Lock()


def _print(line: str) -> None:
    with _PRINT_LOCK:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


@contextmanager
def _signals_to(events: "queue.SimpleQueue[Child | int]") -> Iterator[None]:
    """Puts Ctrl-C, SIGTERM and a closed terminal into a queue for as long as the block lasts."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {n: signal.signal(n, lambda number, _: events.put(number)) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
