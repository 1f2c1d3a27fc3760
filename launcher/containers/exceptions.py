"""What ends `make run-gpu`, `make run-cpu`, `make stop` and `make logs` early."""

__all__ = ["ContainersError"]


class ContainersError(Exception):
    """Containers cannot start, or did not stay up; the message is for the person who wanted it."""
