"""The command line: `python -m pipeline`."""

import argparse
import os
from collections.abc import Mapping, Sequence

from pipeline import models_cli
from pipeline.browser import cli as browser_cli
from pipeline.codes import cli as codes_cli
from pipeline.evaluate import cli as evaluate_cli
from pipeline.exceptions import PipelineError
from pipeline.optimise import cli as optimise_cli
from pipeline.terminal import complain

_INTERRUPTED = 130  # what shells report for a program ended by SIGINT


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run a command and return its exit code: 0, or 1 after an error.

    Args:
        argv: The arguments; by default those of this process.
        environ: Where the `SIGHTLINE_*` variables are read.

    Raises:
        SystemExit: With 2 after wrong usage, with 0 after `--help`.
    """
    arguments = _parser(environ).parse_args(argv)
    try:
        exit_code: int = arguments.run(arguments)
    except (PipelineError, OSError) as error:
        complain(error)
        return 1
    except KeyboardInterrupt:
        complain(PipelineError("Interrupted; nothing is left half done."))
        return _INTERRUPTED
    return exit_code


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="Bring models into the repository that the servers read, make one, and "
        "measure them.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    models_cli.add_to(commands, environ)
    evaluate_cli.add_to(commands, environ)
    optimise_cli.add_to(commands, environ)
    browser_cli.add_to(commands, environ)
    codes_cli.add_to(commands, environ)
    return parser
