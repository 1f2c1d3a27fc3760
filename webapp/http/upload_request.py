"""Requests that may put a large file where it belongs while it still arrives."""

from collections.abc import Callable
from typing import IO, Any, cast

from flask import Request, request

from webapp.storage.originals import IncomingFile


class UploadRequest(Request):
    """A request whose view may say where the files of its form go.

    Without that they go into memory, and large ones into a temporary file.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._open_file: Callable[[], IncomingFile] | None = None
        self._arrived: list[IncomingFile] = []

    def receive_with(self, open_file: Callable[[], IncomingFile], *, bytes_max: int) -> None:
        """Have the files of the form written to what this opens.

        To be called before anything reads the form.

        Args:
            open_file: Opens a file.
            bytes_max: What the form may weigh.
        """
        self._open_file = open_file
        self.max_content_length = bytes_max

    def close(self) -> None:
        """Take away files that nobody kept."""
        super().close()
        for file in self._arrived:
            file.close()

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self._open_file is None:
            return super()._get_file_stream(
                total_content_length, content_type, filename, content_length
            )
        self._arrived.append(file := self._open_file())
        return cast("IO[bytes]", file)


def upload_request() -> UploadRequest:
    """Return the current request."""
    return cast("UploadRequest", request._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001  as Flask's documents have it
