"""Chromium with a webcam that shows pictures of a test."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

FAKE_CAMERA = "--use-fake-device-for-media-stream"


def write_film(
    path: Path, pictures: Sequence[Path | Image.Image], *, frames_each: int = 30
) -> Path:
    """Write pictures as the frames of a Motion JPEG file of 640 x 480 pixels, and return its path.

    Such a file is one JPEG after the other, with chroma of half the size, as cameras have it.
    Chromium shows it at 30 frames a second, again and again.
    """
    path.write_bytes(b"".join(_frame(picture) * frames_each for picture in pictures))
    return path


def camera_flags(film: Path | None = None) -> list[str]:
    """Return what Chromium has to be started with to see a film through its one camera.

    Without a film it has two cameras, each with a moving pattern.
    """
    if film is None:
        return [f"{FAKE_CAMERA}=device-count=2"]
    return [FAKE_CAMERA, f"--use-file-for-fake-video-capture={film}"]


def _frame(picture: Path | Image.Image) -> bytes:
    image = picture if isinstance(picture, Image.Image) else Image.open(picture)
    file = BytesIO()
    image.convert("RGB").resize((640, 480)).save(file, "JPEG", quality=95, subsampling="4:2:0")
    return file.getvalue()
