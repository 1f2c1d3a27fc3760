"""The command line is as accurate as the API, on real pictures with a real model."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.evaluate.dataset import Dataset
from pipeline.evaluate.detector import FoundBox
from pipeline.evaluate.score import Scores, score
from tests.e2e.stack import MODEL, ROOT, Running

pytestmark = pytest.mark.e2e


def detect(output: Path, pictures: Path, stack: Running, *words: str) -> dict[str, Any]:
    """What the command writes in COCO's form about the pictures in a folder."""
    answer = subprocess.run(
        [
            sys.executable, "-m", "sightline", "detect", str(pictures), "--model", MODEL,
            "--threshold", "0", "--format", "coco", "--output", str(output), *words,
        ],
        capture_output=True, text=True, check=False, cwd=ROOT, env=stack.environ,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    coco: dict[str, Any] = json.loads(output.read_text())
    return coco


def scores(dataset: Dataset, coco: dict[str, Any]) -> Scores:
    """The metrics of what a command wrote; pictures are known by their names."""
    ids = {path.name: image_id for image_id, path in dataset.pictures.items()}
    names = {row["id"]: row["name"] for row in coco["categories"]}
    places = {row["id"]: ids[Path(row["file_name"]).name] for row in coco["images"]}
    boxes: dict[int, list[FoundBox]] = {image_id: [] for image_id in places.values()}
    for row in coco["annotations"]:
        left, top, width, height = row["bbox"]
        found = FoundBox(
            names[row["category_id"]], row["score"], (left, top, left + width, top + height)
        )
        boxes[places[row["image_id"]]].append(found)
    return score(dataset, boxes)


def test_command_line_is_as_accurate_as_the_api(
    stack: Running, shared_dir: Path, tmp_path: Path
) -> None:
    """Straight from the model server and through the API, the mAP is the same: the model's."""
    pictures = shared_dir / "coco_val" / "images"
    dataset = Dataset.load(shared_dir / "coco_val")

    direct = detect(tmp_path / "direct.json", pictures, stack, "--target", stack.target)
    through_api = detect(tmp_path / "api.json", pictures, stack, "--server", stack.url)

    figures = [scores(dataset, coco) for coco in (direct, through_api)]
    assert len(direct["images"]) == len(dataset.pictures)
    assert direct["annotations"] == through_api["annotations"]
    assert figures[0].map == figures[1].map == pytest.approx(0.249, abs=0.005)
