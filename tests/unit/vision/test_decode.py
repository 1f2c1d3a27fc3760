"""Picture files of every kind, decoded."""

import zlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vision import DecodeLimits, Resize, decode_picture

MakeFile = Callable[..., bytes]
Pixels = list[tuple[int, ...]]
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
ORIENTATION = 0x0112


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[ORIENTATION] = orientation
    return block


def pixels(data: bytes) -> Pixels:
    """Return the pixels of a decoded file, row by row."""
    return [tuple(pixel) for pixel in decode_picture(data).image_hwc.reshape(-1, 3).tolist()]


def mean_difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.abs(first.astype(int) - second).mean())


def test_a_picture_knows_its_size_and_format(
    make_file: MakeFile, photo_hwc: NDArray[np.uint8]
) -> None:
    """The content decides what a file is; the pixels are those that were written."""
    png = decode_picture(make_file(photo_hwc, "PNG"))
    jpeg = decode_picture(make_file(photo_hwc, "JPEG", quality=95))

    assert (png.format, png.original_size_wh) == ("PNG", (64, 48))
    assert (jpeg.format, jpeg.original_size_wh) == ("JPEG", (64, 48))
    np.testing.assert_array_equal(png.image_hwc, photo_hwc)
    assert mean_difference(jpeg.image_hwc, photo_hwc) < 2


def test_pixels_are_ready_to_be_sent_and_cannot_be_written(
    make_file: MakeFile, photo_hwc: NDArray[np.uint8]
) -> None:
    """The array is contiguous, of bytes, and read-only."""
    image_hwc = decode_picture(make_file(photo_hwc, "PNG")).image_hwc

    assert image_hwc.dtype == np.uint8
    assert image_hwc.flags.c_contiguous
    assert not image_hwc.flags.writeable


@pytest.mark.parametrize(
    ("depth", "colour", "row", "expected"),
    [
        (1, GREY, b"\x40", [(0, 0, 0), (255, 255, 255)]),
        (2, GREY, b"\x60", [(85, 85, 85), (170, 170, 170)]),
        (4, GREY, b"\x1f", [(17, 17, 17), (255, 255, 255)]),
        (8, GREY, b"\x00\x07", [(0, 0, 0), (7, 7, 7)]),
        (16, GREY, b"\x80\x80\xff\xff", [(128, 128, 128), (255, 255, 255)]),
        (16, GREY, b"\x01\x81\x01\x80", [(1, 1, 1), (1, 1, 1)]),
        (16, GREY, b"\x01\x82\x00\x01", [(2, 2, 2), (0, 0, 0)]),
        (8, RGB, b"\x01\x02\x03\x04\x05\x06", [(1, 2, 3), (4, 5, 6)]),
        (16, RGB, b"\x01\x01\x80\x80\xff\xff" * 2, [(1, 128, 255)] * 2),
        (8, GREY_ALPHA, b"\x64\xff\x64\x00", [(100, 100, 100), (255, 255, 255)]),
        (16, GREY_ALPHA, b"\x64\x64\xff\xff\x64\x64\x00\x00", [(100,) * 3, (255,) * 3]),
        (8, RGBA, b"\xff\x00\x00\xff\xff\x00\x00\x00", [(255, 0, 0), (255, 255, 255)]),
        (8, RGBA, b"\x00\x00\x00\x80\xff\x00\x00\x33", [(127, 127, 127), (255, 204, 204)]),
        (16, RGBA, b"\xff\xff\0\0\0\0\xff\xff\0\0\0\0\0\0\0\0", [(255, 0, 0), (255,) * 3]),
    ],
)
def test_png_of_any_depth_and_colour_becomes_rgb(
    make_png: MakeFile, depth: int, colour: int, row: bytes, expected: Pixels
) -> None:
    """Fewer or more bits are scaled, never cut, and what is transparent lies over white."""
    data = make_png((2, 1), depth, colour, [row])

    assert pixels(data) == expected


