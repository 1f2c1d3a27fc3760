"""The same calls give the same answers, and the same mistakes the same errors, however they go."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from model_server.call import Call
from model_server.testing import wait_until
from serving_client import (
    AsyncServingClient,
    ClassifyResult,
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    ModelRef,
    ModelState,
    NotFoundError,
    RpcError,
    ScoredClass,
    ServedModel,
    ServingClient,
    ServingError,
    SignatureMismatchError,
    UnimplementedError,
)
from tests.integration.serving_client.catalogue import Catalogue, serve_catalogue

SCHEMES = ("grpc", "unix", "h2", "h2+unix", "http", "zmq")
Ask = Callable[..., Any]
"""Calls a method of a new client by its name; the client is closed afterwards."""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    running = serve_catalogue(tmp_path_factory.mktemp("every"))
    yield running
    running.close()


def ask_sync(target: str, method: str, *arguments: Any, **options: Any) -> Any:
    with ServingClient(target, check_inputs=options.pop("check_inputs", True)) as client:
        answer = getattr(client, method)(*arguments, **options)
        return list(answer) if inspect.isgenerator(answer) else answer


def ask_async(target: str, method: str, *arguments: Any, **options: Any) -> Any:
    async def ask() -> Any:
        check_inputs = options.pop("check_inputs", True)
        async with AsyncServingClient(target, check_inputs=check_inputs) as client:
            answer = getattr(client, method)(*arguments, **options)
            return [each async for each in answer] if inspect.isasyncgen(answer) else await answer

    return asyncio.run(ask())


@pytest.fixture(params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[ask_sync, ask_async], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest, catalogue: Catalogue, scheme: str) -> Ask:
    target = catalogue.targets[scheme]
    return lambda method, *given, **options: request.param(target, method, *given, **options)


def strings(*elements: bytes) -> Any:
    array = np.empty(len(elements), object)
    array[:] = elements
    return array


def ref(signature: str = "serving_default", **which: Any) -> ModelRef:
    return ModelRef("catalogue", signature=signature, **which)


def assert_same(given: Any, expected: Any) -> None:
    assert given.dtype == expected.dtype
    assert given.shape == expected.shape
    np.testing.assert_array_equal(given, expected)


ALL_DTYPES = {
    "float32": np.array([[0.1, -0.0, np.nan], [np.inf, -np.inf, 1e-40]], np.float32),
    "float64": np.array([0.1, 1e300, -5e-324]),
    "int8": np.array([-128, 127], np.int8),
    "int16": np.array([-32768, 32767], np.int16),
    "int32": np.array([[[-(2**31)]], [[2**31 - 1]]], np.int32),
    "int64": np.array([-(2**63), 2**63 - 1, 2**53 + 1], np.int64),
    "uint8": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "uint32": np.array([0, 2**32 - 1], np.uint32),
    "uint64": np.array([0, 1, 2**64 - 1], np.uint64),
    "bool": np.array([[True], [False]]),
    "string": strings(b"plain", "Bär \U0001f43b".encode(), b""),
}


def test_every_dtype_comes_back_as_it_went(ask: Ask) -> None:
    """Values, dtypes and shapes survive, extreme values, NaN and infinities included."""
    result = ask("predict", ref("all_dtypes"), ALL_DTYPES)

    assert set(result.outputs) == set(ALL_DTYPES)
    for name, array in ALL_DTYPES.items():
        assert_same(result[name], array)
        assert result[name].flags.writeable


def test_scalars_and_empty_tensors_keep_their_shapes(ask: Ask) -> None:
    """Outputs of no dimension, and of no elements, come back with the shape they have."""
    result = ask("predict", ref("two"), {"x": [[1, 2], [3, 4]]})

    assert_same(result["rows"], np.array([[2, 4], [6, 8]], np.float32))
    assert_same(result["sum"], np.array(10, np.float32))
    assert_same(result["count"], np.array(2, np.int64))
    assert_same(result["none"], np.empty((0, 3), np.float32))


def test_scalar_of_every_dtype_can_be_sent(ask: Ask) -> None:
    """A tensor without dimensions is one value, and not a list of one."""
    scalars = {name: array.reshape(-1)[0:1].reshape(()) for name, array in ALL_DTYPES.items()}

    result = ask("predict", ref("all_dtypes"), scalars)

    for name, array in scalars.items():
        assert_same(result[name], array)


@pytest.mark.parametrize(
    "elements",
    [(b"\xff\x00\x80", b"\xed\xa0\x80"), (b'"quoted"\n', b"{}"), (b"",)],
    ids=["no UTF-8", "marks", "empty"],
)
def test_strings_are_bytes(ask: Ask, elements: tuple[bytes, ...]) -> None:
    """Bytes that are no text survive, under a name that ends in `_bytes` and under another."""
    text = strings(*elements)

    result = ask("predict", ref("texts"), {"text": text})

    assert_same(result["text"], text)
    assert_same(result["raw_bytes"], text)


def test_python_strings_are_encoded(ask: Ask) -> None:
    """Text goes out as UTF-8."""
    result = ask("predict", ref("texts"), {"text": ["Bär"]})

    assert_same(result["text"], strings("Bär".encode()))


def test_outputs_can_be_chosen(ask: Ask) -> None:
    """Only the outputs asked for come back, in any order."""
    result = ask("predict", ref("two"), {"x": [[1, 2]]}, output_names=["sum", "count"])

    assert set(result.outputs) == {"sum", "count"}


@pytest.mark.parametrize(
    ("which", "version"),
    [({}, 2), ({"version": 1}, 1), ({"label": "stable"}, 1)],
    ids=["newest", "version", "label"],
)
def test_answer_names_the_version(ask: Ask, which: dict[str, Any], version: int) -> None:
    """An answer says which version it is of, however that was chosen."""
    result = ask("predict", ref(**which), {"x": [1.5]})

    assert result.model == ref(version=version)
    assert_same(result["y"], np.array([1.5], np.float32))


def test_answer_tells_where_the_time_went(ask: Ask) -> None:
    """The parts of the time are told, and one attempt was enough."""
    timings = ask("predict", ref(), {"x": [1.5]}).timings

    assert timings.attempts == 1
    assert 0 < timings.encode_s + timings.wire_s + timings.decode_s < timings.total_s


EXAMPLES = [
    {"name": "a", "x": 0.25, "n": 3},
    {"name": "Bär".encode(), "x": np.array([0.5, 8], np.float32), "n": [4]},
]


def test_classify_gives_labels_and_scores(ask: Ask) -> None:
    """Each example has its classes, in the model's order, and the answer its version."""
    result = ask("classify", ref("classify"), EXAMPLES)

    assert result == ClassifyResult(
        (
            (ScoredClass("a", 0.25), ScoredClass("other", 3.0)),
            (ScoredClass("Bär", 0.5), ScoredClass("other", 4.0)),
        ),
        ref("classify", version=2),
        result.timings,
    )


