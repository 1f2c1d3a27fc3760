"""The program: read the command line, do what it says, and say how that went."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from sightline import commands
from sightline.camera_feed import AvFeed
from sightline.cameras import Opener
from sightline.completion import script
from sightline.exceptions import PictureFailedError, UsageError
from sightline.grammar import parser
from sightline.screen import Screen
from sightline.stress import stress

_FAILED, _USAGE, _INTERRUPTED = 1, 2, 130


def main(
    argv: Sequence[str] | None = None,
    environ: Mapping[str, str] = os.environ,
    opener: Opener = AvFeed,
) -> int:
    """Run a command.

    Args:
        argv: The arguments; by default those of this process.
        environ: Where the `SIGHTLINE_*` variables are read.
        opener: Opens cameras.

    Returns:
        0 if all pictures have answers, 1 if some have none, 2 if the command makes no sense, 130
        if it was interrupted.
    """
    arguments = parser(environ).parse_args(argv)
    screen = Screen(as_json=arguments.json, is_quiet=arguments.quiet)
    try:
        return _run(arguments, environ, screen, opener)
    except UsageError as error:
        screen.error(error)
        return _USAGE
    except PictureFailedError as error:  # of a question that is about no picture
        screen.error(error)
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read the results has seen enough. Nothing is left to be flushed at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except OSError as error:
        screen.error(UsageError(f"{error.filename or 'The output'}: {error.strerror or error}."))
        return _FAILED


def _run(
    arguments: argparse.Namespace, environ: Mapping[str, str], screen: Screen, opener: Opener
) -> int:
    if arguments.command == "completion":
        sys.stdout.write(script(parser(environ), arguments.shell))
        return 0
    if arguments.command == "models":
        commands.list_models(arguments, environ)
        return 0
    if arguments.command == "stress":
        return stress(arguments, environ)
    tally = commands.look(arguments, environ, screen, opener)
    return _FAILED if tally.failed else 0
