"""Rows of videos as a worker leaves them, and the frames in them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from vision import Detections
from webapp.results import StageTimes
from webapp.services import Services
from webapp.storage.tables import VideoFrameRow
from webapp.testing import LABELS
from webapp.videos.video import StoredVideo, VideoFrame, VideoState

# Class id, score, and edges in pixels.
Found = tuple[int, float, tuple[float, float, float, float]]
DOG, PERSON, CAT = 18, 1, 17
LEFT, RIGHT = (40.0, 60.0, 240.0, 220.0), (340.0, 60.0, 540.0, 220.0)

DONE = StoredVideo(
    id="d" * 32,
    created_at=datetime(2026, 3, 9, 14, 5, tzinfo=UTC),
    video_name="gate.mp4",
    original_name=f"{'d' * 32}.mp4",
    original_bytes=12_400_000,
    original_sha256="0" * 64,
    width=640,
    height=360,
    duration_s=4.0,
    frame_rate=15.0,
    model_name="toy",
    model_version=3,
    threshold=0.5,
    score_floor=0.05,
    samples_per_s=1.0,
    state=VideoState.DONE,
    position_s=4.0,
    frames_done=4,
    work_s=8.0,
    times=StageTimes(decode=900, store=100, encode=50, serve=3000, parse=50, total=4300),
)
"""A video of four seconds, looked at once a second."""


def at_station(state: VideoState, **changes: Any) -> StoredVideo:
    """The video at another station of its life, half looked at."""
    half = replace(DONE, state=state, position_s=2.0, frames_done=2, work_s=4.0)
    return replace(half, **changes)


def before_any_work(state: VideoState, **changes: Any) -> StoredVideo:
    """The video before a worker has opened the file."""
    unknown: Mapping[str, Any] = {
        "width": None,
        "height": None,
        "duration_s": None,
        "frame_rate": None,
        "model_version": None,
        "times": None,
    }
    return at_station(state, **{"position_s": 0.0, "frames_done": 0, **unknown, **changes})


def frame(index: int, *found: Found, step_s: float = 1.0) -> VideoFrame:
    """What was found at one moment, the most certain first."""
    best_first = sorted(found, key=lambda each: -each[1])
    return VideoFrame(index, index * step_s, _detections(best_first))


def _detections(found: Sequence[Found]) -> Detections:
    return Detections(
        xyxy=np.array([edges for _, _, edges in found], np.float32).reshape(-1, 4),
        class_ids=np.array([class_id for class_id, _, _ in found], np.int64),
        scores=np.array([score for _, score, _ in found], np.float32),
        labels=tuple(LABELS[class_id] for class_id, _, _ in found),
    )


FRAMES = (
    frame(0),
    frame(1, (DOG, 0.9, LEFT)),
    frame(2, (DOG, 0.8, LEFT), (DOG, 0.7, RIGHT), (CAT, 0.3, RIGHT)),
    frame(3, (PERSON, 0.6, RIGHT)),
)
"""A dog from second 1, two of them and perhaps a cat in second 2, a person in second 3."""


def keep(parts: Services, video: StoredVideo, frames: Sequence[VideoFrame] = FRAMES) -> None:
    """Write a video and as many frames as it says were looked at, as a worker would have."""
    parts.videos.add(video)
    with parts.results.database.writing("The frames") as session:
        for each in frames[: video.frames_done]:
            row = VideoFrameRow(
                video_id=video.id,
                index=each.index,
                moment_s=each.moment_s,
                detections=each.detections,
            )
            session.add(row)
