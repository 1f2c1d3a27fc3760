"""When the models in a container count as available."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from launcher.containers.readiness import is_available, model_names, wait_until

Answering = Callable[[int, str], int]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A function that starts a server with one answer, and returns its port."""
    servers: list[HTTPServer] = []

    def start(status: int, body: str) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, '{"error": "Could not find any versions of model codes"}', False),
        (200, "", False),
        (200, "[]", False),
        (200, '{"model_version_status": []}', False),
        (200, '{"model_version_status": [{"version": "1", "state": "LOADING"}]}', False),
        (200, '{"model_version_status": [{"state": "END"}, {"state": "AVAILABLE"}]}', True),
    ],
)
def test_a_model_is_available_when_a_version_says_so(
    answering: Answering, status: int, body: str, *, expected: bool
) -> None:
    """Loading, unknown and unreadable count as not yet."""
    port = answering(status, body)

    assert is_available(port, "codes") is expected


def test_no_server_is_no_model(free_port: Callable[[], int]) -> None:
    """While the container starts, nobody listens."""
    assert not is_available(free_port(), "codes")


def test_names_are_those_of_the_configuration(tmp_path: Path) -> None:
    """Every model of the list is waited for, in its order."""
    (tmp_path / "a.config").write_text(
        'model_config_list {\n  config {\n    name: "b"\n    base_path: "/models/b"\n  }\n'
        '  config {\n    name: "a"\n  }\n}\n'
    )

    assert model_names(tmp_path / "a.config") == ("b", "a")


@pytest.mark.parametrize(
    ("ready_after", "dies_after", "expected"),
    [(0, 9, True), (3, 9, True), (9, 2, False), (9, 99, False)],
)
def test_waiting_ends_with_readiness_death_or_time(
    ready_after: int, dies_after: int, *, expected: bool
) -> None:
    """Whichever comes first."""
    pauses: list[float] = []

    result = wait_until(
        lambda: len(pauses) >= ready_after,
        2.0,
        is_alive=lambda: len(pauses) < dies_after,
        sleep=pauses.append,
        clock=lambda: sum(pauses),
    )

    assert result is expected
