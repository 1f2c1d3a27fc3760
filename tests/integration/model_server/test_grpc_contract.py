"""The contract's table of errors over gRPC: codes and messages, row by row, from a real server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from tests.integration.model_server.example_models import (
    CLASSIFY,
    PREDICT,
    REGRESS,
    save_examples_model,
)
from tests.integration.model_server.servers import (
    BOTH_FRONTS,
    Client,
    Front,
    Running,
    listing,
    model,
    run_server,
)

pytestmark = BOTH_FRONTS

REQUESTS = {
    "Predict": predict_pb2.PredictRequest,
    "Classify": classification_pb2.ClassificationRequest,
    "Regress": regression_pb2.RegressionRequest,
    "MultiInference": inference_pb2.MultiInferenceRequest,
    "GetModelMetadata": get_model_metadata_pb2.GetModelMetadataRequest,
    "GetModelStatus": get_model_status_pb2.GetModelStatusRequest,
    "HandleReloadConfigRequest": model_management_pb2.ReloadConfigRequest,
}


@pytest.fixture(scope="module")
def config(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a server of the tiny models and of the one that takes examples."""
    folder = tmp_path_factory.mktemp("contract")
    save_examples_model(folder / "examples" / "1")
    path = folder / "models.config"
    entries = (
        model("half", models / "half"),
        model("kitchen", models / "kitchen"),
        model("examples", folder / "examples"),
    )
    path.write_text(listing(*entries))
    return path


@pytest.fixture(scope="module")
def running(config: Path, front: Front) -> Iterator[Running]:
    running = run_server(**front, model_config_file=str(config))
    yield running
    running.close()


def call(client: Client, rpc: str, text: str) -> Any:
    """Send a request in text form."""
    stub = client.prediction if hasattr(client.prediction, rpc) else client.model
    return getattr(stub, rpc)(text_format.Parse(text, REQUESTS[rpc]()), timeout=60)


def tensor(alias: str, value: str = "dtype: DT_FLOAT tensor_shape { dim { size: 1 } }") -> str:
    return f'inputs {{ key: "{alias}" value {{ {value} }} }} '


def spec(name: str, signature: str = "", more: str = "") -> str:
    return f'model_spec {{ name: "{name}" signature_name: "{signature}" {more} }} '


def task(name: str, signature: str, method: str) -> str:
    return f'tasks {{ {spec(name, signature)} method_name: "{method}" }} '


def example(x: float, *names: str) -> str:
    features = f'feature {{ key: "x" value {{ float_list {{ value: {x} }} }} }} '
    for name in names:
        features += f'feature {{ key: "name" value {{ bytes_list {{ value: "{name}" }} }} }} '
    return f"features {{ {features} }}"


def input_(*examples: str) -> str:
    return f"input {{ example_list {{ {' '.join(f'examples {{ {e} }}' for e in examples)} }} }}"


def reload(*entries: str) -> str:
    return f"config {{ {listing(*entries)} }}"


HALF, KITCHEN, EXAMPLES = spec("half"), spec("kitchen"), spec("examples")
X, ONE = tensor("x"), input_(example(0.25, "cat"))
FIELD = 'metadata_field: "signature_def"'
INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
PRECONDITION, UNIMPLEMENTED = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.UNIMPLEMENTED

