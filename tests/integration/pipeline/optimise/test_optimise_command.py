"""`python -m pipeline optimise`: variants are made, measured, published, and served."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from model_server.config import Flags
from model_server.runtimes.assembly import in_process_runtime_of
from pipeline.optimise.making import variant_card
from pipeline.optimise.serving import served_latencies
from pipeline.optimise.variants import VARIANTS
from pipeline.repository import Repository
from serving_client import ModelRef, ServingClient, Target
from tests.integration.model_server.servers import Running, run_server, unused_ports
from tests.integration.pipeline.optimise.conftest import (
    CARD,
    ROOT,
    colour_classifier,
    install,
    publish_all,
    run,
)
from vision import Resize, decode_picture

DETECTIONS = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    report = json.loads((folder / "work" / "optimise.json").read_text())
    return {row["name"]: row for row in report["rows"]}


@pytest.fixture(scope="module")
def serve() -> Iterator[Any]:
    """A function that serves what is published in a folder, TFLite preferred, to a client."""
    started: list[tuple[Running, ServingClient]] = []

    def start(folder: Path) -> ServingClient:
        (port,), config = unused_ports(1), str(folder / "models" / "models.config")
        running = run_server(
            in_process_runtime_of(Flags(prefer_tflite_model=True, model_config_file=config)),
            port=port,
            model_config_file=config,
        )
        client = ServingClient(Target.parse(f"127.0.0.1:{port}"))
        started.append((running, client))
        return client

    yield start
    for running, client in started:
        client.close()
        running.close()


def code_picture() -> NDArray[np.uint8]:
    path = ROOT / "tests" / "data" / "codes" / "images" / "000001.jpg"
    return decode_picture(path.read_bytes(), resize=Resize("fit", 320, 320)).image_hwc[None]


def test_every_variant_of_a_classifier_is_measured(colours: Path) -> None:
    """All six are there beside the original, and name the colours as it does."""
    report = json.loads((colours / "work" / "optimise.json").read_text())

    table = rows(colours)

    assert report["refused"] == {}
    assert list(table) == ["original", *VARIANTS]
    assert {row["agreement"] for row in table.values()} == {1.0}
    assert {row["accuracy"]["top1"] for row in table.values()} == {1.0}
    assert table["pruned"]["sparsity"] == pytest.approx(0.3, abs=0.01)
    assert not any(row["needs_flex"] for row in table.values())


def test_variants_of_the_detector_are_smaller_and_as_good(codes: Path) -> None:
    """Weights of 8 bits take less than a third; boxes stay where they are."""
    table = rows(codes)

    original = table["original"]
    for name in ("int8", "tflite_int8"):
        assert table[name]["size"]["plain"] < original["size"]["plain"] / 3
        assert table[name]["agreement"] >= 0.9
        assert table[name]["accuracy"]["map"] >= original["accuracy"]["map"] - 0.05


def test_the_page_needs_nothing_else(codes: Path) -> None:
    """Table, drawings and pictures stand in one file, without an address to load from."""
    page = (codes / "work" / "report.html").read_text()

    assert page.count("<h1") == 1
    assert "<svg" in page
    assert "data:image/jpeg;base64," in page
    assert 'src="http' not in page
    assert "<link" not in page
    assert "<script" not in page


def test_published_variants_are_models_of_their_own(codes: Path) -> None:
    """They are installed, intact, and say what they are; the original is as it was."""
    repository = Repository(codes / "models")

    for name in ("codes_int8", "codes_tflite_int8"):
        model = repository.find(name)
        assert model is not None
        assert model.version == 1
        assert model.card.title.startswith("Codes, 320 px (")
        repository.check_intact(name)
    repository.check_intact("codes")
    assert (codes / "models" / "codes_tflite_int8" / "1" / "model.tflite").is_file()


def test_published_variants_are_served(codes: Path, serve: Any) -> None:
    """The model server loads both forms, and each finds what the original finds."""
    client, image = serve(codes), code_picture()

    answers = {
        name: client.predict(ModelRef(name), {"input_tensor": image}, output_names=DETECTIONS)
        for name in ("codes", "codes_int8", "codes_tflite_int8")
    }

    best = {name: answer["detection_scores"][0][0] for name, answer in answers.items()}
    boxes = {name: answer["detection_boxes"][0][0] for name, answer in answers.items()}
    for name in ("codes_int8", "codes_tflite_int8"):
        assert best[name] == pytest.approx(best["codes"], abs=0.05)
        assert boxes[name] == pytest.approx(boxes["codes"], abs=0.02)
    # Not the SavedModel beside it, which gives other digits.
    assert best["codes_tflite_int8"] != best["codes_int8"]


def test_tflite_variants_of_a_classifier_are_served(colours: Path, serve: Any) -> None:
    """Pictures of any size go in; class ids and scores come out under the names of the card."""
    client = serve(colours)
    green = np.zeros((1, 20, 33, 3), np.uint8) + np.array([30, 200, 40], np.uint8)

    for name in VARIANTS:
        card = variant_card(CARD, VARIANTS[name])
        answer = client.predict(
            ModelRef(card.name), {"image": green}, output_names=card.outputs.names
        )
        assert answer["class_ids"][0][0] == 1
        assert answer["scores"][0][0] > 0.5


def test_saved_models_with_stored_weights_load_in_tensorflow_itself(colours: Path) -> None:
    """Two of them in one process do not share variables; tables of names are there, too."""
    folders = {name: colours / "models" / f"colours_{name}" / "1" for name in ("float16", "pruned")}
    loaded = {name: tf.saved_model.load(str(folder)) for name, folder in folders.items()}
    image = tf.constant(np.full((1, 8, 8, 3), (10, 40, 230), np.uint8))

    answers = {
        name: model.signatures["serving_default"](image=image) for name, model in loaded.items()
    }

    assert {each["class_names"].numpy()[0][0] for each in answers.values()} == {b"blue"}
    assert (answers["float16"]["scores"] != answers["pruned"]["scores"]).numpy().any()


def test_calls_through_a_server_are_timed(colours: Path) -> None:
    """A server of its own is started, asked for both forms, and ended."""
    repository = Repository(colours / "models")
    found = [repository.find(name) for name in ("colours", "colours_int8", "colours_tflite_int8")]
    models = {model.card.name: model for model in found if model is not None}
    images = [np.zeros((1, 16, 16, 3), np.uint8)]

    served = served_latencies(models, images, calls=3)

    assert len(served) == 3
    assert all(0 < each.p50 <= each.p99 for each in served.values())


def test_a_second_run_replaces_what_it_published(
    tmp_path: Path, colours: Path, colour_pictures: Path
) -> None:
    """Variants may be made again, as they are its own; nothing else may be in their place."""
    folder = tmp_path / "again"
    shutil.copytree(colours, folder)

    again = run(
        "colours", "--repository", folder / "models", "--work", folder / "work",
        "--pictures", colour_pictures, "--calls", "1", "--variant", "int8", "--publish", "int8",
    )  # fmt: skip

    assert again == 0
    Repository(folder / "models").check_intact("colours_int8")


def test_another_model_in_the_place_of_a_variant_is_kept(
    tmp_path: Path, colour_pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused before anything is made."""
    install(Repository(tmp_path / "models"), colour_classifier())
    (tmp_path / "models" / "colours_int8" / "1").mkdir(parents=True)

    assert publish_all(tmp_path, colour_pictures) == 1

    assert "holds a model that is no variant" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()


