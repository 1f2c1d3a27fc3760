"""`python -m pipeline models`: list, fetch, remove, verify, config."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.table import Column, Table
from rich.text import Text

from pipeline.atomic_file import write_if_changed
from pipeline.catalogue import Catalogue, CatalogueEntry
from pipeline.download import Downloader
from pipeline.exceptions import PipelineError
from pipeline.install import choose_default, install
from pipeline.models_config import models_config
from pipeline.options import MIRROR_VARIABLE, Commands, repository_option
from pipeline.repository import CONFIG_FILE, Repository
from pipeline.sources import open_source
from pipeline.terminal import complain, say
from vision import ModelCard

_SHIPPED_CATALOGUE = Path(__file__).parent.parent / "model_repository" / "catalogue.toml"
_COLUMNS_OF_A_FILE = 200
_EXAMPLES = """\
examples:
  python -m pipeline models list
  python -m pipeline models fetch                           a small detector of everyday objects
  python -m pipeline models fetch efficientdet_d0_coco17    one you chose
  python -m pipeline models fetch mobilenet_v2 resnet50     classifiers, built with Keras
  python -m pipeline models fetch --mirror /srv/archives    without the internet
  python -m pipeline models verify
  python -m pipeline models config --base-path /models --output container.config
"""


def add_to(commands: Commands, environ: Mapping[str, str]) -> None:
    """Add the command `models` to a command line."""
    models = commands.add_parser(
        "models",
        help="list, fetch, verify and remove models",
        description="Fetch models from their publishers or a mirror, and look after them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = models.add_subparsers(title="commands", required=True, metavar="COMMAND")
    repository = repository_option(environ)
    catalogue = argparse.ArgumentParser(add_help=False)
    catalogue.add_argument(
        "--catalogue",
        type=Path,
        metavar="FILE",
        help="another catalogue; its label sets are in labels/ beside it",
    )
    listing = verbs.add_parser(
        "list", parents=[repository, catalogue], help="show which models there are"
    )
    listing.set_defaults(run=_list)
    _add_fetch(verbs, [repository, catalogue], environ)
    _add_remove(verbs, repository)
    verify = verbs.add_parser(
        "verify",
        parents=[repository],
        help="compare installed files with what was installed",
        description="Hash the files of installed models and report what changed since.",
    )
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: all models")
    verify.set_defaults(run=_verify)
    _add_config(verbs, repository)


def _add_fetch(
    verbs: Commands, parents: list[argparse.ArgumentParser], environ: Mapping[str, str]
) -> None:
    fetch = verbs.add_parser(
        "fetch",
        parents=parents,
        help="install models",
        description="Download, verify and install models; build and export those that are Keras "
        "applications. An interrupted download goes on where it stopped; a model that is "
        "installed and intact is left alone.",
    )
    fetch.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="models of the catalogue; default: the first of its defaults that the source has",
    )
    fetch.add_argument(
        "--mirror",
        metavar="PLACE",
        default=environ.get(MIRROR_VARIABLE) or None,
        help="folder or http(s) address with the archives and weights, or one such file; "
        "default: the publishers "
        f"({MIRROR_VARIABLE}; now %(default)s)",
    )
    fetch.set_defaults(run=_fetch)


def _add_remove(verbs: Commands, repository: argparse.ArgumentParser) -> None:
    remove = verbs.add_parser("remove", parents=[repository], help="delete installed models")
    remove.add_argument("names", nargs="+", metavar="NAME", help="installed models")
    remove.add_argument("--yes", action="store_true", help="do not ask, also on a terminal")
    remove.set_defaults(run=_remove)


def _add_config(verbs: Commands, repository: argparse.ArgumentParser) -> None:
    config = verbs.add_parser(
        "config",
        parents=[repository],
        help="write the models.config of the installed models",
        description="Write the file for --model_config_file of TensorFlow Serving or model_server.",
    )
    config.add_argument(
        "--base-path",
        type=_base_path,
        metavar="PATH",
        help="where the server sees the repository, such as /models in a container or gs://bucket",
    )
    config.add_argument(
        "--output",
        metavar="FILE",
        help=f"where to write; - is standard output; default: {CONFIG_FILE} in the repository, "
        "or standard output with --base-path",
    )
    config.set_defaults(run=_config)


def _base_path(text: str) -> str:
    if not text.startswith("/") and "://" not in text:
        raise argparse.ArgumentTypeError(f"{text!r} is neither absolute nor an address")
    return text


def _list(arguments: argparse.Namespace) -> int:
    entries = _catalogue(arguments).entries
    cards = {model.card.name: model for model in Repository(arguments.repository).installed()}
    columns = ("name", "task", "installed", "download", "licence", "summary")
    table = Table(*(Column(title, overflow="fold") for title in columns), box=None)
    for name in [*entries, *(name for name in cards if name not in entries)]:
        facts = entries[name] if name in entries else cards[name].card
        installed = f"version {cards[name].version}" if name in cards else "no"
        download = _download(facts)
        cells = (name, facts.task, installed, download, facts.licence, facts.summary)
        table.add_row(*map(Text, cells))
    Console(width=None if sys.stdout.isatty() else _COLUMNS_OF_A_FILE).print(table)
    return 0


def _download(facts: CatalogueEntry | ModelCard) -> str:
    """Return how much there is to download, for a list."""
    if isinstance(facts, ModelCard):
        return "bundled" if facts.is_bundled else "?"
    size_bytes = facts.files[0].size_bytes
    return decimal(size_bytes) if size_bytes else "?"


def _fetch(arguments: argparse.Namespace) -> int:
    catalogue = _catalogue(arguments)
    repository = Repository(arguments.repository)
    source = open_source(arguments.mirror, Downloader())
    names = list(dict.fromkeys(arguments.names))
    if not names:
        chosen, reason = choose_default(catalogue, source)
        say(reason)
        names = [chosen.name]
    console = Console(stderr=True)
    exit_code = 0
    with repository.writing():
        for name in names:
            try:
                if name not in catalogue.entries and repository.is_bundled(name):
                    say(_nothing_to_fetch(name, repository))
                    continue
                entry = catalogue.entry(name)
                labels = catalogue.labels(entry)
                say(install(entry, labels, source=source, repository=repository, console=console))
                repository.write_config()
            except (PipelineError, OSError) as error:
                complain(error)
                exit_code = 1
    return exit_code


def _nothing_to_fetch(name: str, repository: Repository) -> str:
    repository.check_intact(name)
    return f"{name} is bundled and intact; there is nothing to fetch."


def _remove(arguments: argparse.Namespace) -> int:
    repository = Repository(arguments.repository)
    with repository.writing():
        for name in arguments.names:
            repository.check_removable(name)
            if arguments.yes or not sys.stdin.isatty() or _agrees(f"Remove {name}?"):
                repository.remove(name)
                say(f"{name} is removed.")
            else:
                say(f"{name} is kept.")
    return 0


def _agrees(question: str) -> bool:
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def _verify(arguments: argparse.Namespace) -> int:
    repository = Repository(arguments.repository)
    exit_code = 0
    for name in arguments.names or repository.names():
        try:
            repository.check_intact(name)
            say(f"{name} is intact.")
        except PipelineError as error:
            complain(error)
            exit_code = 1
    return exit_code


def _config(arguments: argparse.Namespace) -> int:
    repository = Repository(arguments.repository)
    names = [model.card.name for model in repository.installed()]
    text = models_config(names, arguments.base_path or str(repository.root))
    # A list for another place never takes the place of our own.
    output = arguments.output or ("-" if arguments.base_path else None)
    if output == "-":
        say(text.rstrip("\n"))
        return 0
    repository.root.mkdir(parents=True, exist_ok=True)
    path = Path(output) if output else repository.root / CONFIG_FILE
    change = "written" if write_if_changed(path, text) else "up to date"
    say(f"{path} is {change}: {', '.join(names) or 'no models'}.")
    return 0


def _catalogue(arguments: argparse.Namespace) -> Catalogue:
    beside = arguments.repository / _SHIPPED_CATALOGUE.name
    return Catalogue.load(
        arguments.catalogue or (beside if beside.exists() else _SHIPPED_CATALOGUE)
    )
