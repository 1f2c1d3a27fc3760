"""From video files to pictures at their moments, and back.

It stands on PyAV, which the extra `video` installs, and imports it only when a video is opened or
written. No Flask, gRPC or database.
"""

from videos.exceptions import (
    DamagedVideoError,
    DecoderError,
    LibraryMissingError,
    NoFramesError,
    NotAVideoError,
    NoVideoStreamError,
    TooLongError,
    TooManyBytesError,
    TooManyPixelsError,
    VideoError,
)
from videos.formats import VideoFormat, read_format
from videos.frame import Frame, PixelsHwc
from videos.isolated import DecoderBounds, IsolatedVideo
from videos.library import has_library
from videos.limits import VideoLimits
from videos.sampling import next_moment
from videos.video import Video, open_video
from videos.write import write_video

__all__ = [
    "DamagedVideoError",
    "DecoderBounds",
    "DecoderError",
    "Frame",
    "IsolatedVideo",
    "LibraryMissingError",
    "NoFramesError",
    "NoVideoStreamError",
    "NotAVideoError",
    "PixelsHwc",
    "TooLongError",
    "TooManyBytesError",
    "TooManyPixelsError",
    "Video",
    "VideoError",
    "VideoFormat",
    "VideoLimits",
    "has_library",
    "next_moment",
    "open_video",
    "read_format",
    "write_video",
]
