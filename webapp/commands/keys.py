"""``python -m webapp keys``: make, list and revoke API keys."""

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager

from webapp.access.actors import Scope, parse_scopes
from webapp.access.keys import ApiKeys
from webapp.commands.lines import say
from webapp.settings import Settings
from webapp.storage.database import Database


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its own commands."""
    parser = commands.add_parser("keys", help="make, list and revoke API keys")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a key, and show it this one time")
    create.add_argument("name", help="what to call it in lists and in the audit log")
    create.add_argument(
        "--scopes",
        default=f"{Scope.READ},{Scope.WRITE}",
        help="what it may do: read, write, delete, admin, with commas between them [%(default)s]",
    )
    create.set_defaults(run=_create)
    actions.add_parser("list", help="list the keys, without their secrets").set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="take a key out of use at once")
    revoke.add_argument("name")
    revoke.set_defaults(run=_revoke)


def _create(arguments: argparse.Namespace, settings: Settings) -> None:
    scopes = parse_scopes(arguments.scopes.split(","))
    with _keys(settings) as keys:
        say(keys.create(arguments.name, scopes))
    say("Keep it well: it is not shown again.", is_note=True)


def _list(_arguments: argparse.Namespace, settings: Settings) -> None:
    with _keys(settings) as keys:
        found = keys.all()
    for key in found:
        say(f"{key.name}\t{','.join(sorted(key.scopes))}\t{key.created_at:%Y-%m-%d %H:%M} UTC")


def _revoke(arguments: argparse.Namespace, settings: Settings) -> None:
    with _keys(settings) as keys:
        keys.revoke(arguments.name)
    say(f"The key {arguments.name} is revoked.")


@contextmanager
def _keys(settings: Settings) -> Iterator[ApiKeys]:
    with closing(Database(settings.database_url)) as database:
        yield ApiKeys(database)
