"""Pictures with answers drawn into them, and where they go."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from sightline.answers import DETECTION, Answer, name_of
from sightline.exceptions import PictureFailedError, UsageError
from sightline.output import write_file
from sightline.stills import Frame, Still
from vision import Detections, Resize, draw_detections, encode_jpeg, encode_png


class Drawings:
    """A folder of drawn pictures, which mirrors the paths that the originals were found at.

    The drawn ones are upright, and hold no metadata of their originals.

    Args:
        folder: Made when it is needed.

    Raises:
        UsageError: Drawn pictures would lie on top of their originals.
    """

    def __init__(self, folder: Path) -> None:
        if folder.resolve() in {Path.cwd(), Path("/")}:
            raise UsageError(
                f"Drawn pictures in {folder} would replace their originals; name another folder."
            )
        self._folder = folder

    def path(self, file: str, suffix: str = "") -> Path:
        """Return where the drawn picture of a file goes, with another suffix if one is given."""
        inside = Path(file)
        if inside.is_absolute() or ".." in inside.parts:
            absolute = Path(os.path.abspath(inside))  # noqa: PTH100  the path as it reads
            inside = absolute.relative_to(absolute.anchor)
        path = self._folder / inside
        return path.with_name(path.name + suffix) if suffix else path

    def path_of_frame(self, frame: Frame) -> Path:
        """Return where the drawn picture of a frame goes; a camera may be named by an address."""
        file = frame.file
        if frame.source.kind == "camera":
            file = re.sub(r"[^A-Za-z0-9.]+", "-", file).strip("-.")
        return self.path(name_of(file, frame.moment_s), ".jpg")

    def draw(self, still: Still, answer: Answer) -> Path:
        """Write the picture with the answer drawn into it, as the kind of file that it was.

        Args:
            still: The original; a frame becomes a JPEG file.
            answer: What was found in it.

        Raises:
            PictureFailedError: It cannot be decoded or written.
        """
        whole = still.decoded(Resize("none"))
        drawn = draw_detections(whole.image_hwc, boxes_of(answer))
        if isinstance(still, Frame):
            return self.put(self.path_of_frame(still), encode_jpeg(drawn), original=still.file)
        encode = encode_png if whole.format == "PNG" else encode_jpeg
        return self.put(self.path(still.file), encode(drawn), original=still.file)

    def put(self, path: Path, data: bytes, *, original: str) -> Path:
        """Write a drawn picture, but never over its original.

        Raises:
            PictureFailedError: It cannot be written.
        """
        with self.room(path, original=original):
            write_file(path, data)
        return path

    @contextmanager
    def room(self, path: Path, *, original: str) -> Iterator[None]:
        """Let a drawn file be written, but never over its original.

        Raises:
            PictureFailedError: It cannot be written.
        """
        try:
            if path.exists() and Path(original).exists() and path.samefile(original):
                raise PictureFailedError(f"{path} would replace the original.", "not_written")
            path.parent.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise PictureFailedError(
                f"{path} cannot be written: {error.strerror}.", "not_written"
            ) from error


def boxes_of(answer: Answer) -> Detections:
    """Return what to draw: objects, or the best class as a frame around the whole picture."""
    if answer.task == DETECTION:
        return answer.detections
    best = answer.classes[:1]
    frame = [[0, 0, answer.width, answer.height]] * len(best)
    return Detections(
        xyxy=np.array(frame, np.float32),
        class_ids=np.array([each.class_id for each in best], np.int64),
        scores=np.array([each.score for each in best], np.float32),
        labels=tuple(each.label for each in best),
    )
