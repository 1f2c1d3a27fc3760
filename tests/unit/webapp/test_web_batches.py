"""Many pictures at once: in one form without a script, or one by one with it."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import UnavailableError
from webapp import Settings
from webapp.app import FORM_BYTES
from webapp.presentation.archive import unique_names
from webapp.testing import FakeModelServer

SendMany = Callable[..., TestResponse]
BATCH = "0123456789abcdef" * 2


@pytest.fixture
def send_many(web: FlaskClient) -> SendMany:
    """A function that sends files with one form: pairs of bytes and name."""

    def post(*files: tuple[bytes, str], **fields: str) -> TestResponse:
        form = {"image": [(BytesIO(data), name) for data, name in files], **fields}
        return web.post("/", data=form, content_type="multipart/form-data")

    return post


@pytest.fixture
def add(web: FlaskClient, photo: bytes) -> Callable[..., TestResponse]:
    """A function that sends one picture of a batch, as the script does."""

    def post(data: bytes = photo, name: str = "dog.jpg", **fields: str) -> TestResponse:
        form = {"image": (BytesIO(data), name), **fields}
        address = f"/batches/{BATCH}/pictures"
        return web.post(address, data=form, content_type="multipart/form-data")

    return post


def test_pictures_of_one_form_have_a_page_together(
    send_many: SendMany, web: FlaskClient, photo: bytes
) -> None:
    """Each has a row, in the order they were sent, and a result of its own."""
    answer = send_many((photo, "one.jpg"), (photo, "two.jpg"), (photo, "three.jpg"))
    page = web.get(answer.headers["Location"]).text

    assert answer.status_code == 303
    assert "<h1>3 pictures together" in page
    assert page.index("one.jpg") < page.index("two.jpg") < page.index("three.jpg")
    assert page.count("Dog, person") == 3


def test_a_field_left_empty_is_no_second_picture(send_many: SendMany, photo: bytes) -> None:
    """A form with one picture and an empty field leads to the picture's own result."""
    answer = send_many((photo, "one.jpg"), (b"", ""))

    assert answer.headers["Location"].startswith("/results/")


def test_bad_picture_takes_no_other_with_it(
    send_many: SendMany, web: FlaskClient, photo: bytes
) -> None:
    """The good ones are kept and answered; each bad one is named with its reason."""
    answer = send_many((photo, "good.jpg"), (b"text", "bad.jpg"), (photo, "worse.gif"))

    assert answer.status_code == 415
    assert "2 pictures were not taken" in answer.text
    assert "<bdi>bad.jpg</bdi>: " in answer.text
    assert "See the 1 of 3 that were taken" in answer.text
    batch = answer.text.partition('href="/batches/')[2].partition('"')[0]
    assert "good.jpg" in web.get(f"/batches/{batch}").text


def test_only_bad_pictures_lead_nowhere(send_many: SendMany) -> None:
    """Where none was taken there is no page to see."""
    answer = send_many((b"text", "one.jpg"), (b"", "two.jpg"))

    assert answer.status_code == 415
    assert 'href="/batches/' not in answer.text


def test_many_pictures_may_weigh_more_than_one(
    send_many: SendMany, photo: bytes, settings: Settings
) -> None:
    """The limit is for each picture; a form with several may carry more."""
    large = photo.ljust(settings.upload_bytes_max // 2, b"\0")

    answer = send_many(*[(large, f"{number}.jpg") for number in range(3)])

    assert 3 * len(large) > settings.upload_bytes_max + FORM_BYTES
    assert answer.status_code == 303


def test_script_is_told_what_was_found(add: Callable[..., TestResponse], web: FlaskClient) -> None:
    """One by one, each picture is answered with its state, and lands on the batch's page."""
    answers = [add(name=name) for name in ("one.jpg", "two.jpg")]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].get_json()["summary"] == "dog, person"
    assert answers[0].get_json()["state"] == "done"
    assert web.get(answers[0].get_json()["address"]).status_code == 200
    assert "<h1>2 pictures together" in web.get(f"/batches/{BATCH}").text


