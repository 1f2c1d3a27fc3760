"""The use case of sending a video: looked at from outside, kept, and put into the queue."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from videos import read_format
from webapp.exceptions import NoVideoError, StorageError, TooManyBytesError
from webapp.http.uploads import clean_name
from webapp.limits.quota import Quota
from webapp.models import ModelRepository
from webapp.presentation.formatting import file_size
from webapp.results import Task
from webapp.storage.originals import IncomingFile, Originals, random_id
from webapp.storage.videos import VideoStore
from webapp.videos.video import StoredVideo

# A picture keeps its hundred boxes; a video would keep millions that nobody believes in.
_SCORE_FLOOR_MIN = 0.2


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What is taken, and how it will be looked at.

    Attributes:
        bytes_max: Largest file, in bytes.
        score_floor: Objects below this score, 0..1, are not kept unless asked for.
        samples_per_s: Moments of a second that are looked at.
    """

    bytes_max: int
    score_floor: float
    samples_per_s: float


class VideoIntake:
    """Takes videos in. Nothing is decoded here: that is for the worker, which may break.

    Args:
        models: What is installed.
        originals: Where files go.
        videos: Where rows go.
        quota: How much may be kept.
        limits: What is taken.
        now: The current moment, in UTC.
    """

    def __init__(  # noqa: PLR0913  these are the parts it puts together
        self,
        *,
        models: ModelRepository,
        originals: Originals,
        videos: VideoStore,
        quota: Quota,
        limits: IntakeLimits,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._models = models
        self._originals = originals
        self._videos = videos
        self._quota = quota
        self._limits = limits
        self._now = now

    def accept(
        self,
        incoming: IncomingFile,
        file_name: str,
        *,
        model_name: str | None = None,
        threshold: float | None = None,
    ) -> StoredVideo:
        """Keep a video and have it looked at.

        Args:
            incoming: The file, all of which has arrived.
            file_name: The client's name for it.
            model_name: Which detector; None for the default one.
            threshold: Score, 0..1, from which objects are shown; None for the model's own.

        Raises:
            NoVideoError: No file was chosen.
            NotAVideoError: Its content is no MP4, WebM or QuickTime video.
            TooManyBytesError: It is larger than the limit.
            NoModelError, UnknownModelError, TaskError: There is no such detector.
            QuotaError: There is no room.
            StorageError: The disk or the database refused.
        """
        if not file_name:
            raise NoVideoError("No video was chosen.")
        if incoming.size > self._limits.bytes_max:
            raise TooManyBytesError(f"The file is larger than {file_size(self._limits.bytes_max)}.")
        extension = read_format(incoming.path).ending
        model = self._models.choose(model_name, Task.DETECTION)
        threshold = model.card.threshold if threshold is None else threshold
        floor = max(self._limits.score_floor, _SCORE_FLOOR_MIN)
        with self._quota.claim(incoming.size):
            original = incoming.keep(extension)
            video = StoredVideo(
                id=random_id(),
                created_at=self._now(),
                video_name=clean_name(file_name),
                original_name=original.name,
                original_bytes=incoming.size,
                original_sha256=original.sha256,
                model_name=model.card.name,
                threshold=threshold,
                score_floor=min(threshold, floor),
                samples_per_s=self._limits.samples_per_s,
            )
            self._add(video)
        return video

    def _add(self, video: StoredVideo) -> None:
        try:
            self._videos.add(video)
        except StorageError:
            self._originals.discard(video.original_name)
            raise
