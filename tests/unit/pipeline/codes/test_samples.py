"""The sample pictures of the upload page."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from pipeline.codes.samples import SamplePicture, sample_pictures, write_samples
from webapp.samples import Samples


@pytest.fixture(scope="module")
def pictures() -> Mapping[str, SamplePicture]:
    return sample_pictures()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("samples")
    write_samples(made)
    return made


def test_samples_are_large_pictures_with_words(pictures: Mapping[str, SamplePicture]) -> None:
    """Each has what the page shows beside it, and what it says to people who do not see it."""
    for sample in pictures.values():
        assert sample.image_hwc.shape == (960, 1280, 3)
        assert sample.image_hwc.dtype == np.uint8
        assert sample.title
        assert len(sample.alt) > len(sample.title)


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("parcel", {"QRCode", "DataMatrix", "Code128"}),
        ("groceries", {"QRCode", "EAN13"}),
        ("ticket", {"Aztec"}),
        ("board", {"QRCode", "DataMatrix"}),
    ],
)
def test_the_codes_can_be_read(
    pictures: Mapping[str, SamplePicture], name: str, forms: set[str]
) -> None:
    """The pictures are not only pretty: a reader finds the codes in them."""
    read = {code.format.name for code in zxingcpp.read_barcodes(pictures[name].image_hwc)}

    assert read >= forms


def test_samples_are_the_same_each_time(pictures: Mapping[str, SamplePicture]) -> None:
    """What is committed can be made again."""
    again = sample_pictures()

    assert list(again) == list(pictures)
    for name, sample in again.items():
        assert sample.image_hwc.tobytes() == pictures[name].image_hwc.tobytes()


def test_files_are_small_and_complete(folder: Path) -> None:
    """Below 200 kB each, whole JPEGs, and nothing else but the list."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert set(files) == {f"{name}.jpg" for name in sample_pictures()} | {"samples.toml"}
    for name, data in files.items():
        assert len(data) < 200_000
        if name.endswith(".jpg"):
            assert Image.open(BytesIO(data)).size == (1280, 960)


def test_the_web_pages_can_show_them(folder: Path, pictures: Mapping[str, SamplePicture]) -> None:
    """The list is in the form that the application reads."""
    samples = Samples(folder)

    assert [(sample.name, sample.title, sample.alt) for sample in samples.all] == [
        (name, picture.title, picture.alt) for name, picture in pictures.items()
    ]
