"""The API keys: made, found, listed and revoked."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from webapp.access.actors import Scope, parse_scopes
from webapp.access.tokens import digest, new_secret
from webapp.exceptions import BadKeyError, CommandError
from webapp.storage.database import Database
from webapp.storage.tables import KeyRow

PREFIX = "sightline_"
"""What every key begins with, so that people and programs that look for leaks know one."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret.

    Attributes:
        name: What the operator calls it.
        scopes: What may be done with it.
        created_at: When it was made, in UTC.
    """

    name: str
    scopes: frozenset[Scope]
    created_at: datetime


class ApiKeys:
    """The keys in the database.

    Args:
        database: Where they are.
        now: Says what time it is, in UTC.
    """

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    def create(self, name: str, scopes: frozenset[Scope]) -> str:
        """Make a key, and return it: this is the only time that anybody sees it.

        Args:
            name: 1 to 64 letters, digits, dots, dashes and underscores.
            scopes: What may be done with it.

        Raises:
            CommandError: The name cannot be used, or is taken.
            StorageError: The database refused.
        """
        check_name(name)
        secret = PREFIX + new_secret()
        row = KeyRow(
            name=name,
            digest=digest(secret),
            scopes=" ".join(sorted(scopes)),
            created_at=self._now(),
        )
        with self._database.writing("The key") as session:
            if session.get(KeyRow, name) is not None:
                raise CommandError(f"There is a key {name} already: revoke it, or choose a name.")
            session.add(row)
        return secret

    def find(self, secret: str) -> ApiKey:
        """Return the key that this is.

        Raises:
            BadKeyError: It is none.
            StorageError: The database refused.
        """
        wanted = sa.select(KeyRow).where(KeyRow.digest == digest(secret))
        with self._database.reading("The API key") as session:
            row = session.scalar(wanted)
        if row is None:
            raise BadKeyError
        return _key(row)

    def all(self) -> tuple[ApiKey, ...]:
        """Return all keys, by their names.

        Raises:
            StorageError: The database refused.
        """
        with self._database.reading("The list of keys") as session:
            return tuple(map(_key, session.scalars(sa.select(KeyRow).order_by(KeyRow.name))))

    def revoke(self, name: str) -> None:
        """Take a key out of use, at once.

        Raises:
            CommandError: There is none of that name.
            StorageError: The database refused.
        """
        with self._database.writing("The key", "revoked") as session:
            row = session.get(KeyRow, name)
            if row is None:
                raise CommandError(f"There is no key {name}.")
            session.delete(row)


def check_name(name: str) -> None:
    """Check the name of a key or a user.

    Raises:
        CommandError: It cannot be used.
    """
    if not _NAME.fullmatch(name):
        raise CommandError(
            f"The name: expected 1 to 64 letters, digits, dots, dashes and underscores, got "
            f"{name!r}."
        )


def _key(row: KeyRow) -> ApiKey:
    return ApiKey(row.name, parse_scopes(row.scopes.split()), row.created_at)
