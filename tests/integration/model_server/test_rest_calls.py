"""Calls over real HTTP: predict, classify, regress, and what surrounds them."""

import gzip
import http.client
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_server.testing import FakeRuntime, wait_until
from tests.integration.model_server.servers import Running, listing, model, run_server

KITCHEN = "/v1/models/kitchen:predict"
BODY_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered."""

    code: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def port_of(running: Running) -> int:
    return int(running.client.rest_url.rpartition(":")[2])


def send(
    running: Running, method: str, path: str, body: bytes | None = None, **headers: str
) -> Reply:
    """Send one request on a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", port_of(running), timeout=60)) as client:
        client.request(method, path, body, headers)
        response = client.getresponse()
        return Reply(response.status, response.headers, response.read())


def post(running: Running, path: str, document: Any) -> Reply:
    return send(running, "POST", path, json.dumps(document).encode())


@pytest.fixture(scope="module")
def running(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of `half` and `kitchen`, with the smallest limits that the tests need."""
    config = tmp_path_factory.mktemp("rest") / "models.config"
    config.write_text(listing(model("half", models / "half"), model("kitchen", models / "kitchen")))
    running = run_server(
        model_config_file=str(config),
        rest_api_max_body_bytes=BODY_MAX,
        rest_api_max_inflated_bytes=BODY_MAX,
        rest_api_timeout_in_ms=2000,
    )
    yield running
    running.close()


@pytest.mark.parametrize(
    ("path", "document", "answer"),
    [
        ("/v1/models/half:predict", {"instances": [1.0, 2, 5]}, {"predictions": [3.5, 4.0, 5.5]}),
        ("/v1/models/half/versions/3:predict", {"inputs": [0]}, {"outputs": [3.0]}),
        (
            KITCHEN,
            {"instances": [{"a": 1, "b": 2}, {"a": 3, "b": 5}]},
            {"predictions": [{"difference": -1, "sum": 3}, {"difference": -2, "sum": 8}]},
        ),
        (
            KITCHEN,
            {"inputs": {"a": [1], "b": [2]}},
            {"outputs": {"difference": [-1.0], "sum": [3.0]}},
        ),
        (
            KITCHEN,
            {"signature_name": "echo_string", "inputs": [["ä", {"b64": "aGk="}]]},
            {"outputs": [["ä", "hi"]]},
        ),
        (
            KITCHEN,
            {"signature_name": "echo_float64", "instances": [0.1, 1e300]},
            {"predictions": [0.1, 1e300]},
        ),
        (
            KITCHEN,
            {"signature_name": "echo_int64", "instances": [[-(2**63)], [2**63 - 1]]},
            {"predictions": [[-(2**63)], [2**63 - 1]]},
        ),
        (
            KITCHEN,
            {"signature_name": "echo_uint8", "instances": [255, 256]},
            {"predictions": [255, 0]},
        ),
        (KITCHEN, {"signature_name": "echo_bool", "inputs": True}, {"outputs": True}),
    ],
)
def test_signatures_run(running: Running, path: str, document: Any, answer: Any) -> None:
    """In both forms, with the types that JSON has."""
    reply = post(running, path, document)

    assert (reply.code, reply.json) == (200, answer)
    assert reply.headers["Content-Type"] == "application/json"


def test_numbers_that_are_none_travel(running: Running) -> None:
    """As bare tokens, in both directions; what follows the request is ignored."""
    body = b'{"instances": [NaN, Infinity, -Infinity, 1, 1e39]} and so on'

    reply = send(running, "POST", "/v1/models/half:predict", body)

    expected = '{\n    "predictions": [NaN, Infinity, -Infinity, 3.5, Infinity\n    ]\n}'
    assert reply.body.decode() == expected


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        (
            {"signature_name": "none", "inputs": 1},
            400,
            'Serving signature name: "none" not found in signature def',
        ),
        (
            {"signature_name": "echo_half", "inputs": 1},
            400,
            'Serving signature name: "echo_half" not found in signature def',
        ),
        (
            {"signature_name": "echo_bfloat16", "inputs": 1},
            501,
            "Conversion of JSON Value: 1 to type: bfloat16",
        ),
        (
            {"signature_name": "echo_int32", "inputs": 1.0},
            400,
            "JSON Value: 1.0 Type: Number is not of expected type: int32",
        ),
        (
            {"signature_name": "count", "inputs": 10**12},
            504,
            "Timed out waiting for notification",
        ),
    ],
)
def test_mistakes_and_delays_are_told(
    running: Running, document: Any, code: int, message: str
) -> None:
    """Also a model that takes longer than a request may."""
    reply = post(running, KITCHEN, document)

    assert (reply.code, reply.json) == (code, {"error": message})


def test_a_model_that_refuses_its_input_says_why(running: Running) -> None:
    """Its error has the code that the model gave it."""
    reply = post(running, KITCHEN, {"inputs": {"a": [1, 2], "b": [1, 2, 3]}})

    assert reply.code == 400
    assert "Incompatible shapes" in reply.json["error"]


def test_a_body_may_be_compressed(running: Running) -> None:
    """Clients that send pictures as JSON do it."""
    body = gzip.compress(b'{"instances": [1.0]}')

    reply = send(running, "POST", "/v1/models/half:predict", body, **{"Content-Encoding": "gzip"})

    assert reply.json == {"predictions": [3.5]}


def test_a_chunked_body_is_read(running: Running) -> None:
    """Its length need not be known before."""
    with closing(http.client.HTTPConnection("127.0.0.1", port_of(running), timeout=60)) as client:
        parts = [b'{"instances"', b": [1.0]}"]
        client.request("POST", "/v1/models/half:predict", iter(parts), encode_chunked=True)

        reply = client.getresponse().read()

    assert json.loads(reply) == {"predictions": [3.5]}


def raw(running: Running, request: bytes) -> tuple[str, bytes]:
    """Send bytes; return the head and the body of the answer."""
    with socket.create_connection(("127.0.0.1", port_of(running)), timeout=60) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode("latin-1"), body


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\x16\x03\x01\x02\r\n\r\n", "HTTP/1.0 400 Bad Request"),
        (
            b"POST /v1/models/half:predict HTTP/1.1\r\nContent-Length: 1000000000000\r\n\r\n",
            "HTTP/1.1 413 Request Entity Too Large",
        ),
        (
            b"POST /v1/models/half:predict HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 400 Bad Request",
        ),
        (
            b"GET / HTTP/1.1\r\nX: " + b"x" * 300_000 + b"\r\n\r\n",
            "HTTP/1.0 431 Request Header Fields Too Large",
        ),
    ],
)
def test_what_is_hardly_http_is_answered_in_json(
    running: Running, request_: bytes, status: str
) -> None:
    """Before a body that is too large was sent, and the connection ends."""
    head, body = raw(running, request_)

    assert head.startswith(status)
    assert "Content-Type: application/json" in head
    assert json.loads(body)["error"]


def test_a_large_body_up_to_the_limit_is_read(running: Running) -> None:
    """The limit is exact."""
    body = b'{"instances": [1.0]}'.ljust(BODY_MAX)

    reply = send(running, "POST", "/v1/models/half:predict", body)

    assert reply.json == {"predictions": [3.5]}


def test_the_version_that_answered_is_told(running: Running) -> None:
    """In a header, since the body is the original's."""
    reply = post(running, "/v1/models/half:predict", {"inputs": [0]})

    assert reply.headers["X-Model-Version"] == "3"


def test_a_connection_serves_many_requests(running: Running) -> None:
    """Errors do not end it."""
    with closing(http.client.HTTPConnection("127.0.0.1", port_of(running), timeout=60)) as client:
        codes = []
        for body in (b'{"inputs": [1]}', b"{", b'{"inputs": [1]}'):
            client.request("POST", "/v1/models/half:predict", body)
            with client.getresponse() as response:
                response.read()
                codes.append(response.status)

    assert codes == [200, 400, 200]


FUZZED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "b64", "value"]), children, max_size=3)
    ),
    max_leaves=8,
)
SIGNATURES = st.sampled_from(
    ["serving_default", "echo_string", "echo_float32", "echo_int8", "echo_uint64", "echo_half"]
)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    form=st.sampled_from(["instances", "inputs"]),
    value=FUZZED | st.lists(FUZZED, min_size=1, max_size=3),
    signature=SIGNATURES,
)
def test_no_json_makes_the_server_fail(
    running: Running, form: str, value: Any, signature: str
) -> None:
    """TensorFlow itself gets what came through the checks, and goes on serving."""
    reply = post(running, KITCHEN, {form: value, "signature_name": signature})

    assert reply.code in (200, 400, 501)
    assert reply.json
    assert post(running, "/v1/models/half:predict", {"inputs": [0]}).json == {"outputs": [3.0]}


