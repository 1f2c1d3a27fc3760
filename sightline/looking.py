"""All that is done with one picture, in whichever thread it is."""

from dataclasses import dataclass, replace
from pathlib import Path

from sightline.answers import Answer, Explained
from sightline.drawings import Drawings
from sightline.exceptions import PictureFailedError
from sightline.recogniser import Recogniser, ToExplain
from sightline.sources import Source
from sightline.stills import Frame, PictureFile, Still

BYTES_MAX = 256 * 2**20
"""No file that is larger is read."""
_JPEG_SUFFIXES = frozenset({".jpg", ".jpeg"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Shows a picture to models, and draws what they say.

    Attributes:
        recogniser: Who answers.
        models: Names of the models to ask.
        threshold: Score, 0..1, from which objects and classes count; None for each model's own.
        top: At most so many objects or classes of a picture; None for all.
        drawings: Where drawn pictures go; None draws none.
        to_explain: What is to be explained; None explains nothing, and draws what was found.
    """

    recogniser: Recogniser
    models: tuple[str, ...]
    threshold: float | None = None
    top: int | None = None
    drawings: Drawings | None = None
    to_explain: ToExplain | None = None

    def look(self, item: Source | Frame) -> tuple[Answer, ...]:
        """Return the answers of all models about a picture file or a frame.

        Frames of videos are not drawn here: see `DrawnVideo`.

        Raises:
            PictureFailedError: One of them has none, or something could not be written.
        """
        still = item if isinstance(item, Frame) else PictureFile(item.file, _read(item))
        answers = tuple(self._answer(still, model) for model in self.models)
        is_of_video = isinstance(item, Frame) and item.source.kind == "video"
        if self.drawings is not None and self.to_explain is None and not is_of_video:
            for answer in answers:
                self.drawings.draw(still, answer)
        return answers

    def _answer(self, still: Still, model: str) -> Answer:
        answer = self.recogniser.recognise(still, model, self.threshold)
        if self.to_explain is not None and self.drawings is not None:
            answer = self._explained(still, answer, self.to_explain, self.drawings)
        return answer.best(self.top)

    def _explained(
        self, still: Still, answer: Answer, wanted: ToExplain, drawings: Drawings
    ) -> Answer:
        overlay = self.recogniser.explain(still, answer, wanted)
        if isinstance(still, Frame):
            path = drawings.path_of_frame(still)
        else:
            is_jpeg = Path(still.file).suffix.lower() in _JPEG_SUFFIXES
            path = drawings.path(still.file, "" if is_jpeg else ".jpg")
        drawings.put(path, overlay.jpeg, original=still.file)
        explained = Explained(overlay.label, overlay.class_id, overlay.score, str(path))
        return replace(answer, explained=explained)


def _read(source: Source) -> bytes:
    if source.bytes > BYTES_MAX:
        raise PictureFailedError(
            f"The file has {source.bytes:,} bytes; at most {BYTES_MAX:,} are read.", "too_large"
        )
    try:
        return Path(source.file).read_bytes()
    except OSError as error:
        raise PictureFailedError(f"This cannot be read: {error.strerror}.", "unreadable") from error
