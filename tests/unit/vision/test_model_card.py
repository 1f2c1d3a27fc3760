"""The model card and its TOML form."""

import dataclasses
import re
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision import (
    BrowserForm,
    ClassificationOutputs,
    DetectionOutputs,
    Explanation,
    InputSpec,
    ModelCard,
    ModelCardError,
    Resize,
)

TOML = """\
name = "ssd_mobilenet_v1_075_coco"
title = "SSD MobileNet v1 0.75, 300 px"
task = "detection"
summary = "Fast; 80 everyday objects of COCO"
licence = "Apache-2.0"
source_url = "https://example.org/ssd.tar.gz"
archive_sha256 = "45965ac60aab61370bd08a78b98dd8fed45f0a428dd1925b2d77104210cabe41"
rank = 20
threshold = 0.5
labels_file = "labels.txt"

[input]
signature = "serving_default"
tensor = "input_tensor"
dtype = "uint8"

[input.resize]
method = "stretch"
width = 300
height = 300

[outputs]
boxes = "detection_boxes"
scores = "detection_scores"
classes = "detection_classes"
count = "num_detections"
"""
CARD = ModelCard(
    name="ssd_mobilenet_v1_075_coco",
    title="SSD MobileNet v1 0.75, 300 px",
    task="detection",
    summary="Fast; 80 everyday objects of COCO",
    licence="Apache-2.0",
    source_url="https://example.org/ssd.tar.gz",
    archive_sha256="45965ac60aab61370bd08a78b98dd8fed45f0a428dd1925b2d77104210cabe41",
    rank=20,
    threshold=0.5,
    input=InputSpec("serving_default", "input_tensor", "uint8", Resize("stretch", 300, 300)),
    outputs=DetectionOutputs(
        "detection_boxes", "detection_scores", "detection_classes", "num_detections"
    ),
)
CLASSIFIER_TOML = """\
name = "mobilenet_v2"
title = "MobileNet v2, 224 px"
task = "classification"
summary = "Small and fast; 1000 things of ImageNet"
licence = "Apache-2.0"
rank = 50
threshold = 0.1
labels_file = "labels.txt"

[input]
signature = "serving_default"
tensor = "image"
dtype = "uint8"

[input.resize]
method = "stretch"
width = 224
height = 224

[outputs]
class_ids = "class_ids"
scores = "scores"
class_names = "class_names"
probabilities = "probabilities"

[explanation]
signature = "grad_cam"
tensor = "image"
class_id = "class_id"
heat_map = "heat_map"
score = "score"
"""
EXPLANATION_TOML = CLASSIFIER_TOML[CLASSIFIER_TOML.index("[explanation]") :]
CLASSIFIER_CARD = ModelCard(
    name="mobilenet_v2",
    title="MobileNet v2, 224 px",
    task="classification",
    summary="Small and fast; 1000 things of ImageNet",
    licence="Apache-2.0",
    rank=50,
    threshold=0.1,
    input=InputSpec("serving_default", "image", "uint8", Resize("stretch", 224, 224)),
    outputs=ClassificationOutputs("class_ids", "scores", "class_names", "probabilities"),
    explanation=Explanation("grad_cam", "image", "class_id", "heat_map", "score"),
)

BROWSER_TOML = f"""
[browser]
file = "browser.tflite"
sha256 = "{"ab" * 32}"
version = 4
width = 300
height = 200
"""
BROWSER = BrowserForm("browser.tflite", "ab" * 32, 4, 300, 200)

characters = st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])
lines = st.text(characters, min_size=1).filter(str.strip)
plain_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,30}", fullmatch=True)
any_text = st.text(st.characters(codec="utf-8"), min_size=1)
sides = st.integers(1, 10_000)
facts = {
    "name": plain_names,
    "title": lines,
    "summary": lines,
    "licence": lines,
    "source_url": st.just("") | st.from_regex(r"https?://[!-~]{1,30}", fullmatch=True),
    "archive_sha256": st.just("") | st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    "rank": st.integers(-(2**63), 2**63 - 1),
    "threshold": st.floats(0, 1),
    "labels_file": plain_names,
    "input": st.builds(
        InputSpec,
        signature=lines,
        tensor=lines,
        dtype=st.just("uint8"),
        resize=st.builds(Resize, st.sampled_from(["stretch", "fit"]), sides, sides)
        | st.just(Resize("none")),
    ),
}
maybe_text = st.none() | any_text
detectors = st.builds(
    ModelCard,
    task=st.just("detection"),
    outputs=st.builds(DetectionOutputs, any_text, any_text, any_text, maybe_text),
    **facts,
)
classifiers = st.builds(
    ModelCard,
    task=st.just("classification"),
    outputs=st.builds(ClassificationOutputs, any_text, any_text, maybe_text, maybe_text),
    explanation=st.none() | st.builds(Explanation, *[any_text] * 5),
    **facts,
)


