"""The command line."""

import os
import re

import pytest

from model_server.command_line import parse_flags
from model_server.config import Flags
from model_server.status import ServingError

MODEL = "--model_base_path=/models/m"

CPUS = os.cpu_count() or 1
# From the contract: names and defaults of the original.
DEFAULTS = {
    "port": 8500,
    "grpc_socket_path": "",
    "rest_api_port": 0,
    "rest_api_num_threads": 4 * CPUS,
    "rest_api_timeout_in_ms": 30_000,
    "rest_api_enable_cors_support": False,
    "enable_batching": False,
    "allow_version_labels_for_unavailable_models": False,
    "batching_parameters_file": "",
    "enable_per_model_batching_parameters": False,
    "model_config_file": "",
    "model_config_file_poll_wait_seconds": 0,
    "model_name": "default",
    "model_base_path": "",
    "num_load_threads": 0,
    "num_unload_threads": 0,
    "max_num_load_retries": 5,
    "load_retry_interval_micros": 60_000_000,
    "file_system_poll_wait_seconds": 1,
    "flush_filesystem_caches": True,
    "tensorflow_session_parallelism": 0,
    "tensorflow_session_config_file": "",
    "tensorflow_intra_op_parallelism": 0,
    "tensorflow_inter_op_parallelism": 0,
    "per_process_gpu_memory_fraction": 0,
    "saved_model_tags": "serve",
    "grpc_channel_arguments": "",
    "grpc_max_threads": 4 * CPUS,
    "enable_model_warmup": True,
    "num_request_iterations_for_warmup": 0,
    "monitoring_config_file": "",
    "remove_unused_fields_from_bundle_metagraph": True,
    "prefer_tflite_model": False,
    "num_tflite_pools": CPUS,
    "num_tflite_interpreters_per_pool": 1,
    "enable_signature_method_name_check": False,
    "xla_cpu_compilation_enabled": False,
    "xla_gpu_compilation_enabled": False,
    "enable_profiler": True,
    "thread_pool_factory_config_file": "",
    "mixed_precision": "",
    "skip_initialize_tpu": False,
    "enable_serialization_as_tensor_content": False,
    "use_alts_credentials": False,
    "ssl_config_file": "",
    "platform_config_file": "",
}


@pytest.mark.parametrize(("flag", "default"), DEFAULTS.items())
def test_defaults_are_those_of_the_original(flag: str, default: object) -> None:
    """A command line written for the original means the same here."""
    flags = parse_flags(["--model_config_file=/m" if flag == "model_base_path" else MODEL])

    expected = "/models/m" if flag == "model_base_path" and flags.model_base_path else default
    assert getattr(flags, flag) == expected


def test_health_is_offered_by_default() -> None:
    """The original has the service too, but leaves it off."""
    assert parse_flags([MODEL]).enable_grpc_healthcheck_service


