"""The form of a model that browsers run themselves."""

import re
from dataclasses import dataclass

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\.tflite")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BrowserForm:
    """A TFLite model beside a model's card, for browsers.

    Its input ``rgba`` is a canvas: uint8 [1, height, width, 4], transparent where no picture is.
    Where the size policy of the model is ``fit``, the picture fills the canvas from the top left
    corner until one of its sides is full; where it is ``stretch``, it is all of the canvas.
    Its outputs have the names that the card says; boxes are in fractions of the canvas.

    Attributes:
        file: File name, beside ``model.toml``, ending in ``.tflite``.
        sha256: SHA-256 of the file, 64 lower-case hexadecimal digits.
        version: The version of the model that it was made from, at least 1.
        width: Of the canvas, in pixels, at least 1.
        height: Of the canvas, in pixels, at least 1.

    Raises:
        ValueError: A value is out of range.
    """

    file: str
    sha256: str
    version: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if not _PLAIN_NAME.fullmatch(self.file):
            raise ValueError(f"file: expected a plain name ending in .tflite, got {self.file!r}")
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"sha256: expected 64 hexadecimal digits, got {self.sha256!r}")
        for name in ("version", "width", "height"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
