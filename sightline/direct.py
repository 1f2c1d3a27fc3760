"""Pictures answered by a model server, with the cards of a model repository on this machine."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from recognition import LabelledModel, explain_class, explain_detection, look_at
from serving_client import (
    DeadlineExceededError,
    InvalidArgumentError,
    MessageTooLargeError,
    NotFoundError,
    ResourceExhaustedError,
    ServingClient,
    ServingError,
    UnavailableError,
)
from sightline.answers import DETECTION, Answer, rounded
from sightline.exceptions import AwayError, PictureFailedError
from sightline.patience import Patience
from sightline.recogniser import ModelFacts, Overlay, ToExplain, chosen_object
from sightline.stills import Still
from vision import HeatMap, ModelCard, OutputsError, Resize, encode_jpeg, lay_heat_over

R = TypeVar("R")

_KINDS: dict[type[ServingError], str] = {
    UnavailableError: "unreachable",
    DeadlineExceededError: "too_slow",
    NotFoundError: "not_served",
    ResourceExhaustedError: "overloaded",
    MessageTooLargeError: "too_large",
}
_AWAY = frozenset({UnavailableError, ResourceExhaustedError})


class DirectRecogniser:
    """Shows pictures to a model server; see `Recogniser`.

    Args:
        client: Of the model server; closed with this.
        models: What is installed, the default one first.
        patience: How long to ask a server that is away.
    """

    def __init__(
        self, client: ServingClient, models: Iterable[LabelledModel], patience: Patience
    ) -> None:
        self._client = client
        self._models = {model.card.name: model for model in models}
        self._patience = patience

    def models(self) -> tuple[ModelFacts, ...]:
        """See `Recogniser`."""
        return tuple(_facts(model.card) for model in self._models.values())

    def recognise(self, still: Still, model: str, threshold: float | None) -> Answer:
        """See `Recogniser`."""
        asked = self._models[model]
        card = asked.card
        picture = still.decoded(card.input.resize)
        look = self._ask(lambda: look_at(self._client, asked, picture))
        width, height = picture.original_size_wh
        found = look.found.above(card.threshold if threshold is None else threshold)
        return Answer(
            file=still.file,
            moment_s=still.moment_s,
            width=width,
            height=height,
            model=model,
            version=look.version,
            **rounded(found),
        )

    def explain(self, still: Still, answer: Answer, wanted: ToExplain) -> Overlay:
        """See `Recogniser`."""
        if answer.task == DETECTION:
            label, class_id, score, heat_map = self._object_heat(still, answer, wanted)
        else:
            label, class_id, score, heat_map = self._class_heat(still, answer, wanted)
        whole = still.decoded(Resize("none"))
        drawn = lay_heat_over(whole.image_hwc, heat_map, opacity=wanted.opacity)
        return Overlay(label, class_id, round(score, 6), encode_jpeg(drawn))

    def close(self) -> None:
        """See `Recogniser`."""
        self._patience.stop()
        self._client.close()

    def _class_heat(
        self, still: Still, answer: Answer, wanted: ToExplain
    ) -> tuple[str, int, float, HeatMap]:
        model = self._models[answer.model]
        card = model.card
        if card.explanation is None:
            raise PictureFailedError(
                f"The model {card.name} cannot say what it looked at.", "unexplainable"
            )
        class_id = answer.classes[0].class_id if wanted.class_id is None else wanted.class_id
        picture = still.decoded(card.input.resize)
        heat = self._ask(
            lambda: explain_class(
                self._client, model, picture, class_id=class_id, version=answer.version
            )
        )
        return heat.label, heat.class_id, heat.score, heat.heat_map

    def _object_heat(
        self, still: Still, answer: Answer, wanted: ToExplain
    ) -> tuple[str, int, float, HeatMap]:
        model = self._models[answer.model]
        found = chosen_object(answer, wanted)
        picture = still.decoded(model.card.input.resize)
        heat_map = self._ask(
            lambda: explain_detection(
                self._client,
                model,
                picture,
                found,
                version=answer.version,
                masks=wanted.masks,
                seed=wanted.seed,
            )
        )
        return found.label, found.class_id, found.score, heat_map

    def _ask(self, question: Callable[[], R]) -> R:
        return self._patience.ask(lambda: _translated(question))


def _facts(card: ModelCard) -> ModelFacts:
    return ModelFacts(card.name, card.title, card.task, card.licence, card.summary)


def _translated(question: Callable[[], R]) -> R:
    """Ask, and say what went wrong in the words of this package."""
    try:
        return question()
    except InvalidArgumentError as error:
        raise PictureFailedError(f"The model server refuses: {error.detail}", "refused") from error
    except ServingError as error:
        kind = _KINDS.get(type(error), "failed")
        raises = AwayError if type(error) in _AWAY else PictureFailedError
        raise raises(f"{error}", kind) from error
    except OutputsError as error:
        raise PictureFailedError(
            f"The model's answer is not what its card says: {error}.", "broken_answer"
        ) from error
