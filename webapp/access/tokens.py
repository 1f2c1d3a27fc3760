"""Random secrets, and what is kept of them.

They have 256 random bits, so nobody finds one by trying, and SHA-256 is enough to keep: a slow hash
helps against guesses of what people choose, and would cost every request its time.
"""

import hashlib
import secrets

_BYTES = 32


def new_secret() -> str:
    """Return 256 random bits as 43 characters that a header or a cookie can carry."""
    return secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> str:
    """Return what is kept of a secret: enough to know it again, not enough to use it.

    Examples:
        >>> digest("a secret")[:16]
        '984ca5162200734c'
    """
    return hashlib.sha256(secret.encode()).hexdigest()
