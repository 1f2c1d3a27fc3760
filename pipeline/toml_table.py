"""Reading a TOML table key by key, so that whatever is wrong with it is named."""

from collections.abc import Mapping
from typing import Any, TypeVar

_ValueT = TypeVar("_ValueT", str, int, float, list[Any], dict[str, Any])


class TomlTable:
    """The keys of one table, taken one after the other.

    Args:
        table: What `tomllib` read.
        path: What messages put before a key, such as ``"resize."``.

    Examples:
        >>> table = TomlTable({"width": 300, "colour": "red"}, "resize.")
        >>> table.take("width", int)
        300
        >>> table.end()
        Traceback (most recent call last):
        ValueError: unknown key resize.colour
    """

    def __init__(self, table: Mapping[str, Any], path: str = "") -> None:
        self._left = dict(table)
        self._path = path

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def take(self, key: str, kind: type[_ValueT]) -> _ValueT:
        """Return the value of `key`, which must be there.

        Raises:
            ValueError: The key is missing, or its value is no `kind`.
        """
        value = self.take_if_present(key, kind)
        if value is None:
            raise ValueError(f"{self._path}{key} is missing")
        return value

    def take_if_present(self, key: str, kind: type[_ValueT]) -> _ValueT | None:
        """Return the value of `key`, or None where there is none; a whole number is a float too.

        Raises:
            ValueError: The value is no `kind`.
        """
        value = self._left.pop(key, None)
        if kind is float and type(value) is int:
            value = float(value)
        if value is not None and type(value) is not kind:
            raise ValueError(f"{self._path}{key} must be a {kind.__name__}, got {value!r}")
        return value

    def end(self) -> None:
        """Refuse keys that nobody took.

        Raises:
            ValueError: There are some.
        """
        for key in self._left:
            raise ValueError(f"unknown key {self._path}{key}")
