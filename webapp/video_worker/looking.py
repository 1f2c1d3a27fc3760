"""Looking at a video: decoded, sampled, asked about, and written down as it goes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from time import monotonic

from videos import DecoderBounds, IsolatedVideo, VideoLimits, next_moment
from webapp.recognise import Recogniser
from webapp.results import Result, StageTimes
from webapp.storage.originals import Originals
from webapp.storage.video_queue import Gain, VideoQueue
from webapp.video_worker.asking import Asking
from webapp.videos.video import StoredVideo, VideoFrame

# So much is lost at most when a worker is killed, and looked at again.
_KEEP_FRAMES = 16
_KEEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a video may take.

    Attributes:
        limits: Of the file.
        decoder: Of the process that decodes it.
        calls_max: Frames that the model server is asked about at a time.
    """

    limits: VideoLimits
    decoder: DecoderBounds
    calls_max: int


class Looking:
    """Looks at videos.

    Args:
        queue: Where is written down what was found.
        originals: Where files are.
        recogniser: Asks the model.
        pool: Asks about several frames at a time.
        bounds: How much a video may take.
        worker: Who looks.
    """

    def __init__(  # noqa: PLR0913  these are the parts it puts together
        self,
        *,
        queue: VideoQueue,
        originals: Originals,
        recogniser: Recogniser,
        pool: ThreadPoolExecutor,
        bounds: Bounds,
        worker: str,
    ) -> None:
        self._queue = queue
        self._originals = originals
        self._recogniser = recogniser
        self._pool = pool
        self._bounds = bounds
        self._worker = worker

    def look(self, video: StoredVideo, check: Callable[[], None]) -> None:
        """Look at a video from where it is to its end.

        Args:
            video: The video, held by this worker.
            check: Raises an error when the work is to end.

        Raises:
            VideoError: The file cannot be read, or no further.
            UnanswerableError: The model has no answer.
            OriginalGoneError: There is no file.
            NoModelError, UnknownModelError, TaskError: There is no such model any more.
            LeaseLostError: The video is no longer this worker's.
            StorageError: The database refused.
        """
        path = self._originals.path(video.original_name)
        with IsolatedVideo(
            path,
            self._bounds.limits,
            self._bounds.decoder,
            every_s=video.step_s,
            from_s=video.position_s,
            on_wait=check,
        ) as source:
            self._describe(video, source)
            asking = Asking(
                self._recogniser,
                video,
                self._pool,
                calls_max=self._bounds.calls_max,
                check=check,
                on_wait=lambda sentence: self._queue.describe(
                    video.id, self._worker, {"message": sentence}
                ),
            )
            notebook = _Notebook(self._queue, video, self._worker)
            try:
                for moment_s, result in asking.answers(source.frames()):
                    check()
                    notebook.add(moment_s, result)
            finally:
                notebook.keep()
        self._queue.finish(video.id, self._worker)

    def _describe(self, video: StoredVideo, source: IsolatedVideo) -> None:
        width, height = source.size_wh
        facts = {
            "width": width,
            "height": height,
            "duration_s": source.duration_s,
            "frame_rate": source.frame_rate,
        }
        self._queue.describe(video.id, self._worker, facts)


class _Notebook:
    """What was found and is not written down yet.

    Args:
        queue: Where it is written down.
        video: The video.
        worker: Who looks.
    """

    def __init__(self, queue: VideoQueue, video: StoredVideo, worker: str) -> None:
        self._queue = queue
        self._video = video
        self._worker = worker
        self._index = video.frames_done
        self._found: list[tuple[VideoFrame, Result]] = []
        self._kept_at_s = monotonic()

    def add(self, moment_s: float, result: Result) -> None:
        """Note what was found at a moment, and write it down with others from time to time."""
        detections = result.detections.above(self._video.score_floor)
        self._found.append((VideoFrame(self._index, moment_s, detections), result))
        self._index += 1
        if len(self._found) >= _KEEP_FRAMES or monotonic() - self._kept_at_s > _KEEP_S:
            self.keep()

    def keep(self) -> None:
        """Write down what is not yet.

        Raises:
            LeaseLostError: The video is no longer this worker's.
            StorageError: The database refused.
        """
        if not self._found:
            return
        now_s = monotonic()
        found, self._found = self._found, []
        frames = [frame for frame, _ in found]
        self._queue.keep(
            self._video.id,
            self._worker,
            Gain(
                frames,
                next_moment(frames[-1].moment_s, self._video.step_s),
                now_s - self._kept_at_s,
                reduce(StageTimes.plus, [each.times for _, each in found if each.times]),
                found[-1][1].model_version,
            ),
        )
        self._kept_at_s = now_s
