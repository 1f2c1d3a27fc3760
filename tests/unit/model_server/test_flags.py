"""The command line."""

import pytest

from model_server.config import Flags, parse_flags
from model_server.status import ServingError

MODEL = "--model_base_path=/models/m"

# From the contract: names and defaults of the original that are here already.
DEFAULTS = {
    "port": 8500,
    "rest_api_port": 0,
    "model_name": "default",
    "model_base_path": "",
    "model_config_file": "",
    "model_config_file_poll_wait_seconds": 0,
    "file_system_poll_wait_seconds": 1,
    "max_num_load_retries": 5,
    "load_retry_interval_micros": 60_000_000,
    "allow_version_labels_for_unavailable_models": False,
    "saved_model_tags": "serve",
    "tensorflow_intra_op_parallelism": 0,
    "tensorflow_inter_op_parallelism": 0,
    "enable_serialization_as_tensor_content": False,
}


@pytest.mark.parametrize(("flag", "default"), DEFAULTS.items())
def test_defaults_are_those_of_the_original(flag: str, default: object) -> None:
    """A command line written for the original means the same here."""
    flags = parse_flags(["--model_config_file=/m" if flag == "model_base_path" else MODEL])

    expected = "/models/m" if flag == "model_base_path" and flags.model_base_path else default
    assert getattr(flags, flag) == expected


def test_the_server_listens_on_this_machine_only() -> None:
    """Nobody else is let in unless asked for."""
    assert parse_flags([MODEL]).host == "127.0.0.1"


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("", False),
        ("--enable_serialization_as_tensor_content", True),
        ("--enable_serialization_as_tensor_content=true", True),
        ("--enable_serialization_as_tensor_content=1", True),
        ("--enable_serialization_as_tensor_content=false", False),
        ("--enable_serialization_as_tensor_content=0", False),
    ],
)
def test_switches_take_a_value_or_none(argument: str, expected: bool) -> None:  # noqa: FBT001
    """Switches are written as the original's parser accepts them."""
    flags = parse_flags([MODEL, argument] if argument else [MODEL])

    assert flags.enable_serialization_as_tensor_content is expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [],
            "INVALID_ARGUMENT: Both server_options.model_base_path and server_options.model_config",
        ),
        ([MODEL, "--port=0"], "INVALID_ARGUMENT: --port must be set"),
        ([MODEL, "--port=-1"], "INVALID_ARGUMENT: --port must be at least 0, got -1"),
        ([MODEL, "--port=99999"], "INVALID_ARGUMENT: --port must be at most 65535, got 99999"),
        ([MODEL, "--grpc_max_threads=0"], "INVALID_ARGUMENT: --grpc_max_threads must be at least"),
        ([MODEL, "--shutdown_grace_s=-1"], "INVALID_ARGUMENT: --shutdown_grace_s must be at least"),
    ],
)
def test_flags_that_cannot_work_are_refused(arguments: list[str], message: str) -> None:
    """The sentence says which flag, and what is wrong with it."""
    with pytest.raises(ServingError) as caught:
        parse_flags(arguments)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "argument", ["--prot=1", "--port=many", "--enable_serialization_as_tensor_content=perhaps"]
)
def test_typos_end_the_program(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the parser does not know or cannot read is named, and nothing starts."""
    with pytest.raises(SystemExit) as caught:
        parse_flags([MODEL, argument])

    assert caught.value.code == 2
    assert argument.partition("=")[0] in capsys.readouterr().err


def test_help_explains_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """Each flag has its line with its default."""
    with pytest.raises(SystemExit):
        parse_flags(["--help"])

    text = capsys.readouterr().out
    assert [name for name in Flags.__dataclass_fields__ if f"--{name}" not in text] == []
    assert "(default: 8500)" in text
