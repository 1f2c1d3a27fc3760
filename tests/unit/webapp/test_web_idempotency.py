"""Requests that are sent again with the same key."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import UnavailableError
from webapp.exceptions import OtherRequestError, StillRunningError, StorageError
from webapp.services import parts_of
from webapp.storage.database import Database
from webapp.storage.idempotency import Replies, Reply
from webapp.testing import FakeModelServer

START = datetime(2026, 3, 9, tzinfo=UTC)
REPLY = Reply(201, "/there", '{"a": 1}')
Detect = Callable[..., TestResponse]


@pytest.fixture
def clock() -> list[datetime]:
    """What time it is: the last one of the list."""
    return [START]


@pytest.fixture
def replies(tmp_path: Path, clock: list[datetime]) -> Replies:
    """Replies in a database of their own."""
    return Replies(Database(f"sqlite:///{tmp_path}/replies.sqlite3"), now=lambda: clock[-1])


def test_first_request_is_carried_out(replies: Replies) -> None:
    """Nobody has sent it before."""
    assert replies.claim("key", "request") is None


def test_second_request_gets_the_answer_of_the_first(replies: Replies) -> None:
    """Status, place and document are the same."""
    replies.claim("key", "request")
    replies.keep("key", REPLY)

    assert replies.claim("key", "request") == REPLY


def test_second_request_waits_while_the_first_is_worked_on(replies: Replies) -> None:
    """It is not carried out twice at the same time."""
    replies.claim("key", "request")

    with pytest.raises(StillRunningError):
        replies.claim("key", "request")


def test_request_that_nobody_works_on_any_more_is_carried_out(
    replies: Replies, clock: list[datetime]
) -> None:
    """A process that died does not hold a key for ever."""
    replies.claim("key", "request")
    clock.append(START + timedelta(minutes=6))

    assert replies.claim("key", "request") is None


def test_key_stands_for_one_request(replies: Replies) -> None:
    """Another request with it is a mistake."""
    replies.claim("key", "request")

    with pytest.raises(OtherRequestError):
        replies.claim("key", "another")


def test_key_that_was_released_may_be_used_again(replies: Replies) -> None:
    """A request that came to nothing is carried out when it is sent again."""
    replies.claim("key", "request")
    replies.release("key")

    assert replies.claim("key", "another") is None


def test_answers_are_forgotten_after_a_day(replies: Replies, clock: list[datetime]) -> None:
    """They are not kept for ever."""
    replies.claim("key", "request")
    replies.keep("key", REPLY)
    clock.append(START + timedelta(days=1, seconds=1))

    assert replies.claim("key", "another") is None


@pytest.fixture
def detect(web: FlaskClient, photo: bytes) -> Detect:
    """A function that sends a picture to the API with a key."""

    def post(key: str | None = "my-key", data: bytes = photo) -> TestResponse:
        headers = {} if key is None else {"Idempotency-Key": key}
        return web.post(
            "/api/v1/detections?name=dog.jpg",
            data=data,
            content_type="image/jpeg",
            headers=headers,
        )

    return post


def test_picture_that_is_sent_twice_is_kept_once(
    detect: Detect, files: Callable[[], list[Path]]
) -> None:
    """The second answer is the first one again."""
    first, second = detect(), detect()

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.get_json() == first.get_json()
    assert second.headers["Location"] == first.headers["Location"]
    assert len(files()) == 1


def test_without_a_key_each_request_counts(detect: Detect, files: Callable[[], list[Path]]) -> None:
    """Nobody said that they are the same."""
    detect(None)
    detect(None)

    assert len(files()) == 2


def test_form_can_have_a_key_too(web: FlaskClient, photo: bytes) -> None:
    """The form is read after its bytes were compared."""

    def post() -> TestResponse:
        head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="dog.jpg"\r\n\r\n'
        return web.post(
            "/api/v1/detections",
            data=head + photo + b"\r\n--b--\r\n",
            headers={"Idempotency-Key": "k"},
            content_type="multipart/form-data; boundary=b",
        )

    first, second = post(), post()

    assert first.status_code == 201
    assert second.get_json() == first.get_json()


def test_key_with_another_picture_is_refused(detect: Detect, photo: bytes) -> None:
    """It would be answered with what is in the first one."""
    detect()

    answer = detect(data=photo + b"\x00")

    assert answer.status_code == 422
    assert "sent with another request before" in answer.get_json()["detail"]


@pytest.mark.parametrize("key", ["", "a b", "k" * 256, "\u00fc"])
def test_key_of_another_form_is_refused(detect: Detect, key: str) -> None:
    """A key is a short word of visible characters."""
    answer = detect(key)

    assert answer.status_code == 422
    assert "Idempotency-Key must be 1 to 255 visible" in answer.get_json()["detail"]


def test_failure_is_not_given_again(detect: Detect, model_server: FakeModelServer) -> None:
    """When the model server is back, the same request is carried out."""
    model_server.failure = UnavailableError
    failed = detect()
    model_server.failure = None

    answer = detect()

    assert failed.status_code == 503
    assert answer.status_code == 201


def test_refusal_of_the_database_does_not_undo_the_answer(
    detect: Detect, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sent the picture has to know that it was carried out."""

    def refuse(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(parts_of(app).replies, "keep", refuse)

    assert detect().status_code == 201
