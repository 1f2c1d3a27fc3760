"""What a request's method says about it."""

from flask import request

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_change() -> bool:
    """Return whether the current request asks for something to be changed."""
    return request.method not in _SAFE
