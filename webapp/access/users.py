"""The people who may log in, and their logins."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from webapp.access.actors import Scope, parse_scopes
from webapp.access.keys import check_name
from webapp.access.passwords import hash_password, is_password
from webapp.access.tokens import digest
from webapp.exceptions import BadLoginError, CommandError
from webapp.storage.database import Database
from webapp.storage.tables import LoginRow, UserRow


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in.

    Attributes:
        name: What they are called.
        scopes: What they may do.
    """

    name: str
    scopes: frozenset[Scope]


class Users:
    """The users in the database, and who of them is logged in.

    Args:
        database: Where they are.
        login_s: How long a login lasts, in seconds.
        now: Says what time it is, in UTC.
    """

    def __init__(
        self,
        database: Database,
        *,
        login_s: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._login = timedelta(seconds=login_s)
        self._now = now

    def add(self, name: str, password: str, scopes: frozenset[Scope]) -> None:
        """Add somebody.

        Raises:
            CommandError: The name or the password cannot be used, or the name is taken.
            StorageError: The database refused.
        """
        check_name(name)
        row = UserRow(
            name=name,
            password_hash=hash_password(password),
            scopes=" ".join(sorted(scopes)),
            created_at=self._now(),
        )
        with self._database.writing("The user") as session:
            if session.get(UserRow, name) is not None:
                raise CommandError(f"There is a user {name} already: remove them first.")
            session.add(row)

    def remove(self, name: str) -> None:
        """Remove somebody, and end all their logins at once.

        Raises:
            CommandError: There is nobody of that name.
            StorageError: The database refused.
        """
        with self._database.writing("The user", "removed") as session:
            row = session.get(UserRow, name)
            if row is None:
                raise CommandError(f"There is no user {name}.")
            session.execute(sa.delete(LoginRow).where(LoginRow.user_name == name))
            session.delete(row)

    def all(self) -> tuple[User, ...]:
        """Return everybody, by their names.

        Raises:
            StorageError: The database refused.
        """
        with self._database.reading("The list of users") as session:
            return tuple(map(_user, session.scalars(sa.select(UserRow).order_by(UserRow.name))))

    def log_in(self, name: str, password: str, secret: str) -> None:
        """Log somebody in.

        Args:
            name: Who they say they are.
            password: What is to prove it.
            secret: What their browser will show from now on.

        Raises:
            BadLoginError: There is no such user, or the password is another.
            StorageError: The database refused.
        """
        with self._database.reading("The user") as session:
            row = session.get(UserRow, name)
        if not is_password(password, row.password_hash if row else None):
            raise BadLoginError
        login = LoginRow(digest=digest(secret), user_name=name, ends_at=self._now() + self._login)
        with self._database.writing("The login") as session:
            session.execute(sa.delete(LoginRow).where(LoginRow.ends_at < self._now()))
            session.add(login)

    def find(self, secret: str) -> User | None:
        """Return whose login that is; None if it is none, or is over.

        Raises:
            StorageError: The database refused.
        """
        wanted = sa.select(UserRow).join(LoginRow, LoginRow.user_name == UserRow.name)
        is_theirs = (LoginRow.digest == digest(secret)) & (LoginRow.ends_at > self._now())
        with self._database.reading("The login") as session:
            row = session.scalar(wanted.where(is_theirs))
        return None if row is None else _user(row)

    def log_out(self, secret: str) -> None:
        """End a login, wherever its cookie may still lie.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing("The login", "ended") as session:
            session.execute(sa.delete(LoginRow).where(LoginRow.digest == digest(secret)))


def _user(row: UserRow) -> User:
    return User(row.name, parse_scopes(row.scopes.split()))
