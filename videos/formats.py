"""Which kind of video a file is, by its content alone, and whether all of it is there."""

from enum import Enum
from pathlib import Path
from typing import BinaryIO

from videos.exceptions import NotAVideoError

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_HEAD_BYTES = 64
# Boxes that a QuickTime file without a brand starts with.
_QUICKTIME_STARTS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
# Pictures that come in the same boxes as videos.
_PICTURE_BRANDS = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif", b"avis"})
_BOX_HEAD_BYTES = 8
# A video in fragments has a few boxes for each of them; more than so many are no video's.
_BOXES_MAX = 100_000


class VideoFormat(Enum):
    """A kind of file: its usual ending, media type, and FFmpeg's name of what reads it."""

    MP4 = (".mp4", "video/mp4", "mov")
    QUICKTIME = (".mov", "video/quicktime", "mov")
    WEBM = (".webm", "video/webm", "matroska")

    def __init__(self, ending: str, media_type: str, demuxer: str) -> None:
        self.ending = ending
        self.media_type = media_type
        self.demuxer = demuxer


def read_format(path: Path) -> VideoFormat:
    """Return which kind of video a file is.

    Only its first bytes are looked at: they choose the one reader that the file is given to, so no
    list of other files or addresses is ever followed.

    Raises:
        NotAVideoError: None of ours.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        return format_of(file.read(_HEAD_BYTES))


def format_of(head: bytes) -> VideoFormat:
    """Return which kind of video starts with these bytes; the first 64 do.

    Raises:
        NotAVideoError: None of ours.

    Examples:
        >>> format_of(bytes([0, 0, 0, 20]) + b"ftypisom").name
        'MP4'
        >>> format_of(b"#EXTM3U")
        Traceback (most recent call last):
        videos.exceptions.NotAVideoError: This is not an MP4, WebM or QuickTime video.
    """
    if not head:
        raise NotAVideoError("The file is empty.")
    if head.startswith(_EBML):
        return _of_ebml(head)
    kind, brand = head[4:8], head[8:12]
    if kind == b"ftyp" and brand in _PICTURE_BRANDS:
        raise NotAVideoError("This is a picture, and not a video.")
    if kind == b"ftyp":
        return VideoFormat.QUICKTIME if brand == b"qt  " else VideoFormat.MP4
    if kind in _QUICKTIME_STARTS:
        return VideoFormat.QUICKTIME
    raise NotAVideoError("This is not an MP4, WebM or QuickTime video.")


def _of_ebml(head: bytes) -> VideoFormat:
    if b"webm" not in head:
        raise NotAVideoError("This is a Matroska file, and of these only WebM is read.")
    return VideoFormat.WEBM


def is_cut_off(file: BinaryIO, kind: VideoFormat, size: int) -> bool:
    """Tell whether a file announces more content than it has.

    Players show such a file without a word, until it stops.

    Args:
        file: The file, which may be read at any place.
        kind: What it is.
        size: What it has, in bytes.
    """
    if kind is VideoFormat.WEBM:
        return _segment_end(file) > size
    return _boxes_end(file, size) > size


def _boxes_end(file: BinaryIO, size: int) -> int:
    """Return where the last box of an MP4 or QuickTime file ends, as the boxes themselves say."""
    end = 0
    for _ in range(_BOXES_MAX):
        file.seek(end)
        head = file.read(_BOX_HEAD_BYTES + 8)
        if end >= size or len(head) < _BOX_HEAD_BYTES:
            break
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < _BOX_HEAD_BYTES:  # 0 is up to the end; less than a head is nonsense
            break
        end += length
    return end


def _segment_end(file: BinaryIO) -> int:
    """Return where a WebM file ends by its own account; 0 where it leaves that open."""
    file.seek(len(_EBML))
    header_bytes, _ = _ebml_size(file)
    file.seek(header_bytes, 1)
    if file.read(len(_SEGMENT)) != _SEGMENT:
        return 0
    length, is_known = _ebml_size(file)
    return file.tell() + length if is_known else 0


def _ebml_size(file: BinaryIO) -> tuple[int, bool]:
    """Read an EBML size (RFC 8794, 4): its zero bits in front say how many bytes follow."""
    first = (file.read(1) or b"\0")[0]
    more = 8 - first.bit_length()
    if first == 0:
        return 0, False
    rest = file.read(more)
    value = int.from_bytes(bytes([first & (0x7F >> more)]) + rest, "big")
    return value, value != (1 << 7 * (more + 1)) - 1
