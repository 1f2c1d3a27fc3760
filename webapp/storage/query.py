"""Which results are asked for, and where in their list."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Self

from webapp.exceptions import QueryError
from webapp.results import Result, Task

PAGE_SIZE = 24
PAGE_SIZE_MAX = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"(\d{1,18})-([0-9a-f]{32})")
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list of results: right behind the one of this moment and id.

    Examples:
        >>> at = datetime(2026, 3, 9, 12, 0, 0, 250, tzinfo=UTC)
        >>> text = str(Cursor(at, "0" * 32))
        >>> text
        '1773057600000250-00000000000000000000000000000000'
        >>> Cursor.parse(text) == Cursor(at, "0" * 32)
        True
    """

    created_at: datetime
    result_id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a cursor as it was handed out.

        Raises:
            QueryError: The text is none.
        """
        parts = _CURSOR.fullmatch(text)
        try:
            if parts:
                return cls(_EPOCH + timedelta(microseconds=int(parts[1])), parts[2])
        except OverflowError:
            pass
        raise QueryError("The cursor must be one that a list of results was answered with.")

    @classmethod
    def behind(cls, result: Result) -> Self:
        """Return the place right behind a result."""
        return cls(result.created_at, result.id)

    def __str__(self) -> str:
        return f"{(self.created_at - _EPOCH) // timedelta(microseconds=1)}-{self.result_id}"


@dataclass(frozen=True, slots=True)
class ResultQuery:
    """Which results are asked for; everything that is left out allows all.

    Attributes:
        label: A part of the name of an object or class that is shown, in any case of letters.
        model: The name of the model that was asked.
        task: What that model does.
        since: The earliest moment, in UTC.
        until: The moment that is too late already, in UTC.
        batch_id: What the uploads of one form have in common.
        limit: How many a page has at most, 1 to 200.
        after: Where the page begins.

    Raises:
        QueryError: The limit is out of range, or time would run backwards.
    """

    label: str = ""
    model: str = ""
    task: Task | None = None
    since: datetime | None = None
    until: datetime | None = None
    batch_id: str = ""
    limit: int = PAGE_SIZE
    after: Cursor | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= PAGE_SIZE_MAX:
            raise QueryError(f"The limit must be a number from 1 to {PAGE_SIZE_MAX}.")
        if self.since and self.until and self.since >= self.until:
            raise QueryError("The first day must not be later than the last one.")

    @property
    def is_filtered(self) -> bool:
        """Whether it leaves any result out."""
        return replace(self, limit=PAGE_SIZE, after=None) != ResultQuery()


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Some results, the newest first.

    Attributes:
        results: Those of the page.
        next: Where the next page begins; None where there is none.
    """

    results: tuple[Result, ...]
    next: Cursor | None


def parse_query(fields: Mapping[str, str]) -> ResultQuery:
    """Read a query as people and programs send it; empty fields count as absent.

    Args:
        fields: ``label``, ``model``, ``task``, ``from`` and ``to`` (days such as 2026-03-09, both
            included, in UTC; or moments in ISO 8601), ``batch``, ``limit`` and ``cursor``.

    Raises:
        QueryError: One makes no sense.

    Examples:
        >>> parse_query({"label": " dog ", "to": "2026-03-09"}).until
        datetime.datetime(2026, 3, 10, 0, 0, tzinfo=datetime.timezone.utc)
    """
    given = {name: text.strip() for name, text in fields.items() if text.strip()}
    return ResultQuery(
        label=given.get("label", ""),
        model=given.get("model", ""),
        task=_task(given.get("task")),
        since=_moment("from", given.get("from")),
        until=_moment("to", given.get("to"), days=1),
        batch_id=_batch_id(given.get("batch", "")),
        limit=_limit(given.get("limit")),
        after=Cursor.parse(given["cursor"]) if "cursor" in given else None,
    )


def _task(text: str | None) -> Task | None:
    if text is None:
        return None
    if text not in list(Task):
        raise QueryError(f"The task must be one of {', '.join(Task)}.")
    return Task(text)


def _moment(name: str, text: str | None, *, days: int = 0) -> datetime | None:
    """Return the moment that a text means; of a day the beginning, moved by so many days."""
    if text is None:
        return None
    try:
        if len(text) <= len("2026-03-09"):
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise QueryError(f"The field “{name}” must be a day, such as 2026-03-09.") from error


def _batch_id(text: str) -> str:
    if text and not _ID.fullmatch(text):
        raise QueryError("The batch must be an id of 32 hexadecimal digits.")
    return text


def _limit(text: str | None) -> int:
    if text is None:
        return PAGE_SIZE
    # ASCII digits, few enough to be a number of results.
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise QueryError(f"The limit must be a number from 1 to {PAGE_SIZE_MAX}.")
    return int(text)
