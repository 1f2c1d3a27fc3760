"""The application with the real server behind it: the bundled detector, and a real classifier."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from pipeline.applications.application import Application
from pipeline.applications.export import export_application
from recognition import explain_detection
from serving_client import ServingClient
from vision import (
    ClassificationOutputs,
    Explanation,
    InputSpec,
    Labels,
    ModelCard,
    Resize,
    decode_picture,
)
from webapp import Settings, create_app
from webapp.models import ModelRepository
from webapp.results import Result
from webapp.samples import BUNDLED, Samples
from webapp.services import Services, parts_of

ROOT = Path(__file__).resolve().parents[3]
SIZE, CLASSES = 96, 12
NAMES = [f"thing {number}" for number in range(CLASSES)]
CARD = ModelCard(
    name="namer",
    title="Namer",
    task="classification",
    summary="Knows nothing, and says it in the right form",
    licence="Apache-2.0",
    rank=10,
    threshold=0.05,
    input=InputSpec("serving_default", "image", "uint8", Resize("stretch", SIZE, SIZE)),
    outputs=ClassificationOutputs("class_ids", "scores", "class_names", "probabilities"),
    explanation=Explanation("grad_cam", "image", "class_id", "heat_map", "score"),
)
CONFIG = """
model_config_list {{
  config {{ name: "codes" base_path: "{codes}" model_platform: "tensorflow" }}
  config {{ name: "namer" base_path: "{namer}" model_platform: "tensorflow" }}
}}
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled detector, and a MobileNet with random weights."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "codes").symlink_to(ROOT / "model_repository" / "codes")
    application = Application("MobileNet", SIZE, {"alpha": 0.25, "classes": CLASSES})
    (folder / "namer").mkdir()
    export_application(application, None, NAMES, folder / "namer" / "1")
    (folder / "namer" / "model.toml").write_text(CARD.to_toml())
    (folder / "namer" / "labels.txt").write_text(Labels(dict(enumerate(NAMES))).to_text())
    return folder


@pytest.fixture(scope="module")
def client(repository: Path, free_ports: Callable[[int], list[int]]) -> Iterator[ServingClient]:
    """A client of a model server in a process of its own."""
    config = repository / "models.config"
    config.write_text(CONFIG.format(codes=repository / "codes", namer=repository / "namer"))
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "model_server", "--port", str(port)]
    with subprocess.Popen([*command, "--model_config_file", str(config)], cwd=ROOT) as process:
        with ServingClient(f"127.0.0.1:{port}") as client:
            for name in ("codes", "namer"):
                client.wait_ready(name, timeout_s=120)
            yield client
        process.terminate()


@pytest.fixture(scope="module")
def app(
    repository: Path, client: ServingClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The application, with few masks so that explanations are quick."""
    folder = tmp_path_factory.mktemp("kept")
    settings = Settings(
        model_repository=repository,
        originals=folder / "originals",
        database_url=f"sqlite:///{folder}/results.sqlite3",
        explanation_masks=160,
    )
    app = create_app(settings, client=client)
    yield app
    # The client belongs to the module: it is closed last, by its own fixture.
    parts_of(app).close()


@pytest.fixture
def parts(app: Flask) -> Services:
    return parts_of(app)


@pytest.fixture
def web(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def parcel(parts: Services) -> Result:
    """What the bundled detector says of the sample with a parcel."""
    upload = Samples(BUNDLED).choose("parcel").upload()
    return parts.recogniser.recognise(upload, model_name="codes")


@pytest.fixture
def named(parts: Services, parcel: Result) -> Result:
    """What the classifier says of the same picture."""
    return parts.recogniser.again(parcel.id, model_name="namer")


def test_classifier_answers_through_the_api(web: FlaskClient) -> None:
    """Its classes come by their names, as many as it gives, their probabilities falling."""
    data = Samples(BUNDLED).choose("parcel").upload().data

    answer = web.post(
        "/api/v1/classifications?model=namer&threshold=0", data=data, content_type="image/jpeg"
    )

    classes = answer.get_json()["classes"]
    scores = [each["score"] for each in classes]
    assert answer.status_code == 201
    assert len(classes) == 10
    assert {each["label"] for each in classes} <= set(NAMES)
    assert all(each["label"] == f"thing {each['class_id']}" for each in classes)
    assert scores == sorted(scores, reverse=True)
    assert 0 < sum(scores) <= 1 + 1e-5


def test_classifier_explains_any_class(web: FlaskClient, named: Result) -> None:
    """Each class that it knows has a heat map, and its score is that of the answer."""
    best = named.shown_classes.class_ids[0]

    documents = [
        web.get(f"/api/v1/results/{named.id}/explanation?class_id={class_id}").get_json()
        for class_id in ("", best, 11)
    ]

    assert [each["class_id"] for each in documents] == [best, best, 11]
    assert documents[0]["score"] == pytest.approx(float(named.classification.scores[0]), abs=1e-4)
    layer = Image.open(BytesIO(web.get(documents[0]["heat_map"]).data))
    assert (layer.mode, layer.size) == ("RGBA", (640, 480))


def test_class_out_of_range_is_refused(web: FlaskClient, named: Result, repository: Path) -> None:
    """A class that only the labels know is refused by the model, in a sentence all the same."""
    labels = repository / "namer" / "labels.txt"
    before = labels.read_text()
    labels.write_text(before + f"{CLASSES} one too many\n")

    answer = web.get(f"/api/v1/results/{named.id}/explanation?class_id={CLASSES}")

    labels.write_text(before)
    assert answer.status_code == 422
    assert answer.get_json(force=True)["detail"] == f"The model namer knows no class {CLASSES}."


def test_detector_explains_its_best_box(web: FlaskClient, parts: Services, parcel: Result) -> None:
    """The heat inside the box is many times what chance would put there."""
    asked = web.post(f"/api/v1/results/{parcel.id}/explanations", json={"detection": 0})

    job = parts.detection_explainer.jobs.wait(asked.get_json()["id"], 120)

    assert job.heat_map is not None, job
    box = parcel.detections.xyxy[0] / np.tile((parcel.width, parcel.height), 2)
    x_min, y_min, x_max, y_max = box.tolist()
    area = (x_max - x_min) * (y_max - y_min)
    assert job.heat_map.share_inside((x_min, y_min, x_max, y_max)) > 5 * area
    assert job.question.label == "qr_code"


def test_copies_in_one_call_are_explained_like_single_ones(
    client: ServingClient, repository: Path, parcel: Result, parts: Services
) -> None:
    """The batch that the model's signature allows gives the map that single calls give."""
    model = ModelRepository(repository).choose("codes")
    data = parts.originals.read(parcel.original_name)
    picture = decode_picture(data, resize=model.card.input.resize)
    detection = next(iter(parcel.detections))

    maps = [
        explain_detection(client, model, picture, detection, masks=24, batch_size=batch_size)
        for batch_size in (1, None)
    ]

    assert maps[0].values_hw.any()
    assert np.allclose(maps[0].values_hw, maps[1].values_hw, atol=0.02)
