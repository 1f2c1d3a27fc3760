"""`python -m pipeline models fetch` of Keras applications, from a mirror with random weights."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import keras
import pytest

from pipeline.applications.application import Application
from pipeline.applications.network import build_network
from pipeline.cli import main
from pipeline.repository import Repository
from pipeline.saved_model import read_signatures
from pipeline.testing.archives import TinyModel

CATALOGUE = """
[defaults]
models = []

[interfaces.plain]
signature = "serving_default"
tensor = "pixels"
dtype = "uint8"
outputs = { boxes = "boxes", scores = "scores", classes = "classes", count = "count" }

[models.tiny]
title = "Tiny"
summary = "Detects nothing"
task = "detection"
licence = "Apache-2.0"
archive = "tiny.tar.gz"
source_url = "https://models.example/"
saved_model = "tiny/saved_model"
labels = "few"
interface = "plain"
resize = { method = "stretch", width = 8, height = 8 }
threshold = 0.5
rank = 1

[models.net]
title = "Net"
summary = "Names three things"
licence = "Apache-2.0"
application = "MobileNet"
arguments = { alpha = 0.25, classes = 3 }
size = 32
weights = "published.h5"
source_url = "https://keras.example/"
labels = "few"
rank = 8

[[models.net.converted]]
weights = "net.weights.h5"
sha256 = "SHA256"
source_url = "https://elsewhere.example/"
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the network in the catalogue."""
    file = tmp_path_factory.mktemp("weights") / "net.weights.h5"
    keras.utils.set_random_seed(7)
    application = Application("MobileNet", 32, {"alpha": 0.25, "classes": 3})
    build_network(application).model.save_weights(file)
    return file


def make_mirror(folder: Path, weights: Path) -> Path:
    """Make a mirror with an archive and with weights, and the catalogue beside it."""
    (folder / "labels").mkdir(parents=True)
    shutil.copy(weights, folder)
    (folder / "labels" / "few.txt").write_text("0 cat\n1 wine glass\n2 bird\n", encoding="utf-8")
    (folder / "tiny.tar.gz").write_bytes(TinyModel().archive())
    digest = sha256(weights.read_bytes()).hexdigest()
    (folder / "catalogue.toml").write_text(CATALOGUE.replace("SHA256", digest), encoding="utf-8")
    return folder


@pytest.fixture
def mirror(tmp_path: Path, weights: Path) -> Path:
    """A mirror that nobody has used."""
    return make_mirror(tmp_path / "mirror", weights)


def fetch(mirror: Path, root: Path, *names: str) -> int:
    options = ["--catalogue", mirror / "catalogue.toml", "--mirror", mirror, "--repository", root]
    return main(["models", "fetch", *names, *map(str, options)], {})


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def change_catalogue(mirror: Path, old: str, new: str) -> None:
    path = mirror / "catalogue.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Path:
    """A folder where `mirror` and `models` were used once; not to be changed."""
    root = tmp_path_factory.mktemp("installed")
    assert fetch(make_mirror(root / "mirror", weights), root / "models", "net", "tiny") == 0
    return root


@pytest.fixture
def copy(installed: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be changed."""
    shutil.copytree(installed, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_fetched_application_is_all_that_servers_and_the_web_need(installed: Path) -> None:
    """SavedModel, names, card and the servers' configuration are there, and nothing else."""
    root = installed / "models"

    model = Repository(root).find("net")

    assert model is not None
    assert model.card.source_url == "https://elsewhere.example/"
    assert (
        model.card.archive_sha256
        == sha256((installed / "mirror" / "net.weights.h5").read_bytes()).hexdigest()
    )
    assert contents(root / "net").keys() == {
        "1/saved_model.pb",
        "1/fingerprint.pb",
        "1/assets/class_names.txt",
        "1/variables/variables.data-00000-of-00001",
        "1/variables/variables.index",
        "model.toml",
        "labels.txt",
        "manifest.json",
    }
    assert read_signatures((model.saved_model / "saved_model.pb").read_bytes()).keys() >= {
        "serving_default", "serving_bytes", "grad_cam", "features",
    }  # fmt: skip
    assert not contents(root / ".work")


def test_an_intact_application_is_not_exported_again(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights that are known to be the same are enough to see that nothing is to be done."""
    (copy / "mirror" / "net.weights.h5").unlink()

    code = fetch(copy / "mirror", copy / "models", "net")

    assert code == 0
    assert capsys.readouterr().out == "net is installed and intact.\n"


def test_a_new_title_is_taken_over_without_exporting_again(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The facts about a model can be made again without its weights."""
    change_catalogue(copy / "mirror", 'title = "Net"', 'title = "Network"')

    code = fetch(copy / "mirror", copy / "models", "net")

    model = Repository(copy / "models").find("net")
    assert code == 0
    assert "its card and labels were brought up to date" in capsys.readouterr().out
    assert model is not None
    assert (model.card.title, model.card.source_url) == ("Network", "https://elsewhere.example/")


def test_a_mirror_without_any_of_the_files_says_which(
    mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Keras' own file would do, and so would the converted one."""
    (mirror / "net.weights.h5").unlink()

    code = fetch(mirror, tmp_path / "models", "net")

    assert code == 1
    assert capsys.readouterr().err.endswith("expected published.h5 or net.weights.h5.\n")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "alpha = 0.25",
            "alpha = 0.5",
            (
                "net is not installed: net.weights.h5 does not hold the weights of this "
                "mobilenet_0.50_32: in the layer conv1, expected (3, 3, 3, 16), got (3, 3, 3, 8)."
            ),
        ),
        ('"MobileNet"', '"MobileNetV9"', "net is not installed: Keras has no application 'Mob"),
    ],
)
def test_an_export_that_fails_leaves_the_served_model_alone(
    copy: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, complaint: str
) -> None:
    """One sentence says why, and what servers see is as it was."""
    root = copy / "models"
    (root / "net" / "1" / "saved_model.pb").write_bytes(b"damaged, so it is fetched again")
    before = contents(root)
    change_catalogue(copy / "mirror", old, new)

    code = fetch(copy / "mirror", root, "net")

    assert code == 1
    assert complaint in capsys.readouterr().err
    assert contents(root) == before


