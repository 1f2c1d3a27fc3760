"""Holding on to a video while it is worked on."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

from webapp.exceptions import StorageError
from webapp.storage.video_queue import VideoQueue

_log = logging.getLogger(__name__)
_PERIOD_S = 1.0


class InterruptedWorkError(Exception):
    """The work on a video is to end now, through no fault of the video."""


class Lease:
    """Says every second that the worker lives and holds its video; use it in ``with``.

    Args:
        queue: Where the video was taken.
        video_id: The video.
        worker: Who holds it.
        is_stopping: Says whether the worker is to end.
        lease_s: How long the queue waits for a sign of life, in seconds.
    """

    def __init__(
        self,
        queue: VideoQueue,
        video_id: str,
        worker: str,
        *,
        is_stopping: Callable[[], bool],
        lease_s: float,
    ) -> None:
        self._queue = queue
        self._video_id = video_id
        self._worker = worker
        self._is_stopping = is_stopping
        self._lease_s = lease_s
        self._is_over = Event()
        self._is_lost = False
        self._thread = Thread(target=self._renew, name="lease", daemon=True)

    def check(self) -> None:
        """Return if the work is to go on.

        Raises:
            InterruptedWorkError: The worker is to end, or the video is no longer its own.
        """
        if self._is_lost or self._is_stopping():
            raise InterruptedWorkError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _renew(self) -> None:
        good_until_s = monotonic() + self._lease_s
        while not self._is_over.wait(_PERIOD_S):
            try:
                self._queue.note_alive(self._worker)
                self._is_lost = not self._queue.renew(self._video_id, self._worker)
                good_until_s = monotonic() + self._lease_s
            except StorageError as error:
                _log.warning("the lease of video %s was not renewed: %s", self._video_id, error)
                # By now another worker may have it.
                self._is_lost = monotonic() > good_until_s
            if self._is_lost:
                return
