"""How long a detector takes."""

from pathlib import Path

import pytest

from pipeline.evaluate.detector import FoundBox
from pipeline.evaluate.timing import Percentiles, TimedDetector


class Slow:
    """Takes as long as it says for decoding."""

    def __init__(self, decode_s: float | None) -> None:
        self.version: int | None = None
        self.decode_s: float | None = None
        self.is_closed = False
        self._decode_s = decode_s

    def detect(self, picture: Path) -> list[FoundBox]:
        self.version, self.decode_s = 4, self._decode_s
        return [FoundBox(picture.name, 1.0, (0.0, 0.0, 1.0, 1.0))]

    def close(self) -> None:
        self.is_closed = True


def test_decoding_is_told_from_the_call() -> None:
    """Whole, decoding and the rest come as percentiles; answers pass through."""
    slow, times = Slow(decode_s=0.25), iter([0.0, 1.0, 5.0, 7.0])
    timed = TimedDetector(slow, lambda: next(times))

    found = [timed.detect(Path(name))[0].label for name in ("a", "b")]
    timed.close()
    pace = timed.pace()

    assert found == ["a", "b"]
    assert timed.version == 4
    assert slow.is_closed
    assert (pace.whole.p50, pace.whole.p95) == pytest.approx((1.5, 1.95))
    assert pace.decode == Percentiles(0.25, 0.25)
    assert pace.predict is not None
    assert (pace.predict.p50, pace.predict.p95) == pytest.approx((1.25, 1.7))


def test_a_detector_that_does_not_decode_has_one_time() -> None:
    """Nobody knows what the other process did when."""
    times = iter([0.0, 1.0])
    timed = TimedDetector(Slow(decode_s=None), lambda: next(times))

    timed.detect(Path("a"))
    pace = timed.pace()

    assert pace.whole.p50 == 1.0
    assert pace.decode is None
    assert pace.predict is None