def test_regress_gives_a_value_for_each_example(ask: Ask) -> None:
    """Each example has its value, and the answer its version."""
    result = ask("regress", ref("regress", label="stable"), EXAMPLES)

    assert result.values == (0.25, 8.5)
    assert result.model == ref("regress", version=1)


def test_context_is_shared(ask: Ask) -> None:
    """A feature of the context counts for each example that does not have its own."""
    examples = [{"x": 0.5}, {"x": 0.5, "name": "mine"}]

    result = ask("classify", ref("classify"), examples, context={"name": "ours", "n": 1})

    assert [example[0].label for example in result.classes] == ["ours", "mine"]


def test_multi_inference_asks_several_signatures(ask: Ask, scheme: str) -> None:
    """Classes and values come in one answer; the REST API does not have this, and says so."""
    tasks = {"classify": ["classify"], "regress": ["regress"]}
    if scheme == "http":
        with pytest.raises(UnimplementedError, match="the REST API has no MultiInference"):
            ask("multi_inference", ref(), EXAMPLES, **tasks)
        return

    result = ask("multi_inference", ref(version=1), EXAMPLES, **tasks)

    assert result.values == {"regress": (0.25, 8.5)}
    assert result.classes["classify"][0][0] == ScoredClass("a", 0.25)
    assert result.model == ref(version=1)


@pytest.mark.parametrize(
    ("which", "versions"),
    [({}, [2, 1]), ({"version": 1}, [1]), ({"label": "stable"}, [1])],
    ids=["all", "version", "label"],
)
def test_status_lists_versions(ask: Ask, which: dict[str, Any], versions: list[int]) -> None:
    """The status is of all versions, of one by its number, or of one by its label."""
    statuses = ask("model_status", "catalogue", **which)

    assert [each.version for each in statuses] == versions
    assert {each.state for each in statuses} == {ModelState.AVAILABLE}
    assert ask("wait_ready", "catalogue", **which).version == versions[0]


