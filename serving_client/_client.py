"""The client: calls with one deadline, retries inside it, and checks before anything is sent."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

import grpc
from numpy.typing import ArrayLike

from serving_client._calls import Call, MetadataCall, PredictCall, ReloadCall, StatusCall
from serving_client._checks import fit_inputs, plain_arrays
from serving_client._config import ClientConfig, Limits, Retry, Target, Timeouts, Tls
from serving_client._deadline import Deadline
from serving_client._grpc_transport import GrpcTransport
from serving_client._transport import Reply, Transport, TransportError
from serving_client._values import (
    Array,
    ModelMetadata,
    ModelRef,
    ModelState,
    PredictResult,
    ServedModel,
    Timings,
    VersionStatus,
)
from serving_client.exceptions import (
    DeadlineExceededError,
    ModelNotReadyError,
    NotFoundError,
    RpcContext,
    RpcError,
    SignatureMismatchError,
    UnavailableError,
    UnimplementedError,
)

__all__ = ["ServingClient"]

R = TypeVar("R")

_STATUS_CODES = {status.value[0]: status for status in grpc.StatusCode}
_POLL_S = 0.1


def is_transient(code: grpc.StatusCode) -> bool:
    """Whether trying again can help and cannot harm.

    UNAVAILABLE alone: the server was not reached, or refused the work for now. Everything else
    either comes back the same, or (DEADLINE_EXCEEDED, CANCELLED) must not outlive its reason.
    """
    return code is grpc.StatusCode.UNAVAILABLE


class ServingClient:
    """Talks to TensorFlow Serving, or to anything that speaks its gRPC API.

    Safe to use from many threads; make one for a process and close it at the end.

    Args:
        target: where the server is; text is parsed as `Target.parse` does.
        timeouts: how long to wait; each call can say otherwise.
        retry: when to try again.
        limits: connections and message sizes.
        tls: certificates, for a `grpcs://` target.
        transport: carries the calls; by default gRPC, as the other arguments say.
        check_inputs: compare inputs with the model's signature before sending them.
        sleep, uniform, clock: how to pause, to draw a pause, and to read the time.

    >>> with ServingClient(Target.parse("127.0.0.1:8500")) as client:
    ...     print(client)
    ServingClient('grpc://127.0.0.1:8500')
    """

    def __init__(  # noqa: PLR0913  each one is a value with a default
        self,
        target: Target | str,
        *,
        timeouts: Timeouts = Timeouts(),  # noqa: B008  frozen
        retry: Retry = Retry(),  # noqa: B008  frozen
        limits: Limits = Limits(),  # noqa: B008  frozen
        tls: Tls = Tls(),  # noqa: B008  frozen
        transport: Transport | None = None,
        check_inputs: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.target = Target.parse(target) if isinstance(target, str) else target
        self._timeouts = timeouts
        self._retry = retry
        self._transport = transport or GrpcTransport(self.target, timeouts, limits, tls)
        self._check_inputs = check_inputs
        self._sleep = sleep
        self._uniform = uniform
        self._clock = clock
        self._metadata: dict[ModelRef, ModelMetadata] = {}
        self._has_metadata = True

    @classmethod
    def from_config(cls, config: ClientConfig) -> Self:
        """A client as a configuration says."""
        return cls(
            config.target,
            timeouts=config.timeouts,
            retry=config.retry,
            limits=config.limits,
            tls=config.tls,
        )

    @classmethod
    def from_env(cls) -> Self:
        """A client as the `SIGHTLINE_SERVING_*` variables say.

        Raises:
            ConfigError: one of them holds something else than it should.
        """
        return cls.from_config(ClientConfig.from_env())

    def predict(
        self,
        model: ModelRef,
        inputs: Mapping[str, ArrayLike],
        *,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> PredictResult:
        """Runs a signature of a model.

        Tried again if the server is unavailable, so a model that keeps state between calls may
        see a request twice.

        Args:
            model: which model, version and signature.
            inputs: arrays by the signature's names; plain Python numbers, strings and lists are
                converted to the signature's dtype.
            output_names: the outputs wanted; empty means all. Asking for less is faster.
            timeout_s: deadline of the whole call, seconds; the client's default if None.

        Raises:
            SignatureMismatchError: the inputs do not fit; nothing was sent.
            TypeError: TensorFlow has no such element type.
            RpcError: the call failed; the subclass says how.
            AnswerError: the answer makes no sense.
            ClientClosedError: the client is closed.
        """
        deadline = self._deadline(timeout_s)
        names = tuple(output_names)
        call = PredictCall(model, self._fit(model, inputs, names, deadline), names)
        reply, attempts = self._send(call, deadline)
        self._forget_if_replaced(model, reply.value.model)
        timings = Timings(
            reply.encode_s, reply.wire_s, reply.decode_s, deadline.elapsed_s, attempts
        )
        return PredictResult(reply.value.outputs, reply.value.model, timings)

    def model_status(
        self, name: str, *, version: int | None = None, timeout_s: float | None = None
    ) -> tuple[VersionStatus, ...]:
        """Where each version of a model stands, newest first.

        Raises:
            NotFoundError: the server does not know the model or the version.
            RpcError: the call failed in another way.
        """
        call = StatusCall(ModelRef(name, version))
        return self._send(call, self._deadline(timeout_s))[0].value

    def model_metadata(self, model: ModelRef, *, timeout_s: float | None = None) -> ModelMetadata:
        """The signatures of a model, asked anew from the server.

        Raises:
            RpcError: the call failed.
        """
        return self._fetch_metadata(model, self._deadline(timeout_s))

    def wait_ready(
        self, name: str, *, version: int | None = None, timeout_s: float | None = None
    ) -> VersionStatus:
        """Waits until a version of the model is available, and returns the newest that is.

        Raises:
            ModelNotReadyError: loading failed, and nothing else is under way.
            DeadlineExceededError: the time is over; says what was seen last.
            RpcError: the call failed in a way that waiting does not mend.
        """
        deadline = self._deadline(timeout_s)
        seen = "no answer yet"
        while deadline.remaining_s > 0:
            try:
                call = StatusCall(ModelRef(name, version))
                statuses = self._send(call, deadline)[0].value
            except (UnavailableError, NotFoundError) as error:
                seen = f"{error.code.name}: {error.detail}"
            except DeadlineExceededError:
                break
            else:
                ready = _available(name, statuses)
                if ready:
                    return ready
                seen = _summary(statuses)
            self._sleep(min(_POLL_S, deadline.remaining_s))
        context = self._context(StatusCall(ModelRef(name, version)), deadline, attempts=1)
        raise DeadlineExceededError(f"the model is not available yet; last seen: {seen}", context)

    def reload_config(
        self, models: Sequence[ServedModel], *, timeout_s: float | None = None
    ) -> None:
        """Replaces the whole set of models that the server serves.

        Models that are not in the list are unloaded.

        Raises:
            RpcError: the server refused, or a model did not become available.
        """
        deadline = self._deadline(timeout_s)
        call = ReloadCall(tuple(models))
        reply, attempts = self._send(call, deadline)
        number, message = reply.value
        if number:
            code = _STATUS_CODES.get(number, grpc.StatusCode.UNKNOWN)
            raise RpcError.of(code, message, self._context(call, deadline, attempts))

    def close(self) -> None:
        """Ends what is in flight and frees all connections. May be called again."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.target)!r})"

    def _deadline(self, timeout_s: float | None) -> Deadline:
        return Deadline(self._timeouts.call_s if timeout_s is None else timeout_s, self._clock)

    def _send(self, call: Call[R], deadline: Deadline) -> tuple[Reply[R], int]:
        """Makes attempts until one succeeds; returns the reply and how many there were."""
        attempts = 0
        while True:
            attempts += 1
            try:
                # A last attempt with no time left still gets to say why it failed.
                timeout_s = max(deadline.remaining_s, 0.001)
                return self._transport.send(call, timeout_s=timeout_s), attempts
            except TransportError as failure:
                pause_s = self._retry.pause_s(attempts, self._uniform)
                if (
                    not is_transient(failure.code)
                    or attempts >= self._retry.attempts_max
                    or pause_s >= deadline.remaining_s
                ):
                    context = self._context(call, deadline, attempts)
                    raise RpcError.of(failure.code, failure.detail, context) from failure
            self._sleep(pause_s)

    def _context(self, call: Call[object], deadline: Deadline, attempts: int) -> RpcContext:
        return RpcContext(
            rpc=call.rpc,
            target=str(self.target),
            model=call.model.name if call.model else None,
            version=call.model.version if call.model else None,
            deadline_s=deadline.seconds,
            elapsed_s=deadline.elapsed_s,
            attempts=attempts,
        )

    def _fetch_metadata(self, model: ModelRef, deadline: Deadline) -> ModelMetadata:
        metadata = self._send(MetadataCall(model), deadline)[0].value
        self._metadata[model] = metadata
        return metadata

    def _fit(
        self,
        model: ModelRef,
        inputs: Mapping[str, ArrayLike],
        output_names: tuple[str, ...],
        deadline: Deadline,
    ) -> Mapping[str, Array]:
        """The inputs as arrays, checked against the signature where the server tells it."""
        if not (self._check_inputs and self._has_metadata):
            return plain_arrays(inputs)
        known = self._metadata.get(model)
        try:
            metadata = known or self._fetch_metadata(model, deadline)
            try:
                return _fit_to(metadata, model, inputs, output_names)
            except SignatureMismatchError:
                if known is None:
                    raise
                # What we know may be of a version that is gone.
                metadata = self._fetch_metadata(model, deadline)
                return _fit_to(metadata, model, inputs, output_names)
        except UnimplementedError:
            self._has_metadata = False
            return plain_arrays(inputs)

    def _forget_if_replaced(self, asked: ModelRef, answered: ModelRef) -> None:
        known = self._metadata.get(asked)
        if known is not None and known.model.version != answered.version:
            self._metadata.pop(asked, None)


