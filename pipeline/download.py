"""Download over HTTP: time-outs, retries with back-off, and going on where a download broke off."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    ResponseError,
    SSLError,
)

from pipeline.exceptions import DownloadError
from pipeline.partial_file import PartialFile
from pipeline.progress import Report

_CHUNK_BYTES = 256 * 1024
# Answers that a later attempt may well not get again.
_TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_ABSENT_STATUSES = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_PERMANENT_CAUSES = (SSLError, ResponseError, LocationParseError)
# Redirects are followed; everything else that urllib3 would retry is for `Downloader` to decide.
_REDIRECTS_ONLY = urllib3.Retry(
    total=None,
    connect=0,
    read=0,
    status=0,
    other=0,
    redirect=5,
    respect_retry_after_header=False,
)


@dataclass(frozen=True, slots=True)
class DownloadPolicy:
    """How patient a download is.

    Attributes:
        connect_timeout_s: For a connection to open.
        read_timeout_s: For the next bytes to arrive.
        attempts_max: Attempts in a row that bring nothing new before giving up, at least 1.
        pause_s: Before the second attempt; doubles from attempt to attempt.
        pause_max_s: The longest pause.
    """

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    attempts_max: int = 5
    pause_s: float = 0.5
    pause_max_s: float = 8.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0, got {getattr(self, name)}")


class _TransientError(Exception):
    """This attempt failed; the next may not."""


class Downloader:
    """Brings files from http and https addresses.

    The proxy settings of the environment (`HTTPS_PROXY`, `NO_PROXY`, ...) are honoured.

    Args:
        policy: Time-outs and retries.
        sleep: Waits a number of seconds.
        jitter: A random number from 0 to 1, which scales each pause.
    """

    def __init__(
        self,
        policy: DownloadPolicy = DownloadPolicy(),
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._sleep = sleep
        self._jitter = jitter

    def exists(self, url: str) -> bool:
        """Tell whether there is a file at `url`.

        Raises:
            DownloadError: The server cannot be asked.
        """
        try:
            with self._response("HEAD", url, {}) as response:
                if response.status in _ABSENT_STATUSES:
                    return False
                _check_status(url, response.status)
                return True
        except _TransientError as error:
            raise DownloadError(f"Cannot ask for {url}: {error}.") from error

    def fetch(self, url: str, target: Path, report: Report) -> None:
        """Download `url` to `target`, going on with what an earlier call left of it.

        Args:
            url: http or https.
            target: Appears, whole, when all bytes are here.
            report: Called with the bytes that are here and the bytes there are, if known.

        Raises:
            DownloadError: It did not work; what is here is kept for the next call.
        """
        with PartialFile(target, url) as part:
            self._until_whole(url, part, report)
            part.finish()

    def _until_whole(self, url: str, part: PartialFile, report: Report) -> None:
        most, failures = part.size, 0
        while True:
            try:
                self._attempt(url, part, report)
            except _TransientError as error:
                failures = 1 if part.size > most else failures + 1
                most = max(most, part.size)
                if failures >= self._policy.attempts_max:
                    kept = f"; the {part.size} bytes that are here are kept" if part.size else ""
                    raise DownloadError(f"Cannot download {url}: {error}{kept}.") from error
                self._sleep(self._pause_s(failures))
            else:
                return

    def _pause_s(self, failures: int) -> float:
        longest_s = self._policy.pause_s * 2.0 ** (failures - 1)
        return min(self._policy.pause_max_s, longest_s) * self._jitter()

    def _attempt(self, url: str, part: PartialFile, report: Report) -> None:
        headers = {}
        if part.size and part.validator:
            headers = {"Range": f"bytes={part.size}-", "If-Range": part.validator}
        with self._response("GET", url, headers) as response:
            if response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if _total(response) == part.size:
                    return
                part.restart(None)
                raise _TransientError("the server has fewer bytes than are here")
            _check_status(url, response.status)
            total = _begin(response, part)
            report(part.size, total)
            for chunk in response.stream(_CHUNK_BYTES, decode_content=False):
                part.append(chunk)
                report(part.size, total)
        if total is not None and part.size < total:
            raise _TransientError("the server sent less than it announced")

    @contextmanager
    def _response(
        self, method: str, url: str, headers: dict[str, str]
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Send a request; its failures, then and while the body is read, become ours."""
        policy = self._policy
        timeout = urllib3.Timeout(connect=policy.connect_timeout_s, read=policy.read_timeout_s)
        sent = {"Accept-Encoding": "identity", "User-Agent": "sightline"} | headers
        try:
            with (
                _pool(url) as pool,
                closing(
                    pool.request(
                        method,
                        url,
                        headers=sent,
                        timeout=timeout,
                        retries=_REDIRECTS_ONLY,
                        preload_content=False,
                    )
                ) as response,
            ):
                yield response
        except HTTPError as error:
            cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
            if isinstance(cause, _PERMANENT_CAUSES):
                raise DownloadError(f"Cannot download {url}: {cause}.") from error
            raise _TransientError(self._sentence(cause)) from error

    def _sentence(self, cause: Exception) -> str:
        match cause:
            case NameResolutionError():
                return (
                    "its host name cannot be resolved (without a network, use a mirror: --mirror)"
                )
            case NewConnectionError():
                reason = cause.__cause__
                return f"no connection ({getattr(reason, 'strerror', None) or reason})"
            case ConnectTimeoutError():
                return f"no connection within {self._policy.connect_timeout_s:g} s"
            case ReadTimeoutError():
                return f"no data within {self._policy.read_timeout_s:g} s"
            case _:
                return "the connection broke off"


def _pool(url: str) -> urllib3.PoolManager:
    parts = urllib3.util.parse_url(url)
    proxy = getproxies().get(parts.scheme or "")
    if proxy and not proxy_bypass(parts.netloc or ""):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()


def _check_status(url: str, status: int) -> None:
    if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "an unknown status"
    if status in _TRANSIENT_STATUSES:
        raise _TransientError(f"the server answered {status} ({phrase})")
    raise DownloadError(f"Cannot download {url}: the server answered {status} ({phrase}).")


def _begin(response: urllib3.BaseHTTPResponse, part: PartialFile) -> int | None:
    """Prepare `part` for the body of `response`; return the size of the whole file, if known."""
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        if response.headers.get("Content-Range", "").startswith(f"bytes {part.size}-"):
            return _total(response)
        part.restart(None)
        raise _TransientError("the server sent another part of the file than was asked for")
    part.restart(_validator(response))
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _total(response: urllib3.BaseHTTPResponse) -> int | None:
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(total) if total.isdecimal() else None


def _validator(response: urllib3.BaseHTTPResponse) -> str | None:
    """Return what RFC 9110, section 13.1.5, lets stand in `If-Range`: no weak entity tag."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")
