"""API keys and logins: who gets in, how far, and under which name."""

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp import Settings, create_app
from webapp.access import passwords
from webapp.access.actors import Scope
from webapp.access.keys import ApiKeys
from webapp.access.users import Users
from webapp.exceptions import BadKeyError, BadLoginError, CommandError
from webapp.services import Services, parts_of
from webapp.storage.database import Database
from webapp.testing import FakeModelServer

PASSWORD = "correct horse battery"  # noqa: S105  of a user that each test makes
SECRET = "s" * 43
EVERYTHING = frozenset({Scope.READ, Scope.WRITE, Scope.DELETE})
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HIDDEN = re.compile(r'name="csrf_token" value="([\w-]{43})"')
LogIn = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash passwords with little work; how much it is otherwise has a test of its own."""
    monkeypatch.setattr(passwords, "_METHOD", "scrypt:1024:8:1")
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/access.sqlite3")
    yield database
    database.close()


@pytest.fixture
def app(settings: Settings, model_server: FakeModelServer) -> Iterator[Flask]:
    """The application, closed to strangers."""
    app = create_app(replace(settings, access="required"), client=model_server.client())
    yield app
    parts_of(app).close()


@pytest.fixture
def parts(app: Flask) -> Services:
    return parts_of(app)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def log_in(browser: FlaskClient) -> LogIn:
    """A function that sends the form of the login page."""

    def send(name: str = "ann", password: str = PASSWORD, **fields: str) -> TestResponse:
        token = HIDDEN.search(browser.get("/login").text)
        assert token
        form = {"csrf_token": token[1], "name": name, "password": password, **fields}
        return browser.post("/login", data=form)

    return send


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_key_is_found_by_its_secret_alone(database: Database) -> None:
    """Whoever shows the secret has the key's name and scopes; the name opens nothing."""
    keys = ApiKeys(database, now=lambda: NOON)

    secret = keys.create("ci", frozenset({Scope.READ}))

    assert keys.find(secret).name == "ci"
    assert keys.find(secret).scopes == {Scope.READ}
    with pytest.raises(BadKeyError):
        keys.find("ci")


def test_database_does_not_hold_what_opens_the_door(database: Database, tmp_path: Path) -> None:
    """Neither a key, nor a password, nor a login can be read from the database's file."""
    secret = ApiKeys(database).create("ci", EVERYTHING)
    users = Users(database, login_s=60)
    users.add("ann", PASSWORD, EVERYTHING)
    users.log_in("ann", PASSWORD, SECRET)

    stored = (tmp_path / "access.sqlite3").read_bytes()

    for each in (secret, secret.removeprefix("sightline_"), PASSWORD, SECRET):
        assert each.encode() not in stored


def test_revoked_key_opens_nothing(database: Database) -> None:
    """From the moment it is revoked a key is unknown, and its name is free."""
    keys = ApiKeys(database)
    secret = keys.create("ci", EVERYTHING)

    keys.revoke("ci")

    with pytest.raises(BadKeyError):
        keys.find(secret)
    assert keys.all() == ()
    assert keys.create("ci", EVERYTHING) != secret


@pytest.mark.parametrize("name", ["", "-x", "a b", "ä", "x" * 65, "a\n"])
def test_name_that_would_confuse_a_log_is_refused(database: Database, name: str) -> None:
    """Names are short, and of letters and digits."""
    with pytest.raises(CommandError, match="The name: expected"):
        ApiKeys(database).create(name, EVERYTHING)


def test_name_is_given_once(database: Database) -> None:
    """Two keys, or two users, of one name could not be told apart in the audit log."""
    keys, users = ApiKeys(database), Users(database, login_s=60)
    keys.create("ci", EVERYTHING)
    users.add("ann", PASSWORD, EVERYTHING)

    with pytest.raises(CommandError, match="already"):
        keys.create("ci", EVERYTHING)
    with pytest.raises(CommandError, match="already"):
        users.add("ann", PASSWORD, EVERYTHING)


