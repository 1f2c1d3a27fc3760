"""Calls to the JSON API of a running Sightline."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import urllib3
from urllib3.exceptions import HTTPError

from sightline.exceptions import AwayError, PictureFailedError, UsageError

_SUCCESS = range(200, 300)
# What passes by itself: too many requests, a busy site, a model server that is away. What has a
# header Retry-After does so, too.
_AWAY = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
)
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_SHOWN_MAX = 200  # characters of an answer that is not understood
_PAUSE_MAX_S = 60.0


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it is sent, with the key by which the site knows it if it comes again.

    Attributes:
        body: Its bytes.
        content_type: With the boundary that is in them.
        key: Of its own.
    """

    body: bytes
    content_type: str
    key: str

    @classmethod
    def of(cls, fields: Mapping[str, str | tuple[str, bytes]]) -> Self:
        """Return the form of some fields; a file is its name and its bytes."""
        body, content_type = urllib3.encode_multipart_formdata(dict(fields))
        return cls(body, content_type, uuid4().hex)

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with it."""
        return {"Content-Type": self.content_type, "Idempotency-Key": self.key}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the site.

    Attributes:
        body: Its bytes.
        location: The address that it names; empty if it names none.
    """

    body: bytes
    location: str = ""

    def json(self) -> Any:
        """Return the body's JSON.

        Raises:
            PictureFailedError: It is none.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise not_understood(self.body) from error


class KeptError(AwayError):
    """The site keeps the picture, and can be asked about it again.

    Attributes:
        retry: Where to ask.
    """

    def __init__(self, sentence: str, kind: str, *, pause_s: float, retry: str) -> None:
        super().__init__(sentence, kind, pause_s=pause_s)
        self.retry = retry


class Site:
    """A running Sightline. Safe to use from several threads.

    Args:
        url: Where it is, such as `https://sightline.example`.
        key: An API key; empty where none is needed.
        connections: How many are kept.
        timeout_s: For one answer.

    Raises:
        UsageError: The address is not one of a site.
    """

    def __init__(self, url: str, *, key: str = "", connections: int, timeout_s: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"The server is {url!r}; expected http://HOST:PORT or https://HOST.")
        self.url = url.rstrip("/") + "/"
        headers = {"Accept": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=connections,
            headers=headers,
            retries=False,
            timeout=urllib3.Timeout(timeout_s),
        )

    def call(self, method: str, path: str, *, form: Form | None = None, body: Any = None) -> Reply:
        """Make a call.

        Args:
            method: Of HTTP.
            path: Of the call, below the site's address, or an absolute path that the site gave.
            form: What is sent as a form. It may be sent again: the site does it once.
            body: What is sent as JSON.

        Raises:
            AwayError: Nobody answers, or the answer is to come back later.
            PictureFailedError: The site refuses.
        """
        sent: dict[str, Any] = {"json": body}
        if form is not None:
            sent = {"body": form.body, "headers": {**self._pool.headers, **form.headers}}
        try:
            response = self._pool.request(method, urljoin(self.url, path), redirect=False, **sent)
        except HTTPError as error:
            raise AwayError(f"{self.url} does not answer: {error}.", "unreachable") from error
        if response.status not in _SUCCESS:
            raise _error(response)
        return Reply(response.data, response.headers.get("Location", ""))

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._pool.clear()


def not_understood(body: bytes) -> PictureFailedError:
    """Return the error for an answer in another form than that of the API."""
    shown = body[:_SHOWN_MAX].decode(errors="replace").strip()
    return PictureFailedError(f"The site answers in another form: {shown!r}", "broken_answer")


def _error(response: urllib3.BaseHTTPResponse) -> PictureFailedError:
    """Return what an answer other than success means."""
    problem = _problem(response.data)
    sentence = problem.get("detail") or f"The site answers with status {response.status}."
    if response.status in _REFUSED:
        return PictureFailedError(f"{sentence} {problem.get('advice', '')}".rstrip(), "not_allowed")
    wanted = response.headers.get("Retry-After", "")
    if response.status not in _AWAY and not wanted:
        return PictureFailedError(sentence, _KINDS.get(response.status, "refused"))
    pause_s = _pause_s(wanted)
    if "retry" in problem:
        return KeptError(sentence, "away", pause_s=pause_s, retry=str(problem["retry"]))
    return AwayError(sentence, "away", pause_s=pause_s)


_KINDS: Mapping[int, str] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "no_picture",
    HTTPStatus.UNPROCESSABLE_ENTITY: "no_picture",
    HTTPStatus.BAD_REQUEST: "no_picture",
    HTTPStatus.GATEWAY_TIMEOUT: "too_slow",
    HTTPStatus.INSUFFICIENT_STORAGE: "storage_full",
}


def _problem(body: bytes) -> Mapping[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _pause_s(text: str) -> float:
    return min(float(text), _PAUSE_MAX_S) if text.isdecimal() else 0.0