def _fit_to(
    metadata: ModelMetadata,
    model: ModelRef,
    inputs: Mapping[str, ArrayLike],
    output_names: tuple[str, ...],
) -> Mapping[str, Array]:
    signature = metadata.signatures.get(model.signature)
    if signature is None:
        known = ", ".join(map(repr, metadata.signatures))
        raise SignatureMismatchError(
            f"{metadata.model} has no signature {model.signature!r}; it has {known or 'none'}"
        )
    try:
        return fit_inputs(inputs, signature, output_names)
    except SignatureMismatchError as error:
        raise SignatureMismatchError(f"{metadata.model}: {error}") from error


def _available(name: str, statuses: Sequence[VersionStatus]) -> VersionStatus | None:
    """The newest available version; None if one may still come.

    Raises:
        ModelNotReadyError: loading failed, and nothing is under way.
    """
    for status in statuses:
        if status.state is ModelState.AVAILABLE:
            return status
    under_way = any(s.state in {ModelState.START, ModelState.LOADING} for s in statuses)
    failed = [status for status in statuses if status.error_code]
    if failed and not under_way:
        raise ModelNotReadyError(f"model {name} cannot be loaded: {_summary(failed)}")
    return None


def _summary(statuses: Sequence[VersionStatus]) -> str:
    parts = (
        f"version {each.version} {each.state.name}"
        + (f" ({each.error_message})" if each.error_message else "")
        for each in statuses
    )
    return ", ".join(parts) or "no versions"
