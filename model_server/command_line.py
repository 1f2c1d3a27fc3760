"""The command line: what may stand on it, read into `Flags`."""

import argparse
from collections.abc import Sequence
from dataclasses import Field, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

from model_server.config import Flags
from model_server.status import Code, ServingError

_DISTRIBUTION = "sightline"
_TENSORFLOWS = ("tensorflow-cpu", "tensorflow")


def parse_flags(arguments: Sequence[str] | None = None) -> Flags:
    """Read the command line: `--flag=value` or `--flag value`; a switch needs no value.

    Args:
        arguments: What follows the program's name; `None` takes those of this process.

    Raises:
        ServingError: There is something that is no flag, or a value is not of the flag's type or
            makes no sense.
        SystemExit: The line asks for `--help` or `--version`, which were printed.

    Example:
        >>> flags = parse_flags(["--model_name=ssd", "--model_base_path", "/models/ssd"])
        >>> flags.model_name, flags.port
        ('ssd', 8500)
    """
    known, unknown = _parser().parse_known_args(arguments)
    if unknown:
        raise _invalid(f"unknown argument: {' '.join(unknown)}")
    return Flags(**vars(known))


def versions() -> str:
    """Say which versions of server and TensorFlow these are, in the form of the original.

    The server's starts with that of the TensorFlow Serving API it speaks.
    """
    api, ours = version("tensorflow-serving-api"), _version_of(_DISTRIBUTION)
    library = _version_of(*_TENSORFLOWS)
    return f"TensorFlow ModelServer: {api}+sightline.{ours}\nTensorFlow Library: {library}"


def _version_of(*distributions: str) -> str:
    """Return the version of the first distribution that is installed."""
    for name in distributions:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "unknown"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _invalid(message)


class _Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults, and prints the lines of the version as they are."""


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tensorflow_model_server",
        usage="%(prog)s --model_base_path=FOLDER | --model_config_file=FILE [--FLAG=VALUE ...]",
        description="Serve TensorFlow models over the API of TensorFlow Serving.",
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=versions(), help="Print the versions, and exit."
    )
    for flag in fields(Flags):
        _add_argument(parser, flag)
    return parser


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
