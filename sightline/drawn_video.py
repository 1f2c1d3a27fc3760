"""A copy of a video with answers drawn into it."""

import json
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import videos
from sightline.answers import Answer
from sightline.drawings import Drawings, boxes_of
from sightline.footage import Footage
from sightline.sources import Source
from videos import write_video
from vision import draw_detections

SUFFIX = ".mp4"


class DrawnVideo:
    """Collects the answers about the frames of one video after the other, and draws each video.

    The video is decoded once more when all its answers are there, so that the copy moves as the
    original does: each frame shows what was found in the last one before it that was looked at.
    Answers wait in a temporary file, so memory does not grow with the length of the video.

    Args:
        drawings: Where the copies go.
        footage: Which frames are looked at.
    """

    def __init__(self, drawings: Drawings, footage: Footage) -> None:
        self._drawings = drawings
        self._footage = footage
        self._answers = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  see __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._answers.close()

    def add(self, answer: Answer) -> None:
        """Keep the answer about the next frame."""
        self._answers.write(json.dumps(answer.to_fields()) + "\n")

    def forget(self) -> None:
        """Begin with another video."""
        self._answers.seek(0)
        self._answers.truncate()

    def draw(self, source: Source) -> None:
        """Write the copy.

        Raises:
            PictureFailedError: It cannot be decoded or written.
        """
        path = self._drawings.path(source.file)
        if path.suffix.lower() != SUFFIX:
            path = path.with_name(path.name + SUFFIX)
        with (
            self._drawings.room(path, original=source.file),
            self._footage.whole(source) as video,
        ):
            write_video(path, self._frames(video), video.frame_rate, video.size_wh)

    def _frames(self, video: videos.IsolatedVideo) -> Iterator[videos.Frame]:
        answers = self._kept()
        shown: Answer | None = None
        following = next(answers, None)
        start_s: float | None = None
        for frame in self._footage.counted(video):
            while following is not None and _is_due(following, frame):
                shown, following = following, next(answers, None)
            start_s = frame.moment_s if start_s is None else start_s
            drawn = (
                frame.pixels if shown is None else draw_detections(frame.pixels, boxes_of(shown))
            )
            yield videos.Frame(frame.moment_s - start_s, drawn)

    def _kept(self) -> Iterator[Answer]:
        self._answers.seek(0)
        for line in self._answers:
            yield Answer.from_fields(json.loads(line))


def _is_due(answer: Answer, frame: videos.Frame) -> bool:
    return answer.moment_s is not None and answer.moment_s <= round(frame.moment_s, 3)