@pytest.mark.parametrize(
    ("data", "name", "status", "sentence"),
    [
        (b"text", "a.jpg", 415, "neither a JPEG nor a PNG"),
        (b"", "a.jpg", 400, "empty"),
        (b"x", "a.gif", 415, "“a.gif” is not"),
        (b"x" * 300_001, "a.jpg", 413, "larger than 300 kB"),
    ],
)
def test_script_is_told_why_a_picture_is_refused(
    add: Callable[..., TestResponse], data: bytes, name: str, status: int, sentence: str
) -> None:
    """A refusal is a document with the sentence that a page would have."""
    answer = add(data, name)

    assert answer.status_code == status
    assert sentence in answer.get_json()["detail"]


def test_picture_without_an_answer_is_in_the_batch(
    add: Callable[..., TestResponse], web: FlaskClient, model_server: FakeModelServer
) -> None:
    """While the model server is away pictures are kept, and the page says so."""
    model_server.failure = UnavailableError
    answer = add()

    page = web.get(f"/batches/{BATCH}").text

    assert (answer.status_code, answer.get_json()["state"]) == (201, "failed")
    assert "0 of 1 answered" in page
    assert "No answer" in page


@pytest.mark.parametrize("batch", ["0" * 32, "nothing", "%00"])
@pytest.mark.parametrize("path", ["", "/table.csv", "/pictures.zip"])
def test_batch_of_nothing_is_not_found(web: FlaskClient, batch: str, path: str) -> None:
    """An address without results is a page that says so."""
    assert web.get(f"/batches/{batch}{path}").status_code == 404


def test_everything_is_taken_home_in_one_file(
    send_many: SendMany, web: FlaskClient, photo: bytes
) -> None:
    """The archive has originals byte for byte, pictures with boxes, a table and a dataset."""
    address = send_many((photo, "dog.jpg"), (photo + b"\0", "../dog.jpg")).headers["Location"]

    archive = zipfile.ZipFile(BytesIO(web.get(f"{address}/pictures.zip").data))
    rows = list(csv.DictReader(io.StringIO(archive.read("table.csv").decode())))

    assert archive.testzip() is None
    assert sorted(archive.namelist()) == [
        "boxes/dog-2.jpg", "boxes/dog.jpg", "coco.json",
        "originals/dog-2.jpg", "originals/dog.jpg", "table.csv",
    ]  # fmt: skip
    assert archive.read("originals/dog.jpg") == photo
    assert archive.read("originals/dog-2.jpg") == photo + b"\0"
    assert [row["label"] for row in rows] == ["dog", "person"] * 2
    assert len(json.loads(archive.read("coco.json"))["images"]) == 2
    assert web.get(f"{address}/table.csv").text == archive.read("table.csv").decode()


def test_lost_original_does_not_spoil_the_archive(
    send_many: SendMany, web: FlaskClient, photo: bytes, files: Callable[..., list[object]]
) -> None:
    """What is gone is left out; everything else is there."""
    address = send_many((photo, "one.jpg"), (photo + b"\0", "two.jpg")).headers["Location"]
    next(path for path in files() if path.read_bytes() == photo).unlink()  # type: ignore[attr-defined]

    archive = zipfile.ZipFile(BytesIO(web.get(f"{address}/pictures.zip").data))

    assert "originals/two.jpg" in archive.namelist()
    assert "originals/one.jpg" not in archive.namelist()


def test_names_in_an_archive_are_plain_and_different() -> None:
    """Names never leave their folder, and none hides another, in any case of letters."""
    names = ["a.jpg", "A.png", "a-2.jpg", "a.jpg", "..", "b/c d?.jpg", "été.jpg"]

    assert unique_names(names) == ["a", "A-2", "a-2-2", "a-3", "picture", "c-d", "été"]
