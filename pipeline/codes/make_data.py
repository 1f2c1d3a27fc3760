"""The step make-data: pictures of codes with their boxes, for training, validation and test."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2

from pipeline.codes.artifact import (
    Artifact,
    ArtifactError,
    check_replaceable,
    clear_result,
    code_version,
)
from pipeline.codes.data.coco_folder import write_coco_folder
from pipeline.codes.data.examples import write_shards
from pipeline.codes.data.made_picture import MadePicture, PictureMaker
from pipeline.codes.kinds import CodeKind
from pipeline.codes.scenes.scene import SceneSettings
from pipeline.progress import Report

STEP = "make-data"
TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
"""The folders of the result; a split's place here is its number, so their pictures differ."""

_CHUNK = 8


@dataclass(frozen=True, slots=True)
class DataSettings:
    """What to make.

    Attributes:
        train: Number of pictures to train with.
        validation: Number of pictures to choose the best weights with.
        test: Number of pictures to measure with.
        seed: Decides every picture, together with its split and number.
        scenes: What the pictures show.
    """

    train: int = 20_000
    validation: int = 500
    test: int = 1_000
    seed: int = 2026
    scenes: SceneSettings = field(default_factory=SceneSettings)

    def counts(self) -> Mapping[str, int]:
        """Return the number of pictures by split, in the order of the splits' numbers."""
        return {TRAIN: self.train, VALIDATION: self.validation, TEST: self.test}


def make_data(
    settings: DataSettings, folder: Path, report: Report, processes: int | None = None
) -> Artifact:
    """Make all pictures, and replace the folder by them.

    Args:
        settings: What to make.
        folder: Gets `train/*.tfrecord`, `validation/*.tfrecord`, `validation` and `test` in
            COCO's form, and the manifest. Until all is there it stays as it is.
        report: Told how many pictures are made.
        processes: How many work at the same time, by default one a processor; any number makes
            the same bytes.

    Returns:
        The manifest.

    Raises:
        ArtifactError: The folder holds something else, or a process was ended from outside.
    """
    check_replaceable(folder)
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    code = code_version()  # before it can change under a long run
    tally = _Tally(report, sum(settings.counts().values()))
    try:
        with _workers(processes) as workers:
            for number, (split, count) in enumerate(settings.counts().items()):
                maker = PictureMaker(settings.scenes, settings.seed, number)
                made = workers.map(maker, range(count), chunksize=_CHUNK)
                _write(new / split, split, tally.watched(split, made), count)
    except BrokenProcessPool as error:
        raise ArtifactError(
            "A process that draws pictures was ended from outside, perhaps for want of memory."
        ) from error
    artifact = Artifact(STEP, asdict(settings), metrics=tally.metrics(), code=code).write(new)
    clear_result(folder)
    new.rename(folder)
    return artifact


def _write(folder: Path, split: str, pictures: Iterable[MadePicture], count: int) -> None:
    if split == TRAIN:
        write_shards(folder, pictures, count)
        return
    kept = list(pictures)
    write_coco_folder(folder, kept)
    if split == VALIDATION:
        write_shards(folder, kept, count)


def _workers(processes: int | None) -> ProcessPoolExecutor:
    """Start fresh processes: forked ones would inherit TensorFlow's threads, stopped midway."""
    return ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)
    )


class _Tally:
    """Counts pictures and codes as they pass by.

    Args:
        report: Told of each picture.
        total: How many there will be.
    """

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._total = total
        self._pictures: Counter[str] = Counter()
        self._empty: Counter[str] = Counter()
        self._codes: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}

    def watched(self, split: str, pictures: Iterable[MadePicture]) -> Iterator[MadePicture]:
        """Hand pictures on, counted."""
        for picture in pictures:
            self._pictures[split] += 1
            self._empty[split] += not picture.kinds
            self._codes[split].update(kind.value for kind in picture.kinds)
            self._report(self._pictures.total(), self._total)
            yield picture

    def metrics(self) -> dict[str, Any]:
        """Return the counts by split."""
        return {
            split: {
                "pictures": self._pictures[split],
                "without_codes": self._empty[split],
                "codes": {kind.value: self._codes[split][kind.value] for kind in CodeKind},
            }
            for split in SPLITS
        }