def test_what_is_wrong_is_said_in_a_sentence(
    tmp_path: Path, colours: Path, colour_pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No such model, no pictures, a folder with something else in it, a variant of a variant."""
    models = ("--repository", colours / "models")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("keep me")
    (tmp_path / "empty").mkdir()
    cases = {
        "No model 'nothing' is installed": ("nothing", *models),
        "has no labelled pictures": ("colours", *models, "--pictures", tmp_path / "empty"),
        "is not empty and not the result of a step": (
            "colours", *models, "--pictures", colour_pictures, "--work", tmp_path / "taken",
        ),
        "is a variant of colours already": (
            "colours_int8", *models, "--pictures", colour_pictures, "--work", tmp_path / "work",
        ),
    }  # fmt: skip

    for sentence, arguments in cases.items():
        assert run(*arguments) == 1
        written = capsys.readouterr().err
        assert sentence in written
        assert "Traceback" not in written
    assert (tmp_path / "taken" / "letter.txt").read_text() == "keep me"
    assert not (tmp_path / "work").exists()


def test_a_damaged_model_is_refused(
    tmp_path: Path, colours: Path, colour_pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes that are no SavedModel, and a graph without its variables."""
    shutil.copytree(colours / "models" / "colours", tmp_path / "models" / "colours")
    version = tmp_path / "models" / "colours" / "1"
    arguments = ("colours", "--repository", tmp_path / "models", "--pictures", colour_pictures,
                 "--work", tmp_path / "work")  # fmt: skip

    shutil.rmtree(version / "variables")
    assert run(*arguments) == 1
    assert "TensorFlow cannot load" in capsys.readouterr().err
    (version / "saved_model.pb").write_bytes(b"\xff\xff\xff")
    assert run(*arguments) == 1
    assert "saved_model.pb is damaged" in capsys.readouterr().err


def test_a_full_disk_leaves_what_was_served(
    colours: Path, colour_pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The variants that are installed stay as they were, and the result of the last run, too."""
    shutil.copytree(colours, tmp_path / "full")
    before = (tmp_path / "full" / "work" / "optimise.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "models/model.tflite")

    monkeypatch.setattr("pipeline.optimise.optimising.sync_tree", full)
    done = run("colours", "--repository", tmp_path / "full" / "models", "--work",
               tmp_path / "full" / "work", "--pictures", colour_pictures, "--calls", "1",
               "--variant", "int8", "--publish", "int8")  # fmt: skip

    assert done == 1
    assert "No space left on device: models/model.tflite" in capsys.readouterr().err
    assert (tmp_path / "full" / "work" / "optimise.json").read_bytes() == before
    Repository(tmp_path / "full" / "models").check_intact("colours_int8")
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == ["models", "work"]
