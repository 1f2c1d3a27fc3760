"""Bytes that are no picture, or no longer one."""

import struct
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from vision import (
    CorruptPictureError,
    DecodeLimits,
    EmptyPictureError,
    PictureError,
    Resize,
    TooManyPixelsError,
    TruncatedPictureError,
    UnsupportedFormatError,
    decode_picture,
)

MakeFile = Callable[..., bytes]
SMALL = DecodeLimits(pixels_max=1_000_000)


@pytest.fixture(scope="session")
def samples(
    make_file: MakeFile, make_png: MakeFile, photo_hwc: NDArray[np.uint8]
) -> Mapping[str, bytes]:
    """Valid files of many kinds, each small."""
    small = Image.fromarray(photo_hwc[:24, :32])
    exif = Image.Exif()
    exif[0x0112] = 6
    palette = (b"PLTE", bytes(range(48)))
    return {
        "baseline": make_file(small, "JPEG", exif=exif, icc_profile=bytes(200)),
        "progressive": make_file(small, "JPEG", progressive=True),
        "grey": make_file(small.convert("L"), "JPEG", restart_marker_blocks=1),
        "cmyk": make_file(small.convert("CMYK"), "JPEG"),
        "double": make_file(small, "MPO", save_all=True, append_images=[small]),
        "rgb": make_file(small, "PNG", exif=exif),
        "rgba": make_file(small.convert("RGBA"), "PNG"),
        "animated": make_file(small, "PNG", save_all=True, append_images=[small.rotate(90)]),
        "grey of 16 bits": make_png((4, 2), 16, 0, [bytes(range(8))] * 2),
        "grey of 2 bits": make_png((4, 1), 2, 0, [b"\x1b"], [(b"tRNS", b"\0\1")]),
        "palette": make_png((4, 1), 4, 3, [b"\x12\x34"], [palette, (b"tRNS", bytes(9))]),
        "interlaced": make_png((1, 1), 8, 2, [b"\1\2\3"], is_interlaced=True),
    }


def fate(data: bytes) -> type[PictureError] | None:
    """Decode to a small size; return the kind of error, once it is told in a sentence."""
    try:
        picture = decode_picture(data, resize=Resize("fit", 16, 16), limits=SMALL)
    except PictureError as error:
        sentence = str(error)
        assert sentence.startswith("The ")
        assert sentence.endswith(".")
        assert sentence.isprintable()
        return type(error)
    height, width, channels = picture.image_hwc.shape
    assert (1 <= width <= 16, 1 <= height <= 16, channels) == (True, True, 3)
    return None


@pytest.mark.parametrize(
    ("data", "expected", "sentence"),
    [
        (b"", EmptyPictureError, "The file is empty."),
        (b"\0", UnsupportedFormatError, "The file is neither a JPEG nor a PNG picture."),
        (b"Dear Sir or Madam,\n" * 100, UnsupportedFormatError, "The file is neither"),
        (b"GIF89a" + bytes(100), UnsupportedFormatError, "The file is neither"),
        (b"BM" + bytes(100), UnsupportedFormatError, "The file is neither"),
        (b"RIFF\0\0\0\0WEBPVP8 ", UnsupportedFormatError, "The file is neither"),
        (b"\0\0\0\x18ftypheic", UnsupportedFormatError, "The file is neither"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedFormatError, "The file is"),
        (b"\xff\xd8\xff", TruncatedPictureError, "The picture is cut off after 3 bytes."),
        (b"\x89PNG\r\n\x1a\n", TruncatedPictureError, "The picture is cut off after 8 bytes."),
        (b"\xff\xd8\xff\xda\0\2\xff\xd9", CorruptPictureError, "The picture is damaged, or of a"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82",
            CorruptPictureError,
            "The picture is damaged, or of a kind that cannot be read.",
        ),
    ],
)
def test_what_is_no_picture_is_told_in_a_sentence(
    data: bytes, expected: type[PictureError], sentence: str
) -> None:
    """The real content decides, and the sender learns what is wrong."""
    with pytest.raises(PictureError) as caught:
        decode_picture(data)

    assert type(caught.value) is expected
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    "name", ["baseline", "progressive", "grey", "cmyk", "rgb", "rgba", "grey of 16 bits", "palette"]
)
def test_a_file_cut_in_its_pixels_is_truncated(samples: Mapping[str, bytes], name: str) -> None:
    """Half a picture is never shown as a whole one."""
    data = samples[name]
    pixels_start = max(data.find(b"\xff\xda"), data.find(b"IDAT"))
    middle = (pixels_start + len(data)) // 2

    with pytest.raises(TruncatedPictureError, match=f"cut off after {middle} bytes"):
        decode_picture(data[:middle])


def test_a_file_cut_anywhere_is_told_so_or_complete(samples: Mapping[str, bytes]) -> None:
    """At every length, a part of a file is either cut off or has all its pixels."""
    fates = {
        fate(data[:length])
        for data in samples.values()
        for length in [*range(3, len(data), 7), len(data) - 1]
    }

    assert fates <= {None, TruncatedPictureError, UnsupportedFormatError}


