"""Pictures answered by a running Sightline, which keeps them and their results."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sightline.answers import CLASSIFICATION, DETECTION, Answer
from sightline.exceptions import PictureFailedError
from sightline.http import Form, KeptError, Reply, Site, not_understood
from sightline.patience import Patience
from sightline.recogniser import ModelFacts, Overlay, ToExplain, chosen_object
from sightline.stills import Still

R = TypeVar("R")

_API = "api/v1"
_COLLECTIONS = {DETECTION: "detections", CLASSIFICATION: "classifications"}
_POLL_S = 0.3
_RUNNING = frozenset({"waiting", "running"})


class WebRecogniser:
    """Uploads pictures to a site; see `Recogniser`.

    Args:
        site: Where.
        patience: How long to ask a site that is away or busy.
    """

    def __init__(self, site: Site, patience: Patience) -> None:
        self._site = site
        self._patience = patience
        self._closed = threading.Event()
        self._tasks: dict[str, str] = {}

    def models(self) -> tuple[ModelFacts, ...]:
        """See `Recogniser`."""
        reply = self._patience.ask(lambda: self._site.call("GET", f"{_API}/models"))
        rows = _understood(reply, lambda fields: fields["models"])
        models = tuple(
            ModelFacts(row["name"], row["title"], row["task"], row["licence"], row["summary"])
            for row in rows
        )
        self._tasks = {model.name: model.task for model in models}
        return models

    def recognise(self, still: Still, model: str, threshold: float | None) -> Answer:
        """See `Recogniser`."""
        task = self._tasks.get(model, DETECTION)
        fields: dict[str, str | tuple[str, bytes]] = {
            "image": still.as_file(),
            "model": model,
            "threshold": "" if threshold is None else repr(threshold),
        }
        reply = self._patience.ask(
            _Upload(self._site, f"{_API}/{_COLLECTIONS[task]}", Form.of(fields))
        )
        known = {"file": still.file, "moment_s": still.moment_s, "task": task}
        return _understood(reply, lambda fields: Answer.from_fields({**fields, **known}))

    def explain(self, still: Still, answer: Answer, wanted: ToExplain) -> Overlay:  # noqa: ARG002  the site has it
        """See `Recogniser`."""
        if answer.task == DETECTION:
            return self._explain_object(answer, wanted)
        return self._explain_class(answer, wanted)

    def close(self) -> None:
        """See `Recogniser`."""
        self._closed.set()
        self._patience.stop()
        self._site.close()

    def _explain_class(self, answer: Answer, wanted: ToExplain) -> Overlay:
        which = "" if wanted.class_id is None else f"?class_id={wanted.class_id}"
        address = f"{_API}/results/{answer.result_id}/explanation{which}"
        reply = self._patience.ask(lambda: self._site.call("GET", address))
        label, class_id, score, overlay = _understood(
            reply, lambda row: (row["label"], row["class_id"], row["score"], row["overlay"])
        )
        return Overlay(label, class_id, score, self._jpeg(overlay, wanted))

    def _explain_object(self, answer: Answer, wanted: ToExplain) -> Overlay:
        found = chosen_object(answer, wanted)
        address = f"{_API}/results/{answer.result_id}/explanations"
        question = {"detection": wanted.number}
        reply = self._patience.ask(lambda: self._site.call("POST", address, body=question))
        overlay = self._awaited(reply.location)
        return Overlay(found.label, found.class_id, found.score, self._jpeg(overlay, wanted))

    def _jpeg(self, overlay: str, wanted: ToExplain) -> bytes:
        query = f"{'&' if '?' in overlay else '?'}opacity={wanted.opacity}"
        return self._patience.ask(lambda: self._site.call("GET", overlay + query)).body

    def _awaited(self, address: str) -> str:
        """Return the address of the overlay of an explanation, when it is done."""
        while True:
            reply = self._patience.ask(lambda: self._site.call("GET", address))
            state = _understood(reply, lambda fields: fields["state"])
            if state == "done":
                return _understood(reply, lambda fields: str(fields["overlay"]))
            if state not in _RUNNING:
                sentence = _understood(reply, lambda fields: fields["sentence"])
                raise PictureFailedError(sentence or f"The explanation was {state}.", str(state))
            if self._closed.wait(_POLL_S):
                raise PictureFailedError("The run was stopped.", "stopped")


class _Upload:
    """A picture on its way: uploaded once, and asked about again once the site keeps it."""

    def __init__(self, site: Site, address: str, form: Form) -> None:
        self._site = site
        self._address = address
        self._form = form
        self._retry = ""

    def __call__(self) -> Reply:
        """Ask.

        Raises:
            AwayError: It is worth calling this again.
        """
        try:
            if self._retry:
                return self._site.call("POST", self._retry)
            return self._site.call("POST", self._address, form=self._form)
        except KeptError as error:
            self._retry = error.retry
            raise


def _understood(reply: Reply, read: Callable[[Any], R]) -> R:
    """Read the JSON of an answer.

    Raises:
        PictureFailedError: It is in another form.
    """
    try:
        return read(reply.json())
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise not_understood(reply.body) from error
