"""The use case of asking a detector why: checked at once, worked on in the background.

It knows nothing of HTTP.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from recognition import explain_detection
from serving_client import ServingClient, ServingError
from vision import DecodeLimits, Detection, HeatMap, OutputsError, decode_picture
from webapp.exceptions import (
    ExplanationFailedError,
    UnexplainableError,
    UnfinishedExplanationError,
    UnknownDetectionError,
    WebappError,
)
from webapp.explanations.explain import explanation_failure, installed_model
from webapp.explanations.explanation_jobs import (
    ExplanationJobs,
    Job,
    JobState,
    OnProgress,
    Question,
)
from webapp.failures import Failure, FailureKind
from webapp.models import ModelRepository
from webapp.results import Result, Task
from webapp.storage.originals import Originals
from webapp.storage.store import ResultStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OcclusionLimits:
    """What explanations of detections may take.

    Attributes:
        decode: What a picture may ask for.
        call_timeout_s: Seconds for the model server to answer about one picture.
        masks: Covered copies of the picture that the detector is shown.
        waiting_max: Explanations that may wait while one is worked on.
    """

    decode: DecodeLimits
    call_timeout_s: float
    masks: int
    waiting_max: int


class DetectionExplainer:
    """Has explanations of single detections worked out, one after the other.

    Args:
        models: What is installed.
        originals: Where files are.
        results: Where rows are.
        client: Returns the client of the model server.
        limits: What they may take.
    """

    def __init__(
        self,
        *,
        models: ModelRepository,
        originals: Originals,
        results: ResultStore,
        client: Callable[[], ServingClient],
        limits: OcclusionLimits,
    ) -> None:
        self._models = models
        self._originals = originals
        self._results = results
        self._client = client
        self._limits = limits
        self.jobs = ExplanationJobs(self._work, waiting_max=limits.waiting_max)

    def ask(self, result_id: str, index: int) -> Job:
        """Have a detection explained.

        Args:
            result_id: A result of a detector.
            index: Which of its detections, counted from 0, the most certain first.

        Returns:
            How far that is: the same job for the same question.

        Raises:
            UnknownResultError: There is no such result.
            NoAnswerError: It has no answer that could be explained.
            UnexplainableError: It is no result of a detector.
            UnknownDetectionError: It has no such detection.
            ModelGoneError: The model is no longer installed.
            OriginalGoneError: The file is gone.
            TooManyExplanationsError: Too many others wait already.
            StorageError: The database refused.
        """
        result = self._results.get(result_id).expect_done()
        detection = _detection(result, index)
        installed_model(self._models, result)
        self._originals.path(result.original_name)
        return self.jobs.ask(Question(result_id, index, detection.label))

    def heat_map(self, job_id: str) -> HeatMap:
        """Return the explanation of a job.

        Raises:
            UnknownExplanationError: There is no such job.
            UnfinishedExplanationError: It is not over yet, or was cancelled.
            ExplanationFailedError: It failed.
        """
        job = self.jobs.get(job_id)
        if job.failure is not None:
            raise ExplanationFailedError(job.failure)
        if job.heat_map is None:
            raise UnfinishedExplanationError(is_cancelled=job.state is JobState.CANCELLED)
        return job.heat_map

    def _work(self, question: Question, on_progress: OnProgress) -> HeatMap | Failure:
        try:
            result = self._results.get(question.result_id)
            return self._explain(result, _detection(result, question.detection), on_progress)
        except WebappError as error:  # deleted, or the database went away, while it waited
            _log.warning("result %s is not explained: %s", question.result_id, error)
            return Failure(FailureKind.UNEXPECTED, str(error))

    def _explain(
        self, result: Result, detection: Detection, on_progress: OnProgress
    ) -> HeatMap | Failure:
        model = installed_model(self._models, result)
        data = self._originals.read(result.original_name)
        resize = model.card.input.resize
        picture = decode_picture(data, resize=resize, limits=self._limits.decode)
        try:
            return explain_detection(
                self._client(),
                model,
                picture,
                detection,
                version=result.model_version,
                masks=self._limits.masks,
                timeout_s=self._limits.call_timeout_s,
                on_progress=on_progress,
            )
        except (ServingError, OutputsError) as error:
            _log.warning("result %s is not explained: %s", result.id, error)
            return explanation_failure(error, result)


def _detection(result: Result, index: int) -> Detection:
    if result.task is not Task.DETECTION:
        raise UnexplainableError(
            "This result has classes, not objects: its heat maps need no waiting for."
        )
    found = list(result.detections)
    if not 0 <= index < len(found):
        raise UnknownDetectionError(
            f"This result has {len(found)} objects, counted from 0, so there is no object {index}."
        )
    return found[index]
