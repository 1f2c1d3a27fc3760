"""What may stand on the command line."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from serving_client._cli import bench, commands, completion
from serving_client._cli.session import Command
from serving_client._environment import ENVIRONMENT
from serving_client._target import Target
from serving_client._values import DEFAULT_SIGNATURE
from serving_client.exceptions import ConfigError

__all__ = ["COMMANDS", "USAGE", "Entry", "parser", "with_default"]

USAGE = 2
"""Exit status of a command line that makes no sense."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A command.

    Attributes:
        run: what it does.
        text: what it is for.
        adders: what may stand behind its name, group by group.
    """

    run: Command
    text: str
    adders: tuple[Callable[[argparse.ArgumentParser], object], ...]


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--target", type=_target, metavar="TARGET", help="where the server is")
    command.add_argument("--timeout", type=float, metavar="S", help="seconds for each call")
    command.add_argument(
        "--header",
        action="append",
        default=[],
        type=_header,
        metavar="NAME=VALUE",
        help="tell the server that, too; may be repeated",
    )
    command.add_argument(
        "--token-file", type=Path, metavar="FILE", help="show the server the token in it"
    )
    command.add_argument("--json", action="store_true", help="answer with a JSON object")


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model", metavar="NAME", help="default: the first one in the repository's models.config"
    )
    version = command.add_mutually_exclusive_group()
    version.add_argument("--version", type=int, metavar="N", help="default: the newest")
    version.add_argument("--label", metavar="NAME", help="the version with that label")


def _add_signature(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--signature",
        default=DEFAULT_SIGNATURE,
        metavar="NAME",
        help=f"the function of the model to run (default: {DEFAULT_SIGNATURE})",
    )


def _add_image(command: argparse.ArgumentParser) -> None:
    command.add_argument("--image", type=Path, metavar="FILE", help="a picture as the input")


def _add_inputs(command: argparse.ArgumentParser) -> None:
    command.add_argument("--inputs", type=Path, metavar="FILE", help="named tensors, .npz or .json")


def _add_files_by_turns(command: argparse.ArgumentParser) -> None:
    for name, text in (("--image", "pictures"), ("--inputs", "named tensors, .npz or .json")):
        command.add_argument(
            name,
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help=f"{text}; may be repeated, files take turns",
        )


def _add_outputs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="NAME",
        help="wanted output; may be repeated (default: all)",
    )


def _add_save(command: argparse.ArgumentParser) -> None:
    command.add_argument("--save", type=Path, metavar="FILE.npz", help="write the outputs there")


def _add_examples(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--examples", type=Path, metavar="FILE.json", required=True, help="the examples"
    )


def _add_shell(command: argparse.ArgumentParser) -> None:
    command.add_argument("shell", choices=completion.SHELLS)


def _add_models(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "models",
        nargs="*",
        type=_pair,
        metavar="NAME=PATH",
        help="a model and its folder on the server; models that are not named are unloaded",
    )
    command.add_argument(
        "--config",
        type=Path,
        metavar="FILE.json",
        help="the same from a file, with versions if you like",
    )


def _add_load(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--concurrency", type=int, default=8, metavar="N", help="calls at once (default: 8)"
    )
    command.add_argument(
        "--rate",
        type=float,
        metavar="R",
        help="begin R calls a second, whatever becomes of them; default: as fast as answers come",
    )
    command.add_argument(
        "--duration", type=float, metavar="S", help="seconds to measure (default: 10)"
    )
    command.add_argument("--count", type=int, metavar="N", help="calls to measure, at most")
    command.add_argument(
        "--warm-up", type=float, default=1.0, metavar="S", help="seconds before that (default: 1)"
    )
    command.add_argument(
        "--batch",
        type=int,
        default=1,
        metavar="N",
        help="first size of made-up inputs (default: 1)",
    )
    command.add_argument(
        "--async", dest="is_async", action="store_true", help="with asyncio in place of threads"
    )


def _add_report(command: argparse.ArgumentParser) -> None:
    command.add_argument("--save", type=Path, metavar="FILE.json", help="write the report there")
    command.add_argument(
        "--html", type=Path, metavar="FILE.html", help="write it as a page with plots, too"
    )


def _target(text: str) -> Target:
    try:
        return Target.parse(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not name or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH")
    return name, value


def _header(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError("a header is NAME=VALUE")
    return name, value


_ASKED = (_add_common, _add_model)

COMMANDS: Mapping[str, Entry] = {
    "smoke": Entry(
        commands.smoke,
        "connect, show a model, send it one request",
        (*_ASKED, _add_signature, _add_image),
    ),
    "status": Entry(commands.status, "the versions of a model and their states", _ASKED),
    "metadata": Entry(commands.metadata, "the signatures of a model", _ASKED),
    "predict": Entry(
        commands.predict,
        "send tensors, show or save the outputs",
        (*_ASKED, _add_signature, _add_image, _add_inputs, _add_outputs, _add_save),
    ),
    "classify": Entry(
        commands.classify,
        "send examples, show their classes",
        (*_ASKED, _add_signature, _add_examples),
    ),
    "regress": Entry(
        commands.regress,
        "send examples, show their values",
        (*_ASKED, _add_signature, _add_examples),
    ),
    "bench": Entry(
        bench.bench,
        "send many requests, measure how long they take",
        (*_ASKED, _add_signature, _add_files_by_turns, _add_outputs, _add_load, _add_report),
    ),
    "wait": Entry(commands.wait, "wait until a model is available", _ASKED),
    "reload": Entry(
        commands.reload,
        "replace the set of models that the server serves",
        (_add_common, _add_models),
    ),
    "completion": Entry(
        completion.completion, "print a script that completes commands in a shell", (_add_shell,)
    ),
}


def parser(program: str = "sightline-client") -> argparse.ArgumentParser:
    """The grammar of the command line.

    Args:
        program: how it was called.
    """
    top = _Parser(
        prog=program,
        description="Talks to TensorFlow Serving, or to a model server that is compatible.",
        epilog=_environment_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found = top.add_subparsers(metavar="COMMAND", title="commands (default: smoke)")
    for name, entry in COMMANDS.items():
        description = f"{entry.text.capitalize()}."
        command = found.add_parser(name, help=entry.text, description=description)
        command.set_defaults(run=entry.run, command=name, grammar=top)
        for add in entry.adders:
            add(command)
    return top


def _environment_help() -> str:
    rows = (
        f"  {name:<42}{each.doc} (default: {each.default})" for name, each in ENVIRONMENT.items()
    )
    statuses = "exit status: 0 all is well, 1 the call failed, 2 the command line makes no sense"
    return "\n".join((f"{statuses}\n", "environment variables:", *rows))


def with_default(arguments: Sequence[str]) -> list[str]:
    """The arguments, with the command that is meant where none is said."""
    given = list(arguments)
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help"}):
        given.insert(0, "smoke")
    return given
