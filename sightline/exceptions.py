"""The errors of this package.

::

    SightlineError
    ├── UsageError             the command cannot be run as it was given: exit status 2
    │   └── CameraError        a camera cannot be used, or not any more
    └── PictureFailedError     one picture has no answer; the run goes on with the next one
        └── AwayError          because a server is away or busy: worth asking again
"""


class SightlineError(Exception):
    """Root of the errors that this package raises on purpose; ``str()`` is a sentence."""

    kind = "failed"


class UsageError(SightlineError):
    """The command cannot be run as it was given."""

    kind = "usage"


class CameraError(UsageError):
    """A camera cannot be used, or not any more.

    Args:
        sentence: Why, for people.
        kind: Why, for programs: one word.
    """

    def __init__(self, sentence: str, kind: str) -> None:
        super().__init__(sentence)
        self.kind = kind


class PictureFailedError(SightlineError):
    """One picture has no answer.

    Args:
        sentence: Why, for people.
        kind: Why, for programs: one word.
    """

    def __init__(self, sentence: str, kind: str) -> None:
        super().__init__(sentence)
        self.kind = kind


class AwayError(PictureFailedError):
    """A server is away or busy; the same question may be answered a moment later.

    Args:
        sentence: Why, for people.
        kind: Why, for programs: one word.
        pause_s: How long it asked to be left alone, seconds.
    """

    def __init__(self, sentence: str, kind: str, *, pause_s: float = 0.0) -> None:
        super().__init__(sentence, kind)
        self.pause_s = pause_s
