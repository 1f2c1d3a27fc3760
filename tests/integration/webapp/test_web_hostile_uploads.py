"""What nobody sends by mistake is refused with a 4xx, and leaves nothing behind."""

import http.client
import json
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.webapp.hostile_uploads import (
    BAD_NAMES,
    ODD_NAMES,
    bad_pictures,
    jpeg,
    metadata_bombs,
)
from webapp import Settings
from webapp.access.form_tokens import token_of
from webapp.testing import Box, FakeModelServer, RunningSite, install_model

TIMEOUT_S = 30
SECRET = "s" * 43
BROWSER = {"Cookie": f"sightline={SECRET}", "X-CSRF-Token": token_of(SECRET)}
BOUNDARY = b"boundary"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY.decode()}"
CASES = list(bad_pictures())
BOMBS = list(metadata_bombs())
# Werkzeug leaves the file of a part that never ended to the garbage collection.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.Spooled:ResourceWarning")
Send = Callable[..., http.client.HTTPResponse]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[RunningSite]:
    """One site for all of them, as they would meet one."""
    install_model(folder / "models", "toy")
    settings = Settings(
        model_repository=folder / "models",
        originals=folder / "originals",
        database_url=f"sqlite:///{folder}/results.sqlite3",
        upload_bytes_max=1_000_000,
    )
    with RunningSite(settings, FakeModelServer([Box(18, 0.9)])) as site:
        yield site


@pytest.fixture
def send(site: RunningSite) -> Send:
    """A function that sends a body; it returns the answer, read."""

    def post(path: str, body: bytes, **headers: str) -> http.client.HTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(
            http.client.HTTPConnection("127.0.0.1", site.port, timeout=TIMEOUT_S)
        ) as connection:
            connection.request("POST", path, body, named)
            answer = connection.getresponse()
            answer.read()
            return answer

    return post


@pytest.fixture
def remains(site: RunningSite, folder: Path) -> Callable[[], tuple[int, int]]:
    """A function that counts files and rows."""

    def count() -> tuple[int, int]:
        files = [path for path in (folder / "originals").rglob("*") if path.is_file()]
        with closing(
            http.client.HTTPConnection("127.0.0.1", site.port, timeout=TIMEOUT_S)
        ) as connection:
            connection.request("GET", "/api/v1/results?limit=200")
            return len(files), len(json.load(connection.getresponse())["results"])

    return count


@pytest.mark.parametrize("data", [data for _, data in CASES], ids=[name for name, _ in CASES])
def test_what_is_no_good_picture_is_refused(
    send: Send, remains: Callable[[], tuple[int, int]], data: bytes
) -> None:
    """As a body and in a form alike it is a 4xx, whatever it claims to be."""
    before = remains()

    as_body = send("/api/v1/detections", data, Content_Type="image/jpeg").status
    as_form = send("/", form(data, "a.png"), Content_Type=MULTIPART, **BROWSER).status

    assert 400 <= as_body < 500
    assert 400 <= as_form < 500
    assert remains() == before


@pytest.mark.parametrize("data", [data for _, data in BOMBS], ids=[name for name, _ in BOMBS])
def test_bomb_in_the_metadata_does_not_go_off(send: Send, data: bytes) -> None:
    """A good picture is kept whatever its metadata would become, as nobody inflates that."""
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    answer = send("/api/v1/detections", data, Content_Type="image/png")

    assert answer.status in {201, 422}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 15_000


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_name_that_is_no_pictures_is_refused(
    send: Send, remains: Callable[[], tuple[int, int]], name: str
) -> None:
    """A good picture under a name of another kind is a 4xx in the form."""
    before = remains()

    answer = send("/", form(jpeg(), name), Content_Type=MULTIPART, **BROWSER)

    assert 400 <= answer.status < 500
    assert remains() == before


def form(data: bytes, name: str) -> bytes:
    """A form with one picture, its name written as it is."""
    quoted = name.encode().replace(b'"', b"%22").replace(b"\r", b"%0D").replace(b"\n", b"%0A")
    return (
        b'--boundary\r\nContent-Disposition: form-data; name="image"; filename="' + quoted
        + b'"\r\nContent-Type: image/png\r\n\r\n' + data + b"\r\n--boundary--\r\n"
    )  # fmt: skip


