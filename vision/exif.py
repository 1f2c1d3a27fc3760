"""The one fact of EXIF that changes what a picture shows: which way up it is."""

import struct

UPRIGHT = 1

_ORIENTATIONS = range(1, 9)
_ORIENTATION_TAG = 0x0112
_SHORT = 3
_ENTRY_BYTES = 12


def exif_orientation(tiff: bytes) -> int:
    r"""Return the orientation that an EXIF block asks for.

    Args:
        tiff: The block from its TIFF header on, without JPEG's leading ``Exif`` and two zeros.

    Returns:
        1 (upright as stored) to 8; 1 where the block is damaged or says nothing, as in browsers.

    Examples:
        >>> exif_orientation(b"MM\0*\0\0\0\x08" b"\0\x01" b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0")
        6
    """
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return UPRIGHT
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for index in range(entries):
            position = directory + 2 + index * _ENTRY_BYTES
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, position)
            if (tag, kind) == (_ORIENTATION_TAG, _SHORT) and value in _ORIENTATIONS:
                return int(value)
    except struct.error:
        return UPRIGHT  # the block ends too early
    return UPRIGHT
