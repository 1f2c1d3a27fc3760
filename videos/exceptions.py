"""The errors of this package.

::

    VideoError                       str() is a sentence for whoever sent the video
    ├── LibraryMissingError          PyAV is not installed
    ├── NotAVideoError               no MP4, WebM or QuickTime file that can be read
    ├── NoVideoStreamError           sound alone, or nothing at all
    ├── NoFramesError                a video stream without a single picture
    ├── TooManyBytesError            the file is larger than the limit
    ├── TooLongError                 it lasts longer than the limit, or does not end
    ├── TooManyPixelsError           its pictures are larger than the limit
    ├── DamagedVideoError            the file is cut off, or its content is damaged
    └── DecoderError                 the decoder broke down, hung, or asked for too much memory
"""


class VideoError(Exception):
    """Root of the errors that this package raises on purpose; ``str()`` is a sentence."""


class LibraryMissingError(VideoError):
    """PyAV is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Videos need PyAV, which is not installed: pip install 'sightline[video]'."
        )


class NotAVideoError(VideoError):
    """The content is no MP4, WebM or QuickTime file that can be read."""


class NoVideoStreamError(VideoError):
    """The file is of the right kind, and has no moving pictures in it."""


class NoFramesError(VideoError):
    """The file announces moving pictures, and has not a single one."""


class TooManyBytesError(VideoError):
    """The file is larger than the limit."""


class TooLongError(VideoError):
    """The video lasts longer than the limit, or does not end."""


class TooManyPixelsError(VideoError):
    """The pictures of the video are larger than the limit."""


class DamagedVideoError(VideoError):
    """The file is cut off, or its content is damaged; what comes before it is sound."""


class DecoderError(VideoError):
    """The decoder broke down, hung, or asked for too much memory."""
