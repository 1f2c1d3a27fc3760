"""Passwords of people, kept so that guessing them is slow.

scrypt with 32 MiB and three rounds, as OWASP's Password Storage Cheat Sheet has it. One is checked
at a time, so that many logins at once cannot fill the memory.
"""

from functools import cache
from threading import Lock

from werkzeug.security import check_password_hash, generate_password_hash

from webapp.exceptions import CommandError

LENGTH_MIN = 10
LENGTH_MAX = 1000
_METHOD = "scrypt:32768:8:3"
_one_at_a_time = Lock()
# Checked where there is no such user, so that the answer takes as long as with one.
_NOBODY = generate_password_hash("nobody has this password", _METHOD)


def hash_password(password: str) -> str:
    """Return what is kept of a password.

    Raises:
        CommandError: It is shorter than 10 or longer than 1000 characters.
    """
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise CommandError(
            f"The password: expected {LENGTH_MIN} to {LENGTH_MAX} characters, got {len(password)}."
        )
    return generate_password_hash(password, _METHOD)


def is_password(password: str, kept: str | None) -> bool:
    """Return whether that is the password.

    Args:
        password: What somebody typed.
        kept: What :func:`hash_password` made of the right one; None where there is no such user,
            which takes as long and is never right.
    """
    with _one_at_a_time:
        is_right = check_password_hash(kept or _nobodys(), password[:LENGTH_MAX])
    return is_right and kept is not None


@cache
def _nobodys() -> str:
    """Return what is checked where there is no such user, so that it takes as long as with one."""
    return generate_password_hash("nobody has this password", _METHOD)
