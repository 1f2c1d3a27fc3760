"""The client over a transport that a test controls: deadlines, retries, checks."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest

from serving_client import (
    ClientClosedError,
    DeadlineExceededError,
    InvalidArgumentError,
    ModelMetadata,
    ModelNotReadyError,
    ModelRef,
    ModelState,
    Retry,
    ServedModel,
    ServingClient,
    Signature,
    SignatureMismatchError,
    Target,
    TensorSpec,
    TransportError,
    UnavailableError,
    VersionStatus,
)
from serving_client.testing import FakeTransport, PredictAnswer, PredictCall

HALF = Signature(
    "serving_default",
    "tensorflow/serving/predict",
    {"x": TensorSpec("x", "float32", (None, 2)), "k": TensorSpec("k", "int64", ())},
    {"y": TensorSpec("y", "float32", (None, 2))},
)


def metadata(version: int = 1, signature: Signature = HALF) -> ModelMetadata:
    return ModelMetadata(ModelRef("half", version), {signature.name: signature})


def halve(call: PredictCall) -> PredictAnswer:
    return PredictAnswer({"y": call.inputs["x"] / 2}, call.model.at(1))


def failing(code: grpc.StatusCode, times: int = 10**6) -> Callable[[PredictCall], PredictAnswer]:
    """A server that fails so many times before it answers."""
    left = iter(range(times))

    def answer(call: PredictCall) -> PredictAnswer:
        if next(left, None) is not None:
            raise TransportError(code, "as the test wants it")
        return halve(call)

    return answer


def client_of(
    predict: Callable[[PredictCall], PredictAnswer] = halve, **options: object
) -> ServingClient:
    transport = FakeTransport({"Predict": predict, "GetModelMetadata": lambda _: metadata()})
    return ServingClient(Target("test:1"), transport=transport, sleep=lambda _: None, **options)  # type: ignore[arg-type]


X = {"x": np.ones((1, 2), np.float32)}


def test_predict_answers_with_outputs_model_and_timings() -> None:
    """A call returns the outputs, what answered, and how many attempts it took."""
    with client_of() as client:
        result = client.predict(ModelRef("half"), X)

    assert result["y"].tolist() == [[0.5, 0.5]]
    assert result.model == ModelRef("half", 1)
    assert result.timings.attempts == 1


def test_unavailable_is_tried_again() -> None:
    """A server that comes back within the deadline is not noticed, but counted."""
    with client_of(failing(grpc.StatusCode.UNAVAILABLE, times=3)) as client:
        result = client.predict(ModelRef("half"), X)

    assert result.timings.attempts == 4


NOT_TRIED_ONCE = {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code not in NOT_TRIED_ONCE])
def test_nothing_else_is_tried_again(code: grpc.StatusCode) -> None:
    """Every other status fails at once, as its own class, raised from the attempt's error."""
    with client_of(failing(code)) as client, pytest.raises(Exception, match=code.name) as caught:
        client.predict(ModelRef("half"), X)

    assert getattr(caught.value, "code", None) is code
    assert getattr(caught.value, "attempts", None) == 1
    assert isinstance(caught.value.__cause__, TransportError)


def test_error_tells_the_circumstances() -> None:
    """A failed call says rpc, model, target, status, attempts and the server's words."""
    retry = Retry(attempts_max=2)
    with (
        client_of(failing(grpc.StatusCode.UNAVAILABLE), retry=retry) as client,
        pytest.raises(UnavailableError) as caught,
    ):
        client.predict(ModelRef("half", 3), X, timeout_s=5)

    error = caught.value
    assert (error.rpc, error.model, error.version) == ("Predict", "half", 3)
    assert (error.attempts, error.deadline_s, error.detail) == (2, 5, "as the test wants it")
    assert str(error).startswith("Predict of half version 3 at grpc://test:1 failed: UNAVAILABLE")