def test_metadata_is_the_same(ask: Ask, catalogue: Catalogue) -> None:
    """The signatures come with the same dtypes and shapes, unknown ranks included."""
    metadata = ask("model_metadata", ref(label="stable"))

    assert metadata == ask_sync(catalogue.targets["grpc"], "model_metadata", ref(label="stable"))
    assert metadata.model == ref(version=1)
    assert str(metadata.signatures["two"].inputs["x"]) == "float32 [?, 2]"
    assert metadata.signatures["all_dtypes"].inputs["string"].shape is None


X = {"x": np.array([1.5], np.float32)}
MISTAKES: dict[str, tuple[type[ServingError], str, tuple[Any, ...], dict[str, Any]]] = {
    "model": (NotFoundError, "predict", (ModelRef("nobody"), X), {}),
    "version": (NotFoundError, "predict", (ref(version=7), X), {}),
    "label": (InvalidArgumentError, "predict", (ref(label="nobody"), X), {}),
    "signature, checked": (SignatureMismatchError, "predict", (ref("nobody"), X), {}),
    "signature": (FailedPreconditionError, "predict", (ref("nobody"), X), {"check_inputs": False}),
    "input, checked": (SignatureMismatchError, "predict", (ref(), {"z": [1.5]}), {}),
    "input": (InvalidArgumentError, "predict", (ref(), {"z": [1.5]}), {"check_inputs": False}),
    "missing input": (InvalidArgumentError, "predict", (ref(), {}), {}),
    "extra input": (
        InvalidArgumentError, "predict", (ref(), {**X, "z": [1.5]}), {"check_inputs": False},
    ),
    "dtype": (InvalidArgumentError, "predict", (ref(), {"x": ["a"]}), {"check_inputs": False}),
    "rank": (
        InvalidArgumentError, "predict", (ref(), {"x": np.float32(1)}), {"check_inputs": False},
    ),
    "output": (
        InvalidArgumentError, "predict", (ref(), X), {"check_inputs": False, "output_names": ["z"]},
    ),
    "output twice": (InvalidArgumentError, "predict", (ref(), X), {"output_names": ["y", "y"]}),
    "no examples": (InvalidArgumentError, "classify", (ref("classify"), []), {}),
    "classify, model": (NotFoundError, "classify", (ModelRef("nobody"), EXAMPLES), {}),
    "classify, signature": (InvalidArgumentError, "classify", (ref("nobody"), EXAMPLES), {}),
    "regress, signature": (InvalidArgumentError, "regress", (ref("classify"), EXAMPLES), {}),
    "status, model": (NotFoundError, "model_status", ("nobody",), {}),
    "status, version": (NotFoundError, "model_status", ("catalogue",), {"version": 7}),
    "status, label": (InvalidArgumentError, "model_status", ("catalogue",), {"label": "nobody"}),
    "metadata, model": (NotFoundError, "model_metadata", (ModelRef("nobody"),), {}),
    "wait": (DeadlineExceededError, "wait_ready", ("nobody",), {"timeout_s": 0.5}),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_the_same_errors(ask: Ask, name: str) -> None:
    """A mistake is an error of the same class, which names the model that was asked for."""
    kind, method, arguments, options = MISTAKES[name]

    with pytest.raises(kind) as caught:
        ask(method, *arguments, **options)

    assert type(caught.value) is kind
    if isinstance(caught.value, RpcError):
        assert caught.value.model == getattr(arguments[0], "name", arguments[0])


def test_reload_is_refused_by_rest_alone(ask: Ask, scheme: str) -> None:
    """The REST API cannot change the configuration; the others say what is wrong with it."""
    expected = UnimplementedError if scheme == "http" else InvalidArgumentError
    twice = [ServedModel("m", "/nowhere"), ServedModel("m", "/nowhere")]

    with pytest.raises(expected):
        ask("reload_config", twice)


def test_dtype_that_rest_cannot_carry(ask: Ask, scheme: str) -> None:
    """Half-precision floats travel over all but JSON, which says what to use."""
    half = {"x": np.array([0.5], np.float16)}
    if scheme == "http":
        with pytest.raises(UnimplementedError, match=r"no JSON for float16 \[1\]; use .*gRPC"):
            ask("predict", ref("half"), half)
        return

    assert_same(ask("predict", ref("half"), half)["y"], half["x"])


def test_deadline_ends_a_call(ask: Ask, catalogue: Catalogue) -> None:
    """A model that takes too long is DEADLINE_EXCEEDED after one attempt."""
    catalogue.runtime.model.run_gate.clear()
    try:
        with pytest.raises(DeadlineExceededError) as caught:
            ask("predict", ref(), X, timeout_s=0.5, check_inputs=False)
    finally:
        catalogue.runtime.model.run_gate.set()

    assert caught.value.attempts == 1
    assert caught.value.deadline_s == 0.5


@pytest.fixture
def held(catalogue: Catalogue) -> Iterator[list[Call]]:
    """Holds up all calls of the test, and gathers them."""
    catalogue.runtime.model.run_gate.clear()
    catalogue.runtime.calls.clear()
    yield catalogue.runtime.calls
    catalogue.runtime.model.run_gate.set()


def test_cancelled_task_ends_the_call(catalogue: Catalogue, scheme: str, held: list[Call]) -> None:
    """Cancelling a task that waits for a call tells the server that nobody does."""

    async def cancel() -> None:
        async with AsyncServingClient(catalogue.targets[scheme], check_inputs=False) as client:
            task = asyncio.create_task(client.predict(ref(), X))
            await asyncio.to_thread(wait_until, lambda: held)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(wait_until, held[0].has_left)

    asyncio.run(cancel())


ONE_LET_IN = [{"x": np.array([number], np.float32)} for number in range(10)]
"""Inputs for the signature "gated", of which the first is answered."""


def test_stream_that_is_closed_ends_its_calls(
    catalogue: Catalogue, scheme: str, held: list[Call]
) -> None:
    """Closing a stream ends the calls under way before it returns."""
    with ServingClient(catalogue.targets[scheme]) as client:
        stream = client.predict_stream(ref("gated"), ONE_LET_IN, concurrency=3)
        next(stream)
        wait_until(lambda: len(held) == 2)

        stream.close()

        wait_until(lambda: all(call.has_left() for call in held))
    assert len(held) == 2


def test_stream_whose_consumer_fails_ends_its_calls(
    catalogue: Catalogue, scheme: str, held: list[Call]
) -> None:
    """An error in the loop over a stream ends the calls under way."""
    with ServingClient(catalogue.targets[scheme]) as client:
        with pytest.raises(KeyError):  # noqa: PT012  the loop is what is tested
            for _ in client.predict_stream(ref("gated"), ONE_LET_IN, concurrency=3):
                wait_until(lambda: len(held) == 2)
                raise KeyError

        wait_until(lambda: all(call.has_left() for call in held))
    assert len(held) == 2


def test_asynchronous_stream_that_is_closed_ends_its_calls(
    catalogue: Catalogue, scheme: str, held: list[Call]
) -> None:
    """Closing a stream in an event loop ends the calls under way."""

    async def leave() -> None:
        async with AsyncServingClient(catalogue.targets[scheme]) as client:
            stream = client.predict_stream(ref("gated"), ONE_LET_IN, concurrency=3)
            await anext(stream)
            await asyncio.to_thread(wait_until, lambda: len(held) == 2)
            await stream.aclose()
            await asyncio.to_thread(wait_until, lambda: all(call.has_left() for call in held))

    asyncio.run(leave())

    assert len(held) == 2


def test_batch_is_put_together_again(ask: Ask) -> None:
    """Rows sent in parts come back in order, and a scalar goes with each part."""
    x = np.arange(20, dtype=np.float32).reshape(10, 2)

    result = ask("predict_batch", ref("two"), {"x": x}, batch_size=3, output_names=["rows"])

    assert_same(result["rows"], x * 2)
    assert result.model == ref("two", version=2)
    assert result.timings.attempts == 4


def test_batch_names_the_rows_that_failed(ask: Ask) -> None:
    """The error of a part says which rows it was."""
    text = strings(b"a", b"b", b"c")

    with pytest.raises(ServingError, match=r"rows (0 to 1|2 to 2)"):
        ask("predict_batch", ref(), {"x": text}, batch_size=2, check_inputs=False)


def test_stream_yields_in_order(ask: Ask) -> None:
    """Results come in the order of the inputs, each with its position."""
    inputs = [{"x": np.array([number], np.float32)} for number in range(20)]

    results = ask("predict_stream", ref(), inputs, concurrency=4)

    assert [float(result["y"][0]) for result in results] == list(range(20))
    assert [result.position for result in results] == list(range(20))


def test_stream_can_hand_out_errors(ask: Ask) -> None:
    """An input that fails is an error in its place, and the others are answered."""
    inputs: list[dict[str, Any]] = [X, {"z": [1.5]}, X]

    results = ask("predict_stream", ref(), inputs, return_errors=True)

    assert [isinstance(each, SignatureMismatchError) for each in results] == [False, True, False]
    assert results[1].position == 1
