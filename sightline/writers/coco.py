"""Detections in COCO's form."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any, TextIO

from sightline.answers import Answer
from vision import Detection


class CocoWriter:
    """A COCO dataset: images, annotations with scores, categories.

    Ids of images and annotations count from 1; category ids are the model's class ids. Each
    annotation is a row of COCO's results, too: see https://cocodataset.org/#format-results.
    Annotations wait in a temporary file until all images are written, so memory does not grow with
    the pictures.

    Args:
        out: Where to.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._waiting = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  see close
        self._images = self._annotations = 0
        self._categories: dict[int, str] = {}
        out.write('{"info": {"description": "Detections by Sightline"},\n"images": [')

    def write(self, answers: Sequence[Answer]) -> None:
        """See `Writer`."""
        for answer in answers:
            self._images += 1
            _write_row(self._out, _image(answer, self._images), is_first=self._images == 1)
            for found in answer.objects:
                self._add(found)

    def close(self) -> None:
        """See `Writer`."""
        self._out.write('\n],\n"annotations": [')
        with self._waiting:
            self._waiting.seek(0)
            shutil.copyfileobj(self._waiting, self._out)
        names = sorted(self._categories.items())
        categories = [{"id": class_id, "name": name} for class_id, name in names]
        text = json.dumps(categories, ensure_ascii=False)
        self._out.write(f'\n],\n"categories": {text}}}\n')
        self._out.flush()

    def _add(self, found: Detection) -> None:
        self._annotations += 1
        self._categories.setdefault(found.class_id, found.label)
        row = _annotation(found, self._annotations, self._images)
        _write_row(self._waiting, row, is_first=self._annotations == 1)


def _write_row(out: TextIO, row: dict[str, Any], *, is_first: bool) -> None:
    out.write(("\n" if is_first else ",\n") + json.dumps(row, ensure_ascii=False))


def _image(answer: Answer, image_id: int) -> dict[str, Any]:
    return {
        "id": image_id,
        "file_name": answer.name,
        "width": answer.width,
        "height": answer.height,
    }


def _annotation(found: Detection, annotation_id: int, image_id: int) -> dict[str, Any]:
    x_min, y_min, x_max, y_max = found.xyxy
    width, height = x_max - x_min, y_max - y_min
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": found.class_id,
        "bbox": [round(pixel, 2) for pixel in (x_min, y_min, width, height)],
        "area": round(width * height, 2),
        "iscrowd": 0,
        "score": found.score,
    }
