"""The REST routes that tell about models, over real HTTP."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.model_server.servers import Client, listing, model, run_server


@pytest.fixture(scope="module")
def client(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a server of two versions and a model with an unusual name."""
    config = tmp_path_factory.mktemp("rest") / "models.config"
    versions = "model_version_policy { specific { versions: 1 versions: 3 } }"
    config.write_text(
        listing(model("half", models / "half", versions), model("half & half", models / "half"))
    )
    running = run_server(model_config_file=str(config))
    yield running.client
    running.close()


def version(number: int) -> dict[str, object]:
    return {
        "version": str(number),
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }


@pytest.mark.parametrize(
    ("path", "versions"),
    [
        ("/v1/models/half", [3, 1]),
        ("/V1/Models/half", [3, 1]),
        ("/v1/models/half/versions/1", [1]),
        ("/v1/models/half/versions/0000003", [3]),
        ("/v1/models/half/labels/ignored", [3, 1]),
        ("/v1/models/half%20%26%20half", [3]),
        ("/v1/models/%68alf", [3, 1]),
    ],
)
def test_the_status_of_a_model_is_listed(client: Client, path: str, versions: list[int]) -> None:
    """Numbers are strings, enumerations are names, and nothing is left out."""
    code, body = client.get(path)

    assert code == 200
    assert json.loads(body) == {"model_version_status": [version(each) for each in versions]}


def test_metadata_is_listed(client: Client) -> None:
    """The signatures are there with all their fields, under the proto's names."""
    code, body = client.get("/v1/models/half/versions/1/metadata")

    document = json.loads(body)
    signature = document["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert code == 200
    assert document["model_spec"] == {"name": "half", "signature_name": "", "version": "1"}
    assert signature["inputs"] == {
        "x": {
            "dtype": "DT_FLOAT",
            "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
            "name": "serving_default_x:0",
        }
    }
    assert signature["defaults"] == {}


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/v1/", 400, "Malformed request: GET /v1/"),
        ("/v1/foo", 400, "Malformed request: GET /v1/foo"),
        ("/v1/models/versions/1", 400, "Missing model name in request."),
        ("/v1/models/", 400, "Malformed request: GET /v1/models/"),
        ("/v1/models/metadata", 404, "Could not find any versions of model metadata"),
        ("/v1/models/x", 404, "Could not find any versions of model x"),
        ("/v1/models/half?a=b", 404, "Could not find any versions of model half?a=b"),
        ("/v1/models/half/versions/9", 404, "Could not find version 9 of model half"),
        (
            "/v1/models/half/versions/x",
            400,
            "Malformed request: GET /v1/models/half/versions/x",
        ),
        (
            "/v1/models/half/versions/9223372036854775808",
            400,
            "Failed to convert version: 9223372036854775808 to numeric.",
        ),
        (
            f"/v1/models/half/versions/{'9' * 5000}",
            400,
            f"Failed to convert version: {'9' * 5000} to numeric.",
        ),
        (
            "/v1/models/half/versions/9/metadata",
            404,
            "Servable not found for request: Specific(half, 9)",
        ),
        (
            "/v1/models/half/labels/x/metadata",
            400,
            "Unrecognized servable version label: x",
        ),
        ("/v1/models/half:predict", 400, "Malformed request: GET /v1/models/half:predict"),
    ],
)
def test_mistakes_are_answered_in_the_words_of_the_original(
    client: Client, path: str, code: int, message: str
) -> None:
    """Errors are JSON objects with one sentence."""
    answer = client.get(path)

    assert (answer[0], json.loads(answer[1])) == (code, {"error": message})


def test_all_models_are_listed(client: Client) -> None:
    """An addition: the original can only be asked about one."""
    code, body = client.get("/v1/models")

    first, second = json.loads(body)["models"]
    assert code == 200
    assert first["model_version_status"] == [version(3), version(1)]
    assert [first["name"], second["name"]] == ["half", "half & half"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_server_whose_models_are_available_is_ready(client: Client, path: str) -> None:
    """Balancers and orchestrators ask there."""
    assert client.get(path)[0] == 200


@pytest.mark.parametrize("path", ["/", "/v2", "/v1", "/v10/models/half", "/favicon.ico"])
def test_other_addresses_are_not_found(client: Client, path: str) -> None:
    """Outside of /v1/ there is nothing."""
    assert client.get(path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_malformed(client: Client, method: str) -> None:
    """The routes can only be read."""
    host, port = client.rest_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(
            f"{method} /v1/models/half HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()

    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 400 ")
    assert "Content-Type: application/json" in head
    assert json.loads(body) == {"error": f"Malformed request: {method} /v1/models/half"}
