"""The model that comes with the project: whole, described, and the default of a fresh checkout."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.repository import Repository
from vision import Labels, ModelCard

ROOT = Path(__file__).resolve().parents[2]
CLASSES = {1: "qr_code", 2: "data_matrix", 3: "aztec", 4: "pdf417", 5: "linear_barcode"}
BYTES_MAX = 9_000_000


def committed() -> list[Path]:
    """The committed files of the model repository, from its root."""
    command = ["git", "ls-files", "-z", "--", "model_repository"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return [
        Path(name).relative_to("model_repository") for name in answer.stdout.split("\0") if name
    ]


def committed_models() -> list[str]:
    """The names of the models among them."""
    return sorted(path.parent.name for path in committed() if path.name == "model.toml")


@pytest.fixture
def fresh(tmp_path: Path) -> Repository:
    """The model repository of a fresh checkout: what is committed, and nothing else."""
    for path in committed():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "model_repository" / path, tmp_path / path)
    return Repository(tmp_path)


def test_one_model_is_bundled() -> None:
    """Every other model is fetched, and never committed by accident."""
    assert committed_models() == ["codes"]


@pytest.mark.parametrize("name", committed_models())
def test_committed_models_are_as_they_were_published(fresh: Repository, name: str) -> None:
    """The manifest has every file of the model with the digest of its bytes, and no other."""
    fresh.check_intact(name)


@pytest.mark.parametrize("name", committed_models())
def test_committed_models_are_described(name: str) -> None:
    """The card is valid, in the form that is written, and names no archive to fetch it from."""
    text = (ROOT / "model_repository" / name / "model.toml").read_text(encoding="utf-8")

    card = ModelCard.from_toml(text)

    assert card.name == name
    assert card.is_bundled
    assert card.to_toml() == text


def test_fresh_checkout_offers_the_bundled_model(fresh: Repository) -> None:
    """It can be loaded at once, is the only one, and stands behind any that is fetched."""
    (model,) = fresh.installed()

    assert (model.card.name, model.version) == ("codes", 1)
    assert model.card.rank >= 90


def test_bundled_model_has_a_form_for_browsers(fresh: Repository) -> None:
    """Its card declares the file that is committed, made from the version that is served."""
    (model,) = fresh.installed()

    form = model.card.browser

    assert form is not None
    assert (form.version, form.width, form.height) == (model.version, 320, 320)
    content = (model.folder / form.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == form.sha256


def test_bundled_model_knows_five_kinds_of_codes() -> None:
    """Class ids are those that the model was trained with."""
    text = (ROOT / "model_repository" / "codes" / "labels.txt").read_text(encoding="utf-8")

    assert dict(Labels.parse(text).names) == CLASSES


def test_bundled_model_is_small_enough_to_commit() -> None:
    """A clone stays quick."""
    files = [ROOT / "model_repository" / path for path in committed() if path.parts[0] == "codes"]

    assert sum(path.stat().st_size for path in files) <= BYTES_MAX


@pytest.mark.parametrize(
    ("path", "is_ignored"),
    [
        ("codes/1/variables/variables.index", False),
        ("codes/2/saved_model.pb", False),
        ("ssd_mobilenet_v1_075_coco/1/saved_model.pb", True),
        ("ssd_mobilenet_v1_075_coco/model.toml", True),
        ("models.config", True),
        (".work/lock", True),
    ],
)
def test_only_the_bundled_model_can_be_committed(path: str, *, is_ignored: bool) -> None:
    """Git takes everything of the bundled model, and nothing of a fetched one."""
    command = ["git", "check-ignore", "--quiet", "--no-index", f"model_repository/{path}"]

    answer = subprocess.run(command, check=False, cwd=ROOT)

    assert answer.returncode == (0 if is_ignored else 1)
