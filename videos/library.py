"""PyAV, imported when it is needed."""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from videos.exceptions import LibraryMissingError


def has_library() -> bool:
    """Tell whether PyAV is installed, without importing it."""
    try:
        return find_spec("av") is not None
    except ValueError:  # it was imported, or kept from that, in an unusual way
        return sys.modules.get("av") is not None


def need_library() -> ModuleType:
    """Import PyAV, which loads FFmpeg's libraries, and return it.

    Raises:
        LibraryMissingError: It is not installed.
    """
    try:
        return import_module("av")
    except ImportError as error:
        raise LibraryMissingError from error
