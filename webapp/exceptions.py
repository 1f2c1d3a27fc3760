"""What can go wrong here, as a tree; every ``str()`` is a sentence for the person who asked.

::

    WebappError
    ├── SettingsError           a setting makes no sense
    ├── ListenError             the address cannot be listened on
    ├── UploadError             what was sent is no upload that can be accepted
    │   ├── NoPictureError        no file came with the request
    │   ├── ExtensionError        the file name does not end like that of a picture
    │   ├── TooManyBytesError     the file is larger than the limit
    │   └── BodyTypeError         the request's content type is none that carries a picture
    ├── FieldError              a value beside the picture makes no sense
    │   ├── ThresholdError        the threshold is no number from 0 to 1
    │   └── UnknownModelError     no model of that name is installed
    ├── NoModelError            no model is installed at all
    ├── UnknownResultError      there is no result of that id
    ├── UnknownSampleError      there is no sample picture of that name
    ├── OriginalGoneError       the result is there, its original file is not
    ├── CrossSiteError          another site's page sent this request
    ├── StorageError            the disk or the database refused
    └── DetectionFailedError    the picture is kept, and has no answer
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webapp.results import Result


class WebappError(Exception):
    """Root of the errors that this package raises on purpose."""


class SettingsError(WebappError):
    """A setting makes no sense; the message has its variable, expected and actual."""


class ListenError(WebappError):
    """The address cannot be listened on."""


class UploadError(WebappError):
    """What was sent is no upload that can be accepted."""


class NoPictureError(UploadError):
    """No file came with the request."""


class ExtensionError(UploadError):
    """The file name does not end like that of a picture."""


class TooManyBytesError(UploadError):
    """The file is larger than the limit."""


class BodyTypeError(UploadError):
    """The request's content type is none that carries a picture."""


class FieldError(WebappError):
    """A value beside the picture makes no sense."""


class ThresholdError(FieldError):
    """The threshold is no number from 0 to 1."""


class UnknownModelError(FieldError):
    """No model of that name is installed."""


class NoModelError(WebappError):
    """No model is installed at all."""

    def __init__(self) -> None:
        super().__init__("No model is installed yet: `make models` installs one.")


class UnknownResultError(WebappError):
    """There is no result of that id."""

    def __init__(self) -> None:
        super().__init__("There is no result at this address.")


class UnknownSampleError(WebappError):
    """There is no sample picture of that name."""

    def __init__(self) -> None:
        super().__init__("There is no sample picture at this address.")


class OriginalGoneError(WebappError):
    """The result is there, its original file is not."""


class CrossSiteError(WebappError):
    """Another site's page sent this request."""


class StorageError(WebappError):
    """The disk or the database refused."""


class DetectionFailedError(WebappError):
    """A picture is kept and has no answer.

    Attributes:
        result: The stored result, with what went wrong and when.
    """

    def __init__(self, result: "Result") -> None:
        super().__init__(result.failure_sentence)
        self.result = result
