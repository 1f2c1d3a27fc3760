"""What the page of a video shows, from what is stored."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from webapp.presentation.clock import clock
from webapp.presentation.findings import LabelCount
from webapp.presentation.formatting import class_colour_hex, counted, percent
from webapp.presentation.video_documents import progress_sentence
from webapp.presentation.video_timeline import Lane, Look, Timeline
from webapp.videos.video import StoredVideo, VideoFrame, VideoState

LANES_MAX = 8
"""More lanes under a video nobody can follow; the tables have them all."""


@dataclass(frozen=True, slots=True)
class VideoFindings:
    """What was found in a video, as far as threshold and choice of names let it show.

    Attributes:
        threshold: Score, 0..1, from which objects are shown.
        timeline: What is shown, over time.
        labels: Every name that was kept, with how many sampled moments show it, to choose by.
        best: The most certain object of all as its name and score, whether it is shown or not; None
            where there is none.
    """

    threshold: float
    timeline: Timeline
    labels: tuple[LabelCount, ...]
    best: tuple[str, float] | None

    @classmethod
    def of(
        cls,
        video: StoredVideo,
        frames: Sequence[VideoFrame],
        *,
        threshold: float | None = None,
        labels: Collection[str] = (),
    ) -> Self:
        """Draw what was found.

        Args:
            video: The video.
            frames: Its sampled moments, in order of time.
            threshold: Score, 0..1, from which objects are shown; None takes the video's own.
            labels: Only these names are shown; none means all.
        """
        least = video.threshold if threshold is None else threshold
        looks = [Look(frame.moment_s, _counts(frame, least)) for frame in frames]
        shown = [Look(look.moment_s, _chosen(look.counts, labels)) for look in looks]
        return cls(
            threshold=least,
            timeline=Timeline.of(shown, duration_s=video.duration_s, step_s=video.step_s),
            labels=_label_counts(frames, looks, labels),
            best=_best(frames),
        )

    @property
    def class_ids(self) -> Mapping[str, int]:
        """The class of each name."""
        return {each.label: each.class_id for each in self.labels}

    @property
    def colours(self) -> Mapping[str, str]:
        """The colour of each name's boxes, as CSS writes it."""
        return {each.label: class_colour_hex(each.class_id) for each in self.labels}

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes that a page has room for."""
        return self.timeline.lanes[:LANES_MAX]

    @property
    def lanes_left_out(self) -> int:
        """How many more there are."""
        return len(self.timeline.lanes) - len(self.lanes)

    @property
    def nothing_sentence(self) -> str:
        """What to say where nothing is shown."""
        if self.best is None:
            return "The model recognises nothing it knows in this video. Another model may."
        label, score = self.best
        return (
            f"The model's best guess is “{label}” with {percent(score)}. Lower the threshold, or "
            f"choose other names, to see it."
        )


def _counts(frame: VideoFrame, threshold: float) -> Mapping[str, int]:
    return Counter(frame.detections.above(threshold).labels)


def _chosen(counts: Mapping[str, int], labels: Collection[str]) -> Mapping[str, int]:
    return {label: count for label, count in counts.items() if not labels or label in labels}


def _best(frames: Sequence[VideoFrame]) -> tuple[str, float] | None:
    every = ((each.label, each.score) for frame in frames for each in frame.detections)
    return max(every, key=lambda named: named[1], default=None)


def _label_counts(
    frames: Sequence[VideoFrame], looks: Sequence[Look], chosen: Collection[str]
) -> tuple[LabelCount, ...]:
    ids = {each.label: each.class_id for frame in frames for each in frame.detections}
    seen = Counter(label for look in looks for label in look.counts)
    return tuple(
        LabelCount(label, ids[label], seen[label], label in chosen)
        for label in sorted(ids, key=lambda label: (-seen[label], label))
    )


def kept_sentence(video: StoredVideo) -> str:
    """Return what is left of a video that was not looked at to its end."""
    if not video.frames_done:
        return "The video is kept as you sent it. Nothing in it was looked at yet."
    moments = counted(video.frames_done, "moment")
    return (
        f"The video is kept as you sent it, and so is what was found in {moments}, up to "
        f"{clock(video.position_s)}."
    )


def video_summary(video: StoredVideo) -> str:
    """Return what is to be said of a video in a list, in a few words."""
    if video.state is VideoState.FAILED:
        return video.failure_sentence
    if video.is_open:
        return progress_sentence(video)
    moments = counted(video.frames_done, "moment")
    return f"{moments} looked at" if video.frames_done else "Nothing looked at"


FILTERS: tuple[Callable[[StoredVideo], str], ...] = (
    kept_sentence,
    progress_sentence,
    video_summary,
)
"""What templates of videos may call, each by its own name."""