@pytest.mark.parametrize(("text", "card"), [(TOML, CARD), (CLASSIFIER_TOML, CLASSIFIER_CARD)])
def test_the_documented_file_is_read(text: str, card: ModelCard) -> None:
    """Each key of `model.toml` arrives in its field."""
    assert ModelCard.from_toml(text) == card


@pytest.mark.parametrize(("text", "card"), [(TOML, CARD), (CLASSIFIER_TOML, CLASSIFIER_CARD)])
def test_the_documented_file_is_written(text: str, card: ModelCard) -> None:
    """The text has all keys, in the order of the documentation."""
    assert card.to_toml() == text


@given(detectors | classifiers)
def test_any_card_round_trips(card: ModelCard) -> None:
    """A card written and read back is equal, whatever characters its texts have."""
    assert ModelCard.from_toml(card.to_toml()) == card


def test_a_size_that_means_nothing_and_a_missing_count_are_not_written() -> None:
    """Where a picture is sent as it is and all rows count, the file has no such keys."""
    card = dataclasses.replace(
        CARD,
        input=dataclasses.replace(CARD.input, resize=Resize("none")),
        outputs=dataclasses.replace(CARD.detection_outputs, count=None),
    )

    table = tomllib.loads(card.to_toml())

    assert table["input"]["resize"] == {"method": "none"}
    assert table["outputs"].keys() == {"boxes", "scores", "classes"}


def test_a_model_that_was_made_here_names_no_source() -> None:
    """Without an archive, neither its address nor its digest stands in the file."""
    card = dataclasses.replace(CARD, source_url="", archive_sha256="")

    text = card.to_toml()

    assert not {"source_url", "archive_sha256"} & tomllib.loads(text).keys()
    assert ModelCard.from_toml(text) == card
    assert (card.is_bundled, CARD.is_bundled) == (True, False)


def test_a_whole_number_is_a_threshold_too() -> None:
    """People write 1 where they mean 1.0."""
    card = ModelCard.from_toml(TOML.replace("threshold = 0.5", "threshold = 1"))

    assert card.threshold == 1.0


def test_labels_file_may_be_left_out() -> None:
    """It has a usual name."""
    card = ModelCard.from_toml(TOML.replace('labels_file = "labels.txt"\n', ""))

    assert card.labels_file == "labels.txt"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "ssd', 'name "ssd', "expected TOML: "),
        ("rank = 20", f"rank = {'9' * 5000}", "expected TOML: "),
        ("rank = 20\n", "", "rank: missing"),
        ("rank = 20", "rank = 20.0", "rank: expected int, got 20.0"),
        ("rank = 20", "rank = true", "rank: expected int, got True"),
        ("rank = 20", "rank = 20\ncolour = 'red'", "colour: unknown key; expected one of name, "),
        ('boxes = "detection_boxes"\n', "", "outputs.boxes: missing"),
        ('boxes = "detection_boxes"', "boxes = 1", "outputs.boxes: expected str, got 1"),
        ('boxes = "detection_boxes"', 'boxes = ""', "outputs.boxes: expected the name of an"),
        ('"num_detections"', '"num_detections"\nmasks = "m"', "outputs.masks: unknown key"),
        ("width = 300\n", "", "input.resize.width: expected at least 1 pixel, got 0"),
        ("width = 300", "width = -1", "input.resize.width: expected at least 1 pixel, got -1"),
        ("width = 300", "width = '300'", "input.resize.width: expected int, got '300'"),
        ('"stretch"', '"crop"', "input.resize.method: expected one of stretch, fit, none, got"),
        ('"uint8"', '"float32"', "input.dtype: expected one of uint8, got 'float32'"),
        ('"input_tensor"', '" "', "input.tensor: expected one line of text, got ' '"),
        ('"serving_default"', '"a\\nb"', "input.signature: expected one line of text, got"),
        ('"detection"', '"poetry"', "task: expected one of classification, detection, got 'poe"),
        ('"detection"', "['detection']", "task: expected one of classification, detection, got ["),
        ('task = "detection"\n', "", "task: missing"),
        ('"detection"', '"classification"', "outputs.boxes: unknown key; expected one of class_"),
        ("[outputs]", f"{EXPLANATION_TOML}\n[outputs]", "explanation: expected none for detecti"),
        ("threshold = 0.5", "threshold = 1.5", "threshold: expected a score from 0 to 1, got 1.5"),
        ("threshold = 0.5", "threshold = nan", "threshold: expected a score from 0 to 1, got nan"),
        ("threshold = 0.5", "threshold = '0.5'", "threshold: expected float, got '0.5'"),
        ('"ssd_mobilenet_v1_075_coco"', '"../ssd"', "name: expected letters, digits and _ . -"),
        ('"labels.txt"', '"../labels.txt"', "labels_file: expected a plain file name, got"),
        ('"https://example.org', '"file:///example.org', "source_url: expected an http or https"),
        ("45965ac6", "45965AC6", "archive_sha256: expected 64 hexadecimal digits, got"),
        ('"Apache-2.0"', '""', "licence: expected one line of text, got ''"),
    ],
)
def test_a_file_with_a_fault_is_refused(old: str, new: str, message: str) -> None:
    """The message begins with the key and has what was expected and what came."""
    text = TOML.replace(old, new, 1)

    with pytest.raises(ModelCardError) as caught:
        ModelCard.from_toml(text)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('class_ids = "class_ids"\n', "", "outputs.class_ids: missing"),
        ('scores = "scores"', "scores = 1", "outputs.scores: expected str, got 1"),
        ('heat_map = "heat_map"\n', "", "explanation.heat_map: missing"),
        ('signature = "grad_cam"', 'signature = ""', "explanation.signature: expected the name"),
        ('score = "score"', 'score = "score"\nhue = 1', "explanation.hue: unknown key; expected"),
        ('"classification"', '"detection"', "outputs.class_ids: unknown key; expected one of box"),
    ],
)
def test_a_classifiers_file_with_a_fault_is_refused(old: str, new: str, message: str) -> None:
    """Which outputs are expected follows from the task."""
    text = CLASSIFIER_TOML.replace(old, new, 1)

    with pytest.raises(ModelCardError) as caught:
        ModelCard.from_toml(text)

    assert str(caught.value).startswith(message)