def test_every_sample_is_whole(samples: Mapping[str, bytes]) -> None:
    """The files that the other tests damage are readable before."""
    assert {name: fate(data) for name, data in samples.items()} == dict.fromkeys(samples)


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_in_a_sentence(data: bytes) -> None:
    """Nothing but a picture error comes out."""
    assert fate(data) is not None


@given(
    head=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"]),
    rest=st.binary(max_size=300),
)
def test_random_bytes_behind_a_true_start_are_refused_in_a_sentence(
    head: bytes, rest: bytes
) -> None:
    """Nothing but a picture error comes out, however the file begins."""
    assert fate(head + rest) is not None


@given(data=st.data())
def test_damaged_files_are_read_or_refused_in_a_sentence(
    samples: Mapping[str, bytes], data: st.DataObject
) -> None:
    """Bytes changed, cut out or put in anywhere lead to a picture or a picture error."""
    damaged = bytearray(samples[data.draw(st.sampled_from(sorted(samples)), "sample")])
    for _ in range(data.draw(st.integers(1, 4), "times")):
        start = data.draw(st.integers(0, len(damaged)), "start")
        length = data.draw(st.integers(0, 8), "length")
        damaged[start : start + length] = data.draw(st.binary(max_size=8), "replacement")

    outcome = fate(bytes(damaged))

    assert outcome is None or issubclass(outcome, PictureError)


@given(
    size_wh=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    kind=st.tuples(st.integers(0, 20), st.integers(0, 8)),
    chunks=st.lists(
        st.tuples(st.sampled_from([b"PLTE", b"tRNS", b"IHDR", b"IDAT", b"eXIf"]), st.binary()),
        max_size=3,
    ),
)
def test_any_png_header_is_read_or_refused_in_a_sentence(
    make_png: MakeFile,
    size_wh: tuple[int, int],
    kind: tuple[int, int],
    chunks: list[tuple[bytes, bytes]],
) -> None:
    """Sizes, depths and colour types out of any range do no harm, checksums being right."""
    outcome = fate(make_png(size_wh, *kind, [bytes(64)], chunks))

    assert outcome is None or issubclass(outcome, PictureError)


def test_a_bomb_is_refused_by_its_header(make_png: MakeFile) -> None:
    """A hundred megapixels in a few kilobytes are counted, not decoded."""
    data = make_png((12_000, 10_000), 1, 0, [bytes(1500)])

    with pytest.raises(TooManyPixelsError) as caught:
        decode_picture(data, resize=Resize("stretch", 1, 1))

    assert str(caught.value) == (
        "The picture is 12,000 x 10,000 pixels large; at most 50,000,000 pixels in all are allowed."
    )


def test_a_jpeg_bomb_is_refused_by_its_last_header(samples: Mapping[str, bytes]) -> None:
    """A second, larger header does not slip past the limit."""
    data = samples["baseline"]
    start = data.index(b"\xff\xc0")
    end = start + 2 + int.from_bytes(data[start + 2 : start + 4])
    large = data[start : start + 5] + struct.pack(">HH", 65_000, 65_000) + data[start + 9 : end]

    with pytest.raises(TooManyPixelsError, match="65,000 x 65,000"):
        decode_picture(data[:end] + large + data[end:])


def test_the_limit_itself_is_allowed(samples: Mapping[str, bytes]) -> None:
    """A picture of exactly as many pixels passes, one more does not."""
    picture = decode_picture(samples["rgba"], limits=DecodeLimits(pixels_max=32 * 24))

    assert picture.original_size_wh == (32, 24)
    with pytest.raises(TooManyPixelsError):
        decode_picture(samples["rgba"], limits=DecodeLimits(pixels_max=32 * 24 - 1))


@pytest.mark.parametrize("end", [b"\xff\xd9", b""])
def test_a_jpeg_of_endless_scans_is_refused(samples: Mapping[str, bytes], end: bytes) -> None:
    """A file that would keep the decoder busy for minutes is not begun with."""
    data = samples["progressive"].removesuffix(b"\xff\xd9")
    last_scan = data[data.rindex(b"\xff\xda") :]

    with pytest.raises(CorruptPictureError, match="more than 200 scans"):
        decode_picture(data + last_scan * 200 + end)


@pytest.mark.parametrize(("bits", "channels"), [(12, 3), (8, 2), (8, 0)])
def test_a_jpeg_of_an_unusual_kind_is_refused(
    samples: Mapping[str, bytes], bits: int, channels: int
) -> None:
    """Twelve bits a channel and odd numbers of channels are no picture for people."""
    data = bytearray(samples["baseline"])
    start = data.index(b"\xff\xc0")
    data[start + 4], data[start + 9] = bits, channels

    with pytest.raises(CorruptPictureError, match="of a kind that cannot be read"):
        decode_picture(bytes(data))
