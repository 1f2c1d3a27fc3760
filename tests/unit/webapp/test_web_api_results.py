"""The JSON API of what is kept: lists, single results, other models, deletion."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import UnavailableError
from webapp import Settings
from webapp.testing import FakeModelServer, install_classifier, install_model

Send = Callable[..., TestResponse]
DETECTIONS, CLASSIFICATIONS = "/api/v1/detections", "/api/v1/classifications"
RESULTS = "/api/v1/results"


@pytest.fixture
def namer(settings: Settings) -> str:
    """The name of an installed classifier."""
    install_classifier(settings.model_repository, "namer")
    return "namer"


def results(web: FlaskClient, **fields: str) -> list[dict[str, Any]]:
    answer = web.get(RESULTS, query_string=fields)
    found: list[dict[str, Any]] = answer.get_json()["results"]
    return found


def test_classification_is_answered_in_the_promised_form(send: Send, namer: str) -> None:
    """A picture is answered with its classes, the most probable first."""
    answer = send(to=CLASSIFICATIONS, threshold="0.2")

    document = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{CLASSIFICATIONS}/{document['id']}"
    assert set(document) == {
        "id", "image_name", "width", "height", "model", "classes", "timings_ms",
    }  # fmt: skip
    assert document["model"] == {"name": namer, "version": 3}
    assert document["classes"] == [
        {"label": "tabby", "class_id": 0, "score": 0.62},
        {"label": "golden retriever", "class_id": 4, "score": 0.25},
    ]


def test_classification_can_be_read_again(web: FlaskClient, send: Send, namer: str) -> None:
    """Its address sends the same document, and at least the best class at any threshold."""
    made = send(to=CLASSIFICATIONS, model=namer)

    same = web.get(made.headers["Location"])
    best = web.get(made.headers["Location"], query_string={"threshold": "1"})

    assert same.get_json() == made.get_json()
    assert [each["label"] for each in best.get_json()["classes"]] == ["tabby"]


def test_model_for_another_task_is_a_conflict(
    web: FlaskClient, send: Send, namer: str, files: Callable[[], list[Path]]
) -> None:
    """Who asks a classifier for boxes, or reads classes as boxes, is told where to go."""
    boxes = send(to=DETECTIONS, model=namer)
    classes = send(to=CLASSIFICATIONS, model="toy")
    kept = files()
    made = send(to=CLASSIFICATIONS).get_json()["id"]
    read = web.get(f"{DETECTIONS}/{made}")

    assert [each.status_code for each in (boxes, classes, read)] == [409, 409, 409]
    assert "The model namer is for classification, not for detection." in boxes.text
    assert f"{RESULTS}/{made}" in read.get_json(force=True)["detail"]
    assert kept == []


def test_task_without_a_model_is_unavailable(send: Send) -> None:
    """Where no classifier is installed, that is what is said."""
    answer = send(to=CLASSIFICATIONS)

    assert answer.status_code == 503
    assert "No model for classification is installed" in answer.get_json(force=True)["detail"]


def test_everything_about_a_result_can_be_read(web: FlaskClient, send: Send, photo: bytes) -> None:
    """Size, digest, time, threshold and the addresses of its pictures stand beside the answer."""
    made = send(to=DETECTIONS).get_json()

    document = web.get(f"{RESULTS}/{made['id']}").get_json()

    assert made.items() <= document.items()
    assert (document["task"], document["state"], document["failure"]) == ("detection", "done", None)
    assert (document["width"], document["height"], document["bytes"]) == (640, 480, len(photo))
    assert document["created_at"].endswith("+00:00")
    for link in document["links"].values():
        assert web.get(link).status_code == 200


def test_unanswered_result_can_be_read(
    web: FlaskClient, send: Send, model_server: FakeModelServer
) -> None:
    """It is there, failed, and says why; a retry answers it."""
    model_server.failure = UnavailableError
    problem = send(to=DETECTIONS).get_json(force=True)
    model_server.failure = None

    document = web.get(f"{RESULTS}/{problem['id']}").get_json()
    answered = web.post(f"{RESULTS}/{problem['id']}/retry").get_json()

    assert (document["state"], document["detections"]) == ("failed", [])
    assert document["failure"]["kind"] == "unreachable"
    assert (answered["state"], answered["failure"]) == ("done", None)
    assert answered["id"] == problem["id"]


def test_results_are_listed_page_by_page(web: FlaskClient, send: Send) -> None:
    """The address of the next page comes with each but the last."""
    made = [send(to=DETECTIONS).get_json()["id"] for _ in range(5)]

    seen, address = [], f"{RESULTS}?limit=2&label=dog"
    while address:
        page = web.get(address).get_json()
        seen.append([each["id"] for each in page["results"]])
        address = page["next"]

    assert [len(page) for page in seen] == [2, 2, 1]
    assert [each for page in seen for each in page] == made[::-1]


def test_lists_can_be_filtered(web: FlaskClient, send: Send, namer: str) -> None:
    """By label, model, task and day."""
    boxes = send(to=DETECTIONS).get_json()["id"]
    classes = send(to=CLASSIFICATIONS).get_json()["id"]

    assert [each["id"] for each in results(web, label="tab")] == [classes]
    assert [each["id"] for each in results(web, task="detection")] == [boxes]
    assert [each["id"] for each in results(web, model=namer)] == [classes]
    assert results(web, to="2020-01-01") == []


@pytest.mark.parametrize("query", ["limit=0", "cursor=x", "task=x", "from=x", "batch=x"])
def test_list_that_makes_no_sense_is_refused(web: FlaskClient, query: str) -> None:
    """A bad filter is a problem with a sentence."""
    answer = web.get(f"{RESULTS}?{query}")

    assert answer.status_code == 422
    assert answer.get_json(force=True)["detail"].endswith(".")


@pytest.mark.parametrize("field", ["_external=1", "_scheme=javascript", "_anchor=x", "x=%0d%0a"])
def test_address_of_the_next_page_is_ours(web: FlaskClient, send: Send, field: str) -> None:
    """Whatever stands in the query, the next page is on this site."""
    for _ in range(2):
        send(to=DETECTIONS)

    following = web.get(f"{RESULTS}?limit=1&{field}").get_json()["next"]

    assert following.startswith(f"{RESULTS}?limit=1&")
    assert "\r" not in following


def test_other_model_answers_about_the_same_picture(
    web: FlaskClient, send: Send, namer: str, files: Callable[[], list[Path]]
) -> None:
    """It is a new result at a new address, about the one file."""
    made = send(to=DETECTIONS).get_json()["id"]

    answer = web.post(f"{RESULTS}/{made}/again", json={"model": namer, "threshold": 0.2})

    document = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{RESULTS}/{document['id']}"
    assert document["id"] != made
    assert document["task"] == "classification"
    assert [each["label"] for each in document["classes"]] == ["tabby", "golden retriever"]
    assert len(files()) == 1


BAD_AGAIN = [
    ({"data": b""}, 422, "must be a JSON object"),
    ({"data": b"{"}, 422, "must be a JSON object"),
    ({"json": ["toy"]}, 422, "must be a JSON object"),
    ({"json": {"model": 7}}, 422, "“model” must be a text"),
    ({"json": {"model": "other"}}, 422, "There is no model called"),
    ({"json": {"model": "toy", "threshold": "x"}}, 422, "a number from 0 to 1"),
    ({"json": {"model": "toy", "threshold": [0.5]}}, 422, "a number from 0 to 1"),
]


@pytest.mark.parametrize(("body", "status", "sentence"), BAD_AGAIN)
def test_bad_question_is_refused(
    web: FlaskClient, send: Send, body: dict[str, Any], status: int, sentence: str
) -> None:
    """A body that makes no sense is a problem with a sentence, and makes no result."""
    made = send(to=DETECTIONS).get_json()["id"]

    answer = web.post(f"{RESULTS}/{made}/again", **body)

    assert answer.status_code == status
    assert sentence in answer.get_json(force=True)["detail"]
    assert len(results(web)) == 1


def test_failed_question_makes_a_result_that_can_be_retried(
    web: FlaskClient, send: Send, model_server: FakeModelServer
) -> None:
    """The picture is kept anyway, so is the question, and the problem has the way on."""
    made = send(to=DETECTIONS).get_json()["id"]
    model_server.failure = UnavailableError

    problem = web.post(f"{RESULTS}/{made}/again", json={})
    model_server.failure = None
    answered = web.post(problem.get_json(force=True)["retry"])

    assert problem.status_code == 503
    assert answered.get_json()["id"] == problem.get_json(force=True)["id"] != made


def test_deleted_result_is_gone(
    web: FlaskClient, send: Send, files: Callable[[], list[Path]]
) -> None:
    """Row and file are gone, and deleting again finds nothing."""
    made = send(to=DETECTIONS).get_json()["id"]

    deleted = web.delete(f"{RESULTS}/{made}")
    again = web.delete(f"{RESULTS}/{made}")

    assert (deleted.status_code, deleted.data) == (204, b"")
    assert again.status_code == 404
    assert web.get(f"{RESULTS}/{made}").status_code == 404
    assert web.get(f"/results/{made}/original").status_code == 404
    assert files() == []


def test_unknown_result_is_a_problem_everywhere(web: FlaskClient) -> None:
    """Whatever is asked of a result that is not there, the answer is 404."""
    address = f"{RESULTS}/{'0' * 32}"

    answers = [
        web.get(address),
        web.delete(address),
        web.post(f"{address}/again", json={}),
        web.post(f"{address}/retry"),
        web.get(f"{address}/explanation"),
        web.post(f"{address}/explanations", json={"detection": 0}),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert {answer.mimetype for answer in answers} == {"application/problem+json"}


def test_models_say_what_they_do_and_how_fast(
    web: FlaskClient, send: Send, settings: Settings, namer: str
) -> None:
    """Task, source, licence, and the speed on this machine once there is one."""
    install_model(settings.model_repository, "ours", rank=90, bundled=True)
    send(to=CLASSIFICATIONS)

    models = {each["name"]: each for each in web.get("/api/v1/models").get_json()["models"]}

    assert models[namer]["task"] == "classification"
    assert models[namer]["speed"]["answers"] == 1
    assert models[namer]["speed"]["median_ms"] >= 0
    assert models["toy"]["speed"] is None
    assert models["toy"]["source"].startswith("https://")
    assert models["ours"]["source"] is None
    assert {each["licence"] for each in models.values()} == {"Apache-2.0"}
    assert all(each["explains"] for each in models.values())