@pytest.mark.parametrize(
    ("kind", "row", "transparent", "expected"),
    [
        ((1, GREY), b"\x40", b"\0\0", [(255, 255, 255), (255, 255, 255)]),
        ((2, GREY), b"\x60", b"\0\1", [(255, 255, 255), (170, 170, 170)]),
        ((4, GREY), b"\x1f", b"\0\1", [(255, 255, 255), (255, 255, 255)]),
        ((4, GREY), b"\x1e", b"\0\x0e", [(17, 17, 17), (255, 255, 255)]),
        ((8, GREY), b"\x00\x07", b"\0\7", [(0, 0, 0), (255, 255, 255)]),
        ((16, GREY), b"\x12\x34\x12\x35", b"\x12\x34", [(255, 255, 255), (18, 18, 18)]),
        ((8, RGB), b"\1\2\3\4\5\6", b"\0\1\0\2\0\3", [(255, 255, 255), (4, 5, 6)]),
        # Which pixels are meant cannot be told after narrowing, so none is made transparent.
        ((16, RGB), b"\x34\0" * 6, b"\x12\x34" * 3, [(52, 52, 52), (52, 52, 52)]),
        ((8, PALETTE), b"\0\1", b"", [(10, 20, 30), (40, 50, 60)]),
        ((8, PALETTE), b"\0\1", b"\xff\0", [(10, 20, 30), (255, 255, 255)]),
        ((8, PALETTE), b"\0\1", b"\x80\0", [(132, 137, 142), (255, 255, 255)]),
        ((1, PALETTE), b"\x40", b"\0", [(255, 255, 255), (40, 50, 60)]),
    ],
)
def test_png_with_a_transparent_colour_lies_over_white(
    make_png: MakeFile,
    kind: tuple[int, int],
    row: bytes,
    transparent: bytes,
    expected: Pixels,
) -> None:
    """Also a grey of 2 or 4 bits, which Pillow by itself compares on the wrong scale."""
    palette = bytes([10, 20, 30, 40, 50, 60]) if kind[1] == PALETTE else b""
    chunks = [chunk for chunk in ((b"PLTE", palette), (b"tRNS", transparent)) if chunk[1]]

    data = make_png((2, 1), *kind, [row], chunks)

    assert pixels(data) == expected


def test_interlaced_png_is_read(make_png: MakeFile, photo_hwc: NDArray[np.uint8]) -> None:
    """The seven passes of Adam7 come together."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
    rows = [
        row.tobytes()
        for x, y, step_x, step_y in [*passes, (0, 1, 1, 2)]
        for row in photo_hwc[y::step_y, x::step_x]
    ]

    data = make_png((64, 48), 8, RGB, rows, is_interlaced=True)

    np.testing.assert_array_equal(decode_picture(data).image_hwc, photo_hwc)


def test_of_an_animation_the_first_picture_is_read(
    make_file: MakeFile, photo_hwc: NDArray[np.uint8]
) -> None:
    """An animated PNG is a picture too."""
    later = Image.fromarray(photo_hwc[::-1])
    data = make_file(photo_hwc, "PNG", save_all=True, append_images=[later, later])
    assert b"acTL" in data

    picture = decode_picture(data)

    np.testing.assert_array_equal(picture.image_hwc, photo_hwc)


def test_of_a_phone_s_double_jpeg_the_first_picture_is_read(
    make_file: MakeFile, photo_hwc: NDArray[np.uint8]
) -> None:
    """A file in multi-picture format is a JPEG with more behind it."""
    later = Image.fromarray(photo_hwc[::-1])
    data = make_file(photo_hwc, "MPO", save_all=True, append_images=[later], quality=95)
    assert b"MPF\0" in data

    picture = decode_picture(data)

    assert picture.format == "JPEG"
    assert mean_difference(picture.image_hwc, photo_hwc) < 2


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": "4:4:4"}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_of_any_colours_becomes_rgb(
    make_file: MakeFile, photo_hwc: NDArray[np.uint8], mode: str, options: dict[str, object]
) -> None:
    """Grey and Adobe's inverted CMYK look as they should."""
    image = Image.fromarray(photo_hwc).convert(mode)

    picture = decode_picture(make_file(image, "JPEG", quality=95, **options))

    assert mean_difference(picture.image_hwc, np.asarray(image.convert("RGB"))) < 3