# Rows of one call: code, message, request.
Row = tuple[grpc.StatusCode, str, str]
PREDICT_ROWS: list[Row] = [
    (
        PRECONDITION,
        'Serving signature key "no" not found.',
        spec("half", "no"),
    ),
    (
        INVALID,
        (
            "input size does not match signature: 1!=2 len({a}) != len({a,b}). "
            "Sent extra: {}. Missing but required: {b}."
        ),
        KITCHEN + tensor("a"),
    ),
    (
        INVALID,
        (
            "input size does not match signature: 2!=1 len({x,z}) != len({x}). "
            "Sent extra: {z}. Missing but required: {}."
        ),
        HALF + X + tensor("z"),
    ),
    (
        INVALID,
        (
            "Signature input alias: x(feed name: serving_default_x:0) not found in request and "
            "no default value provided. Inputs expected to be in the request {z}, "
            "or default input alias set: "
        ),
        HALF + tensor("z"),
    ),
    (INVALID, "tensor parsing error: x", HALF + tensor("x", "dtype: 99")),
    (
        INVALID,
        "Expects arg[0] to be float but bool is provided",
        HALF + tensor("x", "dtype: DT_BOOL bool_val: true"),
    ),
    (
        INVALID,
        "output tensor alias not found in signature: z Outputs expected to be in the set {y}.",
        HALF + X + 'output_filter: "z"',
    ),
    (
        INVALID,
        "duplicate output tensor alias: y",
        HALF + X + 'output_filter: "y" output_filter: "y"',
    ),
]
METADATA_ROWS: list[Row] = [
    (INVALID, "GetModelMetadataRequest must specify at least one metadata_field", HALF),
    (INVALID, "Metadata field x is not supported", HALF + 'metadata_field: "x"'),
]
STATUS_ROWS: list[Row] = [
    (INVALID, "Missing ModelSpec", ""),
    (NOT_FOUND, "Could not find any versions of model ", "model_spec {}"),
    (NOT_FOUND, "Could not find any versions of model x", spec("x")),
    (
        NOT_FOUND,
        "Could not find version 9 of model half",
        spec("half", more="version { value: 9 }"),
    ),
]
CLASSIFY_ROWS: list[Row] = [
    (INVALID, "Input is empty.", EXAMPLES),
    (INVALID, "No signature was found with the name: no", spec("examples", "no") + ONE),
    (INVALID, "Expected one input Tensor.", KITCHEN + ONE),
    (
        INVALID,
        "No classification inputs found in SignatureDef: inputs { ...",
        spec("examples", "renamed") + ONE,
    ),
    (
        INVALID,
        "Expected classification signature outputs to contain at least one of ...",
        spec("examples", "column") + ONE,
    ),
    (
        INVALID,
        "Expected classes Tensor of DT_STRING. Got: DT_FLOAT",
        spec("examples", "numbers") + ONE,
    ),
]
REGRESS_ROWS: list[Row] = [
    (INVALID, "Input is empty.", spec("examples", "column")),
    (INVALID, "No signature was found with the name: no", spec("examples", "no") + ONE),
    (INVALID, "Expected one output Tensor.", EXAMPLES + ONE),
    (
        INVALID,
        "No regression outputs found in SignatureDef: inputs { ...",
        spec("examples", "scores") + ONE,
    ),
    (
        INVALID,
        ("Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [1,2]"),
        spec("examples", "wide") + ONE,
    ),
    (
        INVALID,
        "Input batch size did not match output batch size: 2 vs. 1",
        spec("examples", "short") + input_(example(1), example(2)),
    ),
]
MULTI_ROWS: list[Row] = [
    (INVALID, "ModelSpec has no name specified.", ""),
    (INVALID, "ModelSpec has no name specified.", "tasks {}"),
    (
        INVALID,
        "Found ModelSpec with an empty model name.",
        task("examples", "", CLASSIFY) + task("", "", CLASSIFY),
    ),
    (
        INVALID,
        "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
        task("examples", "", CLASSIFY) + task("half", "", CLASSIFY),
    ),
    (
        INVALID,
        "Duplicate evaluation of signature: serving_default",
        task("examples", "", CLASSIFY) * 2,
    ),
    (
        INVALID,
        "Requested signature not found in model graph: no",
        task("examples", "no", CLASSIFY),
    ),
    (
        UNIMPLEMENTED,
        f"Unsupported signature method_name: {PREDICT}",
        task("examples", "", PREDICT),
    ),
    (INVALID, "Input is empty.", task("examples", "", CLASSIFY)),
]
RELOAD_ROWS: list[Row] = [
    (
        INVALID,
        (
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported"
        ),
        "config { custom_model_config {} }",
    ),
    (
        INVALID,
        "Illegal to list model m multiple times in config list",
        reload(model("m", "/a"), model("m", "/b")),
    ),
    (
        INVALID,
        "Expected model m to have an absolute path or URI; got base_path()=relative",
        reload(model("m", "relative")),
    ),
    (
        INVALID,
        (
            "Illegal to change a model's platform. For model half platform was tensorflow "
            "and new platform requested is other"
        ),
        reload(model("half", "/a")).replace('"tensorflow"', '"other"'),
    ),
    (
        PRECONDITION,
        (
            "Request to assign label to version 9 of model half, "
            "which is not currently available for inference"
        ),
        reload(model("half", "/a", 'version_labels { key: "new" value: 9 }')),
    ),
]
# What every call says that uses a model.
SPEC_ROWS: list[Row] = [
    (INVALID, "Missing ModelSpec", ""),
    (INVALID, "ModelSpec has no name specified.", "model_spec {} "),
    (NOT_FOUND, "Servable not found for request: Latest(x)", spec("x")),
    (
        NOT_FOUND,
        "Servable not found for request: Specific(half, 42)",
        spec("half", more="version { value: 42 }"),
    ),
    (
        INVALID,
        "Unrecognized servable version label: X",
        spec("half", more='version_label: "X"'),
    ),
]
TABLE = [
    *((rpc, *row) for rpc in ("Predict", "Classify", "Regress") for row in SPEC_ROWS),
    *(("GetModelMetadata", code, text, sent + FIELD) for code, text, sent in SPEC_ROWS),
    *(("Predict", *row) for row in PREDICT_ROWS),
    *(("GetModelMetadata", *row) for row in METADATA_ROWS),
    *(("GetModelStatus", *row) for row in STATUS_ROWS),
    *(("Classify", *row) for row in CLASSIFY_ROWS),
    *(("Regress", *row) for row in REGRESS_ROWS),
    *(("MultiInference", *row) for row in MULTI_ROWS),
    *(("HandleReloadConfigRequest", *row) for row in RELOAD_ROWS),
]


