"""What can go wrong here, as a tree; every ``str()`` is a sentence for the person who asked.

::

    WebappError
    ├── SettingsError           a setting makes no sense
    ├── ListenError             the address cannot be listened on
    ├── UploadError             what was sent is no upload that can be accepted
    │   ├── NoPictureError        no file came with the request
    │   ├── NoVideoError          no video came with the request
    │   ├── ExtensionError        the file name does not end like that of a picture
    │   ├── TooManyBytesError     the file is larger than the limit
    │   └── BodyTypeError         the request's content type is none that carries a picture
    ├── FieldError              a value beside the picture makes no sense
    │   ├── ThresholdError        the threshold is no number from 0 to 1
    │   ├── UnknownModelError     no model of that name is installed
    │   ├── QueryError            a list of results cannot be asked for like that
    │   ├── UnknownClassError     the model knows no class of that id
    │   ├── UnknownDetectionError  the result has no such detection
    │   ├── OpacityError          the opacity is no number from 0 to 1
    │   ├── KeyFormError          an idempotency key has not the form of one
    │   └── OtherRequestError     an idempotency key was used for another request
    ├── StillRunningError       a request with the same key is being carried out
    ├── TaskError               the model or the result is of another kind than the address
    ├── NoModelError            no model is installed at all, or none of a kind
    ├── UnknownResultError      there is no result of that id
    ├── UnknownSampleError      there is no sample picture of that name
    ├── UnknownVideoError       there is no video of that id
    ├── VideoStateError         the video is not at the station that this takes
    ├── OriginalGoneError       the result is there, its original file is not
    ├── ModelGoneError          the model of a result is no longer installed
    ├── UnexplainableError      this answer cannot be explained
    ├── ExplanationFailedError  the model server did not explain
    ├── GlanceFailedError       the model server did not answer, and nothing was kept
    ├── UnknownExplanationError  there is no explanation of that id
    ├── UnfinishedExplanationError  the explanation is not there yet, or was cancelled
    ├── TooManyExplanationsError  too many explanations wait already
    ├── StressOffError          stress runs are switched off here
    ├── UnknownStressReportError  there is no stress run of that id
    ├── CrossSiteError          another site's page sent this request
    ├── FormTokenError          the form was not made by a page of ours for this browser
    ├── AccessError             whoever asks may not
    │   ├── LoginNeededError      nobody knows who asks
    │   ├── BadKeyError           the API key is none of ours, or was revoked
    │   ├── BadLoginError         the name or the password is wrong
    │   └── ScopeError            this key or user may do other things, not this
    ├── TooOftenError           one client asks more often than it may
    ├── BusyError               as much as fits is being worked on
    ├── QuotaError              there is no room for another picture
    ├── CommandError            a command for the operator makes no sense
    ├── StorageError            the disk or the database refused
    └── NoAnswerError           the picture is kept, and has no answer
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webapp.failures import Failure
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


class NoVideoError(UploadError):
    """No video came with the request."""


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


class QueryError(FieldError):
    """A list of results cannot be asked for like that."""


class UnknownClassError(FieldError):
    """The model knows no class of that id."""


class UnknownDetectionError(FieldError):
    """The result has no such detection."""


class OpacityError(FieldError):
    """The opacity is no number from 0 to 1."""


class KeyFormError(FieldError):
    """An idempotency key has not the form of one."""


class OtherRequestError(FieldError):
    """An idempotency key was used for another request."""

    def __init__(self) -> None:
        super().__init__("This idempotency key was sent with another request before.")


class StillRunningError(WebappError):
    """A request with the same idempotency key is being carried out."""

    def __init__(self) -> None:
        super().__init__("The same request was sent before, and is still being worked on.")


class TaskError(WebappError):
    """The model or the result is of another kind than the address."""


class NoModelError(WebappError):
    """No model is installed at all, or none of a kind.

    Args:
        kind: What it should be able to do, such as "detection"; empty for anything.
    """

    def __init__(self, kind: str = "") -> None:
        if kind:
            super().__init__(
                f"No model for {kind} is installed yet: `python -m pipeline models list` shows "
                f"which ones there are."
            )
        else:
            super().__init__("No model is installed yet: `make models` installs one.")


class UnknownResultError(WebappError):
    """There is no result of that id."""

    def __init__(self) -> None:
        super().__init__("There is no result at this address.")


class UnknownSampleError(WebappError):
    """There is no sample picture of that name."""

    def __init__(self) -> None:
        super().__init__("There is no sample picture at this address.")


class UnknownVideoError(WebappError):
    """There is no video of that id."""

    def __init__(self) -> None:
        super().__init__("There is no video at this address.")


class VideoStateError(WebappError):
    """The video is not at the station of its life that this takes."""


class OriginalGoneError(WebappError):
    """The result is there, its original file is not."""


class ModelGoneError(WebappError):
    """The model of a result is no longer installed."""


class UnexplainableError(WebappError):
    """This answer cannot be explained."""


class ExplanationFailedError(WebappError):
    """The model server did not explain an answer.

    Attributes:
        failure: What went wrong.
    """

    def __init__(self, failure: "Failure") -> None:
        super().__init__(failure.sentence)
        self.failure = failure


class GlanceFailedError(WebappError):
    """The model server did not answer about a picture of which nothing is kept.

    Attributes:
        failure: What went wrong.
    """

    def __init__(self, failure: "Failure") -> None:
        super().__init__(failure.sentence)
        self.failure = failure


class UnknownExplanationError(WebappError):
    """There is no explanation of that id."""

    def __init__(self) -> None:
        super().__init__("There is no explanation at this address, or not any more.")


class UnfinishedExplanationError(WebappError):
    """The explanation is not there yet, or was cancelled.

    Args:
        is_cancelled: Whether it will never be there.
    """

    def __init__(self, *, is_cancelled: bool) -> None:
        rest = "was cancelled" if is_cancelled else "is still being worked on"
        super().__init__(f"This explanation {rest}.")


class TooManyExplanationsError(WebappError):
    """Too many explanations wait already."""

    def __init__(self) -> None:
        super().__init__("Too many explanations are waiting to be worked on.")


class StressOffError(WebappError):
    """Stress runs are switched off here."""

    def __init__(self) -> None:
        super().__init__(
            "Stress runs are possible where only this machine reaches the site, or where "
            "whoever runs it has switched them on."
        )


class UnknownStressReportError(WebappError):
    """There is no stress run of that id."""

    def __init__(self) -> None:
        super().__init__("There is no stress report at this address, or not any more.")


class CrossSiteError(WebappError):
    """Another site's page sent this request."""


