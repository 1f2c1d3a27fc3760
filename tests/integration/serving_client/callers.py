"""Both clients behind one face, so that one test is for both."""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

import numpy as np

from serving_client import AsyncServingClient, ModelRef, PredictResult, ServingClient

__all__ = [
    "CALLERS",
    "CALLER_NAMES",
    "AsyncCaller",
    "Caller",
    "H2Caller",
    "MakeCaller",
    "ThreadCaller",
]

_MODEL = ModelRef("raw")
_INPUTS: Mapping[str, Any] = {"x": np.zeros(3)}


class Caller(Protocol):
    """A client that makes one call after the other."""

    def predict(
        self, timeout_s: float | None = None, inputs: Mapping[str, Any] = _INPUTS
    ) -> PredictResult:
        """Makes a call."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


MakeCaller: TypeAlias = Callable[..., Caller]


class ThreadCaller:
    """Makes calls with a `ServingClient`."""

    def __init__(self, target: str, **options: Any) -> None:
        self.client = ServingClient(target, check_inputs=False, **options)

    def predict(
        self, timeout_s: float | None = None, inputs: Mapping[str, Any] = _INPUTS
    ) -> PredictResult:
        """Makes a call."""
        return self.client.predict(_MODEL, inputs, timeout_s=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()


class AsyncCaller:
    """Makes calls with an `AsyncServingClient`, in an event loop that runs while they do."""

    def __init__(self, target: str, **options: Any) -> None:
        self.client = AsyncServingClient(target, check_inputs=False, **options)
        self._runner = asyncio.Runner()

    def predict(
        self, timeout_s: float | None = None, inputs: Mapping[str, Any] = _INPUTS
    ) -> PredictResult:
        """Makes a call."""
        return self._runner.run(self.client.predict(_MODEL, inputs, timeout_s=timeout_s))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.run(self.client.close())
        self._runner.close()


class H2Caller(ThreadCaller):
    """Makes calls with a `ServingClient` that does without the gRPC library.

    Args:
        target: as for the other callers.
        options: of the client.
    """

    def __init__(self, target: str, **options: Any) -> None:
        over_h2 = target.replace("grpc://", "h2://") if "://" in target else f"h2://{target}"
        super().__init__(over_h2, **options)


CALLERS: tuple[MakeCaller, ...] = (ThreadCaller, AsyncCaller, H2Caller)
CALLER_NAMES = ("threads", "asyncio", "h2")
