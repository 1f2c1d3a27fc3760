"""The sample pictures that come with the upload page."""

from pathlib import Path

import pytest

from vision import decode_picture
from webapp.samples import BUNDLED, Sample, Samples

SAMPLES = Samples(BUNDLED).all
BYTES_MAX = 200_000


def test_there_are_a_few_samples_of_different_names() -> None:
    """Four fill a row of the page; a name leads to one of them."""
    assert len(SAMPLES) == len({sample.name for sample in SAMPLES}) == 4


def test_every_picture_in_the_folder_is_listed() -> None:
    """Nothing lies there that no page shows."""
    there = {path.name for path in BUNDLED.iterdir()}

    assert there == {"samples.toml"} | {sample.path.name for sample in SAMPLES}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_samples_are_small_jpegs_that_are_described(sample: Sample) -> None:
    """Each is a JPEG in the shape that thumbnails have, quick to send, with texts for everyone."""
    data = sample.path.read_bytes()

    picture = decode_picture(data)

    assert picture.format == "JPEG"
    assert picture.original_size_wh == (1280, 960)
    assert len(data) < BYTES_MAX
    assert 0 < len(sample.title) <= 30
    assert len(sample.alt) > len(sample.title)


def test_samples_carry_no_metadata() -> None:
    """They were made, so there is no camera or place to tell of."""
    assert not [sample.name for sample in SAMPLES if b"Exif" in _head(sample.path)]


def _head(path: Path) -> bytes:
    return path.read_bytes()[:4096]