def test_guessing_passwords_takes_memory_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is kept by scrypt, with the work that OWASP asks for, and a salt of its own."""
    monkeypatch.undo()

    first, second = (passwords.hash_password(PASSWORD) for _ in range(2))

    assert first.startswith("scrypt:32768:8:3$")
    assert first != second
    assert passwords.is_password(PASSWORD, first)


def test_short_password_is_refused(database: Database) -> None:
    """A password that is soon guessed is not taken."""
    with pytest.raises(CommandError, match="expected 10 to 1000 characters, got 5"):
        Users(database, login_s=60).add("ann", "12345", EVERYTHING)


@pytest.mark.parametrize(
    ("name", "password"), [("ann", PASSWORD + "x"), ("ann", ""), ("bob", PASSWORD), ("", "")]
)
def test_wrong_login_is_refused(database: Database, name: str, password: str) -> None:
    """Nobody is logged in with the wrong name or password."""
    users = Users(database, login_s=60)
    users.add("ann", PASSWORD, EVERYTHING)

    with pytest.raises(BadLoginError):
        users.log_in(name, password, SECRET)

    assert users.find(SECRET) is None


def test_login_ends_after_its_time(database: Database) -> None:
    """A login lasts as long as it is set to, and is over then."""
    now = [NOON]
    users = Users(database, login_s=60, now=lambda: now[0])
    users.add("ann", PASSWORD, EVERYTHING)
    users.log_in("ann", PASSWORD, SECRET)

    before = users.find(SECRET)
    now[0] += timedelta(seconds=61)

    assert before
    assert before.name == "ann"
    assert users.find(SECRET) is None


def test_removed_user_is_logged_out(database: Database) -> None:
    """Who is removed is not there any more, in no browser."""
    users = Users(database, login_s=60)
    users.add("ann", PASSWORD, EVERYTHING)
    users.log_in("ann", PASSWORD, SECRET)

    users.remove("ann")

    assert users.find(SECRET) is None
    assert users.all() == ()


def test_stranger_is_sent_to_the_login(browser: FlaskClient) -> None:
    """A page asks to log in first, and comes back; the API says how to show a key."""
    page = browser.get("/results?model=toy")
    document = browser.get("/api/v1/models")

    assert page.status_code == 303
    assert page.headers["Location"] == "/login?next=/results?model%3Dtoy"
    assert document.status_code == 401
    assert document.headers["WWW-Authenticate"].startswith("Bearer")
    assert document.mimetype == "application/problem+json"


@pytest.mark.parametrize("address", ["/nowhere", "/results/x/original", "/metrics", "/status"])
def test_stranger_learns_nothing(browser: FlaskClient, address: str) -> None:
    """What is there and what is not looks the same to a stranger."""
    assert browser.get(address).status_code in {303, 401}


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/login", "/static/css/base.css"])
def test_what_everybody_needs_is_open(browser: FlaskClient, address: str) -> None:
    """Signs of life and the login page need no login."""
    assert browser.get(address, buffered=True).status_code == 200


def test_key_opens_the_api(browser: FlaskClient, parts: Services, photo: bytes) -> None:
    """With a key of the right scope a picture is looked at, without any cookie."""
    key = parts.keys.create("ci", frozenset({Scope.WRITE}))

    answer = browser.post(
        "/api/v1/detections", data=photo, content_type="image/jpeg", headers=bearer(key)
    )

    assert answer.status_code == 201


@pytest.mark.parametrize("header", ["Bearer nonsense", "bearer ", "Bearer ü", "Basic YTpi"])
def test_unknown_key_is_refused(browser: FlaskClient, header: str) -> None:
    """A key that is none is a 401 in the API's form."""
    answer = browser.get("/api/v1/models", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"


def test_unknown_key_is_refused_even_where_all_is_open(
    settings: Settings, model_server: FakeModelServer
) -> None:
    """A mistyped key does not silently become nobody's request."""
    app = create_app(settings, client=model_server.client())

    answer = app.test_client().get("/api/v1/models", headers=bearer("sightline_nonsense"))
    parts_of(app).close()

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ({Scope.READ}, (200, 403, 403, 403)),
        ({Scope.WRITE}, (403, 415, 403, 403)),
        ({Scope.DELETE}, (403, 403, 404, 403)),
        ({Scope.ADMIN}, (200, 415, 404, 200)),
    ],
)
def test_key_does_what_its_scopes_say(
    browser: FlaskClient, parts: Services, scopes: set[Scope], expected: tuple[int, ...]
) -> None:
    """Reading, writing, deleting and operating are each for themselves; admin is all of them."""
    headers = bearer(parts.keys.create("ci", frozenset(scopes)))

    statuses = (
        browser.get("/api/v1/models", headers=headers).status_code,
        browser.post("/api/v1/detections", headers=headers).status_code,
        browser.delete(f"/api/v1/results/{'0' * 32}", headers=headers).status_code,
        browser.get("/status", headers=headers).status_code,
    )

    assert statuses == expected


