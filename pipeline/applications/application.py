"""Which Keras application, with which arguments: all that its network follows from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

Argument: TypeAlias = bool | int | float | str

_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_OURS = frozenset(
    {"classifier_activation", "include_top", "input_shape", "input_tensor", "weights"}
)


@dataclass(frozen=True, slots=True)
class Application:
    """A network of `keras.applications`, with a classifier on top.

    Attributes:
        name: What Keras calls it, such as `"MobileNetV2"`.
        size: Side of the square picture that it looks at, in pixels, at least 1.
        arguments: What else it is built with, such as `{"alpha": 0.5, "classes": 10}`.
        last_conv: Name of the layer whose output heat maps are made of; None finds the last
            convolution by itself.

    Raises:
        ValueError: A value is out of range. Whether Keras knows such a network shows only when it
            is built.
    """

    name: str
    size: int
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    last_conv: str | None = None

    def __post_init__(self) -> None:
        if not _CLASS_NAME.fullmatch(self.name):
            raise ValueError(f"application must be a name such as MobileNetV2, got {self.name!r}")
        if self.size < 1:
            raise ValueError(f"size must be at least 1 pixel, got {self.size}")
        for name, value in self.arguments.items():
            if name in _OURS:
                raise ValueError(f"arguments.{name} is not for the catalogue to say")
            if not isinstance(value, bool | int | float | str):
                raise ValueError(  # noqa: TRY004  # the file is wrong, not the program
                    f"arguments.{name} must be a number or text, got {value!r}"
                )
        object.__setattr__(self, "arguments", MappingProxyType(dict(self.arguments)))

    def to_json(self) -> dict[str, Any]:
        """Return the arguments that make an equal one, for JSON."""
        return {
            "name": self.name,
            "size": self.size,
            "arguments": dict(self.arguments),
            "last_conv": self.last_conv,
        }