def test_attempts_share_one_shrinking_deadline() -> None:
    """Each attempt gets what is left of the call's time, and no pause outlasts it."""
    now = [0.0]

    def slow(_: PredictCall) -> PredictAnswer:
        now[0] += 0.4
        raise TransportError(grpc.StatusCode.UNAVAILABLE, "")

    def sleep(seconds: float) -> None:
        now[0] += seconds

    transport = FakeTransport({"Predict": slow})
    client = ServingClient(
        Target("test:1"),
        transport=transport,
        check_inputs=False,
        sleep=sleep,
        uniform=lambda _, high: high,
        clock=lambda: now[0],
    )

    with pytest.raises(UnavailableError) as caught:
        client.predict(ModelRef("half"), X, timeout_s=2)

    assert transport.timeouts_s == pytest.approx([2.0, 1.5, 0.9, 0.1])
    assert caught.value.elapsed_s <= 2 + 0.4


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"x": X["x"], "z": 1}, "expected input 'k', 'x', given 'x', 'z'"),
        ({"x": np.ones((1, 2))}, r"expected float32 \[\?, 2\], given float64 \[1, 2\]"),
        ({"x": np.ones(2, np.float32)}, r"given float32 \[2\]"),
        ({"x": np.ones((1, 3), np.float32)}, r"given float32 \[1, 3\]"),
        ({"x": [["a", "b"]]}, r"given string \[1, 2\]"),
        ({"x": [[1.0], [1.0, 2.0]]}, "given a list that cannot become one"),
        ({"x": [[1, None]]}, r"given string \[1, 2\]"),
        ({"k": 2.7}, r"expected int64 \[\], given float64 \[\]"),
        ({"k": 2**63}, "out of the range of int64"),
        ({"k": "5"}, r"given string \[\]"),
        ({"x": np.array([b"a"], object)}, r"given string \[1\]"),
        ({"x": np.array(["2026"], "datetime64[Y]")}, r"given datetime64"),
    ],
    ids=[
        "extra",
        "dtype",
        "rank",
        "size",
        "text",
        "ragged",
        "none",
        "fraction",
        "overflow",
        "digits",
        "strings",
        "dates",
    ],
)
def test_wrong_inputs_are_refused_before_sending(inputs: dict[str, Any], said: str) -> None:
    """Names, dtypes, ranks and sizes are compared with the signature; nothing is sent."""
    transport = FakeTransport({"Predict": halve, "GetModelMetadata": lambda _: metadata()})
    client = ServingClient(Target("test:1"), transport=transport)

    with pytest.raises(SignatureMismatchError, match=said):
        client.predict(ModelRef("half"), inputs)

    assert "Predict" not in [call.rpc for call in transport.calls]


def test_unknown_output_and_signature_are_refused() -> None:
    """A misspelt output or signature is named together with those that exist."""
    with client_of() as client:
        with pytest.raises(SignatureMismatchError, match="expected output 'y', given 'z'"):
            client.predict(ModelRef("half"), X, output_names=["z"])
        with pytest.raises(
            SignatureMismatchError, match="no signature 'a'; it has 'serving_default'"
        ):
            client.predict(ModelRef("half", signature="a"), X)


def test_plain_lists_take_the_signatures_dtype() -> None:
    """Python numbers become arrays of the dtype that the model wants."""
    with client_of() as client:
        result = client.predict(ModelRef("half"), {"x": [[1, 2]], "k": 3})

    assert result["y"].tolist() == [[0.5, 1.0]]


def test_input_with_a_default_can_be_left_out() -> None:
    """Servers do not tell which inputs have defaults, so a missing one is theirs to judge."""
    with client_of() as client:
        result = client.predict(ModelRef("half"), {"x": [[1.0, 2.0]]})

    assert result["y"].tolist() == [[0.5, 1.0]]


def test_metadata_is_asked_once_per_version() -> None:
    """The signature is cached, and asked again once another version answers."""
    versions = iter([1, 1, 2, 2])
    transport = FakeTransport(
        {
            "Predict": lambda call: PredictAnswer({}, call.model.at(next(versions))),
            "GetModelMetadata": lambda _: metadata(),
        }
    )
    client = ServingClient(Target("test:1"), transport=transport)

    for _ in range(4):
        client.predict(ModelRef("half"), X)

    asked = [call.rpc for call in transport.calls]
    assert asked == [
        "GetModelMetadata", "Predict", "Predict", "Predict", "GetModelMetadata", "Predict",
    ]  # fmt: skip


def test_new_signature_is_believed_after_asking_again() -> None:
    """Inputs that fit only the model's new version are sent after one more look."""
    wide = Signature("serving_default", "", {"x": TensorSpec("x", "float32", (None, 3))}, {})
    answers = iter([metadata(), metadata(2, wide)])
    transport = FakeTransport(
        {
            "Predict": lambda call: PredictAnswer({}, call.model.at(1)),
            "GetModelMetadata": lambda _: next(answers),
        }
    )
    client = ServingClient(Target("test:1"), transport=transport)
    client.predict(ModelRef("half"), X)

    result = client.predict(ModelRef("half"), {"x": np.ones((1, 3), np.float32)})

    assert result.model == ModelRef("half", 1)


