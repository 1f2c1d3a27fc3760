"""The headers that keep browsers from harm, on every kind of answer."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

GPS_IFD = 0x8825
MAKER = "a camera with a serial number"


@pytest.fixture
def address(send: Callable[..., TestResponse]) -> str:
    """The address of a result."""
    return send().headers["Location"]


@pytest.fixture
def answers(web: FlaskClient, address: str) -> dict[str, TestResponse]:
    """One answer of each kind."""
    return {
        "page": web.get("/"),
        "result": web.get(address),
        "original": web.get(f"{address}/original"),
        "annotated": web.get(f"{address}/annotated.jpg"),
        "thumbnail": web.get(f"{address}/thumbnail.jpg"),
        "table": web.get(f"{address}/table.csv"),
        "api": web.get("/api/v1/models"),
        "api error": web.post("/api/v1/detections"),
        "static": web.get("/static/css/base.css"),
        "static picture": web.get("/static/img/mark.svg"),
        "health": web.get("/healthz"),
        "metrics": web.get("/metrics"),
        "unknown": web.get("/nowhere"),
        "wrong method": web.delete("/"),
        "redirect": web.post("/samples/none", headers={"Sec-Fetch-Site": "cross-site"}),
        "not modified": web.get(
            f"{address}/original",
            headers={"If-None-Match": web.get(f"{address}/original").headers["ETag"]},
        ),
    }


def test_every_kind_of_answer_is_guarded(answers: dict[str, TestResponse]) -> None:
    """Whatever is sent says that it is no document to embed, to sniff at, or to run."""
    for name, answer in answers.items():
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "frame-ancestors 'none'" in policy, name
        assert "unsafe" not in policy, name
        assert "*" not in policy, name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["X-Frame-Options"] == "DENY", name
        assert headers["Referrer-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert "geolocation=()" in headers["Permissions-Policy"], name
        assert "public" not in headers["Cache-Control"], name


def test_picture_opened_by_itself_is_in_a_sandbox(answers: dict[str, TestResponse]) -> None:
    """Pictures may run nothing, whatever hides in them, and are of a type that shows."""
    for name in ("original", "annotated", "thumbnail"):
        assert "sandbox" in answers[name].headers["Content-Security-Policy"]
        assert answers[name].mimetype == "image/jpeg"


def test_https_is_remembered_only_over_https(web: FlaskClient) -> None:
    """Browsers are told to stay with HTTPS when they came by it."""
    plain, secure = web.get("/"), web.get("/", base_url="https://localhost")

    assert "Strict-Transport-Security" not in plain.headers
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=")


POLYGLOTS = {
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "zip": b"PK\x03\x04" + bytes(26) + b"PK\x05\x06" + bytes(18),
    "php": b"<?php phpinfo(); ?>",
    "pdf": b"%PDF-1.7 1 0 obj << /OpenAction 2 0 R >>",
}


@pytest.mark.parametrize("kind", POLYGLOTS)
def test_picture_that_is_something_else_too_is_only_a_picture(
    web: FlaskClient, send: Callable[..., TestResponse], photo: bytes, kind: str
) -> None:
    """A good picture with another file behind it is kept as it is, and only sent as a picture."""
    both = photo + POLYGLOTS[kind]

    address = send(both, f"x.{kind}.jpg").headers["Location"]
    original = web.get(f"{address}/original")

    assert original.data == both
    assert original.mimetype == "image/jpeg"
    assert original.headers["X-Content-Type-Options"] == "nosniff"
    assert POLYGLOTS[kind] not in web.get(f"{address}/picture.jpg").data


def test_where_a_picture_was_taken_stays_in_the_original(
    web: FlaskClient, send: Callable[..., TestResponse], photo: bytes
) -> None:
    """No derived picture has any metadata; the original has all of it."""
    spied = with_metadata(photo)

    address = send(spied).headers["Location"]

    assert web.get(f"{address}/original").data == spied
    for name in ("annotated.jpg", "picture.jpg", "thumbnail.jpg"):
        data = web.get(f"{address}/{name}").data
        derived = Image.open(BytesIO(data))
        assert not derived.getexif(), name
        assert not {"exif", "xmp", "comment", "icc_profile", "photoshop"} & set(derived.info), name
        assert MAKER.encode() not in data, name


def with_metadata(photo: bytes) -> bytes:
    """Add a place, a camera, a comment and an XMP packet to a picture."""
    picture = Image.open(BytesIO(photo))
    exif = Image.Exif()
    exif[0x010F] = MAKER
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    out = BytesIO()
    picture.save(out, "JPEG", exif=exif, comment=MAKER.encode(), xmp=f"<x>{MAKER}</x>".encode())
    assert Image.open(BytesIO(out.getvalue())).getexif().get_ifd(GPS_IFD)
    return out.getvalue()
