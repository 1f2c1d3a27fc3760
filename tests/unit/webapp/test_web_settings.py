"""The settings, and the command line that takes them."""

import subprocess
import sys
from pathlib import Path

import pytest

from serving_client import ENVIRONMENT
from webapp.exceptions import SettingsError
from webapp.settings import Settings


def test_nothing_set_gives_the_defaults() -> None:
    """Without variables, and with empty ones, everything has its default."""
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"SIGHTLINE_WEB_PORT": " "}) == Settings()


def test_each_variable_is_read() -> None:
    """A variable sets the field of its name, in the field's type."""
    environ = {
        "SIGHTLINE_ORIGINALS": "/data/originals",
        "SIGHTLINE_DATABASE_URL": "postgresql://localhost/sightline",
        "SIGHTLINE_UPLOAD_BYTES_MAX": "1000",
        "SIGHTLINE_CALL_TIMEOUT_S": "2.5",
    }

    settings = Settings.from_env(environ)

    assert settings.originals == Path("/data/originals")
    assert settings.database_url == "postgresql://localhost/sightline"
    assert settings.upload_bytes_max == 1000
    assert settings.call_timeout_s == 2.5


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("SIGHTLINE_WEB_PORT", "http", "expected a whole number, got 'http'"),
        ("SIGHTLINE_WEB_PORT", "65536", "expected 0 to 65535, got 65536"),
        ("SIGHTLINE_WEB_THREADS", "0", "expected 1 to 256, got 0"),
        ("SIGHTLINE_UPLOAD_BYTES_MAX", "-1", "expected 1 or more, got -1"),
        ("SIGHTLINE_CALL_TIMEOUT_S", "nan", "expected 0.001 to 3600, got nan"),
        ("SIGHTLINE_CALL_TIMEOUT_S", "inf", "expected 0.001 to 3600, got inf"),
        ("SIGHTLINE_SCORE_FLOOR", "1.5", "expected 0 to 1, got 1.5"),
    ],
)
def test_bad_value_names_its_variable(variable: str, text: str, message: str) -> None:
    """A value that makes no sense is a sentence with the variable, expected and actual."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({variable: text})

    assert str(caught.value) == f"{variable}: {message}"


def test_database_password_is_not_shown() -> None:
    """A password in the URL of the database does not reach a log through the settings."""
    assert "secret" not in repr(Settings(database_url="postgresql://me:secret@host/name"))


def test_help_lists_every_setting() -> None:
    """Every variable that has an effect is explained by --help."""
    answer = subprocess.run(
        [sys.executable, "-m", "webapp", "--help"], capture_output=True, text=True, check=True
    )

    for name, default, doc in Settings.documented():
        assert f"{name}\n      {doc} [{default}]" in answer.stdout
    assert all(name in answer.stdout for name in ENVIRONMENT)


def test_web_process_loads_no_tensorflow() -> None:
    """Importing the web application loads neither TensorFlow nor its serving API."""
    code = "import sys, webapp, webapp.__main__; print(*sorted(sys.modules))"

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    loaded = {name.partition(".")[0] for name in answer.stdout.split()}
    assert "flask" in loaded
    assert not loaded & {"tensorflow", "tensorflow_serving", "keras"}
