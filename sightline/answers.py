"""What a model says of one picture: the value that is printed, kept and drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from vision import Classification, ClassScore, Detection, Detections

DETECTION, CLASSIFICATION = "detection", "classification"
# As in the JSON API, so that both give the same numbers.
_SCORE_DIGITS, _PIXEL_DIGITS = 6, 2
_SIDES = ("x_min", "y_min", "x_max", "y_max")


@dataclass(frozen=True, slots=True)
class Explained:
    """The object or class that was explained, and the picture that shows where it comes from.

    Attributes:
        label: Its name.
        class_id: Its class.
        score: Its probability, 0..1.
        overlay: Path of the picture with the heat map on it.
    """

    label: str
    class_id: int
    score: float
    overlay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model says of one picture.

    Scores have six digits, boxes are in hundredths of a pixel.

    Attributes:
        file: Path of the picture, as it was found.
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        model: Name of the model.
        version: The version that answered; None where it is not told.
        task: "detection" or "classification".
        objects: Of a detector, the most certain first.
        classes: Of a classifier, the most probable first.
        result_id: Where a running Sightline keeps the result; empty without one.
        explained: What was explained, if anything was.
        moment_s: When the frame of a video or camera is shown, seconds from the start, in
            thousandths; None of a picture.
    """

    file: str
    width: int
    height: int
    model: str
    version: int | None
    task: str
    objects: tuple[Detection, ...] = ()
    classes: tuple[ClassScore, ...] = ()
    result_id: str = ""
    explained: Explained | None = None
    moment_s: float | None = None

    @property
    def name(self) -> str:
        """The path, with the moment if there is one."""
        return name_of(self.file, self.moment_s)

    @property
    def detections(self) -> Detections:
        """The objects, to be drawn."""
        return Detections(
            xyxy=np.array([each.xyxy for each in self.objects], np.float32).reshape(-1, 4),
            class_ids=np.array([each.class_id for each in self.objects], np.int64),
            scores=np.array([each.score for each in self.objects], np.float32),
            labels=tuple(each.label for each in self.objects),
        )

    def best(self, count: int | None) -> Self:
        """Return the same answer with no more than ``count`` objects or classes; None for all."""
        return replace(self, objects=self.objects[:count], classes=self.classes[:count])

    def to_fields(self) -> dict[str, Any]:
        """Return what :meth:`from_fields` reads back as an equal answer, for JSON."""
        fields: dict[str, Any] = {"file": self.file}
        if self.moment_s is not None:
            fields["moment_s"] = self.moment_s
        fields |= {
            "width": self.width,
            "height": self.height,
            "task": self.task,
            "model": {"name": self.model, "version": self.version},
        }
        if self.result_id:
            fields["id"] = self.result_id
        if self.task == DETECTION:
            fields["detections"] = [_object_fields(each) for each in self.objects]
        else:
            fields["classes"] = [_class_fields(each) for each in self.classes]
        if self.explained is not None:
            explained = self.explained
            fields["explained"] = {
                "label": explained.label,
                "class_id": explained.class_id,
                "score": explained.score,
                "overlay": explained.overlay,
            }
        return fields

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_fields` wrote.

        Raises:
            ValueError, TypeError, LookupError: It is something else.
        """
        explained = fields.get("explained")
        return cls(
            file=fields["file"],
            width=int(fields["width"]),
            height=int(fields["height"]),
            model=fields["model"]["name"],
            version=fields["model"]["version"],
            task=fields["task"],
            objects=tuple(_object(row) for row in fields.get("detections", ())),
            classes=tuple(_class(row) for row in fields.get("classes", ())),
            result_id=fields.get("id", ""),
            explained=Explained(**explained) if explained else None,
            moment_s=fields.get("moment_s"),
        )


def name_of(file: str, moment_s: float | None) -> str:
    """Return the name of a picture, or of a frame: a media fragment, as on the web.

    See https://www.w3.org/TR/media-frags/#naming-time.

    Examples:
        >>> name_of("a.jpg", None), name_of("clip.mp4", 1.5)
        ('a.jpg', 'clip.mp4#t=1.500')
    """
    return file if moment_s is None else f"{file}#t={moment_s:.3f}"


def rounded(found: Detections | Classification) -> dict[str, Any]:
    """Return the fields of an :class:`Answer` that say what was found.

    Examples:
        >>> seen = Classification(np.array([3]), np.array([0.25], np.float32), ("macaw",))
        >>> rounded(seen)["classes"]
        (ClassScore(label='macaw', score=0.25, class_id=3),)
    """
    if isinstance(found, Classification):
        classes = (
            ClassScore(each.label, round(each.score, _SCORE_DIGITS), each.class_id)
            for each in found
        )
        return {"task": CLASSIFICATION, "classes": tuple(classes)}
    return {"task": DETECTION, "objects": tuple(map(_rounded_object, found))}


def _rounded_object(found: Detection) -> Detection:
    x_min, y_min, x_max, y_max = (round(pixel, _PIXEL_DIGITS) for pixel in found.xyxy)
    score = round(found.score, _SCORE_DIGITS)
    return Detection(found.label, score, found.class_id, (x_min, y_min, x_max, y_max))


def _object_fields(found: Detection) -> dict[str, Any]:
    box = dict(zip(_SIDES, found.xyxy, strict=True))
    return {"label": found.label, "class_id": found.class_id, "score": found.score, "box": box}


def _class_fields(found: ClassScore) -> dict[str, Any]:
    return {"label": found.label, "class_id": found.class_id, "score": found.score}


def _object(row: Mapping[str, Any]) -> Detection:
    x_min, y_min, x_max, y_max = (float(row["box"][side]) for side in _SIDES)
    return Detection(
        str(row["label"]), float(row["score"]), int(row["class_id"]), (x_min, y_min, x_max, y_max)
    )


def _class(row: Mapping[str, Any]) -> ClassScore:
    return ClassScore(str(row["label"]), float(row["score"]), int(row["class_id"]))
