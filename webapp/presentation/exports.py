"""Results as files for other programs: CSV, and the results and datasets of COCO."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from vision import Detection
from webapp.results import Result, Task

CSV_COLUMNS = ("image_name", "label", "score", "x_min", "y_min", "x_max", "y_max")
_SCORE_DIGITS = 6
_PIXEL_DIGITS = 2
# A spreadsheet takes a cell that starts with one of these for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def to_csv(results: Iterable[Result]) -> str:
    r"""Return a table of everything shown in results, one row for each object or class.

    The four columns of a box, in pixels of the upright original, are empty for a class, which has
    none. A result in which nothing was found has no row.

    Args:
        results: Results that are done, each at the threshold asked for.

    Examples:
        >>> to_csv([])
        'image_name,label,score,x_min,y_min,x_max,y_max\r\n'
    """
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(CSV_COLUMNS)
    for result in results:
        writer.writerows(_csv_rows(result))
    return table.getvalue()


def _csv_rows(result: Result) -> Iterator[Sequence[object]]:
    name = _as_text_cell(result.image_name)
    if result.task is Task.CLASSIFICATION:
        for each in result.shown_classes:
            yield name, _as_text_cell(each.label), round(each.score, _SCORE_DIGITS), *([""] * 4)
        return
    for found in result.shown:
        yield name, _as_text_cell(found.label), round(found.score, _SCORE_DIGITS), *_pixels(found)


def _as_text_cell(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula.

    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _pixels(found: Detection) -> list[float]:
    return [round(pixel, _PIXEL_DIGITS) for pixel in found.xyxy]


def to_coco(results: Sequence[Result]) -> dict[str, Any]:
    """Return detections as a COCO dataset: images, annotations with scores, categories.

    Image and annotation ids count from 1. See https://cocodataset.org/#format-results: each
    annotation is a row of COCO's results, too.

    Args:
        results: Results of detectors that are done, each at the threshold asked for.

    Examples:
        >>> to_coco([])["annotations"]
        []
    """
    annotations = [
        _coco_annotation(found, image_id)
        for image_id, result in enumerate(results, start=1)
        for found in result.shown
    ]
    names = {found.class_id: found.label for result in results for found in result.shown}
    return {
        "info": {"description": "Detections by Sightline"},
        "images": [_coco_image(each, number) for number, each in enumerate(results, start=1)],
        "annotations": [{"id": n, **each} for n, each in enumerate(annotations, start=1)],
        "categories": [{"id": key, "name": names[key]} for key in sorted(names)],
    }


def coco_text(results: Sequence[Result]) -> str:
    """Return :func:`to_coco` as JSON, in lines."""
    return json.dumps(to_coco(results), ensure_ascii=False, indent=1)


def _coco_image(result: Result, image_id: int) -> dict[str, Any]:
    return {
        "id": image_id,
        "file_name": result.image_name,
        "width": result.width,
        "height": result.height,
    }


def _coco_annotation(found: Detection, image_id: int) -> dict[str, Any]:
    x_min, y_min, x_max, y_max = found.xyxy
    width, height = x_max - x_min, y_max - y_min
    return {
        "image_id": image_id,
        "category_id": found.class_id,
        "bbox": [round(pixel, _PIXEL_DIGITS) for pixel in (x_min, y_min, width, height)],
        "area": round(width * height, _PIXEL_DIGITS),
        "iscrowd": 0,
        "score": round(found.score, _SCORE_DIGITS),
    }
