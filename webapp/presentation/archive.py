"""Many results in one ZIP file."""

import logging
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import PurePosixPath
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from vision import DecodeLimits, VisionError
from webapp.exceptions import OriginalGoneError
from webapp.presentation.exports import coco_text, to_csv
from webapp.presentation.renditions import SCREEN_SIDE, annotated_jpeg
from webapp.results import Result, State, Task
from webapp.storage.originals import Originals

_log = logging.getLogger(__name__)


def write_archive(
    file: IO[bytes], results: Sequence[Result], originals: Originals, limits: DecodeLimits
) -> None:
    """Write originals, pictures with boxes, a table and a COCO dataset.

    An original that is gone is left out, and the log says so; everything else is there.

    Args:
        file: Where to write, from where it stands.
        results: Results in the order they are to be in; those that are done are in the tables.
        originals: Where the files are.
        limits: What a picture may ask for.
    """
    done = [result for result in results if result.state is State.DONE]
    detected = [result for result in done if result.task is Task.DETECTION]
    with ZipFile(file, "w", ZIP_STORED) as archive:  # pictures are compressed already
        names = unique_names([result.image_name for result in results])
        for result, name in zip(results, names, strict=True):
            for path, data in _pictures(result, name, originals, limits):
                archive.writestr(path, data)
        archive.writestr("table.csv", to_csv(done), ZIP_DEFLATED)
        if detected:
            archive.writestr("coco.json", coco_text(detected), ZIP_DEFLATED)


def _pictures(
    result: Result, name: str, originals: Originals, limits: DecodeLimits
) -> Iterator[tuple[str, bytes]]:
    try:
        data = originals.read(result.original_name)
        yield f"originals/{name}{PurePosixPath(result.original_name).suffix}", data
        if result.state is State.DONE and result.task is Task.DETECTION:
            yield f"boxes/{name}.jpg", annotated_jpeg(data, result.shown, SCREEN_SIDE, limits)
    except (OriginalGoneError, VisionError) as error:
        _log.warning("result %s is not whole in the archive: %s", result.id, error)


def unique_names(image_names: Sequence[str]) -> list[str]:
    """Return a file name without extension for each picture, each one once.

    It is made of the letters and digits of the picture's own name, so that it means nothing to any
    file system; what came several times is numbered.
    """
    names: list[str] = []
    taken: set[str] = set()
    for image_name in image_names:
        stem = _plain(PurePosixPath(image_name).stem)
        numbered = (f"{stem}-{number}" for number in count(2))
        name = next(each for each in chain([stem], numbered) if each.casefold() not in taken)
        taken.add(name.casefold())
        names.append(name)
    return names


def _plain(stem: str) -> str:
    kept = "".join(char if char.isalnum() or char in "-_" else "-" for char in stem)
    return kept.strip("-_") or "picture"
