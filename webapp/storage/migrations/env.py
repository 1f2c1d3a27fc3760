"""What Alembic runs to run the steps, on the connection that it is handed."""

from alembic import context

from webapp.storage.tables import Base


def run() -> None:
    """Run the steps inside the transaction that the connection is in."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        transactional_ddl=True,  # SQLite has it, too, once transactions begin where we say
    )
    context.run_migrations()


if __name__ == "env_py":  # the name by which Alembic loads this file
    run()