def test_jpeg_in_ycck_becomes_rgb(make_file: MakeFile, photo_hwc: NDArray[np.uint8]) -> None:
    """Adobe's YCCK is YCbCr of the ink, and black as ink that is missing."""
    ink = Image.fromarray(255 - photo_hwc).convert("YCbCr")
    stored = [*ink.split(), Image.new("L", ink.size, 255)]
    # Pillow inverts the bands of CMYK when it writes them.
    as_cmyk = Image.merge("CMYK", [ImageOps.invert(band) for band in stored])
    plain = make_file(as_cmyk, "JPEG", quality=95, subsampling="4:4:4")
    head, adobe, tail = plain.partition(b"Adobe\0\x64\0\0\0\0")
    assert adobe
    data = head + adobe + b"\2" + tail[1:]

    picture = decode_picture(data)

    assert mean_difference(picture.image_hwc, photo_hwc) < 3


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(9))
def test_pictures_are_turned_upright(
    make_file: MakeFile, photo_hwc: NDArray[np.uint8], orientation: int, file_format: str
) -> None:
    """All eight orientations, and one that is none, come out as Pillow's own turning has them."""
    data = make_file(photo_hwc, file_format, exif=exif(orientation))
    with Image.open(BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))

    picture = decode_picture(data)

    np.testing.assert_array_equal(picture.image_hwc, expected)
    assert picture.original_size_wh == (expected.shape[1], expected.shape[0])


@pytest.mark.parametrize("resize", [Resize("stretch", 20, 36), Resize("fit", 30, 30)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_pictures_have_the_size_that_was_asked_for(
    make_file: MakeFile, photo_hwc: NDArray[np.uint8], orientation: int, resize: Resize
) -> None:
    """Resizing before turning gives what turning before resizing would."""
    data = make_file(photo_hwc, "PNG", exif=exif(orientation))
    upright = Image.fromarray(decode_picture(data).image_hwc)
    target_wh = resize.target_wh(upright.size)
    expected = np.asarray(upright.resize(target_wh, Image.Resampling.BILINEAR))

    picture = decode_picture(data, resize=resize)

    assert picture.image_hwc.shape == (target_wh[1], target_wh[0], 3)
    assert picture.original_size_wh == upright.size
    assert mean_difference(picture.image_hwc, expected) < 1


def test_a_jpeg_shrunk_while_decoding_is_as_good(
    make_file: MakeFile, photo_hwc: NDArray[np.uint8]
) -> None:
    """The short cut through a smaller decode is hardly seen, not even on detail."""
    detailed = np.tile(photo_hwc, (16, 16, 1))
    data = make_file(detailed, "JPEG", quality=95)
    full = Image.fromarray(decode_picture(data).image_hwc)
    expected = np.asarray(full.resize((200, 120), Image.Resampling.BILINEAR))

    picture = decode_picture(data, resize=Resize("stretch", 200, 120))

    assert picture.original_size_wh == (1024, 768)
    assert picture.image_hwc.shape == (120, 200, 3)
    assert mean_difference(picture.image_hwc, expected) < 2


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("size_wh", [(1, 1), (1, 9), (9, 1), (1, 5000), (5000, 1)])
@pytest.mark.parametrize(
    "resize", [Resize("none"), Resize("stretch", 300, 20), Resize("fit", 30, 30)]
)
def test_extreme_shapes_survive_every_method(
    make_file: MakeFile, size_wh: tuple[int, int], file_format: str, resize: Resize
) -> None:
    """A picture one pixel wide is still a picture afterwards."""
    data = make_file(Image.new("RGB", size_wh, (200, 100, 50)), file_format)

    picture = decode_picture(data, resize=resize)

    width, height = resize.target_wh(size_wh)
    assert picture.image_hwc.shape == (height, width, 3)
    assert mean_difference(picture.image_hwc, np.full((1, 1, 3), (200, 100, 50), np.uint8)) < 3


@pytest.mark.parametrize("profile", [b"", b"\0" * 300, b"no profile at all" * 10_000])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_colour_profiles_change_nothing(
    make_file: MakeFile, photo_hwc: NDArray[np.uint8], file_format: str, profile: bytes
) -> None:
    """With a profile, even a damaged one, the pixels are those without."""
    data = make_file(photo_hwc, file_format, icc_profile=profile)

    picture = decode_picture(data)

    plain = decode_picture(make_file(photo_hwc, file_format))
    np.testing.assert_array_equal(picture.image_hwc, plain.image_hwc)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(30_000_000))),
        (b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(30_000_000))),
        (b"tEXt", b"Comment\0" + bytes(3_000_000)),
        (b"iCCP", b"p\0\0" + zlib.compress(bytes(30_000_000))),
        (b"iCCP", b"p\0\7broken"),
        (b"acTL", b"\0"),
        (b"fcTL", b"\0" * 26),
        (b"eXIf", b"MM\0*\xff\xff\xff\xff"),
        (b"gAMA", b""),
        (b"pHYs", b"\0"),
        (b"ABCD", b"unknown"),
    ],
)
def test_other_png_chunks_do_no_harm(make_png: MakeFile, kind: bytes, content: bytes) -> None:
    """Text of any size, damaged metadata and unknown chunks leave the picture readable."""
    data = make_png((2, 1), 8, GREY, [b"\1\2"], [(kind, content)])

    assert pixels(data) == [(1, 1, 1), (2, 2, 2)]


