"""What only this front refuses; all else is in `webapp.exceptions`.

::

    FrontError
    ├── MessageError         a field of a message makes no sense
    ├── TooManyStreamsError  as many streams as fit are open
    ├── QuietStreamError     a stream sends no frames
    └── StoppingError        the server is about to stop
"""

from typing import ClassVar

import grpc

from webapp.exceptions import WebappError


class FrontError(WebappError):
    """Root of these errors.

    Attributes:
        code: The status that a call ends with.
        retry_after_s: When to come back, in seconds; None for "not by itself".
    """

    code: ClassVar[grpc.StatusCode]
    retry_after_s: ClassVar[int | None] = None


class MessageError(FrontError):
    """A field of a message makes no sense.

    Attributes:
        field: Its path in the message, such as "picture.rgb.data".
    """

    code = grpc.StatusCode.INVALID_ARGUMENT

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class TooManyStreamsError(FrontError):
    """As many streams as fit are open."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("As many streams as this site can handle are open.")


class QuietStreamError(FrontError):
    """A stream sends no frames."""

    code = grpc.StatusCode.ABORTED

    def __init__(self, idle_s: float) -> None:
        super().__init__(f"No message came for {idle_s:g} s: open a stream when there are frames.")


class StoppingError(FrontError):
    """The server is about to stop."""

    code = grpc.StatusCode.UNAVAILABLE
    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("The server is stopping: all frames it took are answered, open another.")