def test_server_without_metadata_gets_unchecked_inputs() -> None:
    """Where the server has no GetModelMetadata, inputs are sent as they are."""
    transport = FakeTransport({"Predict": lambda call: PredictAnswer({}, call.model.at(1))})
    client = ServingClient(Target("test:1"), transport=transport)

    client.predict(ModelRef("half"), {"whatever": 1.5})
    result = client.predict(ModelRef("half"), {"whatever": 1.5})

    assert result.model.version == 1
    assert [call.rpc for call in transport.calls].count("GetModelMetadata") == 1


def statuses(*states: tuple[int, ModelState, str]) -> tuple[VersionStatus, ...]:
    return tuple(VersionStatus(v, s, 13 if text else 0, text) for v, s, text in states)


def test_wait_ready_outlasts_an_absent_server_and_a_loading_model() -> None:
    """Waiting goes on over UNAVAILABLE, NOT_FOUND and LOADING until a version is available."""
    steps = iter(
        [
            TransportError(grpc.StatusCode.UNAVAILABLE, "refused"),
            TransportError(grpc.StatusCode.NOT_FOUND, "no such model yet"),
            statuses((1, ModelState.LOADING, "")),
            statuses((2, ModelState.LOADING, ""), (1, ModelState.AVAILABLE, "")),
        ]
    )

    def answer(_: object) -> object:
        step = next(steps)
        if isinstance(step, Exception):
            raise step
        return step

    transport = FakeTransport({"GetModelStatus": answer})
    client = ServingClient(Target("test:1"), transport=transport, sleep=lambda _: None)

    ready = client.wait_ready("half", timeout_s=30)

    assert ready.version == 1


def test_wait_ready_gives_up_on_a_model_that_cannot_load() -> None:
    """A failed load ends the waiting at once and shows the server's error."""
    broken = statuses((1, ModelState.END, "no saved_model.pb"))
    transport = FakeTransport({"GetModelStatus": lambda _: broken})
    client = ServingClient(Target("test:1"), transport=transport)

    with pytest.raises(ModelNotReadyError, match=r"version 1 END \(no saved_model.pb\)"):
        client.wait_ready("half", timeout_s=30)


def test_wait_ready_says_what_it_saw_last() -> None:
    """When the time is over, the error names the last state."""
    loading = statuses((4, ModelState.LOADING, ""))
    transport = FakeTransport({"GetModelStatus": lambda _: loading})
    now = iter(range(1000))
    client = ServingClient(
        Target("test:1"), transport=transport, sleep=lambda _: None, clock=lambda: next(now)
    )

    with pytest.raises(DeadlineExceededError, match="version 4 LOADING"):
        client.wait_ready("half", timeout_s=20)


def test_refused_reload_is_an_error_of_its_status() -> None:
    """A reload that the server answers with an error status raises that status."""
    transport = FakeTransport({"HandleReloadConfigRequest": lambda _: (3, "listed twice")})
    client = ServingClient(Target("test:1"), transport=transport)

    with pytest.raises(InvalidArgumentError, match="listed twice"):
        client.reload_config([ServedModel("a", "/a")])


def test_closed_client_refuses_calls() -> None:
    """After `close` every call fails with a sentence; closing again does nothing."""
    client = client_of()
    client.close()
    client.close()

    with pytest.raises(ClientClosedError):
        client.model_metadata(ModelRef("half"))


def test_wait_ready_says_what_it_saw_before_the_last_poll_ran_out() -> None:
    """A last question that is not answered in time does not hide the earlier answers."""
    steps = iter([statuses((4, ModelState.LOADING, ""))])

    def answer(_: object) -> object:
        step = next(steps, None)
        if step is None:
            raise TransportError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        return step

    transport = FakeTransport({"GetModelStatus": answer})
    client = ServingClient("test:1", transport=transport, sleep=lambda _: None)

    with pytest.raises(DeadlineExceededError, match="version 4 LOADING"):
        client.wait_ready("half", timeout_s=20)


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan"), float("inf")])
def test_deadline_lies_ahead(timeout_s: float) -> None:
    """A time-out that is over already is a mistake of the caller."""
    with client_of() as client, pytest.raises(ValueError, match="deadline"):
        client.predict(ModelRef("half"), X, timeout_s=timeout_s)