@pytest.mark.parametrize(
    "extra",
    [
        b"\xff\xe1\x00\x0eExif\0\0MM\0*\xff\xff",
        b"\xff\xe2\xff\xff" + b"ICC_PROFILE\0\1\2" + bytes(65_519),
        b"\xff\xe2\x00\x0cMPF\0broken",
        b"\xff\xed\x00\x14Photoshop 3.0\x008BIM",
        b"\xff\xfe\xff\xff" + bytes(65_533),
        b"\xff\xff\xff\xff\xff",
        b"\0\0junk\0\0",
        b"\xff\x00\xff\xd0\xff\x01",
    ],
)
def test_other_jpeg_segments_do_no_harm(
    make_file: MakeFile, photo_hwc: NDArray[np.uint8], extra: bytes
) -> None:
    """Damaged metadata, fill bytes and junk before a marker leave the picture readable."""
    plain = make_file(photo_hwc, "JPEG")
    first_segment_end = plain.index(b"\xff\xdb")

    picture = decode_picture(
        plain[:first_segment_end] + extra + plain[first_segment_end:] + b"anything behind the end"
    )

    np.testing.assert_array_equal(picture.image_hwc, decode_picture(plain).image_hwc)


def test_a_raised_limit_is_above_that_of_pillow(make_png: MakeFile) -> None:
    """Ninety megapixels, of which Pillow by itself warns, are fine where they are allowed."""
    row = bytes(9500 // 8 + 1)
    data = make_png((9500, 9500), 1, GREY, [row] * 9500)

    picture = decode_picture(
        data, resize=Resize("fit", 10, 10), limits=DecodeLimits(pixels_max=100_000_000)
    )

    assert picture.original_size_wh == (9500, 9500)


@pytest.mark.parametrize("pixels_max", [0, -1])
def test_a_limit_allows_at_least_one_pixel(pixels_max: int) -> None:
    """A limit that refuses everything is a mistake."""
    with pytest.raises(ValueError, match=f"got {pixels_max}"):
        DecodeLimits(pixels_max=pixels_max)
