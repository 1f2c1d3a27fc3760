"""Keeping no more than wanted: results by age or size go, and files that no result is about."""

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from webapp.exceptions import CommandError, UnknownVideoError
from webapp.storage.annotated import AnnotatedVideos
from webapp.storage.database import Database
from webapp.storage.originals import Originals
from webapp.storage.remove import Remover
from webapp.storage.tables import ResultRow, VideoRow
from webapp.storage.videos import VideoStore
from webapp.videos.removal import VideoRemover

_AGE = re.compile(r"(\d+)\s*([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
# More would not fit into a date.
_DIGITS_MAX = 5
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)", re.IGNORECASE)
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
# An upload of this moment has a file before it has a row.
_YOUNG_S = 3600.0
_AT_ONCE = 200
ACTOR = "retention (gc)"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept.

    Attributes:
        age: Older results and videos go; None keeps them.
        size_bytes: What all files may weigh together; the oldest results and videos go first. None
            is any.
    """

    age: timedelta | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """What went, or would go.

    Attributes:
        results: How many results.
        videos: How many videos.
        strays: How many files without a result or a video.
        freed_bytes: What all these files weigh, in bytes.
    """

    results: int
    videos: int
    strays: int
    freed_bytes: int


class _Row(NamedTuple):
    """What decides about a result or a video.

    ``original_bytes`` of a video are those of its copy with boxes, too.
    """

    created_at: datetime
    id: str
    original_name: str
    original_bytes: int
    is_video: bool


class Retention:
    """Deletes what is past its time.

    Args:
        database: Where rows are.
        originals: Where files are.
        remover: Deletes them.
        annotated: Where copies of videos with boxes are.
        now: Says what time it is, in UTC.
    """

    def __init__(
        self,
        database: Database,
        originals: Originals,
        remover: Remover,
        annotated: AnnotatedVideos,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._originals = originals
        self._remover = remover
        self._annotated = annotated
        self._video_remover = VideoRemover(VideoStore(database), remover, annotated)
        self._now = now

    def collect(self, limits: Limits, *, is_dry: bool = False) -> Collected:
        """Delete what is past the limits, and files that no result or video is about.

        Args:
            limits: What is kept.
            is_dry: Whether only to count.

        Raises:
            StorageError: The database refused; what was deleted until then is gone.
        """
        rows = self._rows()
        strays = self._strays(rows)
        doomed = _past(rows, limits, self._now())
        freed_bytes = sum(path.stat().st_size for path in strays) + _freed(rows, len(doomed))
        if not is_dry:
            self._remove(doomed)
            for path in strays:
                path.unlink(missing_ok=True)
        videos = sum(row.is_video for row in doomed)
        return Collected(len(doomed) - videos, videos, len(strays), freed_bytes)

    def _rows(self) -> list[_Row]:
        """Return all results and videos, the oldest first."""
        results = sa.select(
            ResultRow.created_at, ResultRow.id, ResultRow.original_name, ResultRow.original_bytes
        )
        weight = VideoRow.original_bytes + VideoRow.annotated_bytes
        videos = sa.select(VideoRow.created_at, VideoRow.id, VideoRow.original_name, weight)
        with self._database.reading("The list of results") as session:
            rows = [_Row(*row, is_video=False) for row in session.execute(results)]
            rows += [_Row(*row, is_video=True) for row in session.execute(videos)]
        return sorted(rows)

    def _strays(self, rows: Sequence[_Row]) -> list[Path]:
        """Return files that nothing is about; not the young ones, whose rows are to come."""
        newest_s = self._now().timestamp() - _YOUNG_S
        names = {row.original_name for row in rows}
        videos = {row.id for row in rows if row.is_video}
        strays = [path for path in self._originals.files() if path.name not in names]
        for video_id, path in self._annotated.files():
            if video_id not in videos or path.stem != video_id:
                strays.append(path)
        return [path for path in strays if _changed_s(path) < newest_s]

    def _remove(self, doomed: Sequence[_Row]) -> None:
        for row in doomed:
            if row.is_video:
                with suppress(UnknownVideoError):  # deleted while we looked
                    self._video_remover.remove(row.id, actor=ACTOR)
        ids = [row.id for row in doomed if not row.is_video]
        for start in range(0, len(ids), _AT_ONCE):
            self._remover.remove(ids[start : start + _AT_ONCE], actor=ACTOR)


def _changed_s(path: Path) -> float:
    """Return when a file changed last; one that was kept or dropped meanwhile is as good as new."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _past(rows: Sequence[_Row], limits: Limits, now: datetime) -> Sequence[_Row]:
    """Return those of the rows, the oldest first, that are past the limits."""
    count = 0
    if limits.age is not None:
        count = bisect_left(rows, now - limits.age, key=lambda row: row.created_at)
    if limits.size_bytes is not None:
        excess_bytes = _freed(rows, len(rows)) - limits.size_bytes
        count = max(count, _needed(rows, excess_bytes))
    return rows[:count]


def _needed(rows: Sequence[_Row], excess_bytes: int) -> int:
    """Return how many of the oldest rows have to go so that files of so many bytes do."""
    uses = Counter(row.original_name for row in rows)
    for count, row in enumerate(rows):
        if excess_bytes <= 0:
            return count
        uses[row.original_name] -= 1
        if not uses[row.original_name]:  # a file goes with the last result that is about it
            excess_bytes -= row.original_bytes
    return len(rows)


def _freed(rows: Sequence[_Row], count: int) -> int:
    """Return what the files weigh that go with the oldest rows."""
    still_used = {row.original_name for row in rows[count:]}
    gone = {row.original_name: row.original_bytes for row in rows[:count]}
    return sum(size for name, size in gone.items() if name not in still_used)


def parse_age(text: str) -> timedelta:
    """Return a time span.

    Raises:
        CommandError: The text is none.

    Examples:
        >>> parse_age("30d"), parse_age("12h")
        (datetime.timedelta(days=30), datetime.timedelta(seconds=43200))
    """
    match = _AGE.fullmatch(text.strip())
    if match is None or len(match[1]) > _DIGITS_MAX:
        raise CommandError(f"The age: expected one like 12h, 30d or 8w, got {text!r}.")
    return int(match[1]) * _UNITS[match[2]]


def parse_size(text: str) -> int:
    """Return a number of bytes.

    Raises:
        CommandError: The text is none.

    Examples:
        >>> parse_size("10GB"), parse_size("1.5 MB"), parse_size("0B")
        (10000000000, 1500000, 0)
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise CommandError(f"The size: expected one like 500MB or 10GB, got {text!r}.")
    return int(float(match[1]) * _BYTES[match[2].lower()])
