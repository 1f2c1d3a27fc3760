"""From the files that are meant to the steps of a run: pictures, and frames of videos.

What the journal knows already is put in here, so that nobody is asked about it again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sightline.answers import Answer
from sightline.exceptions import PictureFailedError
from sightline.footage import Footage
from sightline.journal import Journal, Sampling
from sightline.sources import Failure, Source
from sightline.stills import Frame


@dataclass(frozen=True, slots=True)
class Answered:
    """A picture or frame that has its answers.

    Attributes:
        source: The picture, the video or the camera.
        answers: One of each model.
        moment_s: When the frame is shown, seconds; None of a picture.
        is_new: Whether somebody was asked in this run.
    """

    source: Source
    answers: tuple[Answer, ...]
    moment_s: float | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class VideoEnd:
    """The end of a video whose frames were all decoded.

    Attributes:
        source: The video.
        moments: Of the frames that are looked at, seconds.
        was_done: Whether an earlier run did all that there is to do.
    """

    source: Source
    moments: list[float]
    was_done: bool = False


Step = Source | Frame | Answered | VideoEnd | Failure


@dataclass(frozen=True, slots=True)
class Steps:
    """Unfolds videos into their frames.

    Attributes:
        footage: Which frames are looked at.
        journal: What was answered before; None for nothing.
    """

    footage: Footage
    journal: Journal | None = None

    @property
    def sampling(self) -> Sampling:
        """Which frames are looked at, as the journal has it."""
        footage = self.footage
        return {"every_s": footage.every_s, "from_s": footage.from_s, "to_s": footage.to_s}

    def of(self, sources: Iterable[Source | Frame | Failure]) -> Iterator[Step]:
        """Yield the steps for sources, decoding videos as they are needed."""
        for source in sources:
            if not isinstance(source, Source):
                yield source
            elif source.kind == "video":
                yield from self._of_video(source)
            else:
                yield self._remembered(source) or source

    def _of_video(self, source: Source) -> Iterator[Step]:
        done = self.journal and self.journal.moments(source, self.sampling)
        if done:
            for moment_s in done:
                answered = self._remembered(source, moment_s)
                if answered is not None:
                    yield answered
            yield VideoEnd(source, done, was_done=True)
            return
        moments: list[float] = []
        try:
            for frame in self.footage.frames(source):
                moments.append(frame.moment_s)
                yield self._remembered(source, frame.moment_s) or frame
        except PictureFailedError as error:
            yield Failure(source.file, error.kind, _with_count(str(error), len(moments)), "video")
            return
        if moments:
            yield VideoEnd(source, moments)
        else:
            sentence = "The video has no frames between the moments that are asked for."
            yield Failure(source.file, "no_frames", sentence, "video")

    def _remembered(self, source: Source, moment_s: float | None = None) -> Answered | None:
        answers = self.journal and self.journal.find(source, moment_s)
        return Answered(source, answers, moment_s, is_new=False) if answers else None


def _with_count(sentence: str, frames: int) -> str:
    if not frames:
        return sentence
    counted = (
        "The frame before that was" if frames == 1 else f"The {frames:,} frames before that were"
    )
    return f"{sentence} {counted} looked at."
