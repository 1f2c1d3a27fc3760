"""Predict as the contract has it: answers, codes and messages, over real gRPC."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import predict_pb2

from tests.integration.model_server.servers import (
    BOTH_FRONTS,
    Client,
    Front,
    listing,
    model,
    run_server,
)
from tests.integration.model_server.tiny_models import ECHOED

pytestmark = BOTH_FRONTS


@pytest.fixture(scope="module")
def client(
    models: Path, tmp_path_factory: pytest.TempPathFactory, front: Front
) -> Iterator[Client]:
    """A client of a server of the tiny models."""
    config = tmp_path_factory.mktemp("config") / "models.config"
    config.write_text(listing(model("half", models / "half"), model("kitchen", models / "kitchen")))
    running = run_server(**front, model_config_file=str(config))
    yield running.client
    running.close()


def request(text: str) -> Any:
    return text_format.Parse(text, predict_pb2.PredictRequest())


def tensor(value: str) -> str:
    return f"value {{ dtype: DT_FLOAT tensor_shape {{ dim {{ size: 1 }} }} float_val: {value} }}"


X, A, B = (f'inputs {{ key: "{key}" {tensor("2")} }} ' for key in "xab")
HALF, KITCHEN = 'model_spec { name: "half" } ', 'model_spec { name: "kitchen" } '
SUM, DIFFERENCE = 'output_filter: "sum" ', 'output_filter: "difference" '
INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


def test_an_answer_says_who_gave_it(client: Client) -> None:
    """The response holds the name, the resolved signature and the concrete version."""
    response = client.prediction.Predict(request(HALF + X))

    assert response.model_spec == text_format.Parse(
        'name: "half" version { value: 3 } signature_name: "serving_default"',
        type(response.model_spec)(),
    )
    assert tf.make_ndarray(response.outputs["y"]) == [4.0]


def test_fields_for_other_kinds_of_models_are_ignored(client: Client) -> None:
    """Those of language models are accepted, and change nothing."""
    more = 'client_id: "c" request_options { max_cache_length: 9 } predict_streamed_options {} '

    response = client.prediction.Predict(request(HALF + X + more))

    assert tf.make_ndarray(response.outputs["y"]) == [4.0]


def test_answers_are_in_the_typed_fields(client: Client) -> None:
    """Clients of the original read `float_val`."""
    response = client.prediction.Predict(request(HALF + X))

    assert list(response.outputs["y"].float_val) == [4.0]
    assert not response.outputs["y"].tensor_content


def test_answers_are_in_the_content_on_request(models: Path, front: Front) -> None:
    """--enable_serialization_as_tensor_content chooses the fast encoding."""
    running = run_server(
        **front,
        model_name="half",
        model_base_path=str(models / "half"),
        enable_serialization_as_tensor_content=True,
    )

    response = running.client.prediction.Predict(request(HALF + X))

    running.close()
    assert response.outputs["y"].tensor_content == np.float32(4).tobytes()
    assert not response.outputs["y"].float_val


@pytest.mark.parametrize(
    ("output_filter", "expected"),
    [
        ("", {"sum": 4.0, "difference": 0.0}),
        (SUM, {"sum": 4.0}),
        (DIFFERENCE + SUM, {"sum": 4.0, "difference": 0.0}),
    ],
)
def test_only_the_outputs_asked_for_are_sent(
    client: Client, output_filter: str, expected: dict[str, float]
) -> None:
    """An empty filter means all outputs."""
    response = client.prediction.Predict(request(KITCHEN + A + B + output_filter))

    assert {key: tf.make_ndarray(each)[0] for key, each in response.outputs.items()} == expected


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", INVALID, "Missing ModelSpec"),
        (X, INVALID, "Missing ModelSpec"),
        ("model_spec {}", INVALID, "ModelSpec has no name specified."),
        (
            'model_spec { name: "nobody" }',
            NOT_FOUND,
            "Servable not found for request: Latest(nobody)",
        ),
        (
            'model_spec { name: "half" version { value: 42 } }',
            NOT_FOUND,
            "Servable not found for request: Specific(half, 42)",
        ),
        (
            'model_spec { name: "half" version { value: -1 } }',
            NOT_FOUND,
            "Servable not found for request: Specific(half, -1)",
        ),
        (
            'model_spec { name: "half" version_label: "best" }',
            INVALID,
            "Unrecognized servable version label: best",
        ),
        (
            'model_spec { name: "half" signature_name: "no" }',
            grpc.StatusCode.FAILED_PRECONDITION,
            'Serving signature key "no" not found.',
        ),
        (
            KITCHEN,
            INVALID,
            (
                "input size does not match signature: 0!=2 len({}) != len({a,b}). "
                "Sent extra: {}. Missing but required: {a,b}."
            ),
        ),
        (
            KITCHEN + A,
            INVALID,
            (
                "input size does not match signature: 1!=2 len({a}) != len({a,b}). "
                "Sent extra: {}. Missing but required: {b}."
            ),
        ),
        (
            KITCHEN + X,
            INVALID,
            (
                "input size does not match signature: 1!=2 len({x}) != len({a,b}). "
                "Sent extra: {x}. Missing but required: {a,b}."
            ),
        ),
        (
            KITCHEN + A + B + X,
            INVALID,
            (
                "input size does not match signature: 3!=2 len({a,b,x}) != len({a,b}). "
                "Sent extra: {x}. Missing but required: {}."
            ),
        ),
        (
            HALF + A,
            INVALID,
            (
                "Signature input alias: x(feed name: serving_default_x:0) not found in request and "
                "no default value provided. Inputs expected to be in the request {a}, "
                "or default input alias set: "
            ),
        ),
        (HALF + 'inputs { key: "x" value {} }', INVALID, "tensor parsing error: x"),
        (
            HALF
            + 'inputs { key: "x" value { dtype: DT_FLOAT tensor_shape { dim { size: 2 } } '
            + 'tensor_content: "abc" } }',
            INVALID,
            "tensor parsing error: x",
        ),
        (
            HALF + 'inputs { key: "x" value { dtype: DT_BOOL bool_val: true } }',
            INVALID,
            "Expects arg[0] to be float but bool is provided",
        ),
        (
            HALF + X + 'output_filter: "z"',
            INVALID,
            "output tensor alias not found in signature: z Outputs expected to be in the set {y}.",
        ),
        (
            KITCHEN + A + B + SUM + SUM,
            INVALID,
            "duplicate output tensor alias: sum",
        ),
    ],
)
def test_mistakes_are_answered_in_the_words_of_the_original(
    client: Client, text: str, code: grpc.StatusCode, message: str
) -> None:
    """Each row of the contract's table of errors that concerns Predict."""
    with pytest.raises(grpc.RpcError) as caught:
        client.prediction.Predict(request(text))

    assert (caught.value.code(), caught.value.details()) == (code, message)


