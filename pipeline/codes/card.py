"""The facts about the detector of codes, as its `model.toml` and `labels.txt` tell them."""

from pipeline.codes.kinds import CodeKind
from vision import DetectionOutputs, InputSpec, Labels, ModelCard, Resize

NAME = "codes"
# Behind the general detectors, once one is installed: see the header of catalogue.toml.
_RANK = 90


def card(size: int, threshold: float) -> ModelCard:
    """Return the model card.

    Args:
        size: Side of the network's input in pixels.
        threshold: Score (0..1) from which a detection is shown.
    """
    return ModelCard(
        name=NAME,
        title=f"Codes, {size} px",
        task="detection",
        summary="QR codes, Data Matrix, Aztec, PDF417 and barcodes; trained on made pictures alone",
        licence="Apache-2.0",
        rank=_RANK,
        threshold=threshold,
        input=InputSpec(
            signature="serving_default",
            tensor="input_tensor",
            dtype="uint8",
            resize=Resize("fit", size, size),
        ),
        outputs=DetectionOutputs(
            boxes="detection_boxes",
            scores="detection_scores",
            classes="detection_classes",
            count="num_detections",
        ),
    )


def labels() -> Labels:
    """Return the class names by id."""
    return Labels({kind.class_id: kind.value for kind in CodeKind})
