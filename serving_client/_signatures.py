"""What a client knows of the signatures of models, and what it does with that."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from numpy.typing import ArrayLike

from serving_client._calls import Call, MetadataCall
from serving_client._checks import fit_inputs, plain_arrays
from serving_client._deadline import Deadline
from serving_client._operation import Operation
from serving_client._transport import Reply
from serving_client._values import DEFAULT_SIGNATURE, Array, ModelMetadata, ModelRef
from serving_client.exceptions import SignatureMismatchError, UnimplementedError

__all__ = ["KnownSignatures"]

R = TypeVar("R")
Send = Callable[[Call[Any], Deadline], Operation[tuple[Reply[Any], int]]]


class KnownSignatures:
    """Asks for the signatures of a model when they are first needed, and remembers them.

    Args:
        send: sends a call.
        check_inputs: compare inputs with the signature before they are sent.
    """

    def __init__(self, send: Send, *, check_inputs: bool) -> None:
        self._send = send
        self._check_inputs = check_inputs
        self._metadata: dict[ModelRef, ModelMetadata] = {}
        self._has_metadata = True

    def fetch(self, model: ModelRef, deadline: Deadline) -> Operation[ModelMetadata]:
        """Asks the server, whatever is known."""
        reply, _ = yield from self._send(MetadataCall(model), deadline)
        metadata: ModelMetadata = reply.value
        self._metadata[_key(model)] = metadata
        return metadata

    def judge(
        self, model: ModelRef, judge: Callable[[ModelMetadata], R], deadline: Deadline
    ) -> Operation[R]:
        """What a function makes of the metadata.

        If it finds that something does not fit, what is known may be of a version that is gone, so
        it gets to see what the server says now.

        Raises:
            SignatureMismatchError: that does not fit, either.
        """
        known = self._metadata.get(_key(model))
        metadata = known or (yield from self.fetch(model, deadline))
        try:
            try:
                return judge(metadata)
            except SignatureMismatchError:
                if known is None:
                    raise
                metadata = yield from self.fetch(model, deadline)
                return judge(metadata)
        except SignatureMismatchError as error:
            raise error.at(str(metadata.model)) from error

    def fit(
        self,
        model: ModelRef,
        inputs: Mapping[str, ArrayLike],
        output_names: tuple[str, ...],
        deadline: Deadline,
    ) -> Operation[Mapping[str, Array]]:
        """The inputs as arrays, checked against the signature where the server tells it."""
        if not (self._check_inputs and self._has_metadata):
            return plain_arrays(inputs)
        try:
            return (
                yield from self.judge(
                    model, lambda known: _fit_to(known, model, inputs, output_names), deadline
                )
            )
        except UnimplementedError:
            self._has_metadata = False
            return plain_arrays(inputs)

    def learn(self, model: ModelRef, deadline: Deadline) -> Operation[None]:
        """Asks now, if `fit` would."""
        if self._check_inputs and self._has_metadata and _key(model) not in self._metadata:
            try:
                yield from self.fetch(model, deadline)
            except UnimplementedError:
                self._has_metadata = False

    def note_answer(self, asked: ModelRef, answered: ModelRef) -> None:
        """Forgets what is known of a model if another version of it has answered."""
        known = self._metadata.get(_key(asked))
        if known is not None and known.model.version != answered.version:
            self.forget(asked)

    def forget(self, model: ModelRef) -> None:
        """Asks the server when this is needed next."""
        self._metadata.pop(_key(model), None)


def _key(model: ModelRef) -> ModelRef:
    """The same model and version: all signatures of those come in one answer."""
    if model.signature == DEFAULT_SIGNATURE:
        return model
    return ModelRef(model.name, model.version, DEFAULT_SIGNATURE, model.label)


def _fit_to(
    metadata: ModelMetadata,
    model: ModelRef,
    inputs: Mapping[str, ArrayLike],
    output_names: tuple[str, ...],
) -> Mapping[str, Array]:
    signature = metadata.signatures.get(model.signature)
    if signature is None:
        known = ", ".join(map(repr, metadata.signatures))
        raise SignatureMismatchError(f"no signature {model.signature!r}; it has {known or 'none'}")
    return fit_inputs(inputs, signature, output_names)
