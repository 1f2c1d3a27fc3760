"""The list of results, and deleting."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import UnavailableError
from webapp import Settings
from webapp.testing import Box, FakeModelServer, install_classifier

Send = Callable[..., TestResponse]


def id_of(answer: TestResponse) -> str:
    return answer.headers["Location"].rpartition("/")[2]


def test_no_results_say_how_to_begin(web: FlaskClient) -> None:
    """Before the first picture the page leads to the form."""
    page = web.get("/results").text

    assert "No results yet" in page
    assert "Send the first picture" in page


def test_newest_result_comes_first_with_what_was_found(send: Send, web: FlaskClient) -> None:
    """Each result is a picture, a few words, its name and its model."""
    send(name="old.jpg")
    send(name="new.jpg")

    page = web.get("/results").text

    assert page.index("new.jpg") < page.index("old.jpg")
    assert page.count("Dog, person") == 2
    assert "2 results" in page


def test_search_takes_object_model_and_day(
    send: Send, web: FlaskClient, settings: Settings, model_server: FakeModelServer
) -> None:
    """What does not fit is left out, and the form keeps what was asked."""
    install_classifier(settings.model_repository, "namer")
    send(name="classes.jpg", model="namer")
    model_server.answer_with([Box(17, 0.9)])
    send(name="cat.jpg")

    pages = {
        query: web.get(f"/results?{query}").text
        for query in ("label=CAT", "model=namer", "from=2020-01-01&to=2020-12-31")
    }

    assert ["cat.jpg" in page for page in pages.values()] == [True, False, False]
    assert ["classes.jpg" in page for page in pages.values()] == [False, True, False]
    assert 'value="CAT"' in pages["label=CAT"]
    assert '<option value="namer" selected>' in pages["model=namer"]
    assert "Nothing fits" in pages["from=2020-01-01&to=2020-12-31"]


@pytest.mark.parametrize("query", ["from=yesterday", "cursor=1", "limit=0", "task=cooking"])
def test_search_that_makes_no_sense_says_why(send: Send, web: FlaskClient, query: str) -> None:
    """A bad field is a sentence above the list, which is shown all the same."""
    send()

    page = web.get(f"/results?{query}")

    assert page.status_code == 422
    assert "notice__title" in page.text
    assert "dog.jpg" in page.text


def test_long_list_has_pages(send: Send, web: FlaskClient) -> None:
    """Older results are a link away, with the same search."""
    for number in range(3):
        send(name=f"{number}.jpg")

    first = web.get("/results?label=dog&limit=2").text
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = web.get(older).text

    assert ["0.jpg" in page for page in (first, second)] == [False, True]
    assert 'value="dog"' in second
    assert 'rel="next"' not in second


def test_result_without_an_answer_is_listed(
    send: Send, web: FlaskClient, model_server: FakeModelServer
) -> None:
    """A picture that is kept without an answer is not lost from sight."""
    model_server.failure = UnavailableError
    send()

    page = web.get("/results").text

    assert "No answer" in page
    assert "dog.jpg" in page


def test_deleting_is_asked_for_first(send: Send, web: FlaskClient) -> None:
    """The question names what goes; asking deletes nothing."""
    ids = [id_of(send(name=name)) for name in ("one.jpg", "two.jpg")]

    question = web.get("/results/delete", query_string={"result": ids})

    assert "<h1>Delete 2 results?" in question.text
    assert [f'name="result" value="{each}"' in question.text for each in ids] == [True, True]
    assert [web.get(f"/results/{each}").status_code for each in ids] == [200, 200]


def test_deleted_results_are_gone_with_their_files(
    send: Send, web: FlaskClient, files: Callable[[], list[Path]]
) -> None:
    """Rows and originals go, others stay, and the list says how many went."""
    gone, stays = id_of(send(name="one.jpg")), id_of(send(name="two.jpg"))

    answer = web.post("/results/delete", data={"result": [gone, "f" * 32, "nonsense"]})
    page = web.get(answer.headers["Location"])

    assert answer.status_code == 303
    assert "1 result deleted" in page.text
    assert web.get(f"/results/{gone}").status_code == 404
    assert web.get(f"/results/{stays}").status_code == 200
    assert len(files()) == 1


@pytest.mark.parametrize("ids", [[], ["f" * 32], ["nonsense"]])
def test_nothing_to_delete_is_not_found(web: FlaskClient, ids: list[str]) -> None:
    """A question about results that are not there is a page that says so."""
    assert web.get("/results/delete", query_string={"result": ids}).status_code == 404


@pytest.mark.parametrize("count", ["<b>", "-1", "", "9" * 400])
def test_count_of_deleted_ones_is_a_number(web: FlaskClient, count: str) -> None:
    """Nothing else than a number gets from the address into the page."""
    page = web.get("/results", query_string={"deleted": count})

    assert page.status_code == 200
    assert "&lt;b&gt; result" not in page.text
