"""GetModelMetadata, GetModelStatus and health, over real gRPC."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import text_format
from grpc_health.v1 import health_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from model_server.testing import wait_until
from tests.integration.model_server.servers import (
    BOTH_FRONTS,
    Front,
    Running,
    listing,
    model,
    run_server,
)

pytestmark = BOTH_FRONTS

ALL = "model_version_policy { all {} }"
INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


@pytest.fixture(scope="module")
def running(
    models: Path, tmp_path_factory: pytest.TempPathFactory, front: Front
) -> Iterator[Running]:
    """A server of all versions of a good model and of one that is broken."""
    folder = tmp_path_factory.mktemp("status")
    (folder / "broken" / "7").mkdir(parents=True)
    (folder / "broken" / "7" / "saved_model.pb").write_bytes(b"garbage")
    config = folder / "models.config"
    config.write_text(
        listing(model("half", models / "half", ALL), model("broken", folder / "broken"))
    )
    running = run_server(**front, model_config_file=str(config), max_num_load_retries=0)
    wait_until(lambda: "END" in str(status(running, 'model_spec { name: "broken" }')))
    yield running
    running.close()


def metadata(running: Running, text: str) -> Any:
    request = text_format.Parse(text, get_model_metadata_pb2.GetModelMetadataRequest())
    return running.client.prediction.GetModelMetadata(request, timeout=60)


def status(running: Running, text: str) -> Any:
    request = text_format.Parse(text, get_model_status_pb2.GetModelStatusRequest())
    return running.client.model.GetModelStatus(request, timeout=60)


def test_metadata_holds_the_signatures(running: Running) -> None:
    """The response names the version, and packs the signatures as the original does."""
    response = metadata(running, 'model_spec { name: "half" } metadata_field: "signature_def"')

    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    signature = signatures.signature_def["serving_default"]
    assert (response.model_spec.name, response.model_spec.version.value) == ("half", 3)
    assert response.model_spec.signature_name == ""
    assert (list(signature.inputs), list(signature.outputs)) == (["x"], ["y"])
    assert signature.method_name == "tensorflow/serving/predict"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", INVALID, "Missing ModelSpec"),
        (
            'model_spec { name: "half" }',
            INVALID,
            "GetModelMetadataRequest must specify at least one metadata_field",
        ),
        (
            'model_spec { name: "half" } metadata_field: "weights"',
            INVALID,
            "Metadata field weights is not supported",
        ),
        (
            'model_spec { name: "x" } metadata_field: "signature_def"',
            NOT_FOUND,
            "Servable not found for request: Latest(x)",
        ),
        (
            'model_spec { name: "broken" } metadata_field: "signature_def"',
            NOT_FOUND,
            "Servable not found for request: Latest(broken)",
        ),
    ],
)
def test_metadata_mistakes_are_answered_in_the_words_of_the_original(
    running: Running, text: str, code: grpc.StatusCode, message: str
) -> None:
    """Each row of the contract's table of errors that concerns metadata."""
    with pytest.raises(grpc.RpcError) as caught:
        metadata(running, text)

    assert (caught.value.code(), caught.value.details()) == (code, message)


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ('model_spec { name: "half" }', [3, 2, 1]),
        ('model_spec { name: "half" version { value: 2 } }', [2]),
        ('model_spec { name: "half" version_label: "ignored" }', [3, 2, 1]),
        ('model_spec { name: "half" signature_name: "ignored" }', [3, 2, 1]),
    ],
)
def test_status_lists_versions(running: Running, text: str, versions: list[int]) -> None:
    """The newest comes first; a label is ignored, as in the original."""
    response = status(running, text)

    available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert [each.version for each in response.model_version_status] == versions
    assert {each.state for each in response.model_version_status} == {available}
    assert {each.status.error_code for each in response.model_version_status} == {0}


def test_status_shows_why_a_version_failed(running: Running) -> None:
    """A version that cannot be loaded is at its END, with the code and the cause."""
    (version,) = status(running, 'model_spec { name: "broken" }').model_version_status

    assert version.version == 7
    assert version.state == get_model_status_pb2.ModelVersionStatus.END
    assert version.status.error_code == grpc.StatusCode.DATA_LOSS.value[0]
    assert "Cannot parse file" in version.status.error_message


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", INVALID, "Missing ModelSpec"),
        ("model_spec {}", NOT_FOUND, "Could not find any versions of model "),
        ('model_spec { name: "x" }', NOT_FOUND, "Could not find any versions of model x"),
        (
            'model_spec { name: "half" version { value: 9 } }',
            NOT_FOUND,
            "Could not find version 9 of model half",
        ),
        (
            'model_spec { name: "x" version { value: 9 } }',
            NOT_FOUND,
            "Could not find version 9 of model x",
        ),
    ],
)
def test_status_mistakes_are_answered_in_the_words_of_the_original(
    running: Running, text: str, code: grpc.StatusCode, message: str
) -> None:
    """Each row of the contract's table of errors that concerns the status."""
    with pytest.raises(grpc.RpcError) as caught:
        status(running, text)

    assert (caught.value.code(), caught.value.details()) == (code, message)


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("", "SERVING"),
        ("ModelService", "SERVING"),
        ("PredictionService", "SERVING"),
        ("tensorflow.serving.PredictionService", "SERVING"),
        ("half", "SERVING"),
        ("broken", "NOT_SERVING"),
    ],
)
def test_health_is_that_of_the_models(running: Running, service: str, expected: str) -> None:
    """The server is healthy though one model is not, and that one says so."""
    assert running.client.health_of(service) == expected


def test_the_health_of_an_unknown_model_is_not_found(running: Running) -> None:
    """A probe with a typo fails."""
    with pytest.raises(grpc.RpcError) as caught:
        running.client.health_of("nobody")

    assert caught.value.code() is NOT_FOUND


def test_watches_hear_of_the_drain_and_end(models: Path, front: Front) -> None:
    """A client that watches the health is told, and does not hold up the drain."""
    running = run_server(
        **front,
        model_name="half",
        model_base_path=str(models / "half"),
        shutdown_grace_s=3600,
    )
    watch = running.client.health.Watch(health_pb2.HealthCheckRequest(service="half"))
    first = next(watch).status

    running.server.drain()
    rest = [response.status for response in watch]

    running.client.channel.close()
    assert (first, rest) == (
        health_pb2.HealthCheckResponse.SERVING,
        [health_pb2.HealthCheckResponse.NOT_SERVING],
    )
