"""What became of an upload: the value that pages and API show and the store keeps."""

import math
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

import numpy as np

from vision import Classification, Detections
from webapp.exceptions import NoAnswerError, ThresholdError
from webapp.failures import Failure, FailureKind

NO_DETECTIONS = Detections(
    xyxy=np.empty((0, 4), dtype=np.float32),
    class_ids=np.empty(0, dtype=np.int64),
    scores=np.empty(0, dtype=np.float32),
    labels=(),
)
NO_CLASSES = Classification(
    class_ids=np.empty(0, dtype=np.int64), scores=np.empty(0, dtype=np.float32), labels=()
)


class Task(StrEnum):
    """What a model does."""

    DETECTION = "detection"
    CLASSIFICATION = "classification"


class State(StrEnum):
    """The stations of a result's life."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Where the time of one answer went, in milliseconds.

    Attributes:
        decode: Reading, checking and shrinking the picture.
        store: Writing the original and the row.
        encode: From pixels to request bytes.
        serve: The way to the model server and back, with the model's own work.
        parse: From answer bytes to boxes or classes.
        total: All of it, from the upload's bytes to its answer.
    """

    decode: float
    store: float
    encode: float
    serve: float
    parse: float
    total: float

    def plus(self, other: Self) -> Self:
        """Return the sum of both, part by part."""
        return type(self)(
            **{
                each.name: getattr(self, each.name) + getattr(other, each.name)
                for each in fields(self)
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One upload and its answer.

    Attributes:
        id: 32 hexadecimal digits, made at random.
        created_at: When the upload was accepted, in UTC.
        image_name: The client's file name, as text to show; never part of a path.
        original_name: The name in :class:`~webapp.storage.originals.Originals`; several results
            may be about the same file.
        original_bytes: Its size.
        original_sha256: Its digest.
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        batch_id: What the uploads of one form have in common, 32 hexadecimal digits; None for one
            that came by itself.
        task: What the model does.
        model_name: The model that was asked.
        model_version: The version that answered; None until it has.
        threshold: The score, 0..1, from which detections and classes are shown.
        score_floor: The score from which detections were kept.
        state: Whether there is an answer.
        failure_kind: Why there is none, for programs; None unless failed.
        failure_sentence: Why there is none, for people.
        detections: Everything a detector returned from ``score_floor`` up.
        classification: The classes a classifier returned.
        times: Where the time went; None until done.
    """

    id: str
    created_at: datetime
    image_name: str
    original_name: str
    original_bytes: int
    original_sha256: str
    width: int
    height: int
    batch_id: str | None = None
    task: Task = Task.DETECTION
    model_name: str
    model_version: int | None
    threshold: float
    score_floor: float
    state: State
    failure_kind: FailureKind | None
    failure_sentence: str
    detections: Detections = NO_DETECTIONS
    classification: Classification = NO_CLASSES
    times: StageTimes | None = None

    @property
    def shown(self) -> Detections:
        """The detections from the threshold up: those of picture, table and JSON alike."""
        return self.detections.above(self.threshold)

    @property
    def shown_classes(self) -> Classification:
        """The classes from the threshold up, and in any case the most probable one."""
        return self.classification.above(self.threshold)

    @property
    def shown_labels(self) -> tuple[str, ...]:
        """The names of what is shown, each once."""
        return tuple(dict.fromkeys((*self.shown.labels, *self.shown_classes.labels)))

    def at_threshold(self, threshold: float | None) -> Self:
        """Return the same result with another threshold; None keeps the one it has."""
        return self if threshold is None else replace(self, threshold=threshold)

    def failed(self, failure: Failure) -> Self:
        """Return the same result with a reason for having no answer."""
        return replace(
            self,
            state=State.FAILED,
            failure_kind=failure.kind,
            failure_sentence=failure.sentence,
        )

    def expect_done(self) -> Self:
        """Return the result itself.

        Raises:
            NoAnswerError: It has no answer.
        """
        if self.state is not State.DONE:
            raise NoAnswerError(self)
        return self


def parse_threshold(text: str | None) -> float | None:
    """Read a threshold as people and programs send it; None or empty text means "the default".

    Raises:
        ThresholdError: The text is no number from 0 to 1.

    Examples:
        >>> parse_threshold("0.35"), parse_threshold("")
        (0.35, None)
    """
    if text is None or not text.strip():
        return None
    try:
        threshold = float(text)
    except ValueError:
        threshold = math.nan
    if not 0 <= threshold <= 1:
        raise ThresholdError("The threshold must be a number from 0 to 1, such as 0.5.")
    return threshold
