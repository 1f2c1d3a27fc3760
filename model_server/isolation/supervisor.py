"""The supervisor of a worker: starts it, and another one whenever it ends."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from model_server.isolation.lane import WorkerLostError
from model_server.isolation.process import WorkerProcess
from model_server.isolation.protocol import Failed, Load
from model_server.metrics import forget_worker, record_worker_restart, set_worker_memory
from model_server.runtimes import Tensor
from model_server.servable import ServableId
from model_server.status import Code, ServingError

logger = logging.getLogger(__name__)

_LOOK_S = 5.0
_GRACE_S = 5.0
_PAUSES_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
_STEADY_S = 60.0  # what ends a worker after that has nothing to do with the end before


class Supervisor:
    """Keeps one worker running, in a thread of its own.

    A worker that ends is replaced, after a pause that grows while that does not help.

    Args:
        load: What the worker is to load.
        number: Of the worker, from 0; there may be several with the same version.
        start_process: Starts a process; takes the name that it has in the log.
        changed: Guards all that calls look at; notified when a worker has come up or gone.
    """

    def __init__(
        self,
        load: Load,
        number: int,
        start_process: Callable[[str], WorkerProcess],
        changed: threading.Condition,
    ) -> None:
        self._load = load
        self._id = ServableId(load.name, load.version)
        self._number = number
        self._name = f"{self._id} worker {number}"
        self._start_process = start_process
        self._changed = changed
        self._process: WorkerProcess | None = None
        self._worker: WorkerProcess | None = None
        self._failures = 0
        self._problem = "none has been started yet"
        self._first_start: Future[dict[str, Tensor]] = Future()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"supervisor of {self._name}", daemon=True
        )

    def start(self) -> "Future[dict[str, Tensor]]":
        """Start the worker; return what comes of it, signatures or a `ServingError`."""
        self._thread.start()
        return self._first_start

    @property
    def worker(self) -> WorkerProcess | None:
        """The worker, if it is up."""
        return self._worker if self._worker and not self._worker.has_ended() else None

    @property
    def problem(self) -> str:
        """Why no worker is up, as the rest of a sentence."""
        return self._problem

    def ask_to_stop(self) -> None:
        """Let the worker end, and start no other."""
        self._stopping.set()
        with self._changed:
            if self._process:
                self._process.terminate()

    def stop(self) -> None:
        """Make sure that the worker ends, and that no other is started; return when it is so."""
        self._stopping.set()
        for end in (WorkerProcess.terminate, WorkerProcess.kill):
            with self._changed:
                if self._process:
                    end(self._process)
            self._thread.join(_GRACE_S)

    def _run(self) -> None:
        try:
            process, signatures = self._start_worker()
        except Exception as error:  # noqa: BLE001  # whoever waits for the start is told
            self._first_start.set_exception(error)
            return
        self._first_start.set_result(signatures)
        running: WorkerProcess | None = process
        while running:
            if self._watch(running) > _STEADY_S:
                self._failures = 0
            running = self._replacement()

    def _start_worker(self) -> tuple[WorkerProcess, dict[str, Tensor]]:
        """Start a process and let it load the version.

        Raises:
            ServingError: One of the two is not possible; the process has ended.
        """
        process = self._start_process(self._name)
        with self._changed:
            self._process = process
        if self._stopping.is_set():
            process.terminate()
        try:
            signatures = _load(self._load, process)
        except WorkerLostError as error:
            how = process.how_it_ended()
            self._dismiss(process)
            raise ServingError(
                Code.UNAVAILABLE,
                f"The worker process of {self._id} {how} while it loaded the version",
            ) from error
        except BaseException:
            self._dismiss(process)
            raise
        with self._changed:
            self._worker = process
            self._problem = "the last one has just ended"  # until more is known
        return process, signatures

    def _watch(self, process: WorkerProcess) -> float:
        """Wait until the worker has ended; return for how many seconds it was up."""
        up_since = time.monotonic()
        self._look_after(process)
        while not process.has_ended(_LOOK_S) and not self._stopping.is_set():
            self._look_after(process)
        if not self._stopping.is_set():
            self._problem = f"the last one {process.how_it_ended()}"
            logger.error("%s %s", self._name, process.how_it_ended())
        self._dismiss(process)
        return time.monotonic() - up_since

    def _look_after(self, process: WorkerProcess) -> None:
        set_worker_memory(self._id, self._number, process.memory_bytes())
        with self._changed:
            process.lanes.look_after()

    def _replacement(self) -> WorkerProcess | None:
        """Start workers until one is up; return `None` when none is wanted any more."""
        while not self._stopping.wait(_PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)]):
            self._failures += 1
            process = self._start_again()
            if process:
                return process
        return None

    def _start_again(self) -> WorkerProcess | None:
        """Start a worker in place of one that ended; return `None` if that is not possible."""
        record_worker_restart(self._id)
        try:
            process, _ = self._start_worker()
        except ServingError as error:
            self._problem = f"the last one could not be started: {error}"
            logger.warning("%s could not be started again: %s", self._name, error)
            return None
        logger.info("%s is up again", self._name)
        return process

    def _dismiss(self, process: WorkerProcess) -> None:
        """Make sure that nothing is left of a process."""
        with self._changed:
            self._worker = None
            process.lanes.close()
            self._changed.notify_all()
        process.end()
        forget_worker(self._id, self._number)


def _load(load: Load, process: WorkerProcess) -> dict[str, Tensor]:
    lane = process.open_lane()
    try:
        answer = lane.load(load)
        if isinstance(answer, Failed):
            raise answer.error
        return lane.contents(answer)
    finally:
        process.lanes.add(lane)
