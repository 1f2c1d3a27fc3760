"""Requests that may be sent twice and are carried out once.

A sender that lost the answer cannot know whether its request arrived. If it names the request by a
key of its own making, it may send it again: the answer of the first time is kept for a day, and
given again. See https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from webapp.exceptions import OtherRequestError, StillRunningError
from webapp.storage.database import Database
from webapp.storage.tables import ReplyRow

_KEPT_FOR = timedelta(days=1)
# A process that died in the midst of a request never answers it.
_GIVEN_UP_AFTER = timedelta(minutes=5)
_WHAT = "The idempotency key"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request was answered with.

    Attributes:
        status: HTTP status.
        location: The header ``Location``; empty where there was none.
        body: The JSON document.
    """

    status: int
    location: str
    body: str


class Replies:
    """The answers that are kept, by the digest of who asked and of their key.

    Args:
        database: Where they are.
        now: Says what time it is, in UTC.
    """

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    def claim(self, digest: str, fingerprint: str) -> Reply | None:
        """Return the answer that a request got before, or let it be carried out now.

        Args:
            digest: Of who asks, and of their key.
            fingerprint: Digest of the request itself.

        Returns:
            None where nobody has sent it before: the caller then says :meth:`keep` or
            :meth:`release`.

        Raises:
            OtherRequestError: The key stands for another request.
            StillRunningError: The request is being carried out.
            StorageError: The database refused.
        """
        now = self._now()
        with self._database.writing(_WHAT) as session:
            session.execute(sa.delete(ReplyRow).where(ReplyRow.created_at < now - _KEPT_FOR))
            row = session.get(ReplyRow, digest)
            if row is None or _is_given_up(row, now):
                session.merge(
                    ReplyRow(
                        digest=digest,
                        fingerprint=fingerprint,
                        created_at=now,
                        status=None,
                        location="",
                        body="",
                    )
                )
                return None
            if row.fingerprint != fingerprint:
                raise OtherRequestError
            if row.status is None:
                raise StillRunningError
            return Reply(row.status, row.location, row.body)

    def keep(self, digest: str, reply: Reply) -> None:
        """Keep the answer of a request that was carried out.

        Raises:
            StorageError: The database refused.
        """
        change = sa.update(ReplyRow).where(ReplyRow.digest == digest)
        with self._database.writing(_WHAT) as session:
            session.execute(
                change.values(status=reply.status, location=reply.location, body=reply.body)
            )

    def release(self, digest: str) -> None:
        """Forget a request that came to nothing, so that it may be sent again.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing(_WHAT, "released") as session:
            session.execute(sa.delete(ReplyRow).where(ReplyRow.digest == digest))


def _is_given_up(row: ReplyRow, now: datetime) -> bool:
    return row.status is None and row.created_at < now - _GIVEN_UP_AFTER