def test_login_leads_back_to_the_page(browser: FlaskClient, parts: Services, log_in: LogIn) -> None:
    """With name and password somebody is shown what they wanted, and can log out again."""
    parts.users.add("ann", PASSWORD, EVERYTHING)

    answer = log_in(next="/results?model=toy")
    page = browser.get(answer.headers["Location"])
    token = HIDDEN.search(page.text)
    assert token
    browser.post("/logout", data={"csrf_token": token[1]})

    assert answer.status_code == 303
    assert "Log out ann" in page.text
    assert browser.get("/results").status_code == 303


def test_cookie_of_before_the_login_stays_a_strangers(
    browser: FlaskClient, parts: Services, log_in: LogIn
) -> None:
    """Who made a victim use a cookie they know is not logged in with it."""
    parts.users.add("ann", PASSWORD, EVERYTHING)
    browser.set_cookie("sightline", "A" * 43)
    log_in()

    browser.set_cookie("sightline", "A" * 43)

    assert browser.get("/results").status_code == 303


def test_cookie_of_after_the_logout_opens_nothing(
    browser: FlaskClient, parts: Services, log_in: LogIn
) -> None:
    """A copy of the cookie is worthless once its owner has logged out."""
    parts.users.add("ann", PASSWORD, EVERYTHING)
    log_in()
    kept = browser.get_cookie("sightline")
    assert kept
    token = HIDDEN.search(browser.get("/").text)
    assert token
    browser.post("/logout", data={"csrf_token": token[1]})

    browser.set_cookie("sightline", kept.value)

    assert browser.get("/results").status_code == 303


def test_wrong_password_is_said_on_the_page(parts: Services, log_in: LogIn) -> None:
    """Whoever mistypes is told so, and is not told whether the name was right."""
    parts.users.add("ann", PASSWORD, EVERYTHING)

    wrong, unknown = log_in(password="wrong password"), log_in(name="bob")  # noqa: S106

    assert wrong.status_code == unknown.status_code == 401
    for answer in (wrong, unknown):
        assert "The name or the password is wrong." in answer.text
        assert PASSWORD not in answer.text


def test_guessing_is_slowed_down(browser: FlaskClient, parts: Services, log_in: LogIn) -> None:
    """After a few wrong passwords even the right one has to wait."""
    parts.users.add("ann", PASSWORD, EVERYTHING)

    statuses = [log_in(password="wrong password").status_code for _ in range(7)]  # noqa: S106
    right = log_in()

    assert statuses == [401] * 6 + [429]
    assert right.status_code == 429
    assert int(right.headers["Retry-After"]) > 0
    assert browser.get("/results").status_code == 303


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/\t/x"],
)
def test_login_leads_to_no_other_site(parts: Services, log_in: LogIn, address: str) -> None:
    """A link to the login page cannot send anybody elsewhere afterwards."""
    parts.users.add("ann", PASSWORD, EVERYTHING)

    assert log_in(next=address).headers["Location"] == "/"


def test_login_does_not_let_other_pages_use_the_api(
    browser: FlaskClient, parts: Services, log_in: LogIn, photo: bytes
) -> None:
    """What a cookie vouches for needs a token, as pages of other sites cannot know one."""
    parts.users.add("ann", PASSWORD, EVERYTHING)
    log_in()
    token = HIDDEN.search(browser.get("/").text)
    assert token

    def send(headers: dict[str, str]) -> int:
        return browser.post(
            "/api/v1/detections", data=photo, content_type="image/jpeg", headers=headers
        ).status_code

    assert send({}) == 403
    assert send({"X-CSRF-Token": token[1]}) == 201


def test_deletion_is_written_down_with_who_did_it(
    browser: FlaskClient, parts: Services, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The audit log names the key and the address that a deletion came from."""
    headers = bearer(parts.keys.create("cleaner", frozenset({Scope.WRITE, Scope.DELETE})))
    made = browser.post(
        "/api/v1/detections", data=photo, content_type="image/jpeg", headers=headers
    ).get_json()["id"]

    with caplog.at_level(logging.INFO, "webapp.audit"):
        browser.delete(f"/api/v1/results/{made}", headers=headers)

    assert f"deleted result {made}" in caplog.text
    assert "key cleaner from 127.0.0.1" in caplog.text
