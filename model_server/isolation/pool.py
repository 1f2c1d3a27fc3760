"""The workers of one version: each call is handed to the least busy of them."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import as_completed
from contextlib import contextmanager

from model_server.call import Call
from model_server.isolation.lane import Lane, NoteDropped, WorkerLostError
from model_server.isolation.process import WorkerProcess
from model_server.isolation.protocol import Load
from model_server.isolation.supervisor import Supervisor
from model_server.runtimes import Tensor
from model_server.servable import ServableId
from model_server.status import Code, ServingError

_LOOK_S = 0.1  # how soon a call that waits for a lane notices that its client has left


class WorkerPool:
    """So many worker processes with one version.

    When a worker ends, calls go to the others until it is replaced. Without any, calls fail at
    once: a call that waits holds one of the server's threads, and a few of them would hold up
    every other model.

    Args:
        load: What each worker is to load.
        workers: How many there are.
        lanes_max: How many calls one of them may have at a time; more than that wait.
        note_dropped: Told of each call that was given up before it ran.
    """

    def __init__(
        self, load: Load, *, workers: int, lanes_max: int, note_dropped: NoteDropped
    ) -> None:
        self._id = ServableId(load.name, load.version)
        self._lanes_max = lanes_max
        self._note_dropped = note_dropped
        self._changed = threading.Condition()
        self._is_closing = False
        self._lent = 0
        # In order of their last call, the one that was idle longest first.
        self._supervisors = [
            Supervisor(load, number, self._start_process, self._changed)
            for number in range(workers)
        ]

    def start(self) -> dict[str, Tensor]:
        """Start all workers, and wait until each has loaded the version.

        Returns:
            The signatures, as `SignatureDef`s in strings, by name.

        Raises:
            ServingError: One of them could not, so all have ended.
        """
        starts = [supervisor.start() for supervisor in self._supervisors]
        try:
            for start in as_completed(starts):
                start.result()
        except BaseException:
            self.close()
            raise
        return starts[0].result()

    @contextmanager
    def lane(self, signature: str, call: Call) -> Iterator[Lane]:
        """Lend a lane of the worker that has the fewest calls.

        Raises:
            ServingError: No worker is up, or none is free before the client waits no more; or the
                worker ended while its lane was lent.
        """
        worker, lane = self._lend(signature, call)
        try:
            lane = lane or worker.open_lane()
            yield lane
        except WorkerLostError as error:
            raise ServingError(
                Code.UNAVAILABLE,
                f"The worker process of {self._id} {worker.how_it_ended()} while it had the call; "
                "another one is being started",
            ) from error
        finally:
            with self._changed:
                self._lent -= 1
                worker.lanes.take_back(lane)
                self._changed.notify_all()

    def close(self) -> None:
        """End all workers, once no call is left."""
        with self._changed:
            self._is_closing = True
            self._changed.wait_for(lambda: not self._lent)
        for supervisor in self._supervisors:
            supervisor.ask_to_stop()
        for supervisor in self._supervisors:
            supervisor.stop()

    def _start_process(self, name: str) -> WorkerProcess:
        return WorkerProcess(name, self._note_dropped)

    def _lend(self, signature: str, call: Call) -> tuple[WorkerProcess, Lane | None]:
        """Choose a worker; return an idle lane of it, or none if one more may be opened."""
        while True:
            with self._changed:
                worker = self._least_busy()
                if worker:
                    self._lent += 1
                    return worker, worker.lanes.lend()
                self._changed.wait(min(_LOOK_S, call.deadline - time.monotonic()))
            try:
                call.check()
            except ServingError as error:
                self._note_dropped(signature, error.code)
                raise

    def _least_busy(self) -> WorkerProcess | None:
        """Choose a worker; `None` if each has as many calls as it may. The lock is held.

        Of several, it is the one that was idle longest. So whoever warms a version up with one
        call after the other reaches all of its workers.
        """
        up = [(each, worker) for each in self._supervisors if (worker := each.worker)]
        if self._is_closing or not up:
            raise self._no_worker()
        for _, worker in up:
            worker.lanes.collect_late_answers()
        supervisor, worker = min(up, key=lambda each: each[1].lanes.busy)
        if worker.lanes.busy >= self._lanes_max:
            return None
        self._supervisors.remove(supervisor)
        self._supervisors.append(supervisor)
        return worker

    def _no_worker(self) -> ServingError:
        if self._is_closing:
            return ServingError(Code.UNAVAILABLE, f"{self._id} is being unloaded")
        return ServingError(
            Code.UNAVAILABLE,
            f"No worker process of {self._id} is up: {self._supervisors[0].problem}. "
            "Another one is being started.",
        )
