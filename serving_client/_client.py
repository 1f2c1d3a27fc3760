"""The client for programs with threads."""

import random
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, overload

from numpy.typing import ArrayLike

from serving_client._carrying import Carrier
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
from serving_client._transport import Transport
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

__all__ = ["ServingClient"]


class ServingClient:
    """Talks to TensorFlow Serving, or to anything that speaks its API.

    Safe to use from many threads; make one for a process and close it at the end.

    Args:
        target: where the server is, or several; text is parsed as `Target.parse` does.
        timeouts: how long to wait; each call can say otherwise.
        retry: when to try again.
        hedge: when to ask a second server.
        limits: connections and message sizes.
        tls: certificates, for a `grpcs://`, `h2s://` or `https://` target.
        headers: what to tell the server with every call, such as an authorization; a function is
            asked at each call, for tokens that change.
        observer: told of every call, or several that are; by default OpenTelemetry's, where the
            package opentelemetry-api is installed.
        transport: carries the calls; by default as the target's scheme and the other arguments say.
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
        hedge: Hedge = Hedge(),  # noqa: B008  frozen
        limits: Limits = Limits(),  # noqa: B008  frozen
        tls: Tls = Tls(),  # noqa: B008  frozen
        headers: HeaderSource = None,
        observer: Observers = None,
        transport: Transport | None = None,
        check_inputs: bool = True,
        sleep: Callable[[float], object] | None = None,
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
        connect = Connector(timeouts, limits, tls)
        transports = TransportPool[Transport](
            (lambda _: transport) if transport else connect, is_shared=transport is not None
        )
        self._carrier = Carrier(transports, sleep)

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
        return self._carrier.run(self._core.predict(model, inputs, output_names, timeout_s))

    def predict_image(
        self,
        model: ModelRef,
        image: PictureSource,
        *,
        resize: bool = False,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> PredictResult:
        """Runs a signature that takes pictures on one picture.

        A JPEG or PNG file travels as it is to a signature that takes files, if the model has one:
        its one input is a string (one, or a list of them), and either it is the signature that was
        asked for, or none was and the input is called like files are, such as `image_bytes`. Else
        the picture is decoded, and travels as uint8 RGB pixels. Pictures that are not upright by
        their Exif orientation are turned first, and then travel as pixels, or as a PNG file where
        the model takes files only.

        Args:
            model: which model and version; a signature other than the default one is used as it is.
            image: a path; the bytes of a file; uint8 RGB pixels [H, W, 3] or [1, H, W, 3]; or a
                Pillow image.
            resize: scale the picture to the size that the signature prescribes, whatever its
                proportions; else another size is an error.
            output_names: the outputs wanted; empty means all.
            timeout_s: deadline of the whole call, seconds; the client's default if None.

        Raises:
            SignatureMismatchError: the signature takes no picture, or none of this size.
            ConfigError: the picture has to be decoded or encoded, and Pillow is not installed.
            OSError: the file cannot be read.
            ValueError: it is no picture.
            RpcError: as for `predict`.
        """
        operation = self._core.predict_image(model, image, output_names, timeout_s, resize=resize)
        return self._carrier.run(operation)

    def predict_batch(  # noqa: PLR0913  each one is a value with a default
        self,
        model: ModelRef,
        inputs: Mapping[str, ArrayLike],
        *,
        batch_size: int,
        concurrency: int = 8,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> PredictResult:
        """Runs a signature on some rows at a time, several calls at once.

        All rows are answered by the same version: if another one takes over in between, the parts
        that the older one answered are sent again.

        Args:
            model: which model, version and signature.
            inputs: as for `predict`, with the same first dimension; scalars go with every part.
            batch_size: rows in a call.
            concurrency: how many calls are under way at once.
            output_names: the outputs wanted; empty means all.
            timeout_s: deadline of the whole, seconds; the client's default if None.

        Returns:
            The outputs of all parts, put together in order. Their timings are added up, `total_s`
            excepted.

        Raises:
            ValueError: the inputs cannot be taken apart.
            ServingError: as for `predict`; it names the rows that failed.
            AnswerError: the outputs do not have a row for each row of the inputs.
        """
        operation = self._core.predict_batch(
            model, inputs, batch_size, output_names, timeout_s, concurrency=concurrency
        )
        return self._carrier.run(operation)

    @overload
    def predict_stream(
        self,
        model: ModelRef,
        inputs: Iterable[Mapping[str, ArrayLike]],
        *,
        concurrency: int = 8,
        ordered: bool = True,
        return_errors: Literal[False] = False,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> Generator[PredictResult, None, None]: ...
    @overload
    def predict_stream(
        self,
        model: ModelRef,
        inputs: Iterable[Mapping[str, ArrayLike]],
        *,
        concurrency: int = 8,
        ordered: bool = True,
        return_errors: bool,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> Generator[PredictResult | ServingError, None, None]: ...
    def predict_stream(  # noqa: PLR0913  each one is a value with a default
        self,
        model: ModelRef,
        inputs: Iterable[Mapping[str, ArrayLike]],
        *,
        concurrency: int = 8,
        ordered: bool = True,
        return_errors: bool = False,
        output_names: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> Generator[Any, None, None]:
        """Runs a signature on each of many inputs, several at a time.

        It takes at most `concurrency` inputs more than it has yielded results, so a source without
        an end will do. They are taken in the thread that asks for results, between one result and
        the next.

        A call that fails ends the stream with its error, in its turn. Closing the generator, or
        leaving the loop over it, ends the calls under way.

        Args:
            model: which model, version and signature.
            inputs: what `predict` takes, again and again.
            concurrency: how many calls are under way at once.
            ordered: yield results in the order of the inputs; else as they come, with `position`
                to tell what they belong to.
            return_errors: yield the `ServingError` of a call in its turn, with its `position`, and
                go on.
            output_names: the outputs wanted; empty means all.
            timeout_s: deadline of each call, seconds; the client's default if None.

        Raises:
            ServingError: as for `predict`, with its `position`.
            ValueError: `concurrency` is less than 1.
        """
        flow = Flow[PredictResult](concurrency, ordered=ordered, return_errors=return_errors)

        def call(position: int, each: Mapping[str, ArrayLike]) -> Operation[PredictResult]:
            return self._core.predict(model, each, output_names, timeout_s, position)

        return self._carrier.run_each(inputs, call, flow)

    def classify(
        self,
        model: ModelRef,
        examples: Examples,
        *,
        context: Features | None = None,
        timeout_s: float | None = None,
    ) -> ClassifyResult:
        """Asks a model for the classes of examples.

        Args:
            model: which model, version and signature.
            examples: a dict of features for each, such as `{"age": 33.0, "tags": ["a", b"b"]}`:
                numbers, truth values or texts, one of them or a flat list or array.
            context: features that all examples share, where they do not have their own.
            timeout_s: as for `predict`.

        Raises:
            TypeError: a value fits no feature.
            ValueError: a number is too large for one, or an array is not flat.
            RpcError: the call failed; the subclass says how.
            AnswerError: the answer makes no sense.
        """
        return self._carrier.run(self._core.classify(model, examples, context, timeout_s))

    def regress(
        self,
        model: ModelRef,
        examples: Examples,
        *,
        context: Features | None = None,
        timeout_s: float | None = None,
    ) -> RegressResult:
        """Asks a model for the values of examples; arguments and errors are those of `classify`."""
        return self._carrier.run(self._core.regress(model, examples, context, timeout_s))

    def multi_inference(  # noqa: PLR0913  each one is a value with a default
        self,
        model: ModelRef,
        examples: Examples,
        *,
        classify: Sequence[str] = (),
        regress: Sequence[str] = (),
        context: Features | None = None,
        timeout_s: float | None = None,
    ) -> MultiInferenceResult:
        """Asks several signatures of a model about the same examples, in one call.

        Args:
            model: which model and version; its signature plays no part.
            examples: as for `classify`.
            classify: signatures to ask for classes.
            regress: signatures to ask for values.
            context: as for `classify`.
            timeout_s: as for `predict`.

        Raises:
            UnimplementedError: the target is a REST API, which does not have this.
            RpcError: as for `classify`, and so are the other errors.
        """
        operation = self._core.multi_inference(
            model, examples, context, timeout_s, classify=classify, regress=regress
        )
        return self._carrier.run(operation)

    def model_status(
        self,
        name: str,
        *,
        version: int | None = None,
        label: str | None = None,
        timeout_s: float | None = None,
    ) -> tuple[VersionStatus, ...]:
        """Where each version of a model stands, newest first; or the one version that is named.

        Raises:
            NotFoundError: the server does not know the model or the version.
            InvalidArgumentError: it does not know the label.
            RpcError: the call failed in another way.
        """
        model = ModelRef(name, version, label=label)
        return self._carrier.run(self._core.model_status(model, timeout_s))

    def model_metadata(self, model: ModelRef, *, timeout_s: float | None = None) -> ModelMetadata:
        """The signatures of a model, asked anew from the server.

        Raises:
            RpcError: the call failed.
        """
        return self._carrier.run(self._core.model_metadata(model, timeout_s))

    def wait_ready(
        self,
        name: str,
        *,
        version: int | None = None,
        label: str | None = None,
        timeout_s: float | None = None,
    ) -> VersionStatus:
        """Waits until a version of the model is available, and returns the newest that is.

        Raises:
            ModelNotReadyError: loading failed, and nothing else is under way.
            DeadlineExceededError: the time is over; says what was seen last.
            RpcError: the call failed in a way that waiting does not mend.
        """
        model = ModelRef(name, version, label=label)
        return self._carrier.run(self._core.wait_ready(model, timeout_s))

    def reload_config(
        self, models: Sequence[ServedModel], *, timeout_s: float | None = None
    ) -> None:
        """Replaces the whole set of models that the server serves.

        Models that are not in the list are unloaded.

        Raises:
            RpcError: the server refused, or a model did not become available.
        """
        self._carrier.run(self._core.reload_config(models, timeout_s))

    def close(self, *, finish_s: float = 0.0) -> None:
        """Ends what is in flight and frees all connections. May be called again.

        Args:
            finish_s: how long to let calls under way finish first, seconds; meanwhile new ones
                are refused.
        """
        self._carrier.close(finish_s)

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
