"""Videos as JSON; the docstring of :mod:`webapp.blueprints.videos` shows the forms."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from vision import Detection
from webapp.presentation.clock import clock
from webapp.presentation.formatting import counted
from webapp.videos.video import StoredVideo, VideoFrame, VideoState


def progress_document(video: StoredVideo) -> dict[str, Any]:
    """Return how far a video is."""
    return {
        "id": video.id,
        "state": video.state,
        "progress": round(video.progress, 4),
        "seconds_done": round(video.position_s, 3),
        "duration_s": video.duration_s,
        "frames_done": video.frames_done,
        "left_s": None if video.left_s is None else round(video.left_s, 1),
        "message": progress_sentence(video),
        "annotation": video.annotation,
        "is_final": not video.is_open,
    }


def progress_sentence(video: StoredVideo) -> str:
    """Return in a sentence how far a video is, or why it goes no further."""
    if video.state is VideoState.QUEUED:
        return video.message or "It waits for its turn."
    if video.state is VideoState.RUNNING:
        length = f" of {clock(video.duration_s)}" if video.duration_s else ""
        return video.message or f"Looked at {clock(video.position_s)}{length}."
    if video.state is VideoState.FAILED:
        return video.failure_sentence
    done = f"{counted(video.frames_done, 'moment')} looked at."
    return f"Stopped; {done}" if video.state is VideoState.CANCELLED else done


def detections_document(
    video: StoredVideo, frames: Sequence[VideoFrame], threshold: float | None = None
) -> dict[str, Any]:
    """Return everything that was found in a video.

    Args:
        video: The video.
        frames: What was found, in order of time.
        threshold: Score, 0..1, from which objects are in it; None for all that were kept. Counts
            are from the video's own threshold up then.
    """
    floor = video.score_floor if threshold is None else threshold
    return {
        "id": video.id,
        "video_name": video.video_name,
        "model": video.model_name,
        "model_version": video.model_version,
        "state": video.state,
        "threshold": video.threshold if threshold is None else threshold,
        "samples_per_s": video.samples_per_s,
        "duration_s": video.duration_s,
        "width": video.width,
        "height": video.height,
        "frames": [
            {
                "moment_s": round(frame.moment_s, 6),
                "objects": [_object(each, video) for each in frame.detections.above(floor)],
            }
            for frame in frames
        ],
        "counts": _counts(frames, video.threshold if threshold is None else threshold),
    }


def _object(detection: Detection, video: StoredVideo) -> dict[str, Any]:
    size = (video.width or 1, video.height or 1) * 2
    box = zip(detection.xyxy, size, strict=True)
    return {
        "label": detection.label,
        "class_id": detection.class_id,
        "score": round(detection.score, 5),
        "box": [round(min(max(at / side, 0.0), 1.0), 5) for at, side in box],
    }


def _counts(frames: Sequence[VideoFrame], threshold: float) -> dict[str, Any]:
    """Return how many objects of each kind there are at each moment."""
    counts = [Counter(frame.detections.above(threshold).labels) for frame in frames]
    labels = sorted({label for each in counts for label in each})
    return {
        "moments_s": [round(frame.moment_s, 6) for frame in frames],
        "labels": {label: [each[label] for each in counts] for label in labels},
    }