def test_values_stand_behind_a_sign_or_alone() -> None:
    """Both `--flag=value` and `--flag value` are understood, and so is a negative value."""
    flags = parse_flags(
        ["--model_base_path", "/m", "--port", "1", "--file_system_poll_wait_seconds", "-1"]
    )

    assert (flags.model_base_path, flags.port, flags.file_system_poll_wait_seconds) == ("/m", 1, -1)


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
            "Both server_options.model_base_path and server_options.model_config_file are empty!",
        ),
        (["--port=0"], "At least one of server_options.grpc_port or server_options.grpc_socket_"),
        (
            ["--use_alts_credentials", "--ssl_config_file=/ssl"],
            "Either use_alts_credentials must be false or ssl_config_file must be empty.",
        ),
        (
            [MODEL, "--batching_parameters_file=/batching"],
            (
                "server_options.batching_parameters_file is set without setting "
                "server_options.enable_batching to true."
            ),
        ),
        (
            [MODEL, "--tensorflow_session_parallelism=1", "--tensorflow_inter_op_parallelism=1"],
            "tensorflow_session_parallelism must not be set together with",
        ),
        ([MODEL, "--port=-1"], "--port must be at least 0, got -1"),
        ([MODEL, "--port=99999"], "--port must be at most 65535, got 99999"),
        ([MODEL, "--grpc_max_threads=0"], "--grpc_max_threads must be at least 1, got 0"),
        ([MODEL, "--rest_api_timeout_in_ms=0"], "--rest_api_timeout_in_ms must be at least 1"),
        ([MODEL, "--shutdown_grace_s=-1"], "--shutdown_grace_s must be at least 0, got -1"),
        ([MODEL, "--prot=1"], "unknown argument: --prot=1"),
        ([MODEL, "--model=1", "x", "-p"], "unknown argument: --model=1 x -p"),
        ([MODEL, "--port"], "argument --port: expected one argument"),
        ([MODEL, "--port=many"], "argument --port: invalid int value: 'many'"),
        (
            [MODEL, "--enable_batching=perhaps"],
            "argument --enable_batching: expected true or false, got 'perhaps'",
        ),
    ],
)
def test_flags_that_cannot_work_are_refused(arguments: list[str], message: str) -> None:
    """The sentence says which flag, and what is wrong with it."""
    with pytest.raises(ServingError) as caught:
        parse_flags(arguments)

    assert str(caught.value).startswith(f"INVALID_ARGUMENT: {message}")


def test_alts_is_refused() -> None:
    """Nothing is served in the clear to who asked for encryption."""
    with pytest.raises(ServingError, match="UNIMPLEMENTED: use_alts_credentials: there is no ALTS"):
        parse_flags([MODEL, "--use_alts_credentials"])


def test_a_socket_will_do_without_a_port() -> None:
    """The gRPC API may be offered to this machine only, by a path."""
    flags = parse_flags([MODEL, "--port=0", "--grpc_socket_path=/run/serving"])

    assert (flags.port, flags.grpc_socket_path) == (0, "/run/serving")


@pytest.mark.parametrize(
    ("arguments", "intra", "inter"),
    [
        ([], 0, 0),
        (["--tensorflow_session_parallelism=3"], 3, 3),
        (["--tensorflow_intra_op_parallelism=1"], 1, 0),
        (["--tensorflow_intra_op_parallelism=1", "--tensorflow_inter_op_parallelism=2"], 1, 2),
    ],
)
def test_threads_are_set_by_one_flag_or_by_two(
    arguments: list[str], intra: int, inter: int
) -> None:
    """The session's parallelism stands for both kinds of threads."""
    flags = parse_flags([MODEL, *arguments])

    assert (flags.intra_op_threads, flags.inter_op_threads) == (intra, inter)


def test_flags_without_effect_are_accepted_and_said_to_be() -> None:
    """Nobody believes in vain that a flag does something."""
    vain = ["--skip_initialize_tpu", "--enable_profiler=false", "--mixed_precision=bfloat16"]

    sentences = list(parse_flags([MODEL, *vain]).without_effect())

    assert sorted(sentence.partition(":")[0] for sentence in sentences) == [
        "--enable_profiler has no effect",
        "--mixed_precision has no effect",
        "--skip_initialize_tpu has no effect",
    ]


def test_flags_with_effect_are_not_mentioned() -> None:
    """A usual command line has nothing to be told."""
    assert list(parse_flags([MODEL, "--port=1", "--model_name=m"]).without_effect()) == []


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts read both lines, of the server and of TensorFlow; nothing is started."""
    with pytest.raises(SystemExit) as caught:
        parse_flags(["--version"])

    server, library = capsys.readouterr().out.splitlines()
    assert caught.value.code == 0
    assert re.fullmatch(r"TensorFlow ModelServer: \d+\.\d+\.\d+\S*", server)
    assert re.fullmatch(r"TensorFlow Library: \d+\.\d+\.\d+\S*", library)


def test_help_explains_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """Each flag has its line with its default."""
    with pytest.raises(SystemExit):
        parse_flags(["--help"])

    text = capsys.readouterr().out
    assert [name for name in Flags.__dataclass_fields__ if f"--{name}" not in text] == []
    assert "(default: 8500)" in text
