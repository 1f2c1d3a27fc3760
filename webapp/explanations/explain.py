"""The use case of asking a classifier why: which parts of a picture speak for a class.

It knows nothing of HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass

from recognition import explain_class
from serving_client import (
    InvalidArgumentError,
    NotFoundError,
    ServingClient,
    ServingError,
)
from vision import (
    ClassHeat,
    DecodeLimits,
    ModelCard,
    OutputsError,
    decode_picture,
)
from webapp.exceptions import (
    ExplanationFailedError,
    ModelGoneError,
    NoModelError,
    UnexplainableError,
    UnknownClassError,
    UnknownModelError,
)
from webapp.explanations.recent import Recent
from webapp.failures import Failure, FailureKind, failure_of
from webapp.limits.gate import Gate
from webapp.models import InstalledModel, ModelRepository
from webapp.results import Result, Task
from webapp.storage.originals import Originals
from webapp.storage.store import ResultStore

_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class ExplainLimits:
    """What one explanation may take.

    Attributes:
        decode: What a picture may ask for.
        call_timeout_s: Seconds for the model server to answer, retries included.
    """

    decode: DecodeLimits
    call_timeout_s: float


@dataclass(frozen=True, slots=True)
class _Key:
    """What a heat map depends on."""

    result_id: str
    class_id: int
    model_version: int | None


class Explainer:
    """Asks the version of a model that gave an answer what it looked at.

    Args:
        models: What is installed.
        originals: Where files are.
        results: Where rows are.
        client: Returns the client of the model server.
        limits: What one explanation may take.
        gate: Where questions wait for their turn.
    """

    def __init__(  # noqa: PLR0913  these are the parts it puts together
        self,
        *,
        models: ModelRepository,
        originals: Originals,
        results: ResultStore,
        client: Callable[[], ServingClient],
        limits: ExplainLimits,
        gate: Gate,
    ) -> None:
        self._models = models
        self._originals = originals
        self._results = results
        self._client = client
        self._limits = limits
        self._gate = gate
        self._known = Recent[_Key, ClassHeat](_REMEMBERED)

    def explain(self, result_id: str, class_id: int | None = None) -> ClassHeat:
        """Return which parts of a result's picture speak for a class.

        Args:
            result_id: A classification.
            class_id: A class that the model knows, shown or not; None for the most probable one.

        Raises:
            UnknownResultError: There is no such result.
            NoAnswerError: It has no answer that could be explained.
            UnexplainableError: It is no classification, or its model cannot explain.
            UnknownClassError: The model knows no such class.
            ModelGoneError: The model is no longer installed.
            OriginalGoneError: The file is gone.
            ExplanationFailedError: The model server did not answer, or not with a heat map.
            BusyError: Too many pictures are being looked at.
            StorageError: The database refused.
        """
        result = self._results.get(result_id).expect_done()
        if result.task is not Task.CLASSIFICATION:
            raise UnexplainableError(
                "This result has objects, not classes: each object is explained by itself."
            )
        model = installed_model(self._models, result)
        if model.card.explanation is None:
            raise UnexplainableError(f"The model {model.card.name} cannot say what it looked at.")
        class_id = int(result.classification.class_ids[0]) if class_id is None else class_id
        if class_id not in model.labels.names:
            raise _unknown_class(model.card, class_id)
        key = _Key(result_id, class_id, result.model_version)
        heat = self._known.get(key)
        if heat is None:
            with self._gate.place():
                heat = self._ask(result, model, class_id)
            self._known.put(key, heat)
        return heat

    def _ask(self, result: Result, model: InstalledModel, class_id: int) -> ClassHeat:
        data = self._originals.read(result.original_name)
        resize = model.card.input.resize
        picture = decode_picture(data, resize=resize, limits=self._limits.decode)
        try:
            return explain_class(
                self._client(),
                model,
                picture,
                class_id=class_id,
                version=result.model_version,
                timeout_s=self._limits.call_timeout_s,
            )
        except InvalidArgumentError as error:
            raise _unknown_class(model.card, class_id) from error
        except (ServingError, OutputsError) as error:
            raise ExplanationFailedError(explanation_failure(error, result)) from error


def installed_model(models: ModelRepository, result: Result) -> InstalledModel:
    """Return the model that answered a result.

    Raises:
        ModelGoneError: It is no longer installed.
    """
    try:
        return models.choose(result.model_name)
    except (UnknownModelError, NoModelError) as error:
        raise ModelGoneError(
            f"The model {result.model_name}, which gave this answer, is no longer installed."
        ) from error


def explanation_failure(error: Exception, result: Result) -> Failure:
    """Return what an error means to the person who waits for an explanation."""
    if isinstance(error, NotFoundError):
        # Another version would explain another answer.
        sentence = (
            f"Version {result.model_version} of the model {result.model_name}, which gave this "
            f"answer, is no longer being served."
        )
        return Failure(FailureKind.NOT_SERVED, sentence)
    return failure_of(error, result.model_name)


def _unknown_class(card: ModelCard, class_id: int) -> UnknownClassError:
    return UnknownClassError(f"The model {card.name} knows no class {class_id}.")
