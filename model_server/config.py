"""The flags of the program: the original's names and defaults, and a few of our own."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any

from model_server.status import Code, ServingError

_THREADS = 4 * (os.cpu_count() or 1)


_PORT_MAX = 65535


def _flag(default: Any, doc: str, *, least: float | None = None) -> Any:
    return field(default=default, metadata={"doc": doc, "least": least})


@dataclass(frozen=True, slots=True)
class Flags:
    """What the program was started with; each field is a flag of the same name."""

    host: str = _flag("127.0.0.1", "Address to listen at, for both ports.")
    port: int = _flag(8500, "Port of the gRPC API.", least=0)
    rest_api_port: int = _flag(0, "Port of the HTTP/REST API; 0 is off.", least=0)
    model_name: str = _flag("default", "Name of the model in --model_base_path.")
    model_base_path: str = _flag("", "Folder of the numbered version folders of one model.")
    model_config_file: str = _flag(
        "", "Text-format ModelServerConfig that lists the models; wins over --model_base_path."
    )
    model_config_file_poll_wait_seconds: float = _flag(
        0, "Seconds between looks at --model_config_file for changes; 0 never looks again.", least=0
    )
    file_system_poll_wait_seconds: float = _flag(
        1, "Seconds between looks for new versions; 0 looks once, below 0 never."
    )
    max_num_load_retries: int = _flag(5, "How often to try again to load a version.", least=0)
    load_retry_interval_micros: int = _flag(
        60_000_000, "Microseconds between these tries.", least=0
    )
    allow_version_labels_for_unavailable_models: bool = _flag(
        False, "Let a new version label name a version that is not available yet."
    )
    saved_model_tags: str = _flag("serve", "Comma-separated tags of the graph to load.")
    tensorflow_intra_op_parallelism: int = _flag(
        0, "Threads within an operation; 0 is automatic.", least=0
    )
    tensorflow_inter_op_parallelism: int = _flag(
        0, "Operations run at once; 0 is automatic.", least=0
    )
    grpc_max_threads: int = _flag(_THREADS, "gRPC calls answered at once.", least=1)
    rest_api_num_threads: int = _flag(_THREADS, "HTTP requests answered at once.", least=1)
    enable_serialization_as_tensor_content: bool = _flag(
        False, "Answer in tensor_content, which is faster for clients that know it."
    )
    shutdown_grace_s: float = _flag(
        10.0, "Seconds that accepted calls may still take after SIGTERM or SIGINT.", least=0
    )

    def __post_init__(self) -> None:
        for flag in fields(self):
            value, least = getattr(self, flag.name), flag.metadata["least"]
            if least is not None and value < least:
                raise _invalid(f"--{flag.name} must be at least {least}, got {value}")
        for name in ("port", "rest_api_port"):
            if getattr(self, name) > _PORT_MAX:
                raise _invalid(f"--{name} must be at most {_PORT_MAX}, got {getattr(self, name)}")
        if not self.port:
            raise _invalid("--port must be set: port 0 means no gRPC API")
        if not self.model_base_path and not self.model_config_file:
            raise _invalid(
                "Both server_options.model_base_path and server_options.model_config_file "
                "are empty!"
            )


def parse_flags(arguments: Sequence[str] | None = None) -> Flags:
    """Parse the command line, `sys.argv` by default; prints and exits for `--help` and typos.

    Raises:
        ServingError: The flags contradict each other or are out of range.

    Example:
        >>> flags = parse_flags(["--model_name=ssd", "--model_base_path=/models/ssd"])
        >>> flags.model_name, flags.port
        ('ssd', 8500)
    """
    parser = argparse.ArgumentParser(
        prog="model_server",
        description="Serve TensorFlow models over the API of TensorFlow Serving.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    for flag in fields(Flags):
        _add_argument(parser, flag)
    return Flags(**vars(parser.parse_args(arguments)))


def _add_argument(parser: argparse.ArgumentParser, flag: "Field[Any]") -> None:
    common: dict[str, Any] = {"default": flag.default, "help": flag.metadata["doc"]}
    if flag.type is bool:  # both `--flag` and `--flag=false`
        parser.add_argument(f"--{flag.name}", nargs="?", const=True, type=_bool, **common)
    else:
        parser.add_argument(f"--{flag.name}", type=flag.type, **common)


def _bool(text: str) -> bool:
    """Read a truth value as the original does.

    Example:
        >>> _bool("true"), _bool("0")
        (True, False)
    """
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")
    return known[text.lower()]


def _invalid(message: str) -> ServingError:
    return ServingError(Code.INVALID_ARGUMENT, message)
