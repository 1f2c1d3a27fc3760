"""What the operator does on the command line."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from webapp.__main__ import main
from webapp.access import passwords
from webapp.access.actors import Scope
from webapp.access.keys import ApiKeys
from webapp.access.users import Users
from webapp.storage.database import Database

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/results.sqlite3"


@pytest.fixture
def run(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """A function that runs a command; it returns the status and what was printed where."""
    monkeypatch.setenv("SIGHTLINE_DATABASE_URL", url)
    monkeypatch.setenv("SIGHTLINE_ORIGINALS", str(tmp_path / "originals"))
    monkeypatch.setattr(passwords, "_METHOD", "scrypt:1024:8:1")

    def call(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        status = main(arguments)
        return status, *capsys.readouterr()

    return call


def test_key_is_shown_once(run: Run, url: str) -> None:
    """A new key is all that goes to the standard output, and opens the door."""
    status, out, err = run("keys", "create", "ci", "--scopes", "read,delete")
    _, listed, _ = run("keys", "list")

    assert status == 0
    assert "not shown again" in err
    database = Database(url)
    assert ApiKeys(database).find(out.strip()).scopes == {Scope.READ, Scope.DELETE}
    database.close()
    assert listed.startswith("ci\tdelete,read\t")
    assert out.strip() not in listed


def test_key_is_revoked(run: Run) -> None:
    """A key that is revoked is not in the list any more."""
    run("keys", "create", "ci")

    assert run("keys", "revoke", "ci")[0] == 0
    assert run("keys", "list") == (0, "", "")
    assert run("keys", "revoke", "ci") == (1, "", "webapp: There is no key ci.\n")


def test_user_is_added_with_a_password_from_a_script(run: Run, url: str) -> None:
    """A password is read from the standard input, so that it stands in no list of processes."""
    status, _, _ = run("users", "add", "ann", typed="correct horse battery\n")

    assert status == 0
    assert run("users", "list")[1] == "ann\tdelete,read,write\n"
    database = Database(url)
    Users(database, login_s=60).log_in("ann", "correct horse battery", "s" * 43)
    database.close()
    assert run("users", "remove", "ann")[0] == 0
    assert run("users", "list")[1] == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("keys", "create", "a b"), "The name: expected"),
        (("keys", "create", "ci", "--scopes", "root"), "Scopes: 'root' is not a valid Scope"),
        (("keys", "create", "ci", "--scopes", ","), "Scopes: none was named"),
        (("users", "add", "ann"), "The password: expected 10 to 1000 characters, got 0."),
        (("users", "remove", "ann"), "There is no user ann."),
        (("gc", "--older-than", "soon"), "The age: expected one like"),
        (("gc", "--larger-than", "much"), "The size: expected one like"),
    ],
)
def test_mistake_is_one_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    """What cannot be done is one line and status 1."""
    status, out, err = run(*arguments)

    assert (status, out) == (1, "")
    assert err.startswith(f"webapp: {sentence}")
    assert err.count("\n") == 1


def test_gc_says_what_it_did(run: Run) -> None:
    """With nothing to do it says so, and a dry run says that it is one."""
    assert run("gc", "--older-than", "30d", "--larger-than", "10GB") == (
        0,
        "0 results and 0 stray files deleted.\nThat is 0 bytes.\n",
        "",
    )
    assert "would be deleted" in run("gc", "--dry-run")[1]
