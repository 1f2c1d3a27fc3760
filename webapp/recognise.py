"""The use case: bytes in, result out.

Pages and JSON API call this, and every other front will. It knows nothing of HTTP.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from recognition import Look, look_at
from serving_client import ServingClient, ServingError
from vision import (
    DecodeLimits,
    ImageHwc,
    OutputsError,
    Picture,
    decode_picture,
    picture_of_pixels,
)
from webapp.answers import answered
from webapp.exceptions import StorageError
from webapp.failures import UNFINISHED, failure_of
from webapp.http.uploads import Upload
from webapp.limits.gate import Gate
from webapp.limits.quota import Quota
from webapp.models import InstalledModel, ModelRepository
from webapp.results import Result, State, Task
from webapp.stopwatch import Stopwatch
from webapp.storage.originals import Originals, random_id
from webapp.storage.store import ResultStore
from webapp.telemetry.tracing import span

_log = logging.getLogger(__name__)


_CALL_S_MIN = 0.001


class _Kept(NamedTuple):
    """The attributes of a result that say which picture it is about."""

    image_name: str
    original_name: str
    original_bytes: int
    original_sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class RecogniserLimits:
    """What one answer may take.

    Attributes:
        decode: What a picture may ask for.
        call_timeout_s: Seconds for the model server to answer, retries included.
        score_floor: Detections below this score, 0..1, are not kept unless asked for.
    """

    decode: DecodeLimits
    call_timeout_s: float
    score_floor: float


class Recogniser:
    """Asks models what is in uploads, and never loses an upload that it accepted.

    Args:
        models: What is installed.
        originals: Where files go.
        results: Where rows go.
        client: Returns the client of the model server.
        limits: What one answer may take.
        gate: Where uploads wait for their turn.
        quota: How much may be kept.
        on_result: Is told what became of each picture that a model was asked about.
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
        limits: RecogniserLimits,
        gate: Gate,
        quota: Quota,
        on_result: Callable[[Result], object],
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._models = models
        self._originals = originals
        self._results = results
        self._client = client
        self._limits = limits
        self._gate = gate
        self._quota = quota
        self._on_result = on_result
        self._clock = clock
        self._now = now

    def recognise(  # noqa: PLR0913  each one is a value with a default
        self,
        upload: Upload,
        *,
        model_name: str | None = None,
        threshold: float | None = None,
        task: Task | None = None,
        batch_id: str | None = None,
        timeout_s: float | None = None,
    ) -> Result:
        """Check, keep and answer an upload.

        The file and its row are kept before the model is asked, so whatever happens then, the
        result that is returned can be answered later.

        Args:
            upload: The picture file.
            model_name: Which model; None for the default one.
            threshold: Score, 0..1, from which detections and classes are shown; None for the
                model's own.
            task: What the model has to be for; None takes any.
            batch_id: What the uploads of one form have in common, as ``random_id`` makes it.
            timeout_s: Seconds that whoever asks has for all of it; None for no end of theirs. What
                is left of them is handed on to the model server.

        Returns:
            A result that is done, failed, or pending where its answer could not be kept.

        Raises:
            NoModelError: No model is installed, or none for the task.
            UnknownModelError: None of that name is.
            TaskError: The model is for another task.
            PictureError: The bytes are no picture that can be used; nothing was kept.
            BusyError: Too many are being looked at; nothing was kept.
            QuotaError: There is no room; nothing was kept.
            StorageError: The disk or the database refused.
        """
        model = self._models.choose(model_name, task)
        ends_s = self._end_of(timeout_s)
        with self._gate.place(wait_s=timeout_s):
            return self._recognise(upload, model, threshold, batch_id, ends_s)

    def glance(
        self,
        source: bytes | ImageHwc,
        *,
        model_name: str | None = None,
        threshold: float | None = None,
        task: Task | None = None,
        timeout_s: float | None = None,
    ) -> Result:
        """Look at a picture, and keep nothing of it.

        Args:
            source: A picture file, or RGB pixels, uint8 [H, W, 3].
            model_name: As for :meth:`recognise`, like what follows.
            threshold: Score from which detections are shown.
            task: What the model has to be for.
            timeout_s: Seconds that whoever asks has.

        Returns:
            A result that is done or failed. It is not stored: ``id`` and ``original_name`` are
            empty.

        Raises:
            NoModelError, UnknownModelError, TaskError: As for :meth:`recognise`.
            PictureError: The bytes or the pixels are no picture that can be used.
            BusyError: Too many are being looked at.
        """
        model = self._models.choose(model_name, task)
        ends_s = self._end_of(timeout_s)
        with self._gate.place(wait_s=timeout_s):
            watch = Stopwatch(self._clock)
            picture = self._decode(source, model)
            watch.lap("decode")
            seen = _Kept("", "", 0, "", *picture.original_size_wh)
            pending = replace(self._pending(seen, model, threshold), id="")
            result = self._ask(pending, picture, model, watch, ends_s)
            self._on_result(result)
            return result

    def _end_of(self, timeout_s: float | None) -> float | None:
        return None if timeout_s is None else self._clock() + timeout_s

    def _recognise(
        self,
        upload: Upload,
        model: InstalledModel,
        threshold: float | None,
        batch_id: str | None,
        ends_s: float | None,
    ) -> Result:
        watch = Stopwatch(self._clock)
        picture = self._decode(upload.data, model)
        watch.lap("decode")
        with self._quota.claim(len(upload.data)), span("store"):
            pending = self._keep(upload, picture, model, threshold, batch_id)
        watch.lap("store")
        return self._answer(pending, picture, model, watch, ends_s)

    def _keep(
        self,
        upload: Upload,
        picture: Picture,
        model: InstalledModel,
        threshold: float | None,
        batch_id: str | None,
    ) -> Result:
        original = self._originals.add(upload.data, picture.format)
        kept = _Kept(
            upload.image_name,
            original.name,
            len(upload.data),
            original.sha256,
            *picture.original_size_wh,
        )
        pending = self._pending(kept, model, threshold, batch_id)
        self._add(pending)
        return pending

    def again(
        self, result_id: str, *, model_name: str | None = None, threshold: float | None = None
    ) -> Result:
        """Ask another model, or the same one anew, about the kept original of a result.

        The result stays as it is; the answer is a new one, about the same file.

        Args:
            result_id: The result whose picture is meant.
            model_name: Which model; None for the default one.
            threshold: As for :meth:`recognise`.

        Raises:
            UnknownResultError: There is no such result.
            OriginalGoneError: Its file is gone.
            NoModelError, UnknownModelError: As for :meth:`recognise`.
            BusyError: Too many are being looked at.
            StorageError: The disk or the database refused.
        """
        former = self._results.get(result_id)
        model = self._models.choose(model_name)
        with self._gate.place():
            return self._look_again(former, model, threshold)

    def _look_again(self, former: Result, model: InstalledModel, threshold: float | None) -> Result:
        watch = Stopwatch(self._clock)
        picture = self._decode(self._originals.read(former.original_name), model)
        watch.lap("decode")
        kept = _Kept(*(getattr(former, name) for name in _Kept._fields))
        pending = self._pending(kept, model, threshold)
        self._results.add_again(pending)
        watch.lap("store")
        return self._answer(pending, picture, model, watch)

    def retry(self, result_id: str) -> Result:
        """Ask again about a picture that was kept without an answer; a done one stays as it is.

        Raises:
            UnknownResultError: There is no such result.
            OriginalGoneError: Its file is gone.
            NoModelError, UnknownModelError: Its model is no longer installed.
            BusyError: Too many are being looked at.
            StorageError: The disk or the database refused.
        """
        result = self._results.get(result_id)
        if result.state is State.DONE:
            return result
        model = self._models.choose(result.model_name)
        with self._gate.place():
            watch = Stopwatch(self._clock)
            picture = self._decode(self._originals.read(result.original_name), model)
            watch.lap("decode")
            return self._answer(result, picture, model, watch)

    def _decode(self, source: bytes | ImageHwc, model: InstalledModel) -> Picture:
        """Shrink while decoding: what the model does not look at is never made."""
        resize, limits = model.card.input.resize, self._limits.decode
        with span("decode"):
            if isinstance(source, bytes):
                return decode_picture(source, resize=resize, limits=limits)
            return picture_of_pixels(source, resize=resize, limits=limits)

    def _pending(
        self,
        kept: _Kept,
        model: InstalledModel,
        threshold: float | None,
        batch_id: str | None = None,
    ) -> Result:
        threshold = model.card.threshold if threshold is None else threshold
        return Result(
            id=random_id(),
            created_at=self._now(),
            **kept._asdict(),
            batch_id=batch_id,
            task=model.task,
            model_name=model.card.name,
            model_version=None,
            threshold=threshold,
            score_floor=min(threshold, self._limits.score_floor),
            state=State.PENDING,
            failure_kind=UNFINISHED.kind,
            failure_sentence=UNFINISHED.sentence,
        )

    def _add(self, pending: Result) -> None:
        try:
            self._results.add(pending)
        except StorageError:
            self._originals.discard(pending.original_name)
            raise

    def _answer(
        self,
        pending: Result,
        picture: Picture,
        model: InstalledModel,
        watch: Stopwatch,
        ends_s: float | None = None,
    ) -> Result:
        result = self._ask(pending, picture, model, watch, ends_s)
        self._on_result(result)
        return self._update(pending, result)

    def _ask(
        self,
        pending: Result,
        picture: Picture,
        model: InstalledModel,
        watch: Stopwatch,
        ends_s: float | None,
    ) -> Result:
        try:
            return answered(pending, self._look(picture, model, ends_s), watch)
        except (ServingError, OutputsError) as error:
            _log.warning("result %s has no answer: %s", pending.id or "of a glance", error)
            return pending.failed(failure_of(error, model.card.name))

    def _update(self, pending: Result, result: Result) -> Result:
        """Keep the answer; where that fails the picture is still kept, and can be asked about."""
        try:
            self._results.update(result)
        except StorageError as error:
            _log.warning("the answer to result %s could not be kept: %s", pending.id, error)
            return pending
        return result

    def _look(self, picture: Picture, model: InstalledModel, ends_s: float | None) -> Look:
        timeout_s = self._limits.call_timeout_s
        if ends_s is not None:
            timeout_s = min(timeout_s, max(ends_s - self._clock(), _CALL_S_MIN))
        return look_at(self._client(), model, picture, timeout_s=timeout_s)
