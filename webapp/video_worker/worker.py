"""The worker: takes one video after the other, and never loses one."""

import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from secrets import token_hex
from time import monotonic, sleep

from videos import DecoderBounds, DecoderError, VideoError, VideoLimits
from webapp.exceptions import StorageError, WebappError
from webapp.services import Services
from webapp.settings import Settings
from webapp.storage.video_queue import Claim, LeaseLostError, VideoQueue
from webapp.video_worker.asking import UnanswerableError
from webapp.video_worker.drawing import Drawing
from webapp.video_worker.lease import InterruptedWorkError, Lease
from webapp.video_worker.looking import Bounds, Looking

_log = logging.getLogger(__name__)
_IDLE_S = 1.0
_LOOK_S = 0.1
_HOST_NAME_MAX = 40


class VideoWorker:
    """Looks at the videos of a queue, one at a time, until it is stopped.

    Args:
        parts: The parts of the application.
        settings: How much a video may take.

    Attributes:
        name: What it calls itself in the database.
    """

    def __init__(self, parts: Services, settings: Settings) -> None:
        host = socket.gethostname()[:_HOST_NAME_MAX]
        self.name = f"{host}-{os.getpid()}-{token_hex(3)}"
        self._settings = settings
        # A plain flag: a signal's handler may interrupt anything, so it must wait for no lock.
        self._is_stopping = False
        self._queue = VideoQueue(
            parts.results.database,
            lease_s=settings.video_lease_s,
            attempts_max=settings.video_attempts_max,
        )
        self._pool = ThreadPoolExecutor(settings.video_calls_max, "frames")
        bounds = Bounds(
            VideoLimits(
                settings.video_bytes_max, settings.video_duration_s_max, settings.video_pixels_max
            ),
            DecoderBounds(settings.video_memory_bytes_max, settings.video_stall_s),
            settings.video_calls_max,
        )
        self._looking = Looking(
            queue=self._queue,
            originals=parts.originals,
            recogniser=parts.recogniser,
            pool=self._pool,
            bounds=bounds,
            worker=self.name,
        )
        self._drawing = Drawing(
            videos=parts.videos,
            originals=parts.originals,
            annotated=parts.annotated_videos,
            bounds=bounds,
        )

    def run(self, *, until_idle: bool = False) -> None:
        """Work until :meth:`stop`.

        Args:
            until_idle: Whether to return when no video waits.
        """
        while not self._is_stopping:
            try:
                self._queue.note_alive(self.name)
                claim = self._queue.claim(self.name)
            except StorageError as error:
                _log.warning("no video could be taken: %s", error)
                claim = None
            if claim is not None:
                self._work(claim)
            elif until_idle:
                break
            else:
                self._pause()
        with suppress(StorageError):
            self._queue.forget(self.name)

    def stop(self) -> None:
        """Have :meth:`run` return soon; from a signal handler, and more than once."""
        self._is_stopping = True

    def close(self) -> None:
        """End the threads; what they ask for has been ended before."""
        self._pool.shutdown(cancel_futures=True)

    def _work(self, claim: Claim) -> None:
        video_id = claim.video.id
        _log.info("%s video %s", "drawing" if claim.is_drawing else "looking at", video_id)
        try:
            with Lease(
                self._queue,
                video_id,
                self.name,
                is_stopping=lambda: self._is_stopping,
                lease_s=self._settings.video_lease_s,
            ) as lease:
                self._try(claim, lease.check)
        except (InterruptedWorkError, LeaseLostError):
            _log.info("video %s was taken away, or is given back", video_id)
            self._give_back(video_id, is_blameless=True)
        except StorageError as error:
            _log.warning("video %s is given back: %s", video_id, error)
            self._give_back(video_id, is_blameless=True)
            self._pause()
        except Exception:  # noqa: BLE001  the edge of the process; what happened is logged
            # One video shall not keep the others waiting; the queue counts how often it did this.
            _log.exception("video %s is given back", video_id)
            self._give_back(video_id, is_blameless=False)

    def _try(self, claim: Claim, check: Callable[[], None]) -> None:
        if claim.is_drawing:
            self._draw(claim, check)
        else:
            self._look(claim, check)

    def _look(self, claim: Claim, check: Callable[[], None]) -> None:
        video_id = claim.video.id
        try:
            self._looking.look(claim.video, check)
            _log.info("video %s is done", video_id)
        except DecoderError as error:
            check()
            _log.warning("video %s, attempt %d: %s", video_id, claim.attempts, error)
            if claim.attempts < self._settings.video_attempts_max:
                self._give_back(video_id, is_blameless=False)
            else:
                self._queue.fail(video_id, self.name, str(error))
        except (InterruptedWorkError, LeaseLostError, StorageError):
            raise
        except (VideoError, UnanswerableError, WebappError) as error:
            _log.warning("video %s has failed: %s", video_id, error)
            self._queue.fail(video_id, self.name, str(error))

    def _draw(self, claim: Claim, check: Callable[[], None]) -> None:
        video_id = claim.video.id
        size = 0
        try:
            size = self._drawing.draw(claim.video, check)
        except (InterruptedWorkError, LeaseLostError):
            raise
        except (VideoError, WebappError, OSError) as error:
            check()
            _log.warning("video %s could not be drawn: %s", video_id, error)
        try:
            self._queue.finish_drawing(video_id, self.name, size)
        except LeaseLostError:
            self._drawing.discard_if_deleted(video_id)
            raise

    def _pause(self) -> None:
        end_s = monotonic() + _IDLE_S
        while monotonic() < end_s and not self._is_stopping:
            sleep(_LOOK_S)

    def _give_back(self, video_id: str, *, is_blameless: bool) -> None:
        try:
            self._queue.give_back(video_id, self.name, is_blameless=is_blameless)
        except StorageError as error:
            _log.warning("video %s waits until its lease runs out: %s", video_id, error)
