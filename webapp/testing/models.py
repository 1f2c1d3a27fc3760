"""Cards and labels of models that do not exist."""

import hashlib
from dataclasses import replace
from pathlib import Path

from vision import (
    BrowserForm,
    ClassificationOutputs,
    DetectionOutputs,
    Explanation,
    InputSpec,
    Labels,
    ModelCard,
    Resize,
)

LABELS = Labels({1: "person", 3: "car", 17: "cat", 18: "dog", 44: "wine glass"})
"""What the detectors know."""
CLASSES = Labels(dict(enumerate(("tabby", "hotdog", "daisy", "macaw", "golden retriever"))))
"""What the classifiers know."""
DETECTION_OUTPUTS = DetectionOutputs("boxes", "scores", "classes", "count")
CLASSIFICATION_OUTPUTS = ClassificationOutputs(
    class_ids="class_ids",
    scores="class_scores",
    class_names="class_names",
    probabilities="probabilities",
)
EXPLANATION = Explanation(
    signature="grad_cam",
    tensor="image",
    class_id="class_id",
    heat_map="heat_map",
    score="score",
)


def model_card(name: str, *, rank: int = 10, threshold: float = 0.5) -> ModelCard:
    """Return the card of a detector that looks at 300 x 300 pixels."""
    return ModelCard(
        name=name,
        title=f"{name.capitalize()}, 300 px",
        task="detection",
        summary="Fast; a handful of everyday objects",
        licence="Apache-2.0",
        source_url=f"https://models.example/{name}.tar.gz",
        archive_sha256="0" * 64,
        rank=rank,
        threshold=threshold,
        input=InputSpec("serving_default", "image", "uint8", Resize("stretch", 300, 300)),
        outputs=DETECTION_OUTPUTS,
    )


def classifier_card(
    name: str, *, rank: int = 20, threshold: float = 0.05, explains: bool = True
) -> ModelCard:
    """Return the card of a classifier that looks at 224 x 224 pixels.

    Args:
        name: As it is served.
        rank: The model of lowest rank is the default one.
        threshold: Score from which a class is shown.
        explains: Whether it can be asked for heat maps.
    """
    return replace(
        model_card(name, rank=rank, threshold=threshold),
        title=f"{name.capitalize()}, 224 px",
        task="classification",
        summary="Says what a whole picture shows",
        input=InputSpec("serving_default", "image", "uint8", Resize("stretch", 224, 224)),
        outputs=CLASSIFICATION_OUTPUTS,
        explanation=EXPLANATION if explains else None,
    )


def install_model(
    repository: Path, name: str, *, rank: int = 10, threshold: float = 0.5, bundled: bool = False
) -> Path:
    """Write a detector's card and labels, and return its folder."""
    card = model_card(name, rank=rank, threshold=threshold)
    if bundled:
        card = replace(card, source_url="", archive_sha256="")
    return _install(repository, card, LABELS)


def install_browser_form(repository: Path, name: str, content: bytes = b"a TFLite model") -> Path:
    """Write a detector that browsers can run themselves, of version 3, and return its folder."""
    digest = hashlib.sha256(content).hexdigest()
    form = BrowserForm("browser.tflite", digest, version=3, width=300, height=300)
    folder = _install(repository, replace(model_card(name), browser=form), LABELS)
    (folder / form.file).write_bytes(content)
    return folder


def install_classifier(
    repository: Path, name: str, *, rank: int = 20, threshold: float = 0.05, explains: bool = True
) -> Path:
    """Write a classifier's card and labels, and return its folder."""
    card = classifier_card(name, rank=rank, threshold=threshold, explains=explains)
    return _install(repository, card, CLASSES)


def _install(repository: Path, card: ModelCard, labels: Labels) -> Path:
    folder = repository / card.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / card.labels_file).write_text(labels.to_text(), encoding="utf-8")
    (folder / "model.toml").write_text(card.to_toml(), encoding="utf-8")
    return folder
