"""An API key as a request shows it: in the header ``Authorization``, as "Bearer" and the key."""

from webapp.access.actors import Actor
from webapp.access.keys import ApiKeys
from webapp.exceptions import BadKeyError

_BEARER = "bearer"


def key_holder(authorization: str, keys: ApiKeys, *, address: str) -> Actor | None:
    """Return whose key that is; None where no key is shown.

    Args:
        authorization: The header, as it came; empty for none.
        keys: The keys that there are.
        address: The network address that the request came from.

    Raises:
        BadKeyError: The key is none of ours.
        StorageError: The database refused.
    """
    kind, _, secret = authorization.partition(" ")
    if kind.lower() != _BEARER:
        return None
    if not secret.strip().isascii():
        raise BadKeyError
    key = keys.find(secret.strip())
    return Actor(address, f"key {key.name}", key.scopes)
