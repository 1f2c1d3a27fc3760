"""The step make-data: pictures of codes with their boxes, for training, validation and test."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2

from pipeline.codes.artifact import Artifact, code_version, replacement
from pipeline.codes.data.coco_folder import write_coco_folder
from pipeline.codes.data.examples import write_shards
from pipeline.codes.data.made_picture import MadePicture, PictureMaker
from pipeline.codes.kinds import CodeKind
from pipeline.codes.scenes.scene import SceneSettings
from pipeline.exceptions import ArtifactError
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
        validation: Number of pictures to watch the training and to choose the threshold with.
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
    code = code_version()  # before it can change under a long run
    tally = _Tally(report, sum(settings.counts().values()))
    with replacement(folder) as new:
        try:
            _make(settings, new, tally, processes)
        except BrokenProcessPool as error:
            raise ArtifactError(
                "A process that draws pictures was ended from outside, perhaps for want of memory."
            ) from error
        return Artifact(STEP, asdict(settings), metrics=tally.metrics(), code=code).write(new)


def _make(settings: DataSettings, folder: Path, tally: "_Tally", processes: int | None) -> None:
    workers = _workers(processes)
    try:
        for number, (split, count) in enumerate(settings.counts().items()):
            maker = PictureMaker(settings.scenes, settings.seed, number)
            pictures = workers.map(maker, range(count), chunksize=_CHUNK)
            _write(folder / split, split, tally.watched(split, pictures), count)
    finally:
        # Whatever went wrong, the pictures that are left are of no use to anyone.
        workers.shutdown(cancel_futures=True)


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
