"""The command line against a model server."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving_client.testing import TinyServer
from tests.integration.sightline.command import Sightline
from vision import decode_picture

DOG = {
    "label": "dog",
    "class_id": 18,
    "score": 0.9,
    "box": {"x_min": 20.0, "y_min": 15.0, "x_max": 60.0, "y_max": 45.0},
}


def test_a_folder_is_looked_at_in_order(sightline: Sightline, photos: Path) -> None:
    """Pictures come out sorted; what is no picture is named, and the others go on."""
    said = sightline("detect", photos, "--format", "jsonl")

    assert said.status == 1
    assert [Path(line["file"]).name for line in said.lines] == ["a.jpg", "b.JPEG", "c.png"]
    assert said.lines[0]["detections"] == [DOG]
    assert said.lines[0]["model"] == {"name": "toy", "version": 1}
    assert (said.lines[0]["width"], said.lines[0]["height"]) == (80, 60)
    assert f"{photos / 'damaged.jpg'}: The picture is cut off after 100 bytes." in said.err
    assert "4 pictures: 3 done, 1 failed." in said.err


def test_table_is_for_people(sightline: Sightline, photos: Path) -> None:
    """File, size, model, and a line for each object with where it is."""
    said = sightline("detect", photos / "a.jpg", "--threshold", "0.2")

    assert said.status == 0
    assert said.out == (
        f"{photos / 'a.jpg'}  80 x 60\n"
        "  toy version 1\n"
        "  dog      90.0%  x 20 to 60, y 15 to 45\n"
        "  person   30.0%  x 0 to 80, y 0 to 60\n"
    )


def test_classes_are_named(sightline: Sightline, photos: Path) -> None:
    """A classifier's classes, and no more than asked for."""
    said = sightline("classify", photos / "a.jpg", "--format", "jsonl", "--top", "2")

    assert [each["label"] for each in said.lines[0]["classes"]] == ["hotdog", "tabby"]
    assert said.lines[0]["task"] == "classification"


