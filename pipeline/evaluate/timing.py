"""How long a detector takes for a picture."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from pipeline.evaluate.detector import Detector, FoundBox


@dataclass(frozen=True, slots=True)
class Percentiles:
    """What half and what nearly all pictures stay below, in seconds.

    Attributes:
        p50: The median.
        p95: The 95th percentile, between two pictures in proportion.
    """

    p50: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Return the percentiles of at least one time.

        >>> Percentiles.of([0.25, 0.75])
        Percentiles(p50=0.5, p95=0.725)
        """
        p50, p95 = np.percentile(seconds, [50, 95]).tolist()
        return cls(p50, p95)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a detector takes for a picture.

    Attributes:
        whole: From the file to the boxes.
        decode: Of that, reading and decoding; None where another process does it.
        predict: Of that, the rest: the call itself, with its outputs turned into boxes.
    """

    whole: Percentiles
    decode: Percentiles | None
    predict: Percentiles | None


class TimedDetector:
    """Passes pictures on to a detector and notes how long each took.

    Args:
        detector: Whom to ask; closed with this one.
        clock: Seconds since some moment.
    """

    def __init__(self, detector: Detector, clock: Callable[[], float] = time.perf_counter) -> None:
        self.version = detector.version
        self.decode_s = detector.decode_s
        self._detector = detector
        self._clock = clock
        self._whole_s: list[float] = []
        self._decode_s: list[float] = []

    def detect(self, picture: Path) -> list[FoundBox]:
        """See `Detector`."""
        started = self._clock()
        found = self._detector.detect(picture)
        self._whole_s.append(self._clock() - started)
        self.version, self.decode_s = self._detector.version, self._detector.decode_s
        if self.decode_s is not None:
            self._decode_s.append(self.decode_s)
        return found

    def pace(self) -> Pace:
        """Return the percentiles over all pictures so far, of which there must be one."""
        whole = Percentiles.of(self._whole_s)
        if len(self._decode_s) != len(self._whole_s):
            return Pace(whole, None, None)
        predict_s = np.subtract(self._whole_s, self._decode_s).tolist()
        return Pace(whole, Percentiles.of(self._decode_s), Percentiles.of(predict_s))

    def close(self) -> None:
        """See `Detector`."""
        self._detector.close()