@pytest.mark.parametrize(("rpc", "code", "message", "text"), TABLE)
def test_mistakes_have_the_code_and_the_words_of_the_original(
    running: Running, rpc: str, code: grpc.StatusCode, message: str, text: str
) -> None:
    """Every row of the table that is about gRPC; a message that ends in dots goes on."""
    with pytest.raises(grpc.RpcError) as caught:
        call(running.client, rpc, text)

    beginning, details = message.removesuffix(" ..."), caught.value.details() or ""
    assert caught.value.code() is code
    assert (details if beginning == message else details[: len(beginning)]) == beginning


def test_a_reload_that_fails_to_load_says_what_and_why(
    config: Path, tmp_path: Path, front: Front
) -> None:
    """The models that did not become available are counted and named, each with its error."""
    running = run_server(**front, model_config_file=str(config), max_num_load_retries=0)
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"garbage")

    with pytest.raises(grpc.RpcError) as caught:
        call(running.client, "HandleReloadConfigRequest", reload(model("bad", tmp_path)))

    running.close()
    assert caught.value.code() is grpc.StatusCode.UNKNOWN
    assert (caught.value.details() or "").startswith(
        "1 model(s) did not become available: {{{name: bad version: 1} due to error: "
    )


@pytest.mark.parametrize(
    ("rpc", "text"),
    [
        ("Predict", spec("n" * 5000)),
        ("Classify", spec("examples", "n" * 5000)),
        ("GetModelStatus", spec("n" * 5000)),
        ("MultiInference", task("examples", "n" * 5000, CLASSIFY)),
    ],
)
def test_long_messages_are_cut_in_every_call(running: Running, rpc: str, text: str) -> None:
    """After 1024 characters a message ends with a mark."""
    with pytest.raises(grpc.RpcError) as caught:
        call(running.client, rpc, text)

    details = caught.value.details() or ""
    assert details.endswith("n...TRUNCATED")
    assert len(details) == 1024 + len("...TRUNCATED")


def test_classes_are_those_of_the_examples(running: Running) -> None:
    """Labels and scores come in rows, one for each example, and the answer says who gave it."""
    sent = EXAMPLES + input_(example(0.25, "cat"), example(1))

    response = call(running.client, "Classify", sent)

    assert [
        [(each.label, each.score) for each in row.classes]
        for row in response.result.classifications
    ] == [[("cat", 0.25), ("not cat", 0.75)], [("nobody", 1), ("not nobody", 0)]]
    assert response.model_spec == text_format.Parse(
        'name: "examples" version { value: 1 } signature_name: "serving_default"',
        type(response.model_spec)(),
    )


@pytest.mark.parametrize("signature", ["column", "vector"])
def test_values_are_those_of_the_examples(running: Running, signature: str) -> None:
    """Each example has its value."""
    sent = spec("examples", signature) + input_(example(0.25), example(4))

    response = call(running.client, "Regress", sent)

    assert [each.value for each in response.result.regressions] == [0.25, 4]


def test_a_context_counts_for_all_examples(running: Running) -> None:
    """A feature may stand in the context once; an example that has it itself keeps its own."""
    sent = spec("examples", "classes") + (
        f"input {{ example_list_with_context {{ context {{ {example(1, 'all')} }} "
        f"examples {{}} examples {{ {example(2, 'own')} }} }} }}"
    )

    response = call(running.client, "Classify", sent)

    rows = response.result.classifications
    assert [row.classes[0].label for row in rows] == ["all", "own"]


