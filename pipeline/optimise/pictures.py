"""The pictures that variants are compared on."""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.evaluate.dataset import Dataset
from pipeline.exceptions import OptimiseError
from vision import Labels

LABELS_FILE = "labels.csv"
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
_DRAWN_SEED, _DRAWN_SPLIT = 2026, 7  # no split of the training has that number
_OR = "|"
_COLUMNS = {"file", "label"}


@dataclass(frozen=True, slots=True)
class TestPicture:
    """A picture.

    Attributes:
        name: For people.
        data: Its file.
        classes: The ids of the classes that are right for it; None where nobody says, or boxes
            say it.
    """

    name: str
    data: bytes
    classes: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class PictureSet:
    """Pictures, and what is truly in them where that is known.

    Attributes:
        origin: Where they come from, in a few words.
        pictures: At least one.
        dataset: The boxes in them; its pictures are these, in this order. None where there are
            none.
    """

    origin: str
    pictures: tuple[TestPicture, ...]
    dataset: Dataset | None = None


def pictures_with_boxes(folder: Path, limit: int | None) -> PictureSet:
    """Read a folder in COCO's form: `instances.json`, and `images/`.

    Args:
        folder: The folder.
        limit: Take only so many pictures, the first.

    Raises:
        EvaluationError: It is not of that form.
        OptimiseError: It has no picture.
    """
    dataset = Dataset.load(folder, limit)
    paths = dataset.pictures.values()
    return PictureSet(_origin(folder, len(paths)), tuple(_read(paths, folder)), dataset)


def pictures_with_classes(folder: Path, labels: Labels, limit: int | None) -> PictureSet:
    """Read a folder with `labels.csv` (columns `file` and `label`), or with a folder a class.

    A label is the id of a class or its name, or several of them with `|` between, each of which is
    right. In the table it may be left out: such a picture shows whether models agree, and not which
    one is right.

    Args:
        folder: The folder.
        labels: The classes that the model knows.
        limit: Take only so many pictures, the first.

    Raises:
        OptimiseError: It is not of that form, names a class that the model does not know, or has
            no picture.
    """
    if not folder.is_dir():
        raise OptimiseError(f"{folder} is no folder of pictures.")
    table = folder / LABELS_FILE
    rows = list(_rows(table) if table.is_file() else _folders(folder))[:limit]
    ids = _ids(labels)
    classes = [_known(label, ids, folder) if label else None for _, label in rows]
    pictures = zip(_read([path for path, _ in rows], folder), classes, strict=True)
    labelled = len(rows) - classes.count(None)
    note = "" if labelled == len(rows) else f", {labelled} of them labelled"
    return PictureSet(
        _origin(folder, len(rows)) + note,
        tuple(replace(picture, classes=right) for picture, right in pictures),
    )


def drawn_pictures(count: int) -> PictureSet:
    """Draw scenes as the bundled detector was trained on, for want of others."""
    # Draws with OpenCV, which takes a second to load.
    from pipeline.codes.data.made_picture import PictureMaker  # noqa: PLC0415
    from pipeline.codes.scenes.scene import SceneSettings  # noqa: PLC0415

    draw = PictureMaker(SceneSettings(), _DRAWN_SEED, _DRAWN_SPLIT)
    pictures = (TestPicture(f"scene {index + 1}", draw(index).jpeg) for index in range(count))
    return PictureSet(f"{count} drawn scenes, without labels", tuple(pictures))


def _origin(folder: Path, count: int) -> str:
    return f"{count} pictures of {folder.resolve().name}"


def _read(paths: Collection[Path], folder: Path) -> Iterator[TestPicture]:
    if not paths:
        raise OptimiseError(
            f"{folder} has no labelled pictures: expected instances.json and images/ for a "
            f"detector; {LABELS_FILE}, or a folder of JPEG or PNG files for each class, for a "
            "classifier."
        )
    for path in paths:
        try:
            yield TestPicture(path.name, path.read_bytes())
        except OSError as error:
            raise OptimiseError(f"Cannot read {path}: {error.strerror}.") from error


def _rows(table: Path) -> Iterator[tuple[Path, str]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not set(reader.fieldnames or ()) >= _COLUMNS:
                raise OptimiseError(f"{table} needs a first line with the columns file and label.")
            for row in reader:
                yield table.parent / (row["file"] or ""), (row["label"] or "").strip()
    except (UnicodeDecodeError, csv.Error) as error:
        raise OptimiseError(f"{table} is no table of files and labels: {error}.") from error


def _folders(folder: Path) -> Iterator[tuple[Path, str]]:
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = (path for path in sorted(place.iterdir()) if path.suffix.lower() in _SUFFIXES)
        yield from ((path, place.name) for path in files)


def _ids(labels: Labels) -> Mapping[str, frozenset[int]]:
    """Return the ids by name; a name may stand for several, as two of ImageNet's do."""
    ids: dict[str, frozenset[int]] = {
        str(class_id): frozenset({class_id}) for class_id in labels.names
    }
    for name in set(labels.names.values()):
        ids[_plain(name)] = frozenset(_with_name(name, labels.names.items()))
    return ids


def _with_name(name: str, items: Iterable[tuple[int, str]]) -> Iterator[int]:
    return (class_id for class_id, other in items if _plain(other) == _plain(name))


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ")


def _known(label: str, ids: Mapping[str, frozenset[int]], folder: Path) -> frozenset[int]:
    known = frozenset[int]()
    for name in label.split(_OR):
        if _plain(name.strip()) not in ids:
            raise OptimiseError(
                f"{folder} has pictures of {name!r}, which is no class of the model: expected a "
                "name or an id of its labels.txt."
            )
        known |= ids[_plain(name.strip())]
    return known
