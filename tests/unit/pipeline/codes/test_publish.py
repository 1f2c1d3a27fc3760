"""From exported models to published ones."""

import hashlib
import json
from pathlib import Path

import pytest

from pipeline.codes.artifact import Artifact
from pipeline.codes.lineage import LINEAGE_FILE
from pipeline.codes.publish import publish
from pipeline.codes.workplace import Workplace
from pipeline.exceptions import ArtifactError
from pipeline.repository import Repository


def run_steps(work: Workplace, graph: str) -> None:
    """Leave artifacts as the four steps before would, with that text for a SavedModel."""
    model = work.exported / "codes" / "1"
    for folder in (work.data, work.training, model, work.evaluation):
        folder.mkdir(parents=True, exist_ok=True)
    (work.data / "picture").write_text("picture")
    (model / "saved_model.pb").write_text(graph)
    made = Artifact("make-data", {"seed": 1}).write(work.data)
    trained = Artifact("train", {"size": 320}, {"make-data": made.digest()}).write(work.training)
    exported = Artifact("export", {}, {"train": trained.digest()}).write(work.exported)
    inputs = {"make-data": made.digest(), "export": exported.digest()}
    Artifact("evaluate", {}, inputs, {"threshold": 0.37}).write(work.evaluation)


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    """A workplace in which all steps but the last were run."""
    work = Workplace(tmp_path / "work")
    run_steps(work, "graph")
    return work


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return an empty repository."""
    return Repository(tmp_path / "models")


def test_a_published_model_is_complete(workplace: Workplace, repository: Repository) -> None:
    """Servers find the model, its facts with the measured threshold, and an intact manifest."""
    publish(workplace, repository)

    model = repository.find("codes")
    assert model is not None
    assert (model.version, model.card.threshold, model.card.is_bundled) == (1, 0.37, True)
    assert (model.saved_model / "saved_model.pb").read_text() == "graph"
    repository.check_intact("codes")


def test_the_form_for_browsers_comes_along(workplace: Workplace, repository: Repository) -> None:
    """The card declares the file that was exported, made from the version that is published."""
    (workplace.exported / "codes" / "browser.tflite").write_text("form")
    run_steps(workplace, "graph")

    publish(workplace, repository, version=3)

    model = repository.find("codes")
    assert model is not None
    form = model.card.browser
    assert form is not None
    assert (form.file, form.version, form.width, form.height) == ("browser.tflite", 3, 320, 320)
    assert (model.folder / form.file).read_text() == "form"
    assert form.sha256 == hashlib.sha256(b"form").hexdigest()
    repository.check_intact("codes")


def test_a_form_of_a_former_version_does_not_stay(
    workplace: Workplace, repository: Repository
) -> None:
    """What runs in browsers is never older than what servers serve."""
    form = workplace.exported / "codes" / "browser.tflite"
    form.write_text("form")
    run_steps(workplace, "graph")
    publish(workplace, repository)
    form.unlink()
    run_steps(workplace, "better graph")

    publish(workplace, repository)

    model = repository.find("codes")
    assert model is not None
    assert model.card.browser is None
    assert not (model.folder / "browser.tflite").exists()
    repository.check_intact("codes")


def test_the_lineage_stands_beside_the_model(workplace: Workplace, repository: Repository) -> None:
    """Every step's settings and digests can be looked up, without a line for every picture."""
    publish(workplace, repository)

    lineage = json.loads((repository.root / "codes" / LINEAGE_FILE).read_text())
    assert list(lineage) == ["make-data", "train", "export", "evaluate"]
    assert lineage["train"]["inputs"]["make-data"] == lineage["make-data"]["digest"]
    assert "files" not in lineage["make-data"]


def test_a_second_publication_is_a_new_version(
    workplace: Workplace, repository: Repository
) -> None:
    """The former version stays where servers can go back to it."""
    publish(workplace, repository)
    run_steps(workplace, "better graph")

    publish(workplace, repository)

    versions = sorted(path.name for path in (repository.root / "codes").glob("[0-9]"))
    assert versions == ["1", "2"]
    repository.check_intact("codes")


def test_a_version_can_be_published_again(workplace: Workplace, repository: Repository) -> None:
    """A named version takes the place of the one that is there."""
    publish(workplace, repository)
    run_steps(workplace, "better graph")

    sentence = publish(workplace, repository, version=1)

    assert "codes version 1 is published" in sentence
    model = repository.find("codes")
    assert model is not None
    assert (model.saved_model / "saved_model.pb").read_text() == "better graph"


def test_results_that_do_not_belong_together_are_refused(
    workplace: Workplace, repository: Repository
) -> None:
    """Nothing is published that was measured before it was trained again."""
    Artifact("train", {"size": 320, "seed": 9}).write(workplace.training)

    with pytest.raises(ArtifactError, match="export was made from another result of train"):
        publish(workplace, repository)

    assert repository.find("codes") is None


def test_the_same_model_is_published_once(workplace: Workplace, repository: Repository) -> None:
    """Running the step again, or all steps, does not fill the repository."""
    publish(workplace, repository)

    sentence = publish(workplace, repository)

    assert sentence == "codes version 1 is this one already."
    assert [path.name for path in (repository.root / "codes").glob("[0-9]")] == ["1"]


def test_a_version_below_the_latest_is_refused(
    workplace: Workplace, repository: Repository
) -> None:
    """Its card would be taken for that of the version which is served."""
    publish(workplace, repository, version=2)

    with pytest.raises(ArtifactError, match="Version 2 is published already"):
        publish(workplace, repository, version=1)


def test_a_model_that_was_changed_after_its_export_is_refused(
    workplace: Workplace, repository: Repository
) -> None:
    """What was not measured is not published."""
    (workplace.exported / "codes" / "1" / "saved_model.pb").write_text("something else")

    with pytest.raises(ArtifactError, match=r"saved_model\.pb is not as export left it"):
        publish(workplace, repository)

    assert repository.find("codes") is None
