"""Copies of videos with boxes drawn in, beside the originals."""

import re
from collections.abc import Iterator
from pathlib import Path

from webapp.exceptions import StorageError

_FOLDER = ".annotated"
_ID = re.compile(r"[0-9a-f]{32}")


class AnnotatedVideos:
    """A folder of MP4 files, each called by the id of its video.

    Args:
        originals: The folder of originals; this one is inside of it.
    """

    def __init__(self, originals: Path) -> None:
        self._root = originals.resolve() / _FOLDER

    def place(self, video_id: str) -> Path:
        """Return where the copy of a video belongs, in a folder that is there.

        Raises:
            StorageError: The disk refused.
        """
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError("Videos with boxes cannot be kept.") from error
        return self._path(video_id)

    def find(self, video_id: str) -> Path | None:
        """Return where the copy of a video lies; None where there is none."""
        path = self._path(video_id)
        return path if path.is_file() else None

    def discard(self, video_id: str) -> None:
        """Take the copy of a video away, if there is one."""
        self._path(video_id).unlink(missing_ok=True)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Yield every file in the folder with the id of its video, unfinished ones too."""
        for path in sorted(self._root.iterdir()) if self._root.is_dir() else ():
            if match := _ID.search(path.name):
                yield match[0], path

    def _path(self, video_id: str) -> Path:
        if not _ID.fullmatch(video_id):
            raise ValueError(f"expected 32 hexadecimal digits, got {video_id!r}")
        return self._root / f"{video_id}.mp4"
