"""What each kind of error means: one table."""

from dataclasses import dataclass
from http import HTTPStatus

from werkzeug.exceptions import RequestEntityTooLarge

from stress import ForeignError, InUseError, LockError, PlanError, ReportError
from videos import NotAVideoError, VideoError
from vision import EmptyPictureError, PictureError, UnsupportedFormatError
from webapp.exceptions import (
    BadKeyError,
    BadLoginError,
    BodyTypeError,
    BusyError,
    CrossSiteError,
    ExtensionError,
    FieldError,
    FormTokenError,
    LoginNeededError,
    ModelGoneError,
    NoModelError,
    NoPictureError,
    NoVideoError,
    OriginalGoneError,
    QuotaError,
    ScopeError,
    StillRunningError,
    StorageError,
    StressOffError,
    TaskError,
    TooManyBytesError,
    TooManyExplanationsError,
    TooOftenError,
    UnexplainableError,
    UnfinishedExplanationError,
    UnknownExplanationError,
    UnknownResultError,
    UnknownSampleError,
    UnknownStressReportError,
    UnknownVideoError,
    VideoStateError,
)
from webapp.failures import FailureKind

_OTHER_PICTURE = "Choose another .jpg, .jpeg or .png picture."
_OTHER_VIDEO = "Choose another .mp4, .webm or .mov video."
NOTHING_KEPT = "Nothing was kept."
SEND_AGAIN = "Send it again in a moment."
_PICTURE_KEPT = "Your picture is kept as you sent it."
_NOTHING_CHANGED = "Nothing was changed."
_RESULT_KEPT = "The result is kept as it is."


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of error means.

    Attributes:
        status: HTTP status.
        title: What happened, in a few words.
        advice: What to do now.
        sentence: What happened, in a sentence; None takes the error's own.
        kept: What became of what was sent.
        retry_after_s: When to come back, in seconds; None for "not by itself".
    """

    status: HTTPStatus
    title: str
    advice: str
    sentence: str | None = None
    kept: str = ""
    retry_after_s: int | None = None


RULES: dict[type[Exception], Rule] = {
    NoPictureError: Rule(
        HTTPStatus.BAD_REQUEST, "No picture yet", _OTHER_PICTURE, kept=NOTHING_KEPT
    ),
    NoVideoError: Rule(HTTPStatus.BAD_REQUEST, "No video yet", _OTHER_VIDEO, kept=NOTHING_KEPT),
    NotAVideoError: Rule(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Not a video", _OTHER_VIDEO, kept=NOTHING_KEPT
    ),
    VideoError: Rule(
        HTTPStatus.UNPROCESSABLE_ENTITY, "Unusable video", _OTHER_VIDEO, kept=NOTHING_KEPT
    ),
    ExtensionError: Rule(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Not a picture file",
        _OTHER_PICTURE,
        kept=NOTHING_KEPT,
    ),
    BodyTypeError: Rule(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Wrong content type",
        "Send a form with a picture, or the picture itself.",
        kept=NOTHING_KEPT,
    ),
    TooManyBytesError: Rule(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "File too large",
        "Choose a smaller file.",
        kept=NOTHING_KEPT,
    ),
    RequestEntityTooLarge: Rule(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "File too large",
        "Choose a smaller file.",
        sentence="More was sent than a picture may weigh.",
        kept=NOTHING_KEPT,
    ),
    EmptyPictureError: Rule(
        HTTPStatus.BAD_REQUEST, "Empty file", _OTHER_PICTURE, kept=NOTHING_KEPT
    ),
    UnsupportedFormatError: Rule(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Not a picture", _OTHER_PICTURE, kept=NOTHING_KEPT
    ),
    PictureError: Rule(
        HTTPStatus.UNPROCESSABLE_ENTITY, "Unusable picture", _OTHER_PICTURE, kept=NOTHING_KEPT
    ),
    FieldError: Rule(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Unusable value",
        "Correct the value and send it again.",
        kept=_NOTHING_CHANGED,
    ),
    TaskError: Rule(
        HTTPStatus.CONFLICT,
        "Another kind of model",
        "Use the address, or the model, that fits.",
        kept=NOTHING_KEPT,
    ),
    StillRunningError: Rule(
        HTTPStatus.CONFLICT,
        "Still being worked on",
        "Send it again in a moment, with the same key.",
        kept=_NOTHING_CHANGED,
        retry_after_s=2,
    ),
    NoModelError: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "No model is installed",
        "Ask whoever runs this site to install one.",
        kept=NOTHING_KEPT,
    ),
    UnknownResultError: Rule(
        HTTPStatus.NOT_FOUND, "No such result", "Check the address, or look at a new picture."
    ),
    UnknownSampleError: Rule(
        HTTPStatus.NOT_FOUND, "No such sample", "Choose one of those on the start page."
    ),
    UnknownVideoError: Rule(
        HTTPStatus.NOT_FOUND, "No such video", "Check the address, or look at the list of videos."
    ),
    VideoStateError: Rule(
        HTTPStatus.CONFLICT,
        "Not possible now",
        "Look at the video again: it has changed meanwhile.",
        kept=_NOTHING_CHANGED,
    ),
    OriginalGoneError: Rule(
        HTTPStatus.GONE, "The original is gone", "Send the picture again to look at it anew."
    ),
    ModelGoneError: Rule(
        HTTPStatus.GONE,
        "The model is gone",
        "Ask another model about the same picture, or have this one installed again.",
        kept=_RESULT_KEPT,
    ),
    UnexplainableError: Rule(
        HTTPStatus.CONFLICT,
        "No explanation here",
        "Choose a model that can explain its answers.",
        kept=_RESULT_KEPT,
    ),
    UnknownExplanationError: Rule(
        HTTPStatus.NOT_FOUND, "No such explanation", "Ask for it at the result again."
    ),
    UnfinishedExplanationError: Rule(
        HTTPStatus.CONFLICT,
        "No explanation yet",
        "Look how far it is, or ask for it again.",
        kept=_RESULT_KEPT,
        retry_after_s=2,
    ),
    TooManyExplanationsError: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Too much to explain",
        "Try again when the others have had their turn.",
        kept=_RESULT_KEPT,
        retry_after_s=30,
    ),
    StressOffError: Rule(
        HTTPStatus.FORBIDDEN,
        "No stress runs here",
        "Ask whoever runs this site to set SIGHTLINE_STRESS=on.",
    ),
    ForeignError: Rule(
        HTTPStatus.FORBIDDEN,
        "The model server is elsewhere",
        "Where that is meant, set SIGHTLINE_STRESS=on.",
    ),
    LockError: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE, "No stress run now", "Tell whoever runs this site."
    ),
    PlanError: Rule(
        HTTPStatus.BAD_REQUEST, "This load is not possible", "Change it and start again."
    ),
    InUseError: Rule(
        HTTPStatus.CONFLICT,
        "One run at a time",
        "Wait until it is over, or stop it.",
        retry_after_s=30,
    ),
    ReportError: Rule(
        HTTPStatus.GONE,
        "No readable report",
        "Start another run.",
    ),
    UnknownStressReportError: Rule(
        HTTPStatus.NOT_FOUND, "No such report", "Choose one of the list of stress runs."
    ),
    CrossSiteError: Rule(
        HTTPStatus.FORBIDDEN,
        "Sent from another site",
        "Open this site itself and send it from there.",
        kept=NOTHING_KEPT,
    ),
    FormTokenError: Rule(
        HTTPStatus.FORBIDDEN,
        "This form is out of date",
        "Go back, reload the page and send the form again. Your browser has to allow cookies.",
        kept=_NOTHING_CHANGED,
    ),
    LoginNeededError: Rule(
        HTTPStatus.UNAUTHORIZED,
        "Please log in",
        "Log in, or send an API key in the header Authorization, as “Bearer” and the key.",
        kept=_NOTHING_CHANGED,
    ),
    BadKeyError: Rule(
        HTTPStatus.UNAUTHORIZED,
        "Unknown API key",
        "Ask whoever runs this site for a key.",
        kept=_NOTHING_CHANGED,
    ),
    BadLoginError: Rule(HTTPStatus.UNAUTHORIZED, "Not logged in", "Try again."),
    ScopeError: Rule(
        HTTPStatus.FORBIDDEN,
        "Not allowed",
        "Ask whoever runs this site for a key or a user with that scope.",
        kept=_NOTHING_CHANGED,
    ),
    TooOftenError: Rule(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "Wait a moment and send it again.",
        kept=_NOTHING_CHANGED,
    ),
    BusyError: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The site is busy",
        "Send it again in a moment.",
        kept=_NOTHING_CHANGED,
        retry_after_s=2,
    ),
    QuotaError: Rule(
        HTTPStatus.INSUFFICIENT_STORAGE,
        "Storage is full",
        "Delete results that are no longer needed, or ask whoever runs this site for more room.",
        kept=NOTHING_KEPT,
    ),
    StorageError: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Storage is not available",
        "Try again in a moment.",
        retry_after_s=30,
    ),
}

FAILURE_RULES: dict[FailureKind, Rule] = {
    FailureKind.UNFINISHED: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "No answer yet",
        "Look again in a moment, or ask the model now.",
        kept=_PICTURE_KEPT,
        retry_after_s=2,
    ),
    FailureKind.UNREACHABLE: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The model server is away",
        "Try again when it is back; nothing has to be uploaded again.",
        kept=_PICTURE_KEPT,
        retry_after_s=10,
    ),
    FailureKind.TOO_SLOW: Rule(
        HTTPStatus.GATEWAY_TIMEOUT,
        "The model server took too long",
        "Try again; nothing has to be uploaded again.",
        kept=_PICTURE_KEPT,
    ),
    FailureKind.NOT_SERVED: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "This model is not being served",
        "Try again when it is loaded, or choose another model for a new upload.",
        kept=_PICTURE_KEPT,
        retry_after_s=30,
    ),
    FailureKind.OVERLOADED: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The model server is busy",
        "Try again in a moment; nothing has to be uploaded again.",
        kept=_PICTURE_KEPT,
        retry_after_s=5,
    ),
    FailureKind.UNEXPECTED: Rule(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something broke on our side",
        "Try again; if it stays, tell whoever runs this site, with the reference below.",
        kept=_PICTURE_KEPT,
    ),
    FailureKind.BROKEN_ANSWER: Rule(
        HTTPStatus.BAD_GATEWAY,
        "The model gave no usable answer",
        "Tell whoever runs this site, with the reference below.",
        kept=_PICTURE_KEPT,
    ),
}

HTTP_RULES: dict[int, Rule] = {
    HTTPStatus.NOT_FOUND: Rule(
        HTTPStatus.NOT_FOUND,
        "Nothing here",
        "Check the address, or start with a picture.",
        sentence="There is no page at this address.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: Rule(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Not possible here",
        "Start with a picture instead.",
        sentence="This address does not take that kind of request.",
    ),
}
UNEXPECTED = Rule(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Something broke on our side",
    "Try again; if it stays, tell whoever runs this site, with the reference below.",
    sentence="This should not have happened, and it is in the log now.",
)