def test_a_drain_ends_connections_and_loses_no_request(tmp_path: Path) -> None:
    """A request under way is answered, with the word that no more will be on this connection."""
    (tmp_path / "1").mkdir()
    runtime = FakeRuntime()
    fake = runtime.models[tmp_path / "1"]
    fake.run_gate.clear()
    running = run_server(runtime, model_name="m", model_base_path=str(tmp_path))
    replies: list[Reply] = []
    caller = threading.Thread(
        target=lambda: replies.append(post(running, "/v1/models/m:predict", {"inputs": [1]}))
    )
    caller.start()
    wait_until(fake.running.is_set)
    closer = threading.Thread(target=running.close)
    closer.start()
    wait_until(lambda: running.server._rest._app.is_draining)

    fake.run_gate.set()

    caller.join()
    closer.join()
    assert replies[0].json == {"outputs": [1.0]}
    assert replies[0].headers["Connection"] == "close"


@pytest.fixture
def serve_shared(
    shared_dir: Path, tmp_path: Path, serve: Callable[..., Running]
) -> Callable[[str], Running]:
    """A function that serves one of the original's test models as `default`."""

    def start(name: str) -> Running:
        shutil.copytree(shared_dir / "tf_serving_testdata" / name, tmp_path / name)
        return serve(model_base_path=str(tmp_path / name))

    return start


def test_the_original_half_plus_two_answers(
    serve_shared: Callable[[str], Running], shared_dir: Path
) -> None:
    """Its metadata are the golden ones, and all three calls work."""
    running = serve_shared("saved_model_half_plus_two_cpu")
    golden = shared_dir / "tf_serving_testdata" / "half_plus_two_model_metadata.json"

    metadata = send(running, "GET", "/v1/models/default/metadata").json
    predict = post(running, "/v1/models/default:predict", {"instances": [2.0, 3.0, 4.0]}).json
    classify = post(
        running,
        "/v1/models/default:classify",
        {"signature_name": "classify_x_to_y", "examples": [{"x": 2.0}]},
    ).json
    regress = post(
        running,
        "/v1/models/default:regress",
        {"signature_name": "regress_x_to_y", "examples": [{"x": 2.0}]},
    ).json

    assert metadata == json.loads(golden.read_text())
    assert predict == {"predictions": [3.0, 3.5, 4.0]}
    assert classify == {"results": [[["", 3.0]]]}
    assert regress == {"results": [3.0]}
