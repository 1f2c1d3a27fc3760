"""Made pictures as a folder in COCO's form, which `pipeline.evaluate` reads."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.codes.data.made_picture import MadePicture
from pipeline.codes.kinds import CodeKind
from pipeline.evaluate.dataset import ANNOTATIONS_FILE, IMAGES_FOLDER


def write_coco_folder(folder: Path, pictures: Iterable[MadePicture]) -> None:
    """Write `images/*.jpg` and `instances.json`."""
    (folder / IMAGES_FOLDER).mkdir(parents=True)
    images: list[Mapping[str, Any]] = []
    annotations: list[Mapping[str, Any]] = []
    for image_id, picture in enumerate(pictures, start=1):
        name = f"{image_id:06}.jpg"
        (folder / IMAGES_FOLDER / name).write_bytes(picture.jpeg)
        width, height = picture.size_wh
        images.append({"id": image_id, "file_name": name, "width": width, "height": height})
        annotations.extend(_annotations(picture, image_id, len(annotations) + 1))
    categories = [{"id": kind.class_id, "name": kind.value} for kind in CodeKind]
    fields = {"images": images, "annotations": annotations, "categories": categories}
    (folder / ANNOTATIONS_FILE).write_text(json.dumps(fields) + "\n", encoding="utf-8")


def _annotations(picture: MadePicture, image_id: int, first_id: int) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for box, kind in zip(picture.xyxy.tolist(), picture.kinds, strict=True):
        left, top, right, bottom = (round(side, 2) for side in box)
        width, height = round(right - left, 2), round(bottom - top, 2)
        rows.append(
            {
                "id": first_id + len(rows),
                "image_id": image_id,
                "category_id": kind.class_id,
                "bbox": [left, top, width, height],
                "area": round(width * height, 2),
                "iscrowd": 0,
            }
        )
    return rows
