"""The client for programs with an event loop."""

import asyncio
import random
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from types import TracebackType
from typing import Any, Literal, Self, overload

from numpy.typing import ArrayLike

from serving_client._aio_carrying import AsyncCarrier
from serving_client._config import ClientConfig, Hedge, Limits, Retry, Timeouts, Tls
from serving_client._connecting import Connector
from serving_client._core import ClientCore
from serving_client._examples import Examples, Features
from serving_client._headers import HeaderSource, header_reader
from serving_client._images import PictureSource
from serving_client._many import Flow
from serving_client._operation import Operation
from serving_client._target import Target
from serving_client._telemetry import Observers, Telemetry
from serving_client._transport import AsyncTransport
from serving_client._transport_pool import TransportPool
from serving_client._values import (
    ClassifyResult,
    ModelMetadata,
    ModelRef,
    MultiInferenceResult,
    PredictResult,
    RegressResult,
    ServedModel,
    VersionStatus,
)
from serving_client.exceptions import ServingError

__all__ = ["AsyncServingClient"]


class AsyncServingClient:
    """`ServingClient` for asyncio: the same calls, to be awaited, from one event loop.

    Cancelling a task that waits for a call ends the call.

    Args:
        target, timeouts, retry, hedge, limits, tls, headers, observer, check_inputs, uniform,
            clock: as for `ServingClient`.
        transport: carries the calls; by default as the target's scheme and the other arguments say.
        sleep: how to pause.

    >>> async def main() -> None:
    ...     async with AsyncServingClient("127.0.0.1:8500") as client:
    ...         print(client)
    >>> asyncio.run(main())
    AsyncServingClient('grpc://127.0.0.1:8500')
    """

    def __init__(  # noqa: PLR0913  each one is a value with a default
        self,
        target: Target | str,
        *,
        timeouts: Timeouts = Timeouts(),  # noqa: B008  frozen
        retry: Retry = Retry(),  # noqa: B008  frozen
        hedge: Hedge = Hedge(),  # noqa: B008  frozen
        limits: Limits = Limits(),  # noqa: B008  frozen
        tls: Tls = Tls(),  # noqa: B008  frozen
        headers: HeaderSource = None,
        observer: Observers = None,
        transport: AsyncTransport | None = None,
        check_inputs: bool = True,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.target = Target.parse(target) if isinstance(target, str) else target
        self._core = ClientCore(
            self.target,
            timeouts=timeouts,
            retry=retry,
            hedge=hedge,
            headers=header_reader(headers),
            telemetry=Telemetry(observer),
            check_inputs=check_inputs,
            uniform=uniform,
            clock=clock,
        )
        connect = Connector(timeouts, limits, tls).for_event_loop
        transports = TransportPool[AsyncTransport](
            (lambda _: transport) if transport else connect, is_shared=transport is not None
        )
        self._carrier = AsyncCarrier(transports, sleep)

    @classmethod
    def from_config(cls, config: ClientConfig, *, observer: Observers = None) -> Self:
        """A client as a configuration says."""
        return cls(
            config.target,
            timeouts=config.timeouts,
            retry=config.retry,
            hedge=config.hedge,
            limits=config.limits,
            tls=config.tls,
            headers=config.header_source,
            observer=observer,
        )

    @classmethod
    def from_env(cls) -> Self:
        """A client as the `SIGHTLINE_SERVING_*` variables say.

        Raises:
            ConfigError: one of them holds something else than it should.
        """
        return cls.from_config(ClientConfig.from_env())

    async def predict(
        self,
        model: ModelRef,
        inputs: Mapping[str, ArrayLike],
        *,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> PredictResult:
        """See `ServingClient.predict`."""
        operation = self._core.predict(model, inputs, output_names, timeout_s)
        return await self._carrier.run(operation)

    async def predict_image(
        self,
        model: ModelRef,
        image: PictureSource,
        *,
        resize: bool = False,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> PredictResult:
        """See `ServingClient.predict_image`. Files are read and decoded in another thread."""
        operation = self._core.predict_image(model, image, output_names, timeout_s, resize=resize)
        return await self._carrier.run(operation)

    async def predict_batch(  # noqa: PLR0913  each one is a value with a default
        self,
        model: ModelRef,
        inputs: Mapping[str, ArrayLike],
        *,
        batch_size: int,
        concurrency: int = 8,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> PredictResult:
        """See `ServingClient.predict_batch`."""
        operation = self._core.predict_batch(
            model, inputs, batch_size, output_names, timeout_s, concurrency=concurrency
        )
        return await self._carrier.run(operation)

    @overload
    def predict_stream(
        self,
        model: ModelRef,
        inputs: Iterable[Mapping[str, ArrayLike]] | AsyncIterable[Mapping[str, ArrayLike]],
        *,
        concurrency: int = 8,
        ordered: bool = True,
        return_errors: Literal[False] = False,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> AsyncGenerator[PredictResult, None]: ...
    @overload
    def predict_stream(
        self,
        model: ModelRef,
        inputs: Iterable[Mapping[str, ArrayLike]] | AsyncIterable[Mapping[str, ArrayLike]],
        *,
        concurrency: int = 8,
        ordered: bool = True,
        return_errors: bool,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> AsyncGenerator[PredictResult | ServingError, None]: ...
    def predict_stream(  # noqa: PLR0913  each one is a value with a default
        self,
        model: ModelRef,
        inputs: Iterable[Mapping[str, ArrayLike]] | AsyncIterable[Mapping[str, ArrayLike]],
        *,
        concurrency: int = 8,
        ordered: bool = True,
        return_errors: bool = False,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> AsyncGenerator[Any, None]:
        """See `ServingClient.predict_stream`, of which this is the form for `async for`.

        Inputs may come from an asynchronous iterable; they are awaited beside the calls. Leaving
        the loop early ends the calls under way a little later; with `contextlib.aclosing`, at once.
        """
        flow = Flow[PredictResult](concurrency, ordered=ordered, return_errors=return_errors)

        def call(position: int, each: Mapping[str, ArrayLike]) -> Operation[PredictResult]:
            return self._core.predict(model, each, output_names, timeout_s, position)

        return self._carrier.run_each(inputs, call, flow)

    async def classify(
        self,
        model: ModelRef,
        examples: Examples,
        *,
        context: Features | None = None,
        timeout_s: float | None = None,
    ) -> ClassifyResult:
        """See `ServingClient.classify`."""
        return await self._carrier.run(self._core.classify(model, examples, context, timeout_s))

    async def regress(
        self,
        model: ModelRef,
        examples: Examples,
        *,
        context: Features | None = None,
        timeout_s: float | None = None,
    ) -> RegressResult:
        """See `ServingClient.regress`."""
        return await self._carrier.run(self._core.regress(model, examples, context, timeout_s))

    async def multi_inference(  # noqa: PLR0913  each one is a value with a default
        self,
        model: ModelRef,
        examples: Examples,
        *,
        classify: Sequence[str] = (),
        regress: Sequence[str] = (),
        context: Features | None = None,
        timeout_s: float | None = None,
    ) -> MultiInferenceResult:
        """See `ServingClient.multi_inference`."""
        operation = self._core.multi_inference(
            model, examples, context, timeout_s, classify=classify, regress=regress
        )
        return await self._carrier.run(operation)

    async def model_status(
        self,
        name: str,
        *,
        version: int | None = None,
        label: str | None = None,
        timeout_s: float | None = None,
    ) -> tuple[VersionStatus, ...]:
        """See `ServingClient.model_status`."""
        model = ModelRef(name, version, label=label)
        return await self._carrier.run(self._core.model_status(model, timeout_s))

    async def model_metadata(
        self, model: ModelRef, *, timeout_s: float | None = None
    ) -> ModelMetadata:
        """See `ServingClient.model_metadata`."""
        return await self._carrier.run(self._core.model_metadata(model, timeout_s))

    async def wait_ready(
        self,
        name: str,
        *,
        version: int | None = None,
        label: str | None = None,
        timeout_s: float | None = None,
    ) -> VersionStatus:
        """See `ServingClient.wait_ready`."""
        model = ModelRef(name, version, label=label)
        return await self._carrier.run(self._core.wait_ready(model, timeout_s))

    async def reload_config(
        self, models: Sequence[ServedModel], *, timeout_s: float | None = None
    ) -> None:
        """See `ServingClient.reload_config`."""
        await self._carrier.run(self._core.reload_config(models, timeout_s))

    async def close(self, *, finish_s: float = 0.0) -> None:
        """See `ServingClient.close`."""
        await self._carrier.close(finish_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.target)!r})"