PART = b'--boundary\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n'
BROKEN_FORMS = {
    "no body": (MULTIPART, b""),
    "no end": (MULTIPART, PART + b"\r\n" + jpeg()),
    "no headers": (MULTIPART, b"--boundary\r\n" + jpeg() + b"\r\n--boundary--\r\n"),
    "no disposition": (MULTIPART, b"--boundary\r\nX: y\r\n\r\n" + jpeg() + b"\r\n--boundary--\r\n"),
    "only its end": (MULTIPART, b"--boundary--\r\n"),
    "another boundary": (MULTIPART, form(jpeg(), "a.jpg").replace(b"--boundary", b"--other")),
    "no boundary": ("multipart/form-data", form(jpeg(), "a.jpg")),
    "empty boundary": ("multipart/form-data; boundary=", form(jpeg(), "a.jpg")),
    "huge boundary": ("multipart/form-data; boundary=" + "x" * 5000, form(jpeg(), "a.jpg")),
    "another field": (MULTIPART, form(jpeg(), "a.jpg").replace(b'"image"', b'"picture"')),
    "no file name": (MULTIPART, form(jpeg(), "a.jpg").replace(b'; filename="a.jpg"', b"")),
    "endless part header": (MULTIPART, PART + b"X: " + b"y" * 900_000),
    "thousands of parts": (MULTIPART, (PART + b"\r\nx\r\n") * 5000 + b"--boundary--\r\n"),
    "thousands of fields": (
        MULTIPART,
        b'--boundary\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 5000
        + b"--boundary--\r\n",
    ),
    "transfer encoding": (
        MULTIPART,
        PART + b"Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--boundary--\r\n",
    ),
    "strange charset": (MULTIPART + "; charset=utf-7", PART + b"\r\nx\r\n--boundary--\r\n"),
    "nested": (
        MULTIPART,
        PART + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n--boundary--\r\n",
    ),
    "url encoded": ("application/x-www-form-urlencoded", b"image=x&" * 100),
    "json": ("application/json", b'{"image": "x"}'),
    "text": ("text/plain", jpeg()),
    "no type": ("", jpeg()),
    "half a type": ("image/", jpeg()),
    "too large": (MULTIPART, form(b"\xff\xd8\xff" * 400_000, "a.jpg")),
}


@pytest.mark.parametrize("kind", BROKEN_FORMS)
@pytest.mark.parametrize("path", ["/", "/api/v1/detections", "/batches/" + "0" * 32 + "/pictures"])
def test_broken_form_is_refused(
    send: Send, remains: Callable[[], tuple[int, int]], kind: str, path: str
) -> None:
    """A form that is none is a 4xx at every address that takes one."""
    content_type, body = BROKEN_FORMS[kind]
    before = remains()

    answer = send(path, body, Content_Type=content_type, **BROWSER)

    assert 400 <= answer.status < 500
    assert remains() == before


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_odd_name_is_only_text(site: RunningSite, send: Send, folder: Path, name: str) -> None:
    """A good picture with a name that means something elsewhere is kept under a name of ours."""
    answer = send("/", form(jpeg(), name), Content_Type=MULTIPART, **BROWSER)

    assert answer.status == 303
    originals = folder / "originals"
    paths = [path for path in folder.rglob("*") if path.suffix in {".jpg", ".png"}]
    assert {path.parent.parent for path in paths} == {originals}
    with closing(
        http.client.HTTPConnection("127.0.0.1", site.port, timeout=TIMEOUT_S)
    ) as connection:
        connection.request("GET", answer.headers["Location"])
        page = connection.getresponse()
        assert page.status == 200
        assert b"<script>alert" not in page.read()


POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
RAW = {
    "huge header": POST + b"X: " + b"y" * 400_000 + b"\r\n\r\n",
    "thousands of headers": POST + b"X: y\r\n" * 50_000 + b"\r\n",
    "huge address": b"POST /" + b"a" * 400_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and coding": POST + b"Content-Length: 4\r\nTransfer-Encoding: x\r\n\r\nabcd",
    "bad chunk": CHUNKED + b"zz\r\nabc\r\n",
    "negative chunk": CHUNKED + b"-5\r\nabc\r\n",
    "no request": b"\x00\x01\x02\x03\r\n\r\n",
    "bad version": b"POST / HTTP/9.9 x\r\nHost: x\r\n\r\n",
    "space in a header": POST + b"Content-Length : 3\r\n\r\nabc",
    "line feed in a header": POST + b"X: a\rb\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("kind", RAW)
def test_broken_request_is_refused(
    site: RunningSite, remains: Callable[[], tuple[int, int]], kind: str
) -> None:
    """What is no HTTP, or too much of it, is a 4xx or a closed connection; the site goes on."""
    before = remains()

    status = raw_status(site.port, RAW[kind])

    assert status is None or 400 <= status < 502
    assert status != 500
    assert remains() == before


def raw_status(port: int, request: bytes) -> int | None:
    """The status that bytes are answered with; None if the connection is closed without one."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as client:
        try:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            line = client.makefile("rb").readline().split()
        except OSError:  # it was closed already
            return None
    return int(line[1]) if line else None


def test_there_are_enough_of_them() -> None:
    """The collection stays as large as it is meant to be."""
    assert len(CASES) >= 150
