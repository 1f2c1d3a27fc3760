"""Several pictures in one request of the API."""

from io import BytesIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import UnavailableError
from webapp.testing import FakeModelServer


def post(web: FlaskClient, *files: tuple[bytes, str], **fields: str) -> TestResponse:
    """Send files in one form."""
    form = {"image": [(BytesIO(data), name) for data, name in files], **fields}
    return web.post("/api/v1/batches", data=form, content_type="multipart/form-data")


def test_each_picture_is_answered(web: FlaskClient, photo: bytes) -> None:
    """In the order they were sent, under one id."""
    answer = post(web, (photo, "a.jpg"), (photo, "b.jpg"))

    document = answer.get_json()
    assert answer.status_code == 201
    assert [each["image_name"] for each in document["results"]] == ["a.jpg", "b.jpg"]
    assert {each["batch"] for each in document["results"]} == {document["id"]}
    assert all(each["detections"] for each in document["results"])
    assert document["refused"] == []


def test_results_are_found_by_the_address(web: FlaskClient, photo: bytes) -> None:
    """Location leads to the list of the same results, and the page is there, too."""
    answer = post(web, (photo, "a.jpg"), (photo, "b.jpg"))

    listed = web.get(answer.headers["Location"]).get_json()["results"]
    assert {each["id"] for each in listed} == {each["id"] for each in answer.get_json()["results"]}
    assert web.get(answer.get_json()["links"]["page"]).status_code == 200


@pytest.mark.parametrize(
    ("data", "name", "status"),
    [(b"", "b.jpg", 400), (b"no picture", "b.jpg", 415), (b"x", "b.txt", 415)],
)
def test_picture_that_cannot_be_used_takes_no_other_with_it(
    web: FlaskClient, photo: bytes, data: bytes, name: str, status: int
) -> None:
    """It is listed with the reason."""
    answer = post(web, (photo, "a.jpg"), (data, name), (photo, "c.jpg"))

    document = answer.get_json()
    assert answer.status_code == 201
    assert [each["image_name"] for each in document["results"]] == ["a.jpg", "c.jpg"]
    (refused,) = document["refused"]
    assert (refused["image_name"], refused["status"], refused["id"]) == (name, status, None)
    assert refused["detail"]


def test_picture_without_an_answer_is_kept(
    web: FlaskClient, photo: bytes, model_server: FakeModelServer
) -> None:
    """Its result can be asked about again."""
    model_server.failure = UnavailableError
    document = post(web, (photo, "a.jpg")).get_json()
    model_server.failure = None

    (refused,) = document["refused"]
    again = web.post(f"/api/v1/results/{refused['id']}/retry")
    assert refused["status"] == 503
    assert again.get_json()["state"] == "done"


@pytest.mark.parametrize("fields", [{"model": "nothing"}, {"threshold": "2"}])
def test_fields_are_checked_before_any_picture(
    web: FlaskClient, photo: bytes, fields: dict[str, str]
) -> None:
    """What is wrong for all of them is said once, and nothing is kept."""
    answer = post(web, (photo, "a.jpg"), **fields)

    assert answer.status_code == 422
    assert web.get("/api/v1/results").get_json()["results"] == []


def test_form_without_pictures_is_refused(web: FlaskClient) -> None:
    """There is nothing to look at."""
    assert post(web).status_code == 400
