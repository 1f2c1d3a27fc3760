"""Drawing what was found into a copy of a video."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence

from videos import DecoderError, Frame, IsolatedVideo, VideoError, write_video
from vision import Detections, draw_detections
from webapp.exceptions import UnknownVideoError
from webapp.results import NO_DETECTIONS
from webapp.storage.annotated import AnnotatedVideos
from webapp.storage.originals import Originals
from webapp.storage.videos import VideoStore
from webapp.video_worker.looking import Bounds
from webapp.videos.video import StoredVideo, VideoFrame


class Drawing:
    """Draws copies of videos.

    Args:
        videos: Where is what was found.
        originals: Where files are.
        annotated: Where copies go.
        bounds: How much a video may take.
    """

    def __init__(
        self,
        *,
        videos: VideoStore,
        originals: Originals,
        annotated: AnnotatedVideos,
        bounds: Bounds,
    ) -> None:
        self._videos = videos
        self._originals = originals
        self._annotated = annotated
        self._bounds = bounds

    def discard_if_deleted(self, video_id: str) -> None:
        """Take the copy away of a video that was deleted while it was drawn."""
        try:
            self._videos.get(video_id)
        except UnknownVideoError:
            self._annotated.discard(video_id)

    def draw(self, video: StoredVideo, check: Callable[[], None]) -> int:
        """Write the copy of a video, and return what it weighs in bytes.

        Every picture of the video is in it, at its moment, without sound. Of one that is damaged
        there is what comes before that.

        Args:
            video: The video.
            check: Raises an error when the work is to end; then there is no copy.

        Raises:
            VideoError: The file cannot be read.
            OriginalGoneError: There is no file.
            StorageError: The disk or the database refused.
            OSError: The disk refused.
        """
        path = self._originals.path(video.original_name)
        place = self._annotated.place(video.id)
        found = FoundNearby(self._videos.frames(video.id), video.step_s, video.threshold)
        with IsolatedVideo(
            path, self._bounds.limits, self._bounds.decoder, on_wait=check
        ) as source:
            drawn = _drawn(_sound_part(source.frames()), found, check)
            write_video(place, drawn, source.frame_rate, source.size_wh)
        return place.stat().st_size


class FoundNearby:
    """What was found at the sampled moment that is nearest to any other.

    Args:
        frames: What was found, in order of time.
        step_s: How far sampled moments are apart. Beyond that nothing is known.
        threshold: Score, 0..1, from which objects are shown.
    """

    def __init__(self, frames: Sequence[VideoFrame], step_s: float, threshold: float) -> None:
        self._moments = [frame.moment_s for frame in frames]
        self._shown = [frame.detections.above(threshold) for frame in frames]
        self._step_s = step_s

    def at(self, moment_s: float) -> Detections:
        """Return what is to be shown at a moment."""
        after = bisect_left(self._moments, moment_s)
        near = [index for index in (after - 1, after) if 0 <= index < len(self._moments)]
        if not near:
            return NO_DETECTIONS
        best = min(near, key=lambda index: abs(self._moments[index] - moment_s))
        is_known = abs(self._moments[best] - moment_s) <= self._step_s
        return self._shown[best] if is_known else NO_DETECTIONS


def _drawn(
    frames: Iterable[Frame], found: FoundNearby, check: Callable[[], None]
) -> Iterator[Frame]:
    for frame in frames:
        check()
        yield Frame(frame.moment_s, draw_detections(frame.pixels, found.at(frame.moment_s)))


def _sound_part(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Yield the frames up to where the video is damaged; of a decoder that gives up, none."""
    count = 0
    try:
        for frame in frames:
            yield frame
            count += 1
    except VideoError as error:
        if not count or isinstance(error, DecoderError):
            raise
