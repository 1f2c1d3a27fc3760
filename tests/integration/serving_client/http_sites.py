"""An HTTP server whose pages a test makes up, and those of TensorFlow Serving's REST API."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from serving_client import ModelRef, ServingClient

__all__ = [
    "MODEL",
    "OpenSite",
    "Page",
    "Site",
    "connect",
    "json_page",
    "metadata_page",
    "open_site",
    "original",
]

Page = tuple[int, dict[str, str], bytes]
"""Status, headers and body of an answer."""

MODEL = ModelRef("half")


def json_page(document: Any, status: int = 200, **headers: str) -> Page:
    kind = {"Content-Type": "application/json"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, kind | named, json.dumps(document).encode()


def metadata_page(version: int, dtype: str = "DT_FLOAT", **headers: str) -> Page:
    """The signature from x to y, as the original writes it."""
    info = {"dtype": dtype, "tensor_shape": {"dim": [{"size": "-1", "name": ""}]}, "name": "y:0"}
    signature = {"inputs": {"x": info | {"dtype": "DT_FLOAT"}}, "outputs": {"y": info}}
    document = {
        "model_spec": {"name": "half", "signature_name": "", "version": str(version)},
        "metadata": {
            "signature_def": {
                "@type": "type.googleapis.com/tensorflow.serving.SignatureDefMap",
                "signature_def": {
                    "serving_default": signature
                    | {"method_name": "tensorflow/serving/predict", "defaults": {}}
                },
            }
        },
    }
    return json_page(document, 200, **headers)


class Site:
    """Answers requests with the pages that a test names by method and path.

    A page may be a function of the request's body. `gate` holds up all answers while it is clear.
    """

    def __init__(self, pages: dict[str, Any]) -> None:
        self.pages = pages
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.ports: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.ports.add(self.client_address[1])
                site.asked.append(f"{self.command} {self.path}")
                site.headers.append({name.lower(): value for name, value in self.headers.items()})
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.entered.set()
                site.gate.wait(30)
                page = site.pages.get(site.asked[-1], json_page({"error": "no such page"}, 404))
                status, headers, content = page(body) if callable(page) else page
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(OSError):  # whoever asked may have left
                    self.wfile.write(content)

            do_POST = do_GET  # noqa: N815  the name that the library looks for

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def open_site() -> Iterator[Callable[[dict[str, Any]], Site]]:
    """A function that starts a site with some pages."""
    opened: list[Site] = []

    def start(pages: dict[str, Any]) -> Site:
        opened.append(Site(pages))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


OpenSite = Callable[[dict[str, Any]], Site]


def connect(site: Site, path: str = "", **options: Any) -> ServingClient:
    return ServingClient(f"http://{site.address}{path}", check_inputs=False, **options)


def original(*versions: int, answer: Any = None) -> dict[str, Any]:
    """Pages of the original server, which names no version, with these versions; newest last."""
    pages: dict[str, Any] = {"GET /v1/models/half/metadata": metadata_page(versions[-1])}
    for version in versions:
        path = f"/v1/models/half/versions/{version}"
        pages[f"GET {path}/metadata"] = metadata_page(version)
        pages[f"POST {path}:predict"] = json_page(answer or {"outputs": [float(version)]})
    return pages
