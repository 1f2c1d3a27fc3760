"""``python -m webapp gc``: delete old results and videos, and files that nothing is about."""

import argparse
from contextlib import closing

from webapp.commands.lines import say
from webapp.presentation.formatting import counted, file_size
from webapp.settings import Settings
from webapp.storage.annotated import AnnotatedVideos
from webapp.storage.originals import Originals
from webapp.storage.remove import Remover
from webapp.storage.retention import Limits, Retention, parse_age, parse_size
from webapp.storage.store import ResultStore


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "gc",
        help="delete results and videos by age or size, and files that nothing is about",
        description="Without a limit only files are removed that nothing is about.",
    )
    parser.add_argument("--older-than", metavar="AGE", help="delete what is past it: 12h, 30d, 8w")
    parser.add_argument(
        "--larger-than",
        metavar="SIZE",
        help="delete the oldest results and videos until files weigh no more: 500MB, 10GB",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    limits = Limits(
        age=parse_age(arguments.older_than) if arguments.older_than else None,
        size_bytes=parse_size(arguments.larger_than) if arguments.larger_than else None,
    )
    with closing(ResultStore(settings.database_url)) as results:
        originals = Originals(settings.originals)
        originals.prepare()
        retention = Retention(
            results.database,
            originals,
            Remover(results, originals),
            AnnotatedVideos(settings.originals),
        )
        done = retention.collect(limits, is_dry=arguments.dry_run)
    verb = "would be deleted" if arguments.dry_run else "deleted"
    videos = f", {counted(done.videos, 'video')}" if done.videos else ""
    strays = counted(done.strays, "stray file")
    say(f"{counted(done.results, 'result')}{videos} and {strays} {verb}.")
    say(f"That is {file_size(done.freed_bytes)}.")
