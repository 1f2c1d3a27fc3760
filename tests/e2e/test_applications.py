"""Published ImageNet weights all the way: fetched, exported, served, and asked by the client."""

import io
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.cli import main
from serving_client import ModelRef, ServingClient
from serving_client.exceptions import InvalidArgumentError
from vision import ModelCard, Resize, decode_picture

# Three exports, each in a process that imports TensorFlow.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("mobilenet_v2", "mobilenet_v1_075_192", "mobilenet_v1_025_224")
CATS = {"tabby", "Egyptian cat"}
MACAW = 88
READY_S = 120
WHOLE = Resize("none")
# Drawn by hand around the bird in parrot.jpg (512 x 929), tail and all, and around the bird
# without its tail: x_min, y_min, x_max, y_max in pixels.
BIRD_XYXY = (97, 102, 466, 896)
BODY_XYXY = (138, 102, 466, 595)


@dataclass(frozen=True)
class Served:
    """A model server with the three models, and a client of it."""

    client: ServingClient
    repository: Path
    rest_url: str

    def card(self, name: str) -> ModelCard:
        return ModelCard.from_toml((self.repository / name / "model.toml").read_text())

    def classes(self, name: str, picture: Any, signature: str = "serving_default") -> list[str]:
        """The names of the most probable classes of one picture."""
        tensor = "image" if signature == "serving_default" else "image_bytes"
        inputs = {tensor: np.stack([picture]) if signature == "serving_default" else [picture]}
        answer = self.client.predict(ModelRef(name, signature=signature), inputs)
        return [name.decode() for name in answer["class_names"][0]]

    def post(self, name: str, document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Ask over REST; return status and answer."""
        url, body = f"{self.rest_url}/v1/models/{name}:predict", json.dumps(document).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture(scope="module")
def served(
    shared_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    free_ports: Callable[[int], list[int]],
) -> Iterator[Served]:
    """The models, fetched from the mirror and served by the real program."""
    repository = tmp_path_factory.mktemp("models")
    options = ["--mirror", str(shared_dir / "mirror"), "--repository", str(repository)]
    assert main(["models", "fetch", *MODELS, *options], {}) == 0
    port, rest_port = free_ports(2)
    flags = [f"--port={port}", f"--rest_api_port={rest_port}"]
    config = f"--model_config_file={repository}/models.config"
    process = subprocess.Popen(
        [sys.executable, "-m", "model_server", *flags, config],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with ServingClient(f"127.0.0.1:{port}") as client:
        try:
            for name in MODELS:
                client.wait_ready(name, timeout_s=READY_S)
            yield Served(client, repository, f"http://127.0.0.1:{rest_port}")
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def photo(shared_dir: Path) -> Callable[[str], bytes]:
    """A function that returns a photograph as a file that browsers send."""

    def read(name: str) -> bytes:
        data = (shared_dir / "photos" / name).read_bytes()
        if not name.endswith(".bmp"):
            return data
        with Image.open(io.BytesIO(data)) as picture, io.BytesIO() as file:
            picture.save(file, "PNG")
            return file.getvalue()

    return read


def pixels(file: bytes, resize: Resize = WHOLE) -> Any:
    return decode_picture(file, resize=resize).image_hwc


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("parrot.jpg", {"macaw"}),
        ("cat_720p.jpg", CATS),
        ("sunflower.bmp", {"daisy"}),
        ("hot_dog.jpg", {"hotdog"}),
    ],
)
def test_photographs_are_named(
    served: Served, photo: Callable[[str], bytes], name: str, file: str, expected: set[str]
) -> None:
    """Shrunk by the web process, shrunk by the graph, or sent as a file: the best class is right.

    The photographs are wider or higher than square, and two of them tell their class by colour.
    """
    data = photo(file)

    best = {
        served.classes(name, pixels(data, served.card(name).input.resize))[0],
        served.classes(name, pixels(data))[0],
        served.classes(name, data, "serving_bytes")[0],
    }

    assert best <= expected


@pytest.mark.parametrize("name", MODELS)
def test_names_from_the_graph_are_those_of_the_label_file(
    served: Served, photo: Callable[[str], bytes], name: str
) -> None:
    """Whoever reads ids with `labels.txt` and whoever reads names get the same."""
    labels = dict(
        line.split(" ", 1)
        for line in (served.repository / name / "labels.txt").read_text().splitlines()
    )

    answer = served.client.predict(ModelRef(name), {"image": pixels(photo("owl.jpg"))[None]})

    assert [each.decode() for each in answer["class_names"][0]] == [
        labels[str(class_id)] for class_id in answer["class_ids"][0]
    ]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("file", "expected"), [("sunflower.bmp", "daisy"), ("hot_dog.jpg", "hotdog")]
)
def test_with_red_and_blue_swapped_it_is_something_else(
    served: Served, photo: Callable[[str], bytes], name: str, file: str, expected: str
) -> None:
    """A blue daisy is a sea anemone, and a blue hot dog is none: red must arrive as red."""
    picture = pixels(photo(file), served.card(name).input.resize)

    right, swapped = (served.classes(name, each)[0] for each in (picture, picture[..., ::-1]))

    assert right == expected
    assert swapped != expected


def mass_inside(heat_map: Any, xyxy: tuple[int, int, int, int], size_wh: tuple[int, int]) -> float:
    """The part of a heat map that lies in a box, with the map spread over the whole picture."""
    spread = np.asarray(Image.fromarray(heat_map).resize(size_wh, Image.Resampling.BILINEAR))
    x_min, y_min, x_max, y_max = xyxy
    return float(spread[y_min:y_max, x_min:x_max].sum() / spread.sum())


@pytest.mark.parametrize("name", MODELS)
def test_the_heat_map_of_the_parrot_lies_on_the_parrot(
    served: Served, photo: Callable[[str], bytes], name: str
) -> None:
    """Without a class id it explains the best class; most of it is in the bird's box.

    The box of the body is a third of the picture, so a map that knows nothing has a third there.
    """
    picture = decode_picture(photo("parrot.jpg"), resize=served.card(name).input.resize)

    answer = served.client.predict(
        ModelRef(name, signature="grad_cam"), {"image": picture.image_hwc[None]}
    )

    size_wh = picture.original_size_wh
    assert answer["class_name"][0] == b"macaw"
    assert answer["score"][0] > 0.9
    assert answer["heat_map"].max() == 1.0
    assert mass_inside(answer["heat_map"][0], BIRD_XYXY, size_wh) >= 0.6
    assert mass_inside(answer["heat_map"][0], BODY_XYXY, size_wh) >= 0.5


def test_another_class_has_another_map(served: Served, photo: Callable[[str], bytes]) -> None:
    """Of two animals in a picture, each class id finds its own."""
    picture = pixels(photo("pets.jpg"))[None]
    classes = {"cat": 281, "dog": 208}  # tabby, Labrador retriever

    maps = [
        served.client.predict(
            ModelRef("mobilenet_v2", signature="grad_cam"),
            {"image": picture, "class_id": np.array([class_id])},
        )
        for class_id in classes.values()
    ]

    assert [int(each["class_id"][0]) for each in maps] == list(classes.values())
    assert not np.array_equal(maps[0]["heat_map"], maps[1]["heat_map"])


@pytest.mark.parametrize("class_id", [1000, -2])
def test_a_class_out_of_range_is_an_invalid_argument(served: Served, class_id: int) -> None:
    """Over gRPC and over REST, with a sentence that says which ids there are."""
    picture = np.zeros((1, 8, 8, 3), np.uint8)
    document = {
        "signature_name": "grad_cam",
        "inputs": {"image": picture.tolist(), "class_id": [class_id]},
    }
    sentence = "class_id: expected ids from -1 (the most probable class) to 999"

    with pytest.raises(InvalidArgumentError) as caught:
        served.client.predict(
            ModelRef("mobilenet_v2", signature="grad_cam"),
            {"image": picture, "class_id": np.array([class_id])},
        )
    status, answer = served.post("mobilenet_v2", document)

    assert sentence in str(caught.value)
    assert status == 400
    assert sentence in answer["error"]


@pytest.mark.parametrize("form", ["inputs", "instances"])
@pytest.mark.parametrize("more", [{}, {"class_id": MACAW}])
def test_heat_maps_over_rest_are_those_over_grpc(
    served: Served, photo: Callable[[str], bytes], form: str, more: dict[str, int]
) -> None:
    """In rows and in columns, with and without a class id."""
    name = "mobilenet_v1_025_224"
    picture = pixels(photo("parrot.jpg"), Resize("stretch", 32, 32))
    row = {"image": picture.tolist(), **more}
    value: Any = [row] if form == "instances" else {key: [each] for key, each in row.items()}
    inputs = {"image": picture[None]} | {key: np.array([each]) for key, each in more.items()}

    status, answer = served.post(name, {"signature_name": "grad_cam", form: value})

    expected = served.client.predict(ModelRef(name, signature="grad_cam"), inputs)
    over_rest = (
        answer["predictions"][0]["heat_map"]
        if form == "instances"
        else answer["outputs"]["heat_map"][0]
    )
    assert status == 200
    np.testing.assert_allclose(over_rest, expected["heat_map"][0], atol=1e-5)


def test_a_picture_of_one_pixel_is_a_picture(served: Served) -> None:
    """It has no parts, and is answered all the same."""
    pixel = np.full((1, 1, 1, 3), 200, np.uint8)

    answer = served.client.predict(ModelRef("mobilenet_v2"), {"image": pixel})

    assert answer["probabilities"].shape == (1, 1000)
    assert answer["probabilities"].sum() == pytest.approx(1, abs=1e-4)
