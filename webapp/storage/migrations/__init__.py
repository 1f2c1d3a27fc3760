"""The steps that bring a database to the tables of this version.

Each module of ``versions`` is one step, run once, in their order. Steps go forward only: the way
back is a copy of the database from before. :mod:`webapp.storage.tables` says what they come to, and
a test compares the two.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from webapp.exceptions import StorageError

_FOLDER = Path(__file__).parent
# Any number will do that no other program locks in the same PostgreSQL database.
_LOCK = 7_455_312_009


def upgrade(link: sa.Connection) -> None:
    """Run the steps that the database has not seen, all of them or none.

    Processes that start at the same time wait for each other.

    Args:
        link: A connection whose transactions may write.

    Raises:
        StorageError: A later version of the program has been here.
        SQLAlchemyError: The database refused.
    """
    with link.begin():
        if link.dialect.name == "postgresql":
            link.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        if MigrationContext.configure(link).get_current_revision() != newest():
            _run(link)


def newest() -> str | None:
    """Return the name of the last step."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _run(link: sa.Connection) -> None:
    config = _config()
    config.attributes["connection"] = link
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StorageError(
            "The database of SIGHTLINE_DATABASE_URL was made by a later version of this program. "
            "Start that one, or name another database."
        ) from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
