"""The use case: bytes in, result out.

Pages and JSON API call this, and every other front will. It knows nothing of HTTP.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from serving_client import ModelRef, PredictResult, ServingClient, ServingError
from vision import (
    DecodeLimits,
    OutputsError,
    Picture,
    decode_picture,
    detections_from_outputs,
)
from webapp.exceptions import StorageError
from webapp.failures import UNFINISHED, failure_of
from webapp.models import InstalledModel, ModelRepository
from webapp.originals import Original, Originals, random_id
from webapp.results import NO_DETECTIONS, Result, StageTimes, State
from webapp.store import ResultStore
from webapp.uploads import Upload

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DetectorLimits:
    """What one detection may take.

    Attributes:
        decode: What a picture may ask for.
        call_timeout_s: Seconds for the model server to answer, retries included.
        score_floor: Detections below this score, 0..1, are not kept unless asked for.
    """

    decode: DecodeLimits
    call_timeout_s: float
    score_floor: float


class Detector:
    """Finds objects in uploads, and never loses an upload that it accepted.

    Args:
        models: What is installed.
        originals: Where files go.
        results: Where rows go.
        client: Returns the client of the model server.
        limits: What one detection may take.
        clock: Seconds, for time spans.
        now: The current moment, in UTC.
    """

    def __init__(  # noqa: PLR0913  these are the parts it puts together
        self,
        *,
        models: ModelRepository,
        originals: Originals,
        results: ResultStore,
        client: Callable[[], ServingClient],
        limits: DetectorLimits,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._models = models
        self._originals = originals
        self._results = results
        self._client = client
        self._limits = limits
        self._clock = clock
        self._now = now

    def detect(
        self, upload: Upload, *, model_name: str | None = None, threshold: float | None = None
    ) -> Result:
        """Check, keep and answer an upload.

        The file and its row are kept before the model is asked, so whatever happens then, the
        result that is returned can be answered later.

        Args:
            upload: The picture file.
            model_name: Which model; None for the default one.
            threshold: Score, 0..1, from which detections are shown; None for the model's own.

        Returns:
            A result that is done, failed, or pending where its answer could not be kept.

        Raises:
            NoModelError: No model is installed.
            UnknownModelError: None of that name is.
            PictureError: The bytes are no picture that can be used; nothing was kept.
            StorageError: The disk or the database refused.
        """
        model = self._models.choose(model_name)
        watch = _Stopwatch(self._clock)
        picture = self._decode(upload.data, model)
        watch.lap("decode")
        original = self._originals.add(upload.data, picture.format)
        threshold = model.card.threshold if threshold is None else threshold
        pending = self._pending(upload, original, picture, model, threshold)
        self._add(pending)
        watch.lap("store")
        return self._answer(pending, picture, model, watch)

    def retry(self, result_id: str) -> Result:
        """Ask again about a picture that was kept without an answer; a done one stays as it is.

        Raises:
            UnknownResultError: There is no such result.
            OriginalGoneError: Its file is gone.
            NoModelError, UnknownModelError: Its model is no longer installed.
            StorageError: The disk or the database refused.
        """
        result = self._results.get(result_id)
        if result.state is State.DONE:
            return result
        model = self._models.choose(result.model_name)
        watch = _Stopwatch(self._clock)
        data = self._originals.path(result.original_name).read_bytes()
        picture = self._decode(data, model)
        watch.lap("decode")
        return self._answer(result, picture, model, watch)

    def _decode(self, data: bytes, model: InstalledModel) -> Picture:
        """Shrink while decoding: what the model does not look at is never made."""
        return decode_picture(data, resize=model.card.input.resize, limits=self._limits.decode)

    def _pending(
        self,
        upload: Upload,
        original: Original,
        picture: Picture,
        model: InstalledModel,
        threshold: float,
    ) -> Result:
        width, height = picture.original_size_wh
        return Result(
            id=random_id(),
            created_at=self._now(),
            image_name=upload.image_name,
            original_name=original.name,
            original_bytes=len(upload.data),
            original_sha256=original.sha256,
            width=width,
            height=height,
            model_name=model.card.name,
            model_version=None,
            threshold=threshold,
            score_floor=min(threshold, self._limits.score_floor),
            state=State.PENDING,
            failure_kind=UNFINISHED.kind,
            failure_sentence=UNFINISHED.sentence,
            detections=NO_DETECTIONS,
            times=None,
        )

    def _add(self, pending: Result) -> None:
        try:
            self._results.add(pending)
        except StorageError:
            self._originals.discard(pending.original_name)
            raise

    def _answer(
        self, pending: Result, picture: Picture, model: InstalledModel, watch: "_Stopwatch"
    ) -> Result:
        try:
            answer = self._predict(picture, model)
            found = detections_from_outputs(
                answer.outputs,
                names=model.card.outputs,
                labels=model.labels,
                size_wh=picture.original_size_wh,
            )
        except (ServingError, OutputsError) as error:
            _log.warning("result %s has no answer: %s", pending.id, error)
            result = pending.failed(failure_of(error, model.card.name))
        else:
            result = replace(
                pending,
                model_version=answer.model.version,
                state=State.DONE,
                failure_kind=None,
                failure_sentence="",
                detections=found.above(pending.score_floor),
                times=_stage_times(watch, answer),
            )
        return self._update(pending, result)

    def _update(self, pending: Result, result: Result) -> Result:
        """Keep the answer; where that fails the picture is still kept, and can be asked about."""
        try:
            self._results.update(result)
        except StorageError as error:
            _log.warning("the answer to result %s could not be kept: %s", pending.id, error)
            return pending
        return result

    def _predict(self, picture: Picture, model: InstalledModel) -> PredictResult:
        card = model.card
        names = (card.outputs.boxes, card.outputs.scores, card.outputs.classes, card.outputs.count)
        return self._client().predict(
            ModelRef(card.name, signature=card.input.signature),
            {card.input.tensor: picture.image_hwc[np.newaxis]},
            output_names=tuple(name for name in names if name is not None),
            timeout_s=self._limits.call_timeout_s,
        )


class _Stopwatch:
    """Time spans in milliseconds, by name."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start = self._last = clock()
        self.laps_ms: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = self._clock()
        self.laps_ms[name] = (now - self._last) * 1000
        self._last = now

    @property
    def total_ms(self) -> float:
        return (self._clock() - self._start) * 1000


def _stage_times(watch: _Stopwatch, answer: PredictResult) -> StageTimes:
    """Put the two clocks together; what is left of a call goes to the server's part."""
    call = answer.timings
    encode_ms, parse_ms = call.encode_s * 1000, call.decode_s * 1000
    return StageTimes(
        decode=watch.laps_ms["decode"],
        store=watch.laps_ms.get("store", 0.0),
        encode=encode_ms,
        serve=call.total_s * 1000 - encode_ms - parse_ms,
        parse=parse_ms,
        total=watch.total_ms,
    )
