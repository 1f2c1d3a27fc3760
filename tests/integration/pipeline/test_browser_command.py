"""`python -m pipeline browser`: forms of installed models for browsers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline.browser.conversion import canvas_spec, convert
from pipeline.cli import main
from pipeline.exceptions import BrowserFormError
from pipeline.repository import CARD_FILE, Repository
from vision import (
    ClassificationOutputs,
    DetectionOutputs,
    InputSpec,
    Labels,
    ModelCard,
    Resize,
)

LABELS = Labels({1: "thing"})
CARD = ModelCard(
    name="toy",
    title="Toy",
    task="detection",
    summary="Says where it is brightest",
    licence="Apache-2.0",
    rank=1,
    threshold=0.5,
    input=InputSpec("serving_default", "image", "uint8", Resize("stretch", 8, 4)),
    outputs=DetectionOutputs("boxes", "scores", "classes"),
)
Install = Callable[[ModelCard], Repository]


class Toy(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """Answers the mean of each colour, so that what comes in can be seen."""

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, "image")])  # type: ignore[untyped-decorator]
    def detect(self, image: Any) -> dict[str, Any]:
        means = tf.reduce_mean(tf.cast(image, tf.float32), axis=[1, 2]) / 255
        box = tf.concat([means * 0, means[:, :1]], axis=1)
        return {"boxes": box[:, None], "scores": means[:, :1], "classes": means[:, :1] * 0 + 1}


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy") / "1"
    module = Toy()
    tf.saved_model.save(module, str(folder), {"serving_default": module.detect})
    return folder


@pytest.fixture
def install(tmp_path: Path, saved_model: Path) -> Install:
    """A function that installs the toy with a card, as version 2."""

    def publish(card: ModelCard) -> Repository:
        repository = Repository(tmp_path / "models")
        with repository.writing(), repository.staged(card.name) as staged:
            tf.io.gfile.makedirs(str(staged / "2"))
            for path in saved_model.rglob("*"):
                target = staged / "2" / path.relative_to(saved_model)
                if path.is_dir():
                    target.mkdir(exist_ok=True)
                else:
                    target.write_bytes(path.read_bytes())
            repository.publish(staged, card, LABELS, version=2)
        return repository

    return publish


def run(repository: Repository, *names: str) -> int:
    return main(["browser", *names, "--repository", str(repository.root)], {})


def answer_of(path: Path, canvas: np.ndarray[Any, Any]) -> Any:
    runner = tf.lite.Interpreter(model_path=str(path)).get_signature_runner()
    return runner(rgba=canvas)


def test_form_is_made_and_declared(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    """It takes a canvas of the card's size, answers by the card's names, and is in the manifest."""
    repository = install(CARD)

    exit_code = run(repository, "toy")

    model = repository.find("toy")
    assert exit_code == 0
    assert "toy version 2 has a form for browsers now" in capsys.readouterr().out
    assert model is not None
    assert model.card.browser is not None
    assert (model.card.browser.version, model.card.browser.width, model.card.browser.height) == (
        2, 8, 4,
    )  # fmt: skip
    canvas = np.zeros((1, 4, 8, 4), np.uint8)
    canvas[..., 0] = 204
    answer = answer_of(model.folder / model.card.browser.file, canvas)
    assert answer["scores"][0, 0] == pytest.approx(0.8, abs=1e-3)  # half precision
    assert answer["boxes"].shape == (1, 1, 4)
    repository.check_intact("toy")


def test_form_stays_when_facts_are_brought_up_to_date(install: Install) -> None:
    """The catalogue, which a card is made anew from, knows nothing of it."""
    repository = install(CARD)
    run(repository, "toy")

    repository.refresh(replace(CARD, title="Another title"), LABELS)

    model = repository.find("toy")
    assert model is not None
    assert model.card.title == "Another title"
    assert model.card.browser is not None
    repository.check_intact("toy")


@pytest.mark.parametrize(
    ("card", "name", "sentence"),
    [
        (CARD, "nobody", "No model 'nobody' is installed"),
        (
            replace(
                CARD, task="classification", outputs=ClassificationOutputs("classes", "scores")
            ),
            "toy",
            "toy is for classification",
        ),
        (
            replace(CARD, input=replace(CARD.input, resize=Resize("none"))),
            "toy",
            "toy takes pictures in their own size",
        ),
        (
            replace(CARD, input=replace(CARD.input, signature="other")),
            "toy",
            "toy gets no form for browsers",
        ),
        (
            replace(CARD, outputs=DetectionOutputs("boxes", "scores", "kinds")),
            "toy",
            "toy gets no form for browsers",
        ),
    ],
    ids=["not installed", "classifier", "any size", "no such signature", "no such output"],
)
def test_model_without_a_form_is_left_as_it_is(
    install: Install, capsys: pytest.CaptureFixture[str], card: ModelCard, name: str, sentence: str
) -> None:
    """The command says why in one line, and changes nothing."""
    repository = install(card)
    before = (repository.root / "toy" / CARD_FILE).read_bytes()

    exit_code = run(repository, name)

    captured = capsys.readouterr()
    assert exit_code == 1
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert (repository.root / "toy" / CARD_FILE).read_bytes() == before
    repository.check_intact("toy")


def test_loops_are_refused() -> None:
    """The runtime in browsers would only say so when the first frame is looked at."""

    def detect(rgba: Any) -> dict[str, Any]:
        limit = tf.cast(rgba[0, 0, 0, 0], tf.int32)
        return {"scores": tf.while_loop(lambda n: n < limit, lambda n: [n + 1], [0])[0][None]}

    module = tf.Module()
    module.detect = tf.function(detect, input_signature=[canvas_spec(8, 4)])

    with pytest.raises(BrowserFormError, match="Browsers cannot run its operations WHILE"):
        convert(module, module.detect)
