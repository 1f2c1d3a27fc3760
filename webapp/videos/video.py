"""What became of a video: the values that pages show and the store keeps."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vision import Detections
from webapp.results import StageTimes


class VideoState(StrEnum):
    """The stations of a video's life."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AnnotationState(StrEnum):
    """Whether there is a copy of the video with boxes drawn in."""

    NONE = "none"
    WANTED = "wanted"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVideo:
    """One video that was sent, and how far it is.

    Attributes:
        id: 32 hexadecimal digits, made at random.
        created_at: When the upload was accepted, in UTC.
        video_name: The client's file name, as text to show; never part of a path.
        original_name: The name in :class:`~webapp.storage.originals.Originals`.
        original_bytes: Its size.
        original_sha256: Its digest.
        width: Pixels of the upright pictures; None until a worker has opened the file.
        height: Pixels of the upright pictures; None until then, too.
        duration_s: Length in seconds; None until then, and where the file does not say.
        frame_rate: Pictures a second on average; None until then.
        model_name: The model that is asked.
        model_version: The version that answered last; None until one has.
        threshold: The score, 0..1, from which objects are shown.
        score_floor: The score from which objects are kept.
        samples_per_s: How many moments of a second are looked at.
        state: The station.
        failure_sentence: Why it failed; empty unless it did.
        message: What it waits for, such as the model server; empty where it goes on.
        position_s: Up to where it was looked at, in seconds; the work goes on from there.
        frames_done: How many moments were looked at.
        work_s: How long workers have worked on it, in seconds.
        times: Where that went, summed up over all moments; None until there is one.
        annotation: Whether there is a copy with boxes drawn in.
        annotated_bytes: What that copy weighs; 0 where there is none.
    """

    id: str
    created_at: datetime
    video_name: str
    original_name: str
    original_bytes: int
    original_sha256: str
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    frame_rate: float | None = None
    model_name: str
    model_version: int | None = None
    threshold: float
    score_floor: float
    samples_per_s: float
    state: VideoState = VideoState.QUEUED
    failure_sentence: str = ""
    message: str = ""
    position_s: float = 0.0
    frames_done: int = 0
    work_s: float = 0.0
    times: StageTimes | None = None
    annotation: AnnotationState = AnnotationState.NONE
    annotated_bytes: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it waits or is worked on."""
        return self.state in {VideoState.QUEUED, VideoState.RUNNING}

    @property
    def step_s(self) -> float:
        """How far the moments that are looked at are apart, in seconds."""
        return 1 / self.samples_per_s

    @property
    def progress(self) -> float:
        """How much of it was looked at, 0..1; 0 where its length is not known."""
        if self.state is VideoState.DONE:
            return 1.0
        if not self.duration_s:
            return 0.0
        return min(self.position_s / self.duration_s, 1.0)

    @property
    def left_s(self) -> float | None:
        """How long the rest will take at the speed so far, in seconds; None where that is open."""
        if self.state is not VideoState.RUNNING or self.message or not self.progress:
            return None
        return self.work_s / self.progress * (1 - self.progress)


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """What was found at one moment of a video.

    Attributes:
        index: Its place among the moments that were looked at, from 0.
        moment_s: When, in seconds from the start of the video.
        detections: Everything from the video's ``score_floor`` up, in pixels of the upright
            picture.
    """

    index: int
    moment_s: float
    detections: Detections
