"""Tokens on both ports: who shows none is let in nowhere, and nobody's is ever written down."""

import http.client
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from model_server.testing import FakeModel, FakeRuntime, wait_until
from tests.integration.model_server.servers import BOTH_FRONTS, Client, Front, Running, run_server

pytestmark = BOTH_FRONTS

FIRST, SECOND = "first-secret-0001", "second-secret-0002"
SERVICES = {
    "Prediction": ["Predict", "Classify", "Regress", "MultiInference", "GetModelMetadata"],
    "Model": ["GetModelStatus", "HandleReloadConfigRequest"],
}
CALLS = [f"{service}Service/{rpc}" for service, rpcs in SERVICES.items() for rpc in rpcs]


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"camera-7 {FIRST}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime()


@pytest.fixture
def running(
    tokens: Path,
    runtime: FakeRuntime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    front: Front,
) -> Iterator[Running]:
    """A server that asks for tokens, and looks for other ones all the time."""
    monkeypatch.setattr("model_server.tokens._POLL_WAIT_S", 0.01)
    (tmp_path / "model" / "1").mkdir(parents=True)
    monitoring = tmp_path / "monitoring.config"
    monitoring.write_text("prometheus_config { enable: true }")
    running = run_server(
        runtime,
        **front,
        model_base_path=str(tmp_path / "model"),
        auth_token_file=str(tokens),
        monitoring_config_file=str(monitoring),
        shutdown_grace_s=1,
    )
    yield running
    running.close()


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def predict(client: Client, metadata: Any = (), values: Any = 1.0) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "default"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([values]))
    return client.prediction.Predict(request, metadata=metadata, timeout=60)


def ask(running: Running, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
    """Send an HTTP request; return the status and the answer."""
    host = running.client.rest_url.removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.request("POST" if body else "GET", path, body, headers)
        response = connection.getresponse()
        return response.status, response


def is_let_in(client: Client, token: str) -> bool:
    try:
        predict(client, bearer(token))
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
            raise
        return False
    return True


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("metadata", [(), bearer(SECOND), (("authorization", FIRST),)])
def test_no_call_is_answered_without_a_token(running: Running, path: str, metadata: Any) -> None:
    """Whatever it asks for, and whatever it sends: the request is not looked at."""
    send: Any = running.client.channel.unary_unary(f"/tensorflow.serving.{path}")

    with pytest.raises(grpc.RpcError) as caught:
        send(b"\xff no message", metadata=metadata, timeout=60)

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "token" in (caught.value.details() or "")


def test_a_large_request_is_refused_before_it_is_read(running: Running) -> None:
    """Nobody fills the memory of the server with what it would not answer."""
    send: Any = running.client.channel.unary_unary(f"/tensorflow.serving.{CALLS[0]}")

    with pytest.raises(grpc.RpcError) as caught:
        send(bytes(1 << 27), timeout=60)

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_who_shows_a_token_is_answered(running: Running) -> None:
    """Over gRPC and over HTTP."""
    response = predict(running.client, bearer(FIRST))
    status, _ = ask(
        running,
        "/v1/models/default:predict",
        b'{"inputs": [1]}',
        Authorization=f"Bearer {FIRST}",
    )

    assert response.model_spec.version.value == 1
    assert status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/models", None),
        ("/v1/models/default", None),
        ("/v1/models/default/metadata", None),
        ("/v1/models/default:predict", b'{"inputs": [1]}'),
        ("/monitoring/prometheus/metrics", None),
        ("/healthz", b"with a body"),
        ("/", None),
    ],
)
@pytest.mark.parametrize("sent", [None, f"Bearer {SECOND}", f"Basic {FIRST}", "Bearer"])
def test_no_request_is_answered_without_a_token(
    running: Running, path: str, body: bytes | None, sent: str | None
) -> None:
    """The answer says which scheme is expected."""
    status, response = ask(running, path, body, **({"Authorization": sent} if sent else {}))

    assert status == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["X-Request-Id"]


def test_metrics_are_for_holders_of_a_token(running: Running) -> None:
    """They tell a lot."""
    status, _ = ask(running, "/monitoring/prometheus/metrics", Authorization=f"Bearer {FIRST}")

    assert status == 200


def test_probes_need_no_token(running: Running) -> None:
    """Orchestrators and balancers ask without one."""
    codes = [ask(running, path)[0] for path in ("/healthz", "/readyz")]

    assert codes == [200, 200]
    assert running.client.health_of("") == running.client.health_of("default") == "SERVING"


def test_tokens_change_while_the_server_runs(running: Running, tokens: Path) -> None:
    """A new one is accepted, a withdrawn one no more, and a broken file changes nothing."""
    client = running.client

    tokens.write_text(f"camera-7 {FIRST}\ncamera-7 {SECOND}\n")
    wait_until(lambda: is_let_in(client, SECOND))
    assert is_let_in(client, FIRST)
    tokens.write_text(f"camera-7 {SECOND}\n")
    wait_until(lambda: not is_let_in(client, FIRST))
    tokens.write_text("camera-7\n")
    wait_until(lambda: bool(running.server._authentication._problem))

    assert is_let_in(client, SECOND)


def test_the_log_has_names_and_no_tokens(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """Who called is known, and what was tried in vain is not shown."""
    caplog.set_level(logging.DEBUG)

    predict(running.client, bearer(FIRST))
    is_let_in(running.client, SECOND)
    ask(running, "/v1/models", Authorization=f"Bearer {FIRST}")
    ask(running, "/v1/models", Authorization=f"Bearer {SECOND}")

    lines = [each.getMessage() for each in caplog.records if each.name.endswith("access_log")]
    assert [re.findall(r"^\w+(?: \S+)?|status=\w+|caller=\S+", line) for line in lines] == [
        ["Predict model='default'", "status=OK", "caller=camera-7"],
        ["Predict model=None", "status=UNAUTHENTICATED"],
        ["GET /v1/models", "status=OK", "caller=camera-7"],
        ["GET /v1/models", "status=UNAUTHENTICATED"],
    ]
    assert FIRST not in caplog.text
    assert SECOND not in caplog.text
    assert "secret" not in json.dumps(lines)


def test_a_model_is_not_run_for_strangers(running: Running, runtime: FakeRuntime) -> None:
    """Nothing of a refused call reaches it."""
    is_let_in(running.client, SECOND)
    ask(running, "/v1/models/default:predict", b'{"inputs": [1]}')

    models: list[FakeModel] = list(runtime.models.values())
    assert [model.runs for model in models] == [0]


def test_a_server_does_not_start_with_bad_tokens(
    serve: Callable[..., Running], tmp_path: Path
) -> None:
    """It does not serve everybody instead."""
    (tmp_path / "tokens").write_text("")
    (tmp_path / "1").mkdir()

    with pytest.raises(Exception, match="there is no token in it"):
        serve(
            FakeRuntime(),
            model_base_path=str(tmp_path),
            auth_token_file=str(tmp_path / "tokens"),
        )
