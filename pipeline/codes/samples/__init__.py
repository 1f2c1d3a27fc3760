"""Pictures that show what the detector finds, for whoever has none at hand.

`sample_pictures` draws them; `write_samples` writes them with the list that the web pages read.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.codes.card import NAME
from pipeline.codes.painting.canvas import Picture
from pipeline.codes.samples.board import board
from pipeline.codes.samples.groceries import groceries
from pipeline.codes.samples.parcel import parcel
from pipeline.codes.samples.ticket import ticket
from pipeline.codes.scenes.camera import encoded_jpeg

__all__ = ["SamplePicture", "sample_pictures", "write_samples"]

_SIZE_WH = (1280, 960)
_SEED = 2026
_BYTES_MAX = 200_000
_QUALITIES = range(90, 40, -3)


@dataclass(frozen=True, slots=True)
class SamplePicture:
    """A picture to try.

    Attributes:
        title: A few words to show below it.
        alt: What there is to see in it.
        image_hwc: uint8 RGB [960, 1280, 3].
    """

    title: str
    alt: str
    image_hwc: Picture


_Draw = Callable[[np.random.Generator, int, int], Picture]
_DRAWN: Mapping[str, tuple[str, str, _Draw]] = {
    "parcel": (
        "Parcel label",
        "A parcel's label with a QR code, a barcode and PDF417, and a sticker with Data Matrix",
        parcel,
    ),
    "groceries": (
        "Groceries",
        "A milk carton, a can and a packet of oats with barcodes, and a QR code",
        groceries,
    ),
    "ticket": (
        "Ticket on a phone",
        "A telephone that shows a ticket with an Aztec code, and a boarding pass with PDF417",
        ticket,
    ),
    "board": (
        "Marked parts",
        "A circuit board with Data Matrix marks on chips, and a steel plate with a QR code",
        board,
    ),
}


def sample_pictures() -> Mapping[str, SamplePicture]:
    """Draw the samples by name, in the order to show them; the same each time."""
    return {
        name: SamplePicture(title, alt, draw(np.random.default_rng([_SEED, number]), *_SIZE_WH))
        for number, (name, (title, alt, draw)) in enumerate(_DRAWN.items())
    }


def write_samples(folder: Path) -> None:
    """Write each sample as a JPEG below 200 kB, and `samples.toml` with their titles."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, sample in sample_pictures().items():
        (folder / f"{name}.jpg").write_bytes(_small_jpeg(sample.image_hwc))
        # A TOML string of these characters is written as in JSON.
        fields = {
            "file": f"{name}.jpg",
            "title": sample.title,
            "alt": sample.alt,
            "model": NAME,
        }
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in fields.items()]
        rows.append("[[samples]]\n" + "".join(lines))
    (folder / "samples.toml").write_text("\n".join(rows), encoding="utf-8")


def _small_jpeg(image: Picture) -> bytes:
    """Write at the best quality that keeps the file small."""
    files = (encoded_jpeg(image, quality) for quality in _QUALITIES)
    return next(data for data in files if len(data) < _BYTES_MAX)
