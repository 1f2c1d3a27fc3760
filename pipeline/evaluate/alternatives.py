"""Tools that a person would use instead of a model, by the names of the command line."""

from collections.abc import Callable
from typing import Protocol

from pipeline.evaluate.detector import Detector
from pipeline.exceptions import EvaluationError


class Alternative(Detector, Protocol):
    """A tool that finds codes without being trained.

    Attributes:
        title: Its name and version.
        labels: What it calls what it finds.
    """

    title: str
    labels: frozenset[str]


def alternative(name: str) -> Alternative:
    """Return the tool of that name.

    Raises:
        EvaluationError: Its library is not installed.
    """
    try:
        return ALTERNATIVES[name]()
    except ImportError as error:
        raise EvaluationError(f"Comparing with {name} needs a library: {error}.") from error


# The libraries are imported only where somebody wants to compare: each takes a moment to load.
def _opencv() -> Alternative:
    from pipeline.evaluate.opencv import OpenCvDetector  # noqa: PLC0415

    return OpenCvDetector()


def _zxing_cpp() -> Alternative:
    from pipeline.evaluate.zxing_cpp import ZxingCppDetector  # noqa: PLC0415

    return ZxingCppDetector()


ALTERNATIVES: dict[str, Callable[[], Alternative]] = {
    "opencv": _opencv,
    "zxing-cpp": _zxing_cpp,
}