def test_a_classifier_need_not_explain_itself() -> None:
    """Without the table, the card says that the model cannot be asked."""
    text = CLASSIFIER_TOML[: CLASSIFIER_TOML.index("[explanation]")].rstrip() + "\n"

    card = ModelCard.from_toml(text)

    assert card.explanation is None
    assert card.to_toml() == text


def test_only_a_detector_has_the_outputs_of_one() -> None:
    """Who needs boxes gets a sentence from a model that has none."""
    assert CARD.detection_outputs == CARD.outputs
    with pytest.raises(ModelCardError, match=r"^mobilenet_v2 is for classification; expected a "):
        _ = CLASSIFIER_CARD.detection_outputs


def test_the_names_to_ask_for_are_those_there_are() -> None:
    """An output without a name is not asked for, and neither is an input."""
    assert DetectionOutputs("b", "s", "c").names == ("b", "s", "c")
    assert ClassificationOutputs("i", "s", probabilities="p").names == ("i", "s", "p")
    assert Explanation("g", "x", "i", "h", "s").names == ("i", "h", "s")


def test_a_table_is_not_a_value() -> None:
    """A key that should be a table is refused by its name."""
    text = TOML[: TOML.index("[input]")] + 'input = "uint8"\n' + TOML[TOML.index("[outputs]") :]

    with pytest.raises(ModelCardError, match=r"^input: expected a table, got 'uint8'$"):
        ModelCard.from_toml(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": float("nan")},
        {"name": ""},
        {"title": "\ud800"},
        {"title": "two\nlines"},
        {"outputs": CLASSIFIER_CARD.outputs},
        {"explanation": CLASSIFIER_CARD.explanation},
    ],
)
def test_a_card_made_in_code_is_checked_too(changes: dict[str, Any]) -> None:
    """There is no way around the checks."""
    with pytest.raises(ModelCardError):
        dataclasses.replace(CARD, **changes)


def test_form_for_browsers_stands_on_the_card() -> None:
    """What browsers run is read and written like all else."""
    card = dataclasses.replace(CARD, browser=BROWSER)

    assert card.to_toml() == TOML + BROWSER_TOML
    assert ModelCard.from_toml(TOML + BROWSER_TOML) == card


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"file": "../browser.tflite"}, "file: expected a plain name ending in .tflite"),
        ({"file": ".tflite"}, "file: expected a plain name"),
        ({"file": "browser.js"}, "file: expected a plain name ending in .tflite"),
        ({"sha256": "AB" * 32}, "sha256: expected 64 hexadecimal digits"),
        ({"sha256": ""}, "sha256: expected 64 hexadecimal digits"),
        ({"version": 0}, "version: expected at least 1, got 0"),
        ({"width": 0}, "width: expected at least 1, got 0"),
        ({"height": -5}, "height: expected at least 1, got -5"),
    ],
)
def test_form_for_browsers_is_checked(changed: dict[str, Any], expected: str) -> None:
    """A card cannot declare a file elsewhere, or a canvas without pixels."""
    with pytest.raises(ValueError, match=re.escape(expected)):
        dataclasses.replace(BROWSER, **changed)


def test_only_detectors_of_known_size_have_a_form_for_browsers() -> None:
    """Browsers draw boxes, on a canvas of a fixed size."""
    any_size = dataclasses.replace(CARD.input, resize=Resize("none"))

    with pytest.raises(ModelCardError, match="browser: expected none for classification"):
        dataclasses.replace(CLASSIFIER_CARD, browser=BROWSER)
    with pytest.raises(ModelCardError, match="browser: expected none where pictures keep"):
        dataclasses.replace(CARD, input=any_size, browser=BROWSER)
