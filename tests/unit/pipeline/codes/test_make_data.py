"""The step make-data."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pipeline.codes.artifact import Artifact
from pipeline.codes.data.made_picture import PictureMaker
from pipeline.codes.kinds import CodeKind
from pipeline.codes.make_data import STEP, DataSettings, make_data
from pipeline.codes.scenes.scene import SceneSettings
from pipeline.evaluate.dataset import Dataset

SETTINGS = DataSettings(
    train=9, validation=3, test=4, seed=5, scenes=SceneSettings(long_side_px=160)
)
SIDES = ("xmin", "ymin", "xmax", "ymax")


def _quiet(_done: int, _total: int | None) -> None:
    """Report to nobody."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("made") / "data"
    make_data(SETTINGS, made, _quiet, processes=2)
    return made


def test_any_number_of_processes_makes_the_same_files(folder: Path, tmp_path: Path) -> None:
    """A picture depends on its number, not on who makes it."""
    alone = make_data(SETTINGS, tmp_path / "data", _quiet, processes=1)

    assert alone.files == Artifact.load(folder, STEP).files


def test_the_manifest_counts_what_was_made(folder: Path) -> None:
    """Pictures, empty ones, and codes of each kind, split by split."""
    metrics = Artifact.load(folder, STEP).metrics
    dataset = Dataset.load(folder / "test")

    assert [metrics[split]["pictures"] for split in ("train", "validation", "test")] == [9, 3, 4]
    assert sum(metrics["test"]["codes"].values()) == len(dataset.boxes)
    empty = set(dataset.pictures) - {box.image_id for box in dataset.boxes}
    assert metrics["test"]["without_codes"] == len(empty)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_pictures_to_measure_with_are_in_the_form_of_coco(folder: Path, split: str) -> None:
    """Every kind has its name, and every box lies in its picture."""
    dataset = Dataset.load(folder / split)

    assert dataset.categories == {kind.class_id: kind.value for kind in CodeKind}
    for box in dataset.boxes:
        height, width = tf.io.decode_jpeg(dataset.pictures[box.image_id].read_bytes()).shape[:2]
        left, top, wide, high = box.xywh
        assert 0 <= left < left + wide <= width + 0.01
        assert 0 <= top < top + high <= height + 0.01


def test_records_hold_the_keys_of_the_object_detection_api(folder: Path) -> None:
    """Each record has a picture and its boxes, as they were made."""
    features = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/format": tf.io.FixedLenFeature([], tf.string),
        "image/width": tf.io.FixedLenFeature([], tf.int64),
        "image/height": tf.io.FixedLenFeature([], tf.int64),
        "image/object/class/label": tf.io.VarLenFeature(tf.int64),
        "image/object/class/text": tf.io.VarLenFeature(tf.string),
        **{f"image/object/bbox/{side}": tf.io.VarLenFeature(tf.float32) for side in SIDES},
    }
    maker = PictureMaker(SETTINGS.scenes, SETTINGS.seed, split=0)
    (shard,) = (folder / "train").glob("*.tfrecord")

    records = list(tf.data.TFRecordDataset(str(shard)))

    assert len(records) == 9
    for number, record in enumerate(records):
        made = maker(number)
        read = tf.io.parse_single_example(record, features)
        assert read["image/encoded"].numpy() == made.jpeg
        assert read["image/format"].numpy() == b"jpeg"
        assert (read["image/width"].numpy(), read["image/height"].numpy()) == made.size_wh
        labels = tf.sparse.to_dense(read["image/object/class/label"]).numpy().tolist()
        assert labels == [kind.class_id for kind in made.kinds]
        names = tf.sparse.to_dense(read["image/object/class/text"], "").numpy().tolist()
        assert names == [kind.value.encode() for kind in made.kinds]
        sides = [tf.sparse.to_dense(read[f"image/object/bbox/{side}"]) for side in SIDES]
        scale = np.array([*made.size_wh, *made.size_wh])
        assert np.stack(sides, axis=1) * scale == pytest.approx(made.xyxy, abs=1e-3)


def test_progress_is_told_picture_by_picture(tmp_path: Path) -> None:
    """The bar moves on with each picture and knows where it ends."""
    told: list[tuple[int, int | None]] = []
    settings = DataSettings(2, 1, 1, scenes=SETTINGS.scenes)

    make_data(settings, tmp_path / "data", lambda done, total: told.append((done, total)), 1)

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_older_result_is_replaced_whole(tmp_path: Path) -> None:
    """Nothing of a former or broken run stays behind."""
    data = tmp_path / "data"
    for path in (data / "train/old.tfrecord", tmp_path / ".data.new/half.tfrecord"):
        path.parent.mkdir(parents=True)
        path.touch()
    Artifact(STEP, {}).write(data)

    artifact = make_data(DataSettings(1, 1, 1, scenes=SETTINGS.scenes), data, _quiet, 1)

    found = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    assert found == {*artifact.files, "artifact.json"}
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
