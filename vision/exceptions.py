"""The errors of this package.

::

    VisionError
    ├── PictureError                 the file is at fault; str() is a sentence for its sender
    │   ├── EmptyPictureError        no bytes at all
    │   ├── UnsupportedFormatError   neither a JPEG nor a PNG that can be read
    │   ├── TruncatedPictureError    the file ends before the picture does
    │   ├── CorruptPictureError      a JPEG or PNG whose content is damaged
    │   └── TooManyPixelsError       more pixels than the limit allows
    ├── OutputsError                 a model's outputs are not those of its model card
    ├── LabelsError                  a labels file breaks the form of ``labels.txt``
    └── ModelCardError               a model card breaks the form of ``model.toml``
"""


class VisionError(Exception):
    """Root of the errors that this package raises on purpose."""


class PictureError(VisionError):
    """The bytes are no picture that can be used; ``str()`` tells their sender why."""


class EmptyPictureError(PictureError):
    """There are no bytes."""


class UnsupportedFormatError(PictureError):
    """The content is neither a JPEG nor a PNG that can be read."""


class TruncatedPictureError(PictureError):
    """The file ends before the picture does."""


class CorruptPictureError(PictureError):
    """The file is a JPEG or PNG by its first bytes, and damaged after them."""


class TooManyPixelsError(PictureError):
    """The picture holds more pixels than the limit allows."""


class OutputsError(VisionError):
    """A model's outputs are not the ones that its model card names."""


class LabelsError(VisionError):
    """A labels file breaks the form of ``labels.txt``."""


class ModelCardError(VisionError):
    """A model card breaks the form of ``model.toml``."""
