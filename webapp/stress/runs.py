"""The stress run of this process: one thread makes it, another writes down how far it is."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import Any

from stress import Call, End, InUseError, Live, StressPlan, StressReport, StressRun, Subject, alone
from webapp.exceptions import StorageError
from webapp.storage.stress_reports import StressReports

_log = logging.getLogger(__name__)
_NOTE_EVERY_S = 0.5
_JOIN_S = 30.0


class _Running:
    """The run that goes on, and what is known of it."""

    def __init__(self, run_id: str, report: StressReport, call: Call) -> None:
        self.id = run_id
        self.report = report
        self.run = StressRun(report.plan, call, on_progress=self.note)
        self.live: Live | None = None

    def note(self, live: Live) -> None:
        """Remember how far it is."""
        self.live = live

    def fields(self) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return its report so far, and how far it is, as JSON holds them."""
        live = self.live
        if live is None:
            return self.report.to_fields(), None
        return replace(self.report, steps=live.steps).to_fields(), live_fields(live)


class StressRuns:
    """Starts and stops runs, one at a time.

    Args:
        reports: Where they are written down.
        now: The current moment, in UTC.
    """

    def __init__(
        self, reports: StressReports, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._reports = reports
        self._now = now
        self._lock = Lock()
        self._running: _Running | None = None
        self._thread: Thread | None = None
        self._is_closed = False

    def start(self, plan: StressPlan, subject: Subject, call: Call) -> str:
        """Start a run in the background, and return its id.

        Args:
            plan: Which loads.
            subject: What is put under load.
            call: Makes one call.

        Raises:
            InUseError: Another run goes on, on this machine or on this site.
            LockError: Nobody can tell whether one does.
            StorageError: It could not be written down.
        """
        report = StressReport(subject, plan, self._now())
        with self._lock, ExitStack() as stack:
            if self._is_closed:
                raise InUseError("This process is about to end.")
            stack.enter_context(alone())
            run_id = self._reports.begin(report.to_fields())
            self._running = running = _Running(run_id, report, call)
            # Of this thread from now on, which gives the lock back.
            arguments = (running, stack.pop_all())
            self._thread = Thread(target=self._work, args=arguments, name="stress", daemon=True)
            self._thread.start()
            return run_id

    def stop(self, run_id: str) -> None:
        """Have a run end soon, whichever process it is in.

        Raises:
            StorageError: The process of the run could not be told.
        """
        running = self._running
        if running is not None and running.id == run_id:
            running.run.stop()
        self._reports.ask_to_stop(run_id)

    def close(self) -> None:
        """Stop the run of this process, and take no more."""
        with self._lock:
            self._is_closed = True
            if self._running is not None:
                self._running.run.stop()

    def join(self) -> None:
        """Wait, after :meth:`close`, until the run has ended."""
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def _work(self, running: _Running, stack: ExitStack) -> None:
        is_over = Event()
        notes = Thread(target=self._take_notes, args=(running, is_over), name="stress-notes")
        with stack:
            notes.start()
            try:
                report = self._made(running)
            finally:
                is_over.set()
                notes.join()
            self._write_end(running.id, report)
            self._running = None

    def _made(self, running: _Running) -> StressReport:
        try:
            outcome = running.run.go()
        except Exception:  # noqa: BLE001  the edge of a thread: the report says that it broke off
            _log.exception("stress run %s broke off", running.id)
            steps = running.live.steps if running.live else ()
            return replace(running.report, steps=steps, end=End.BROKEN)
        return replace(running.report, steps=outcome.steps, end=outcome.end)

    def _take_notes(self, running: _Running, is_over: Event) -> None:
        while not is_over.wait(_NOTE_EVERY_S):
            try:
                if self._reports.note(running.id, *running.fields()):
                    running.run.stop()
            except StorageError as error:
                _log.warning("stress run %s could not be noted: %s", running.id, error)

    def _write_end(self, run_id: str, report: StressReport) -> None:
        try:
            self._reports.end(run_id, report.to_fields())
        except StorageError:
            _log.exception("the report of stress run %s could not be kept", run_id)


def live_fields(live: Live) -> dict[str, Any]:
    """Return how far a run is, as JSON holds it."""
    return {
        "now": live.now.to_fields(),
        "number": len(live.steps) + 1,
        "is_warming_up": live.is_warming_up,
        "share": round(live.share, 4),
    }
