"""Forms that only our own pages can send."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webapp.access.form_tokens import HEADER

HIDDEN = re.compile(r'name="csrf_token" value="([\w-]{43})"')
MULTIPART = "multipart/form-data"


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A browser that sends what it is told to, and no more."""
    return FlaskClient(app, app.response_class, use_cookies=True)


def token_on(browser: FlaskClient, address: str = "/") -> str:
    found = HIDDEN.search(browser.get(address).text)
    assert found
    return found[1]


def test_form_of_our_page_is_accepted(browser: FlaskClient, photo: bytes) -> None:
    """What a page holds is what its form needs, with the picture in the same form."""
    token = token_on(browser)

    answer = browser.post("/", data={"csrf_token": token, "image": (BytesIO(photo), "dog.jpg")})

    assert answer.status_code == 303


@pytest.mark.parametrize("token", [None, "", "x", "A" * 43, "ü" * 43])
def test_form_without_our_token_is_refused(
    browser: FlaskClient, photo: bytes, token: str | None, files: Callable[[], list[Path]]
) -> None:
    """A form that another page made keeps nothing, and its sender is told what to do."""
    browser.get("/")
    fields = {} if token is None else {"csrf_token": token}

    answer = browser.post("/", data={**fields, "image": (BytesIO(photo), "dog.jpg")})

    assert answer.status_code == 403
    assert "<h1>This form is out of date</h1>" in answer.text
    assert files() == []


def test_token_of_another_browser_is_refused(app: Flask, browser: FlaskClient) -> None:
    """A token that somebody got for themselves works in nobody else's browser."""
    stranger = FlaskClient(app, app.response_class, use_cookies=True)
    stolen = token_on(stranger)
    browser.get("/")

    assert browser.post("/samples/none", data={"csrf_token": stolen}).status_code == 403
    assert stranger.post("/samples/none", data={"csrf_token": stolen}).status_code == 404


def test_browser_without_cookies_is_refused(app: Flask) -> None:
    """A token alone proves nothing."""
    browser = FlaskClient(app, app.response_class, use_cookies=False)
    token = token_on(browser)

    assert browser.post("/samples/none", data={"csrf_token": token}).status_code == 403


def test_script_may_send_the_token_as_a_header(browser: FlaskClient) -> None:
    """What a script sends without a form has the token in a header."""
    headers = {HEADER: token_on(browser)}

    assert browser.post("/samples/none", headers=headers).status_code == 404


def test_every_form_that_posts_has_a_token(browser: FlaskClient, photo: bytes) -> None:
    """On each page there are as many tokens as forms with the method POST."""
    data = {"csrf_token": token_on(browser), "image": (BytesIO(photo), "dog.jpg")}
    result = browser.post("/", data=data).headers["Location"]

    for address in ("/", result, "/results", f"/results/delete?result={result[-32:]}"):
        page = browser.get(address).text
        assert page.count('method="post"') == len(HIDDEN.findall(page))


def test_program_needs_no_token(app: Flask, photo: bytes) -> None:
    """Without a login a request to the API stands for itself."""
    program = FlaskClient(app, app.response_class, use_cookies=True)

    answer = program.post("/api/v1/detections", data=photo, content_type="image/jpeg")

    assert answer.status_code == 201
    assert "Set-Cookie" not in answer.headers


def test_cookie_is_for_this_site_and_not_for_scripts(browser: FlaskClient) -> None:
    """The cookie is out of reach for scripts and other sites; over HTTPS it is bound to it."""
    plain = browser.get("/").headers["Set-Cookie"]
    secure = browser.get("/", base_url="https://localhost").headers["Set-Cookie"]

    assert re.fullmatch(r"sightline=[\w-]{43}; HttpOnly; Path=/; SameSite=Lax", plain)
    assert re.fullmatch(
        r"__Host-sightline=[\w-]{43}; Secure; HttpOnly; Path=/; SameSite=Lax", secure
    )


def test_browser_keeps_its_cookie(browser: FlaskClient) -> None:
    """A second page has the same token, and sets no cookie again."""
    first = token_on(browser)

    answer = browser.get("/")

    assert "Set-Cookie" not in answer.headers
    assert first in answer.text


@pytest.mark.parametrize("value", ["", "short", "A" * 44, "A" * 42 + "!"])
def test_cookie_that_we_never_made_is_replaced(browser: FlaskClient, value: str) -> None:
    """A cookie of another form is no secret of ours."""
    browser.set_cookie("sightline", value)

    assert "Set-Cookie" in browser.get("/").headers


def test_form_that_is_too_large_is_said_above_the_form(browser: FlaskClient) -> None:
    """A form too large to look for its token is a 413 with the form, as any other is."""
    browser.get("/")
    huge = b"--x\r\n" + b"\xff\xd8\xff" * 2_000_000

    answer = browser.post("/", data=huge, content_type="multipart/form-data; boundary=x")

    assert answer.status_code == 413
    assert "File too large" in answer.text
    assert "data-dropzone" in answer.text
