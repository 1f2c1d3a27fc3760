"""The same frames, looked at by the server and by the browser."""

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from tests.e2e.stack import Running
from vision.boxes import area_xyxy, overlap_xyxy

THRESHOLD = 0.5
FLOOR = 0.05  # the score from which a partner counts
LOOK = """
async ([model, frame]) => {
  const { LocalDetector } = await import("/static/js/local/local_detector.js");
  const detector = (globalThis.detector ??= new LocalDetector());
  await detector.prepare({ local: `/live/local/${model}` });
  const bytes = Uint8Array.from(atob(frame), (letter) => letter.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes]));
  const { width, height } = image;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return (await detector.detect({ canvas, sequence: 1 }, { threshold: 0.05 })).detections;
}
"""
Answer = list[dict[str, Any]]


def frame_of(path: Path, size_wh: tuple[int, int]) -> bytes:
    """A picture as a frame that the live page would send."""
    file = BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").resize(size_wh).save(file, "JPEG", quality=90)
    return file.getvalue()


def fitting(path: Path, side: int) -> tuple[int, int]:
    with Image.open(path) as image:
        scale = side / max(image.size)
        return round(image.width * scale), round(image.height * scale)


def on_server(running: Running, model: str, frame: bytes, size_wh: tuple[int, int]) -> Answer:
    document: Any = running.post("frame.jpg", frame, model=model, threshold=str(FLOOR))
    width, height = size_wh
    return [
        {
            "label": found["label"],
            "score": found["score"],
            "box": [
                found["box"][side] / pixels
                for side, pixels in zip(
                    ("x_min", "y_min", "x_max", "y_max"), (width, height) * 2, strict=True
                )
            ],
        }
        for found in document["detections"]
    ]


def overlap_of_partner(found: dict[str, Any], others: Answer) -> float:
    """The highest IoU with an object of the same class; 0 where there is none."""
    boxes = np.array([each["box"] for each in others if each["label"] == found["label"]])
    if not len(boxes):
        return 0.0
    box = np.array([found["box"]])
    common = overlap_xyxy(box, boxes)[0]
    return float((common / (area_xyxy(box) + area_xyxy(boxes) - common)).max())


def overlaps(some: Answer, others: Answer) -> list[float]:
    return [overlap_of_partner(each, others) for each in some if each["score"] >= THRESHOLD]


def compare(
    running: Running, page: Page, model: str, pictures: list[tuple[Path, tuple[int, int]]]
) -> list[float]:
    """The overlap of each object above the threshold, of either, with that of the other."""
    page.goto(running.url)
    found = []
    for path, size_wh in pictures:
        frame = frame_of(path, size_wh)
        there = on_server(running, model, frame, size_wh)
        here: Answer = page.evaluate(LOOK, [model, base64.b64encode(frame).decode()])
        found += [*overlaps(there, here), *overlaps(here, there)]
    return found
