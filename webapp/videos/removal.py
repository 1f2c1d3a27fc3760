"""The use case of deleting a video: its rows first, then its files."""

import logging

from webapp.storage.annotated import AnnotatedVideos
from webapp.storage.remove import Remover
from webapp.storage.videos import VideoStore
from webapp.videos.video import StoredVideo

_log = logging.getLogger("webapp.audit")


class VideoRemover:
    """Deletes videos, with their files.

    Args:
        videos: Where rows are.
        remover: Removes originals whose rows are gone.
        annotated: Where copies with boxes are.
    """

    def __init__(self, videos: VideoStore, remover: Remover, annotated: AnnotatedVideos) -> None:
        self._videos = videos
        self._remover = remover
        self._annotated = annotated

    def remove(self, video_id: str, *, actor: str = "") -> StoredVideo:
        """Delete a video; a worker that looks at it stops.

        A file that cannot be removed now is tried again later.

        Args:
            video_id: The video.
            actor: Who asked for it, as text for the audit log.

        Raises:
            UnknownVideoError: There is none.
            StorageError: The database refused; nothing was deleted.
        """
        video = self._videos.delete(video_id, actor=actor)
        _log.info(
            "deleted video %s (original %s) for %s",
            video.id,
            video.original_name,
            ascii(actor or "somebody"),
        )
        try:
            self._annotated.discard(video_id)
        except OSError as error:
            _log.warning("the video with boxes %s is still there: %s", video_id, error)
        self._remover.sweep()
        return video
