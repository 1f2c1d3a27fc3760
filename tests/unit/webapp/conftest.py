"""An application with a fake model server, and a browser that checks every page it is shown."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from vision import encode_jpeg
from webapp import Settings, create_app
from webapp.access.form_tokens import HEADER, token_of
from webapp.access.tokens import new_secret
from webapp.services import EXTENSION
from webapp.testing import Box, FakeModelServer, install_model
from webapp.vendor import ICONS

VOID = {"input", "img", "link", "meta", "br", "hr"}


@dataclass
class Element:
    """A start tag: its name, attributes and the tags around it."""

    name: str
    attributes: dict[str, str | None]
    parents: tuple[str, ...]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """The start tags of a page, in order."""

    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), tuple(each.name for each in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open, f"</{tag}> closes nothing"
            assert self._open.pop().name == tag, f"</{tag}> closes another element"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), tuple(each.name for each in self._open)))

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, name: str) -> list[Element]:
        return [element for element in self.elements if element.name == name]


def check_page(html: str) -> None:
    """Assert what every page must have."""
    page = Page()
    page.feed(html)
    assert html.startswith("<!doctype html>")
    assert page.all("html")[0].attributes.get("lang")
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1
    heading = " ".join(page.all("h1")[0].text.split())
    assert " ".join(page.all("title")[0].text.split()).startswith(heading)
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids)), f"an id is there twice: {ids}"
    check_references(page, set(ids))
    check_outline(page)
    check_nothing_inline(page)


def check_references(page: Page, ids: set[str | None]) -> None:
    """Assert that pictures and fields have names, and that references lead somewhere."""
    labelled = {label.attributes.get("for") for label in page.all("label")}
    for image in page.all("img"):
        assert image.attributes.get("alt") is not None, f"no alt: {image}"
    for control in (*page.all("input"), *page.all("select"), *page.all("textarea")):
        if control.attributes.get("type") == "hidden":
            continue
        is_named = "label" in control.parents or control.attributes.get("aria-label")
        assert is_named or control.attributes.get("id") in labelled, f"no label: {control}"
    for control in (*page.all("button"), *page.all("a")):
        name = control.attributes.get("aria-label") or control.text.strip()
        is_hidden = control.attributes.get("aria-hidden") == "true"
        # A script puts the words into what it makes from a template.
        assert name or is_hidden or "template" in control.parents, f"no name: {control}"
    for element in page.elements:
        for attribute in ("for", "list", "aria-describedby", "aria-labelledby"):
            value = element.attributes.get(attribute)
            assert value is None or set(value.split()) <= ids, f"{attribute} leads nowhere"


def check_outline(page: Page) -> None:
    """Assert that headings go down one step at a time, and that icons are there."""
    levels = [int(each.name[1]) for each in page.elements if re.fullmatch("h[1-6]", each.name)]
    steps = pairwise(levels)
    assert all(after <= before + 1 for before, after in steps), f"a heading is left out: {levels}"
    for use in page.all("use"):
        _, _, name = (use.attributes.get("href") or "").partition("icons.svg#")
        assert name in ICONS, f"no such icon: {use}"


def check_nothing_inline(page: Page) -> None:
    """Assert that no style or script stands in the page, as its security policy wants it."""
    assert not page.all("style")
    for element in page.elements:
        assert "style" not in element.attributes, f"inline style: {element}"
        handlers = [name for name in element.attributes if name.startswith("on")]
        assert not handlers, f"inline script: {element}"
        assert element.name != "script" or element.attributes.get("src")


class CheckingClient(FlaskClient):
    """A browser that looks closely at every page, and for the headers of every answer."""

    def form_token(self) -> str:
        """Return the token that a page for this browser has in its forms."""
        cookie = self.get_cookie("sightline")
        if cookie is None:
            self.set_cookie("sightline", secret := new_secret())
            return token_of(secret)
        return token_of(cookie.value)

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("buffered", True)  # read and close, as a server does
        if kwargs.get("method") == "POST":  # as if it came from a form of a page of ours
            kwargs["headers"] = {HEADER: self.form_token(), **dict(kwargs.get("headers") or {})}
        response = super().open(*args, **kwargs)
        # Werkzeug's client puts a large form into a file, and leaves that open.
        response.request.environ["wsgi.input"].close()
        assert re.fullmatch(r"[\w.-]{8,64}", response.headers["X-Request-Id"])
        str(response.headers).encode("latin-1")  # or a real server could not send them
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        if response.mimetype == "text/html" and response.status_code not in range(300, 400):
            check_page(response.text)
        return response


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A JPEG file of 640 x 480 pixels."""
    across, down = np.meshgrid(np.arange(640), np.arange(480))
    return encode_jpeg(np.stack([across % 256, down % 256, across // 3], -1).astype(np.uint8))


@pytest.fixture(scope="session")
def png() -> Callable[[int, int], bytes]:
    """A function that makes a black PNG file of a width and height."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    def make(width: int, height: int) -> bytes:
        header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
        rows = zlib.compress(bytes(height * (1 + (width + 7) // 8)))
        start = b"\x89PNG\r\n\x1a\n"
        return start + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

    return make


@pytest.fixture
def model_server() -> FakeModelServer:
    """A model server that finds a dog, a person, perhaps a cat, and hardly a car."""
    left, right = (0.1, 0.0, 0.9, 0.5), (0.1, 0.5, 0.9, 1.0)
    boxes = [Box(18, 0.9, left), Box(1, 0.6, right), Box(17, 0.3, left), Box(3, 0.01, right)]
    return FakeModelServer(boxes, version=3)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with everything in a folder of the test, and the model "toy" installed."""
    install_model(tmp_path / "models", "toy")
    return Settings(
        model_repository=tmp_path / "models",
        originals=tmp_path / "originals",
        database_url=f"sqlite:///{tmp_path}/results.sqlite3",
        upload_bytes_max=300_000,
    )


@pytest.fixture
def samples_folder(tmp_path: Path) -> Path:
    """The folder of sample pictures, of which there are none."""
    return tmp_path / "samples"


@pytest.fixture
def app(settings: Settings, model_server: FakeModelServer, samples_folder: Path) -> Iterator[Flask]:
    """The application."""
    app = create_app(settings, client=model_server.client(), samples_folder=samples_folder)
    app.test_client_class = CheckingClient
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture
def web(app: Flask) -> FlaskClient:
    """A client of the application that checks what it is sent."""
    return app.test_client()


@pytest.fixture
def send(web: FlaskClient, photo: bytes) -> Callable[..., TestResponse]:
    """A function that sends a picture with the form, and returns the answer."""

    def post(
        data: bytes = photo, name: str = "dog.jpg", *, to: str = "/", **fields: str
    ) -> TestResponse:
        form = {"image": (BytesIO(data), name), **fields}
        return web.post(to, data=form, content_type="multipart/form-data")

    return post


@pytest.fixture
def files(settings: Settings) -> Callable[[], list[Path]]:
    """A function that lists every file in the folder of originals, unfinished ones too."""
    return lambda: [path for path in settings.originals.rglob("*") if path.is_file()]
