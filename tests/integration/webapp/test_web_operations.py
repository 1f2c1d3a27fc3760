"""What the operator sees of the real process: warnings, JSON lines, and who asks behind a proxy."""

import http.client
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.integration.webapp.web_processes import TIMEOUT_S, WebProcess, model_server

EVERYWHERE = "0.0.0.0"  # noqa: S104  what the warning is about


def test_open_door_is_said_in_json(tmp_path: Path, photo: Callable[[int], bytes]) -> None:
    """Listening beyond this machine without keys is a warning; every line of the log is JSON."""
    with model_server(tmp_path) as target:
        process = WebProcess(
            tmp_path, target, SIGHTLINE_WEB_HOST=EVERYWHERE, SIGHTLINE_LOG_FORMAT="json"
        )
        process.ask("POST", "/api/v1/detections", photo(1))

        assert process.stop() == 0

    lines = [json.loads(line) for line in process.lines]
    (warning,) = [line for line in lines if line["level"] == "WARNING"]
    assert "anybody there may see and delete every picture" in warning["message"]
    assert "SIGHTLINE_ACCESS=required" in warning["message"]
    (access,) = [line for line in lines if line["logger"] == "webapp.access"]
    assert (access["method"], access["status"], access["model"]) == ("POST", 201, "toy")
    assert access["address"] == "127.0.0.1"
    assert len(access["request_id"]) >= 8


def test_locked_site_without_keys_says_how_to_make_one(tmp_path: Path) -> None:
    """Where nobody could get in the log has the commands; a proxy's word counts only if trusted."""
    with model_server(tmp_path) as target:
        process = WebProcess(
            tmp_path, target, SIGHTLINE_ACCESS="required", SIGHTLINE_TRUSTED_HOPS="1"
        )
        assert process.ask("GET", "/api/v1/models")[0] == 401

        with closing(
            http.client.HTTPConnection("127.0.0.1", process.port, timeout=TIMEOUT_S)
        ) as connection:
            connection.request("GET", "/login", headers={"X-Forwarded-Proto": "https"})
            cookie = connection.getresponse().headers["Set-Cookie"]

        assert process.stop() == 0
    assert cookie.startswith("__Host-sightline=")
    assert "Secure" in cookie
    assert any("python -m webapp users add NAME" in line for line in process.lines)
