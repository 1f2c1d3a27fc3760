"""Real photographs, decoded."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from vision import Resize, decode_picture

PHOTOS = ["cat_720p.jpg", "dogs.jpg", "face.jpg", "hot_dog.jpg", "kites.jpg", "owl.jpg"]


@pytest.mark.parametrize("name", PHOTOS)
def test_photographs_decode_as_pillow_alone_decodes_them(shared_dir: Path, name: str) -> None:
    """Taking the metadata off and reading the orientation ourselves changes no pixel."""
    data = (shared_dir / "photos" / name).read_bytes()
    with Image.open(BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))

    picture = decode_picture(data)

    np.testing.assert_array_equal(picture.image_hwc, expected)


@pytest.mark.parametrize("name", PHOTOS)
def test_photographs_shrunk_for_a_model_keep_what_it_looks_at(shared_dir: Path, name: str) -> None:
    """The short cuts differ from full decoding and plain resizing by a shade or two of 255."""
    data = (shared_dir / "photos" / name).read_bytes()
    full = Image.fromarray(decode_picture(data).image_hwc)
    expected = np.asarray(full.resize((300, 300), Image.Resampling.BILINEAR)).astype(int)

    picture = decode_picture(data, resize=Resize("stretch", 300, 300))

    assert np.abs(picture.image_hwc - expected).mean() < 2
