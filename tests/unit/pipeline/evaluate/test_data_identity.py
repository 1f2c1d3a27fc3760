"""Which data set something was measured on."""

import json
from pathlib import Path

from pipeline.evaluate.data_identity import DataIdentity
from pipeline.evaluate.dataset import Dataset

FIELDS = {
    "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
    "annotations": [],
    "categories": [],
}


def _identity(folder: Path, limit: int | None = None) -> DataIdentity:
    return DataIdentity.of(folder, Dataset.load(folder, limit))


def test_the_digest_changes_with_boxes_pictures_and_their_number(tmp_path: Path) -> None:
    """The same files give the same digest, wherever they are; any other byte another one."""
    folders = [tmp_path / place / "codes" for place in "xy"]
    for folder in folders:
        (folder / "images").mkdir(parents=True)
        for name in ("a.jpg", "b.jpg"):
            (folder / "images" / name).write_text(name, encoding="utf-8")
        (folder / "instances.json").write_text(json.dumps(FIELDS), encoding="utf-8")

    first, second = map(_identity, folders)
    limited = _identity(folders[0], limit=1)
    (folders[0] / "images" / "b.jpg").write_text("other", encoding="utf-8")
    (folders[1] / "instances.json").write_text(json.dumps(FIELDS) + " ", encoding="utf-8")

    digests = {each.sha256 for each in (first, limited, *map(_identity, folders))}
    assert first == second
    assert first.name == "codes"
    assert len(digests) == 4
