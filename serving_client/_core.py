"""What every client does, whatever drives it: one deadline a call, retries inside it, checks.

Nothing here waits or touches the network: each call is an `Operation` that says what to do next.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import grpc
from numpy.typing import ArrayLike

from serving_client._availability import newest_available, summary
from serving_client._batches import Part, joined, split
from serving_client._calls import (
    CLASSIFY,
    REGRESS,
    Call,
    ClassifyCall,
    MultiInferenceCall,
    PredictCall,
    RegressCall,
    ReloadCall,
    StatusCall,
)
from serving_client._config import Hedge, Retry, Timeouts
from serving_client._deadline import Deadline
from serving_client._examples import Examples, Features, to_input
from serving_client._images import ImageInput, Picture, PictureSource, input_for_pictures
from serving_client._operation import Operation, Pause, Together, Work
from serving_client._sending import Sender
from serving_client._signatures import KnownSignatures
from serving_client._target import Target
from serving_client._telemetry import Telemetry
from serving_client._transport import Headers, Reply
from serving_client._values import (
    ClassifyResult,
    ModelMetadata,
    ModelRef,
    MultiInferenceResult,
    PredictResult,
    RegressResult,
    ServedModel,
    Timings,
    VersionStatus,
)
from serving_client.exceptions import (
    DeadlineExceededError,
    InvalidArgumentError,
    NotFoundError,
    RpcError,
    ServingError,
    SignatureMismatchError,
    UnavailableError,
)

__all__ = ["ClientCore"]

R = TypeVar("R")

_STATUS_CODES = {status.value[0]: status for status in grpc.StatusCode}
_POLL_S = 0.1


class ClientCore:
    """Makes the operations of one client, and remembers what they learn.

    Safe to use from many threads.

    Args:
        target: where the servers are.
        timeouts: how long to wait.
        retry: when to try again.
        hedge: when to ask a second server.
        headers: asked at every call what to tell the server with it.
        telemetry: whom to tell about calls.
        check_inputs: compare inputs with the model's signature before sending them.
        uniform, clock: how to draw a number, and to read the time.
    """

    def __init__(  # noqa: PLR0913  each one is a value
        self,
        target: Target,
        *,
        timeouts: Timeouts,
        retry: Retry,
        hedge: Hedge,
        headers: Callable[[], Headers] = tuple,
        telemetry: Telemetry,
        check_inputs: bool = True,
        uniform: Callable[[float, float], float] = random.uniform,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeouts = timeouts
        self._headers = headers
        self._clock = clock
        self._sender = Sender(target, retry, hedge, telemetry, uniform=uniform, clock=clock)
        self._signatures = KnownSignatures(self._send, check_inputs=check_inputs)

    def predict(
        self,
        model: ModelRef,
        inputs: Mapping[str, ArrayLike],
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
        position: int = 0,
    ) -> Operation[PredictResult]:
        """Runs a signature; `position` is that of the inputs among many."""
        deadline = self._deadline(timeout_s)
        result = yield from self._predict(model, inputs, tuple(output_names), deadline)
        return replace(result, position=position) if position else result

    def predict_image(
        self,
        model: ModelRef,
        image: PictureSource,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
        *,
        resize: bool = False,
    ) -> Operation[PredictResult]:
        """Runs a signature that takes pictures."""
        deadline = self._deadline(timeout_s)
        picture: Picture = yield Work(lambda: Picture.read(image))
        prefers_files = picture.travels_as_file

        def choose(known: ModelMetadata) -> ImageInput:
            return input_for_pictures(
                known.signatures, model.signature, prefers_files=prefers_files
            )

        wanted = yield from self._signatures.judge(model, choose, deadline)
        try:
            tensor = yield Work(lambda: picture.tensor(wanted, resize=resize))
        except SignatureMismatchError:
            self._signatures.forget(model)  # another version may take pictures of another size
            raise
        chosen = replace(model, signature=wanted.signature)
        inputs = {wanted.spec.name: tensor}
        return (yield from self._predict(chosen, inputs, tuple(output_names), deadline))

    def predict_batch(  # noqa: PLR0913  each one is a value
        self,
        model: ModelRef,
        inputs: Mapping[str, ArrayLike],
        batch_size: int,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
        *,
        concurrency: int,
    ) -> Operation[PredictResult]:
        """Runs a signature on some rows at a time, and puts the outputs together."""
        parts = split(inputs, batch_size)
        deadline = self._deadline(timeout_s)
        yield from self._signatures.learn(model, deadline)

        def predict(model: ModelRef, parts: Sequence[Part]) -> Operation[list[PredictResult]]:
            operations = [
                self._predict_part(model, part, tuple(output_names), deadline) for part in parts
            ]
            return list((yield Together(operations, concurrency)))

        results = yield from predict(model, parts)
        newest = max((result.model for result in results), key=lambda each: each.version or 0)
        # Another version may have taken over in between; all rows shall be of the same one.
        older = [index for index, each in enumerate(results) if each.model != newest]
        if older:
            again = yield from predict(newest, [parts[index] for index in older])
            for index, result in zip(older, again, strict=True):
                results[index] = result
        return joined(parts, results, deadline.elapsed_s)

    def classify(
        self,
        model: ModelRef,
        examples: Examples,
        context: Features | None = None,
        timeout_s: float | None = None,
    ) -> Operation[ClassifyResult]:
        """Asks for the classes of examples."""
        deadline = self._deadline(timeout_s)
        call = ClassifyCall(model, to_input(examples, context))
        reply, attempts = yield from self._send(call, deadline)
        timings = _timings(reply, deadline, attempts)
        return ClassifyResult(reply.value.classes, reply.value.model, timings)

    def regress(
        self,
        model: ModelRef,
        examples: Examples,
        context: Features | None = None,
        timeout_s: float | None = None,
    ) -> Operation[RegressResult]:
        """Asks for the values of examples."""
        deadline = self._deadline(timeout_s)
        call = RegressCall(model, to_input(examples, context))
        reply, attempts = yield from self._send(call, deadline)
        timings = _timings(reply, deadline, attempts)
        return RegressResult(reply.value.values, reply.value.model, timings)

    def multi_inference(  # noqa: PLR0913  each one is a value
        self,
        model: ModelRef,
        examples: Examples,
        context: Features | None = None,
        timeout_s: float | None = None,
        *,
        classify: Sequence[str] = (),
        regress: Sequence[str] = (),
    ) -> Operation[MultiInferenceResult]:
        """Asks several signatures about the same examples."""
        deadline = self._deadline(timeout_s)
        tasks = (*((CLASSIFY, name) for name in classify), *((REGRESS, name) for name in regress))
        call = MultiInferenceCall(model, tasks, to_input(examples, context))
        reply, attempts = yield from self._send(call, deadline)
        answer, timings = reply.value, _timings(reply, deadline, attempts)
        return MultiInferenceResult(answer.classes, answer.values, answer.model, timings)

    def model_status(
        self, model: ModelRef, timeout_s: float | None = None
    ) -> Operation[tuple[VersionStatus, ...]]:
        """Asks where each version of a model stands, or the one that is named."""
        return (yield from self._statuses(model, self._deadline(timeout_s)))

    def model_metadata(
        self, model: ModelRef, timeout_s: float | None = None
    ) -> Operation[ModelMetadata]:
        """Asks for the signatures of a model."""
        return (yield from self._signatures.fetch(model, self._deadline(timeout_s)))

    def wait_ready(
        self, model: ModelRef, timeout_s: float | None = None
    ) -> Operation[VersionStatus]:
        """Asks for the status until a version is available."""
        deadline = self._deadline(timeout_s)
        not_yet: tuple[type[RpcError], ...] = (UnavailableError, NotFoundError)
        if model.label is not None:
            not_yet += (InvalidArgumentError,)  # the server's word for a label it does not know
        seen = "no answer yet"
        while deadline.remaining_s > 0:
            try:
                statuses = yield from self._statuses(model, deadline)
            except not_yet as error:
                seen = f"{error.code.name}: {error.detail}"
            except DeadlineExceededError:
                break
            else:
                ready = newest_available(model.name, statuses)
                if ready:
                    return ready
                seen = summary(statuses)
            yield Pause(min(_POLL_S, deadline.remaining_s))
        raise DeadlineExceededError(
            f"the model is not available yet; last seen: {seen}",
            self._sender.context(StatusCall(model), deadline, attempts=1),
        )

    def reload_config(
        self, models: Sequence[ServedModel], timeout_s: float | None = None
    ) -> Operation[None]:
        """Replaces the whole set of models that the server serves."""
        deadline = self._deadline(timeout_s)
        call = ReloadCall(tuple(models))
        reply, attempts = yield from self._send(call, deadline)
        number, message = reply.value
        if number:
            code = _STATUS_CODES.get(number, grpc.StatusCode.UNKNOWN)
            raise RpcError.of(code, message, self._sender.context(call, deadline, attempts))

    def _deadline(self, timeout_s: float | None) -> Deadline:
        return Deadline(self._timeouts.call_s if timeout_s is None else timeout_s, self._clock)

    def _send(self, call: Call[R], deadline: Deadline) -> Operation[tuple[Reply[R], int]]:
        return (yield from self._sender.send(call, deadline, self._headers()))

    def _predict(
        self,
        model: ModelRef,
        inputs: Mapping[str, ArrayLike],
        output_names: tuple[str, ...],
        deadline: Deadline,
    ) -> Operation[PredictResult]:
        fitting = yield from self._signatures.fit(model, inputs, output_names, deadline)
        call = PredictCall(model, fitting, output_names)
        reply, attempts = yield from self._send(call, deadline)
        answer = reply.value
        self._signatures.note_answer(model, answer.model)
        return PredictResult(answer.outputs, answer.model, _timings(reply, deadline, attempts))

    def _predict_part(
        self, model: ModelRef, part: Part, output_names: tuple[str, ...], deadline: Deadline
    ) -> Operation[PredictResult]:
        try:
            return (yield from self._predict(model, part.inputs, output_names, deadline))
        except ServingError as error:
            raise error.at(str(part)) from error

    def _statuses(
        self, model: ModelRef, deadline: Deadline
    ) -> Operation[tuple[VersionStatus, ...]]:
        """Asks for the status; first for the version of a label, which the original ignores."""
        if model.label is not None:
            model = (yield from self._signatures.fetch(model, deadline)).model
        reply, _ = yield from self._send(StatusCall(model), deadline)
        return reply.value


def _timings(reply: Reply[Any], deadline: Deadline, attempts: int) -> Timings:
    return Timings(reply.encode_s, reply.wire_s, reply.decode_s, deadline.elapsed_s, attempts)
