"""``python -m webapp users``: add, list and remove the people who may log in."""

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from webapp.access.actors import Scope, parse_scopes
from webapp.access.users import Users
from webapp.commands.lines import say
from webapp.exceptions import CommandError
from webapp.settings import Settings
from webapp.storage.database import Database


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its own commands."""
    parser = commands.add_parser("users", help="add, list and remove those who may log in")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", help="add somebody; asks for a password, or reads one line")
    add.add_argument("name")
    add.add_argument(
        "--scopes",
        default=f"{Scope.READ},{Scope.WRITE},{Scope.DELETE}",
        help="what they may do: read, write, delete, admin, with commas between them [%(default)s]",
    )
    add.set_defaults(run=_add)
    actions.add_parser("list", help="list them").set_defaults(run=_list)
    remove = actions.add_parser("remove", help="remove somebody, and log them out at once")
    remove.add_argument("name")
    remove.set_defaults(run=_remove)


def _add(arguments: argparse.Namespace, settings: Settings) -> None:
    scopes = parse_scopes(arguments.scopes.split(","))
    with _users(settings) as users:
        users.add(arguments.name, _read_password(), scopes)
    say(f"{arguments.name} may log in now.")


def _list(_arguments: argparse.Namespace, settings: Settings) -> None:
    with _users(settings) as users:
        found = users.all()
    for user in found:
        say(f"{user.name}\t{','.join(sorted(user.scopes))}")


def _remove(arguments: argparse.Namespace, settings: Settings) -> None:
    with _users(settings) as users:
        users.remove(arguments.name)
    say(f"{arguments.name} is removed and logged out.")


def _read_password() -> str:
    """Ask for a password twice at a terminal; else read a line, so that a script can give it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise CommandError("The two passwords differ; nobody was added.")
    return password


@contextmanager
def _users(settings: Settings) -> Iterator[Users]:
    with closing(Database(settings.database_url)) as database:
        yield Users(database, login_s=0)