def test_csv_has_a_row_for_each_object(sightline: Sightline, photos: Path, tmp_path: Path) -> None:
    """Written to a file that is there when all is done, with folders inside folders."""
    said = sightline(
        "detect", photos, "--recursive", "--format", "csv", "--output", "boxes.csv", "--quiet"
    )

    with (tmp_path / "boxes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert said.out == ""
    assert [Path(row["file"]).name for row in rows] == ["a.jpg", "b.JPEG", "c.png", "d.jpg"]
    assert rows[0]["label"] == "dog"
    assert [path.name for path in tmp_path.glob(".*.part")] == []


def test_coco_is_a_dataset(sightline: Sightline, photos: Path, tmp_path: Path) -> None:
    """Images, annotations with scores, categories by the model's class ids."""
    sightline("detect", photos / "a.jpg", photos / "c.png", "--format", "coco", "--output", "o")

    coco = json.loads((tmp_path / "o").read_text())
    assert [image["id"] for image in coco["images"]] == [1, 2]
    assert coco["categories"] == [{"id": 18, "name": "dog"}]
    assert [each["image_id"] for each in coco["annotations"]] == [1, 2]
    assert coco["annotations"][0]["bbox"] == [20, 15, 40, 30]


def test_drawn_pictures_hold_no_metadata(sightline: Sightline, photos: Path) -> None:
    """Upright, of the same size and kind, and without what the camera wrote."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "secret"
    Image.open(photos / "a.jpg").save(photos / "a.jpg", exif=exif)

    said = sightline("detect", "photos/a.jpg", "photos/c.png", "--annotated", "drawn")

    drawn = Path("drawn/photos/a.jpg").read_bytes()
    assert said.status == 0
    assert b"secret" not in drawn
    assert decode_picture(drawn).original_size_wh == (60, 80)
    assert decode_picture(Path("drawn/photos/c.png").read_bytes()).format == "PNG"
    assert np.ptp(decode_picture(drawn).image_hwc) > 100


@pytest.mark.parametrize("folder", [".", "photos/.."])
def test_originals_are_never_drawn_into(sightline: Sightline, photos: Path, folder: str) -> None:
    """A folder in which drawn pictures would lie on the originals is refused."""
    before = (photos / "a.jpg").read_bytes()

    said = sightline("detect", "photos/a.jpg", "--annotated", folder)

    assert said.status == 2
    assert "would replace their originals" in said.err
    assert (photos / "a.jpg").read_bytes() == before


def test_drawn_pictures_are_not_looked_at_again(sightline: Sightline, photos: Path) -> None:
    """A folder of drawings inside the folder of pictures does not count."""
    for _ in range(2):
        said = sightline("detect", photos, "--recursive", "--annotated", photos / "more")

    assert "4 pictures" in said.err


def test_models_are_compared_side_by_side(sightline: Sightline, photos: Path) -> None:
    """One table for each picture, a column for each model, of whatever task."""
    said = sightline(
        "compare", photos / "a.jpg", "--model", "namer", "--model", "toy", "--threshold", "0.25"
    )

    assert said.out == (
        f"{photos / 'a.jpg'}  80 x 60\n"
        "  namer version 1   toy version 1\n"
        "  hotdog   60.0%    dog      90.0%  x 20 to 60, y 15 to 45\n"
        "  tabby    30.0%    person   30.0%  x 0 to 80, y 0 to 60\n"
    )


@pytest.mark.parametrize("names", [["toy"], ["toy", "toy"], ["toy", "namer", "rival", "x"]])
def test_two_or_three_models_are_compared(
    sightline: Sightline, photos: Path, names: list[str]
) -> None:
    """One is no comparison, and four fit no page."""
    options = [word for name in names for word in ("--model", name)]

    said = sightline("compare", photos, *options)

    assert said.status == 2
    assert "Two or three different models" in said.err


def test_a_class_is_explained(sightline: Sightline, photos: Path) -> None:
    """The heat map of Grad-CAM lies on a copy of the picture."""
    said = sightline(
        "explain", photos / "a.jpg", "--model", "namer", "--class", "4", "--annotated", "why",
        "--format", "jsonl", "--opacity", "1",
    )  # fmt: skip

    explained = said.lines[0]["explained"]
    overlay = decode_picture(Path(explained["overlay"]).read_bytes()).image_hwc
    assert (explained["label"], explained["class_id"]) == ("golden retriever", 4)
    assert overlay[0, 0].max() > 200
    assert overlay[40, 60].max() < 20


def test_an_object_is_explained(
    sightline: Sightline, photos: Path, model_server: TinyServer
) -> None:
    """A detector is shown covered copies; the object is chosen by its number."""
    said = sightline(
        "explain", photos / "c.png", "--model", "toy", "--object", "1", "--threshold", "0",
        "--masks", "5", "--annotated", "why", "--format", "jsonl",
    )  # fmt: skip

    assert said.status == 0
    assert said.lines[0]["explained"]["label"] == "person"
    assert said.lines[0]["explained"]["overlay"].endswith("c.png.jpg")
    assert len([call for call in model_server.calls if call.rpc == "Predict"]) == 6


def test_what_is_not_there_cannot_be_explained(sightline: Sightline, photos: Path) -> None:
    """The picture is listed as failed, with how many objects there are."""
    said = sightline("explain", photos / "a.jpg", "--object", "7", "--annotated", "why")

    assert said.status == 1
    assert "There is no object number 7; the picture has 1, counted from 0." in said.err


def test_failures_are_listed_for_programs(sightline: Sightline, photos: Path) -> None:
    """Files, kinds and sentences, in a file and on standard error."""
    said = sightline(
        "detect", photos, photos / "gone.jpg", "photos/*.gif", "--failures", "failed", "--json",
        "--output", "o",
    )  # fmt: skip

    rows = [json.loads(line) for line in Path("failed").read_text().splitlines()]
    errors = [json.loads(line) for line in said.err.splitlines()]
    assert [row["kind"] for row in rows] == ["no_picture", "missing", "missing"]
    assert [error["error"] for error in errors[:3]] == rows
    assert errors[3] == {"summary": {"done": 3, "remembered": 0, "failed": 3}}


def test_a_server_that_is_gone_fails_every_picture(
    sightline: Sightline, photos: Path, model_server: TinyServer
) -> None:
    """With a sentence for each, and without a long wait for each."""
    model_server.stop()

    said = sightline("detect", photos, "--wait", "0", SIGHTLINE_SERVING_ATTEMPTS="1")

    assert said.status == 1
    assert "4 pictures: 0 done, 4 failed." in said.err
    assert said.err.count("UNAVAILABLE") == 3


def test_a_model_that_is_not_served_is_named(
    sightline: Sightline, photos: Path, model_server: TinyServer
) -> None:
    """The card is here, the server does not have the model."""
    del model_server.models["toy"]

    said = sightline("detect", photos / "a.jpg", "--json")

    assert said.status == 1
    assert json.loads(said.err.splitlines()[0])["error"]["kind"] == "not_served"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model", "other"], "There is no model called 'other'. There are: toy, namer, rival."),
        (["--model", "namer"], "The model namer is for classification, not for detection."),
        (["--repository", "nowhere"], "There is no folder of models at nowhere."),
        (["--target", "x://y"], "The model server's address or settings:"),
        (["--server", "localhost:5000"], "expected http://HOST:PORT"),
        (["--output", "no/such/folder"], "cannot be written to"),
        (["--resume", "photos"], "The journal photos cannot be opened: Is a directory."),
        (["--resume", "photos/a.jpg"], "is not a journal of sightline"),
    ],
)
def test_a_command_that_makes_no_sense_is_one_sentence(
    sightline: Sightline, photos: Path, words: list[str], sentence: str
) -> None:
    """Exit status 2, the sentence, and nothing done."""
    before = (photos / "a.jpg").read_bytes()

    said = sightline("detect", "photos/a.jpg", *words)

    assert (said.status, said.out) == (2, "")
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
    assert (photos / "a.jpg").read_bytes() == before


def test_a_list_comes_on_standard_input(
    sightline: Sightline, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path a line, each looked at once."""
    lines = [f"{photos / 'a.jpg'}\n", "\n", f"{photos / 'c.png'}\r\n", f"{photos / 'a.jpg'}"]
    monkeypatch.setattr("sys.stdin", iter(lines))

    said = sightline("detect", "-", "--format", "jsonl")

    assert [Path(line["file"]).name for line in said.lines] == ["a.jpg", "c.png"]


def test_models_are_listed(sightline: Sightline) -> None:
    """The default one first, with its task."""
    said = sightline("models", "--format", "jsonl")
    table = sightline("models")

    assert [(line["name"], line["task"]) for line in said.lines] == [
        ("toy", "detection"), ("namer", "classification"), ("rival", "classification"),
    ]  # fmt: skip
    assert table.out.splitlines()[0].startswith("toy    detection")
