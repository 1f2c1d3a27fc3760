"""The pictures of a result."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from serving_client import UnavailableError
from vision import decode_picture
from webapp.testing import FakeModelServer

Send = Callable[..., TestResponse]


@pytest.fixture
def photo_with_place(photo: bytes) -> bytes:
    """The photo, turned by EXIF, with an EXIF comment that must not spread."""
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: a quarter turn
    exif[0x010E] = "taken at home"
    file = BytesIO()
    Image.open(BytesIO(photo)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_original_comes_back_byte_for_byte(
    web: FlaskClient, send: Send, photo_with_place: bytes
) -> None:
    """What was sent is what is kept, metadata and all, and is sent as what it is."""
    address = send(photo_with_place, "dog.png").headers["Location"]

    answer = web.get(f"{address}/original")

    assert answer.data == photo_with_place
    assert answer.mimetype == "image/jpeg"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Disposition"] == "inline; filename=dog.jpg"


def test_annotated_picture_is_upright_drawn_and_bare(
    web: FlaskClient, send: Send, photo_with_place: bytes
) -> None:
    """Boxes are drawn into upright pixels, and what the metadata says is left behind."""
    address = send(photo_with_place).headers["Location"]

    answer = web.get(f"{address}/annotated.jpg")

    drawn = Image.open(BytesIO(answer.data))
    assert drawn.size == (480, 640)
    assert not drawn.getexif()
    assert b"taken at home" not in answer.data
    plain = decode_picture(photo_with_place).image_hwc
    assert np.max(abs(decode_picture(answer.data).image_hwc.astype(int) - plain)) > 100
    assert answer.headers["Content-Disposition"] == "inline; filename=dog-boxes.jpg"


def test_annotated_picture_obeys_the_threshold(web: FlaskClient, send: Send) -> None:
    """Another threshold is another picture under another tag."""
    address = f"{send().headers['Location']}/annotated.jpg"

    two = web.get(address)
    same_two = web.get(address, query_string={"threshold": "0.5"})
    none = web.get(address, query_string={"threshold": "1"})
    bad = web.get(address, query_string={"threshold": "many"})

    assert two.data == same_two.data
    assert two.headers["ETag"] == same_two.headers["ETag"] != none.headers["ETag"]
    assert two.data != none.data
    assert bad.status_code == 422


def test_huge_picture_is_annotated_in_a_size_for_screens(
    web: FlaskClient, send: Send, png: Callable[[int, int], bytes]
) -> None:
    """Boxes are drawn into at most 2048 pixels a side."""
    address = send(png(6000, 3000), "wide.png").headers["Location"]

    answer = web.get(f"{address}/annotated.jpg")

    assert Image.open(BytesIO(answer.data)).size == (2048, 1024)


@pytest.mark.parametrize("kind", ["original", "annotated.jpg"])
def test_unchanged_picture_is_not_sent_twice(web: FlaskClient, send: Send, kind: str) -> None:
    """A browser that has the picture is told so."""
    address = f"{send().headers['Location']}/{kind}"
    tag = web.get(address).headers["ETag"]

    answer = web.get(address, headers={"If-None-Match": tag})

    assert answer.status_code == 304
    assert answer.data == b""
    assert answer.headers["ETag"] == tag


@pytest.mark.parametrize("name", ['a"; filename="evil.jpg', "Hündin 犬.jpg", "a,b;c=d'e.jpg"])
def test_download_name_is_quoted(web: FlaskClient, send: Send, name: str) -> None:
    """A file name stays one name in the header, in whatever script (RFC 6266)."""
    address = send(name=name).headers["Location"]

    header = web.get(f"{address}/original").headers["Content-Disposition"]
    drawn = web.get(f"{address}/annotated.jpg").headers["Content-Disposition"]

    assert drawn.startswith("inline; filename")
    assert header.startswith("inline; filename")
    assert header.count("; filename=") <= 1 or '\\"' in header
    if not name.isascii():
        assert f"filename*=UTF-8''{quote(name)}" in header


def test_name_without_an_extension_gets_one(web: FlaskClient, photo: bytes) -> None:
    """A picture that came without a proper name is downloaded under a useful one."""
    made = web.post("/api/v1/detections?name=cam", data=photo, content_type="image/jpeg").get_json()

    header = web.get(f"/results/{made['id']}/original").headers["Content-Disposition"]

    assert header == "inline; filename=cam.jpg"


def test_part_of_the_original_can_be_asked_for(web: FlaskClient, send: Send, photo: bytes) -> None:
    """A download that broke off can go on."""
    address = send().headers["Location"]

    answer = web.get(f"{address}/original", headers={"Range": "bytes=10-19"})

    assert answer.status_code == 206
    assert answer.data == photo[10:20]


def test_lost_original_is_gone(
    web: FlaskClient, send: Send, files: Callable[[], list[Path]]
) -> None:
    """A result whose file somebody deleted says so; its table is still there."""
    address = send().headers["Location"]
    files()[0].unlink()

    statuses = [web.get(f"{address}/{kind}").status_code for kind in ("original", "annotated.jpg")]

    assert statuses == [410, 410]
    assert web.get(address).status_code == 200


def test_picture_without_an_answer_has_no_boxes(
    web: FlaskClient, send: Send, photo: bytes, model_server: FakeModelServer
) -> None:
    """Of a failed result there is the original, and no annotated picture to cache."""
    model_server.failure = UnavailableError
    address = send().headers["Location"]

    assert web.get(f"{address}/annotated.jpg").status_code == 503
    assert web.get(f"{address}/original").data == photo