@pytest.fixture
def on_a_small_disk() -> Run:
    """A function that runs a command with a new disk of so many kB mounted at a folder."""
    inside = ["unshare", "--user", "--mount", "--map-root-user"]
    if subprocess.run([*inside, "true"], check=False, capture_output=True).returncode:
        reason = "this user may not mount a small disk"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    def run(place: Path, kilobytes: int, command: str) -> subprocess.CompletedProcess[str]:
        mount = f"mount -t tmpfs -o size={kilobytes}k tmpfs '{place}'"
        return subprocess.run(
            [*inside, "sh", "-c", f"{mount} && {command}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_a_disk_that_fills_up_during_the_export_is_one_sentence(
    mirror: Path, tmp_path: Path, on_a_small_disk: Run
) -> None:
    """Another model on that disk is served as before, and nothing half done takes up its room."""
    root = tmp_path / "small"
    root.mkdir()
    pipeline = f"{sys.executable} -m pipeline models"
    options = f"--catalogue {mirror}/catalogue.toml --mirror {mirror} --repository {root}"
    room_kb = (mirror / "net.weights.h5").stat().st_size // 1000 + 400

    done = on_a_small_disk(
        root,
        room_kb,
        f"{pipeline} fetch tiny net {options}; {pipeline} verify --repository {root}; "
        f"find {root}/net {root}/.work/staging -type f; cat {root}/models.config",
    )

    assert f"No space left on device: {root}/.work/staging/net/1.\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert "tiny is intact." in done.stdout
    assert "saved_model.pb" not in done.stdout
    assert done.stdout.count("config {") == 1
