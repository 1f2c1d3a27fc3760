"""Where the time of a result went, as parts of a whole."""

from dataclasses import dataclass
from typing import Self

from webapp.results import StageTimes


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """One part.

    Attributes:
        name: What was done, for people.
        span_ms: How long it took.
        start_percent: Where it begins in a bar of everything, 0..100.
        share_percent: How much of the bar it takes, 0..100.
    """

    name: str
    span_ms: float
    start_percent: float
    share_percent: float


@dataclass(frozen=True, slots=True)
class TimeSpans:
    """All parts, in the order of a bar, and the whole."""

    parts: tuple[TimeSpan, ...]
    total_ms: float

    @classmethod
    def of(cls, times: StageTimes) -> Self:
        """Divide the whole; what no stage accounts for is the last part.

        Examples:
            >>> times = StageTimes(decode=2, store=3, encode=0.5, serve=20, parse=0.5, total=30)
            >>> [(part.name, part.share_percent) for part in TimeSpans.of(times).parts][-2:]
            [('Model server', 66.667), ('Everything else', 13.333)]
        """
        named = {
            "Reading the picture": times.decode,
            "Keeping it": times.store,
            "To bytes and back": times.encode + times.parse,
            "Model server": times.serve,
        }
        named["Everything else"] = max(times.total - sum(named.values()), 0.0)
        whole = sum(named.values()) or 1.0
        parts: list[TimeSpan] = []
        for name, span_ms in named.items():
            start = parts[-1].start_percent + parts[-1].share_percent if parts else 0.0
            share = round(span_ms / whole * 100, 3)
            parts.append(TimeSpan(name, span_ms, round(start, 3), share))
        return cls(tuple(parts), times.total)