def test_errors_of_the_graph_pass_through(client: Client) -> None:
    """What the model itself refuses keeps TensorFlow's code and message."""
    with pytest.raises(grpc.RpcError) as caught:
        client.predict("kitchen", {"message": tf.make_tensor_proto(b"no!")}, signature="fail")

    assert caught.value.code() is INVALID
    assert "assertion failed: [no!]" in (caught.value.details() or "")


def test_errors_that_quote_bytes_pass_through_too(client: Client) -> None:
    """What is no text in the message is written as numbers."""
    with pytest.raises(grpc.RpcError) as caught:
        client.predict("kitchen", {"message": tf.make_tensor_proto(b"no\xff!")}, signature="fail")

    assert caught.value.code() is INVALID
    assert r"assertion failed: [no\xff!]" in (caught.value.details() or "")


def test_long_error_messages_are_cut(client: Client) -> None:
    """A message of thousands of characters would not fit into the trailers."""
    with pytest.raises(grpc.RpcError) as caught:
        client.predict("n" * 5000, {"x": tf.make_tensor_proto([1.0])})

    details = caught.value.details() or ""
    assert details.endswith("n...TRUNCATED")
    assert len(details) == 1024 + len("...TRUNCATED")


VALUES: dict[Any, Any] = {
    tf.bool: [True, False],
    tf.string: [b"", b"a\0", b"\xff"],
    tf.complex64: [1 + 2j],
    tf.complex128: [1 - 2j],
}


@pytest.mark.parametrize("dtype", ECHOED, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("shape", [(0,), (), (3,), (2, 0, 1), (1, 2, 3)], ids=str)
def test_every_type_passes_through_a_model(
    client: Client, dtype: Any, shape: tuple[int, ...]
) -> None:
    """All types in scalar, empty and full shapes come back as they went in."""
    numpy_dtype = dtype.as_numpy_dtype
    array = np.resize(np.array(VALUES.get(dtype, [0, 1, 100]), numpy_dtype), shape)
    proto = tf.make_tensor_proto(array, dtype=dtype)

    outputs = client.predict("kitchen", {"value": proto}, signature=f"echo_{dtype.name}")

    assert outputs["value"].shape == shape
    assert outputs["value"].tolist() == array.tolist()


def test_inputs_need_not_have_the_shape_of_the_signature(client: Client) -> None:
    """Shapes are the graph's affair, as in the original: a scalar adds to a vector."""
    proto = tf.make_tensor_proto(np.float32(6))

    outputs = client.predict("half", {"x": proto})

    assert outputs["y"] == 6.0


def test_a_run_ends_at_the_callers_deadline(client: Client) -> None:
    """A call that would take for ever is stopped, and the server goes on."""
    endless = {"steps": tf.make_tensor_proto(np.int64(10**15))}

    with pytest.raises(grpc.RpcError) as caught:
        client.predict("kitchen", endless, signature="count", timeout_s=0.5)

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    few = {"steps": tf.make_tensor_proto(np.int64(3))}
    assert client.predict("kitchen", few, signature="count")["counted"] == 3


def test_large_messages_pass_both_ways(client: Client) -> None:
    """Eight megabytes, twice the default limit of gRPC, are no problem for the server."""
    array = np.zeros(8 * 2**20, np.uint8)
    array[-1] = 7

    outputs = client.predict(
        "kitchen", {"value": tf.make_tensor_proto(array)}, signature="echo_uint8"
    )

    np.testing.assert_array_equal(outputs["value"], array)
