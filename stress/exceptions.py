"""The errors of this package; ``str()`` of each is a sentence.

::

    StressError
    ├── PlanError         the load makes no sense, or is beyond what is allowed
    ├── ForeignError      the target is not on this machine
    ├── InUseError        another stress run is in progress
    ├── LockError         nobody can tell whether another stress run is in progress
    └── ReportError       a document is no report of a stress run
"""

__all__ = [
    "ForeignError",
    "InUseError",
    "LockError",
    "PlanError",
    "ReportError",
    "StressError",
]


class StressError(Exception):
    """Root of the errors that this package raises on purpose."""


class PlanError(StressError):
    """The load makes no sense, or is beyond what is allowed."""


class ForeignError(StressError):
    """The target is not on this machine."""


class InUseError(StressError):
    """Another stress run is in progress."""


class LockError(StressError):
    """Nobody can tell whether another stress run is in progress."""


class ReportError(StressError):
    """A document is no report of a stress run."""