def test_several_signatures_answer_at_once(running: Running) -> None:
    """The results stand in the order of the tasks."""
    tasks = task("examples", "vector", REGRESS) + task("examples", "scores", CLASSIFY)

    response = call(running.client, "MultiInference", tasks + ONE)

    first, second = response.results
    assert first.regression_result.regressions[0].value == 0.25
    assert [each.score for each in second.classification_result.classifications[0].classes] == [
        0.25,
        0.75,
    ]
    assert [each.model_spec.signature_name for each in response.results] == ["vector", "scores"]


@pytest.mark.parametrize("rpc", REQUESTS)
@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05ab"], ids=["no tag", "cut off"])
def test_bytes_that_are_no_message_are_the_clients_mistake(
    running: Running, rpc: str, data: bytes
) -> None:
    """Left to itself, gRPC would say INTERNAL, as if the server had failed."""
    service = "Model" if hasattr(running.client.model, rpc) else "Prediction"
    send: Any = running.client.channel.unary_unary(f"/tensorflow.serving.{service}Service/{rpc}")

    with pytest.raises(grpc.RpcError) as caught:
        send(data)

    assert caught.value.code() is INVALID
    assert (caught.value.details() or "").startswith("The request is no valid message")


@pytest.mark.parametrize(
    "path",
    [
        "tensorflow.serving.SessionService/SessionRun",
        "tensorflow.serving.PredictionService/PredictStreamed",
        "tensorflow.serving.Nothing/Predict",
        "tensorflow.ProfilerService/Profile",
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ],
)
def test_calls_that_are_not_there_are_unimplemented(running: Running, path: str) -> None:
    """A client learns at once that it asks too much; the original has no reflection either."""
    send: Any = running.client.channel.unary_unary(f"/{path}")

    with pytest.raises(grpc.RpcError) as caught:
        send(b"")

    assert caught.value.code() is UNIMPLEMENTED


def test_a_call_without_a_request_is_the_clients_mistake(running: Running) -> None:
    """One that ends before it has said anything."""
    send: Any = running.client.channel.stream_unary("/tensorflow.serving.PredictionService/Predict")

    with pytest.raises(grpc.RpcError) as caught:
        send(iter(()), timeout=60)

    assert (caught.value.code(), caught.value.details()) == (INVALID, "The call has no request")


def test_an_example_without_a_feature_is_the_clients_mistake(running: Running) -> None:
    """What TensorFlow says about the example passes through."""
    with pytest.raises(grpc.RpcError) as caught:
        call(running.client, "Regress", spec("examples", "vector") + input_(""))

    assert caught.value.code() is INVALID
    assert "Feature: x (data type: float) is required" in (caught.value.details() or "")


def test_method_names_are_checked_on_request(config: Path, running: Running, front: Front) -> None:
    """--enable_signature_method_name_check refuses what was exported for another call."""
    strict = run_server(
        **front,
        model_config_file=str(config),
        enable_signature_method_name_check=True,
    )
    sent = spec("examples", "as_predict") + ONE

    lenient_answer = call(running.client, "Classify", sent)
    with pytest.raises(grpc.RpcError) as caught:
        call(strict.client, "Classify", sent)

    strict.close()
    assert lenient_answer.result.classifications[0].classes[0].label == "cat"
    assert caught.value.details() == (
        f"Expected classification signature method_name to be {CLASSIFY}. Was: {PREDICT}"
    )


def test_predict_checks_method_names_too(config: Path, running: Running, front: Front) -> None:
    """A signature that was exported for no call at all is the model's fault."""
    strict = run_server(
        **front,
        model_config_file=str(config),
        enable_signature_method_name_check=True,
    )
    strings = tensor("inputs", "dtype: DT_STRING tensor_shape { dim {} }")
    sent = spec("examples", "unnamed") + strings

    lenient_answer = call(running.client, "Predict", sent)
    named_answer = call(strict.client, "Predict", spec("examples", "vector") + strings)
    with pytest.raises(grpc.RpcError) as caught:
        call(strict.client, "Predict", sent)

    strict.close()
    assert set(lenient_answer.outputs) == set(named_answer.outputs) == {"outputs"}
    assert (caught.value.code(), caught.value.details()) == (
        grpc.StatusCode.INTERNAL,
        (
            f"Expected prediction signature method_name to be one of "
            f"{{{PREDICT}, {CLASSIFY}, {REGRESS}}}. Was: "
        ),
    )
