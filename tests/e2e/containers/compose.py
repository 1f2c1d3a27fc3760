"""The compose files, brought up with podman, and what a person does with them from outside."""

import http.client
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.containers.podman import Podman
from tests.e2e.stack import ROOT

# A program of its own, run and not linked: no dependency of Sightline.
_COMPOSE = (".venv/bin/uv", "tool", "run", "--quiet", "podman-compose@1.6.0")
FILES = ("docker/compose.yaml", "docker/compose.scale.yaml")
PICTURE = ROOT / "webapp" / "static" / "samples" / "parcel.jpg"


@dataclass(frozen=True, slots=True)
class Images:
    """The names of both images of ours."""

    web: str
    serving: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What an upload was answered.

    Attributes:
        status: of HTTP.
        document: the JSON.
    """

    status: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Compose:
    """The containers of the compose files.

    Attributes:
        podman: runs them.
        variables: of the compose files.
        web_port: the only published port.
    """

    podman: Podman
    variables: Mapping[str, str]
    web_port: int

    def __call__(self, *arguments: str) -> str:
        """Run a command of compose, which has to succeed."""
        files = [word for file in FILES for word in ("--file", file)]
        answer = subprocess.run(
            [*_COMPOSE, *files, "--profile", "embedded", *arguments],
            cwd=ROOT, env={**self.podman.environ, **self.variables},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    @property
    def url(self) -> str:
        """Of the pages."""
        return f"http://127.0.0.1:{self.web_port}"

    def upload(self) -> Reply:
        """Send a picture through the published port."""
        return upload(self.url)


def upload(url: str) -> Reply:
    """Send the sample picture to the API of a web app."""
    request = urllib.request.Request(
        f"{url}/api/v1/detections?name=parcel.jpg",
        PICTURE.read_bytes(),
        {"Content-Type": "image/jpeg"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Reply(answer.status, json.load(answer))
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, _document(error.read()))
    except (OSError, http.client.HTTPException) as error:
        return Reply(0, {"error": str(error)})


def _document(body: bytes) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(body)
    except ValueError:
        return {"body": body.decode(errors="replace")}
    return document


def fetch(url: str) -> tuple[int, bytes]:
    """Status and body of a page."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (OSError, http.client.HTTPException):
        return 0, b""


def eventually(condition: Callable[[], object], timeout_s: float, what: str) -> None:
    """Wait until something is so."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.2)  # between two questions, not instead of one


def labels(document: Mapping[str, Any]) -> list[str]:
    """The names of the things that were found."""
    return sorted(each["label"] for each in document["detections"])
