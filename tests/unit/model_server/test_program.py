"""The program up to the point where it would load TensorFlow: what it refuses, and how."""

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from model_server.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
MODEL = "--model_base_path=/models/m"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Both server_options.model_base_path and server_options.model_config_file are empty!"),
        ([MODEL, "--prot=1", "x"], "unknown argument: --prot=1 x"),
        ([MODEL, "--port=many"], "argument --port: invalid int value: 'many'"),
        ([MODEL, "--ssl_config_file=/no/such"], "/no/such; No such file or directory"),
        (
            [MODEL, "--grpc_channel_arguments=a"],
            "--grpc_channel_arguments must be name=value,name=value, got 'a'",
        ),
        (["--model_config_file=/no/such"], "/no/such; No such file or directory"),
    ],
)
def test_a_start_that_fails_is_one_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The form of the sentence, and the exit status, are those of the original."""
    code = "NOT_FOUND" if "No such file" in message else "INVALID_ARGUMENT"

    status = main([*arguments, "--port=0", "--grpc_socket_path=/unused"])

    assert status == 255
    assert capsys.readouterr().err == f"Failed to start server. Error: {code}: {message}\n"


def test_the_program_has_the_name_of_the_original() -> None:
    """Scripts that start `tensorflow_model_server` find it when the package is installed."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]

    module, _, function = scripts["tensorflow_model_server"].partition(":")

    assert getattr(import_module(module), function) is main