class FormTokenError(WebappError):
    """The form was not made by a page of ours for this browser."""

    def __init__(self) -> None:
        super().__init__("This form does not belong to the page that your browser was shown last.")


class AccessError(WebappError):
    """Whoever asks may not."""


class LoginNeededError(AccessError):
    """Nobody knows who asks."""

    def __init__(self) -> None:
        super().__init__("This site answers only those it knows.")


class BadKeyError(AccessError):
    """The API key is none of ours, or was revoked."""

    def __init__(self) -> None:
        super().__init__("The API key is not known here, or was revoked.")


class BadLoginError(AccessError):
    """The name or the password is wrong; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("The name or the password is wrong.")


class ScopeError(AccessError):
    """This key or user may do other things, not this."""


class TooOftenError(WebappError):
    """One client asks more often than it may.

    Attributes:
        retry_after_s: When it may ask again, in seconds.
    """

    def __init__(self, wait_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(wait_s))
        super().__init__(f"You may ask again in {self.retry_after_s} s.")


class BusyError(WebappError):
    """As much as fits is being worked on."""

    def __init__(self) -> None:
        super().__init__("As many pictures as this site can handle are being looked at.")


class QuotaError(WebappError):
    """There is no room for another picture."""


class CommandError(WebappError):
    """A command for the operator makes no sense."""


class StorageError(WebappError):
    """The disk or the database refused."""


class NoAnswerError(WebappError):
    """A picture is kept and has no answer.

    Attributes:
        result: The stored result, with what went wrong and when.
    """

    def __init__(self, result: "Result") -> None:
        super().__init__(result.failure_sentence)
        self.result = result
