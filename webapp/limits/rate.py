"""How often one client may ask: a bucket of tokens for each.

A bucket holds one minute's worth, loses a token with each request, and fills up evenly.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

_MINUTE_S = 60.0
# Past this many clients the one that was quiet for longest is forgotten, so memory stays bounded.
_CLIENTS_MAX = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_s: float


class RateLimiter:
    """Counts the requests of each client; to be used by many threads.

    Args:
        per_minute: How many requests a minute each client may make, and how many at once; 0 is
            without limit.
        clients_max: How many clients are remembered.
        clock: Seconds that only ever grow.

    Examples:
        >>> limiter = RateLimiter(per_minute=2, clock=lambda: 0.0)
        >>> [limiter.wait_s("192.0.2.1") for _ in range(3)]
        [0.0, 0.0, 30.0]
    """

    def __init__(
        self,
        per_minute: int,
        *,
        clients_max: int = _CLIENTS_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_minute = per_minute
        self._clients_max = clients_max
        self._clock = clock
        self._lock = Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, client: str) -> float:
        """Count a request of a client.

        Args:
            client: What tells it from others.

        Returns:
            0 if the request may go on; else how many seconds to wait until one may.
        """
        if not self._per_minute:
            return 0.0
        with self._lock:
            bucket = self._filled(client)
            if bucket.tokens < 1:
                return (1 - bucket.tokens) * _MINUTE_S / self._per_minute
            bucket.tokens -= 1
            return 0.0

    def _filled(self, client: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.setdefault(client, _Bucket(self._per_minute, now))
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._clients_max:
            self._buckets.popitem(last=False)
        gained = (now - bucket.filled_s) * self._per_minute / _MINUTE_S
        bucket.tokens = min(self._per_minute, bucket.tokens + gained)
        bucket.filled_s = now
        return bucket
