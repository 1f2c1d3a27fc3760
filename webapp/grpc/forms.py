"""Values as messages."""

from protos.gen.sightline.v1 import vision_pb2
from vision import Detection
from webapp.models import InstalledModel
from webapp.results import Result, StageTimes, Task

_TASKS = {
    Task.DETECTION: vision_pb2.TASK_DETECTION,
    Task.CLASSIFICATION: vision_pb2.TASK_CLASSIFICATION,
}


def detect_form(result: Result) -> vision_pb2.DetectResponse:
    """Write which objects a model found, from the result's threshold up."""
    return vision_pb2.DetectResponse(
        id=result.id,
        name=result.image_name,
        width=result.width,
        height=result.height,
        model=_model_version(result),
        detections=map(_detection, result.shown),
        timings=_timings(result.times),
    )


def classify_form(result: Result) -> vision_pb2.ClassifyResponse:
    """Write which classes a model named, from the result's threshold up."""
    return vision_pb2.ClassifyResponse(
        id=result.id,
        name=result.image_name,
        width=result.width,
        height=result.height,
        model=_model_version(result),
        classes=[
            vision_pb2.ClassScore(label=each.label, class_id=each.class_id, score=each.score)
            for each in result.shown_classes
        ],
        timings=_timings(result.times),
    )


def model_form(model: InstalledModel) -> vision_pb2.Model:
    """Write the facts about a model."""
    card = model.card
    return vision_pb2.Model(
        name=card.name,
        title=card.title,
        task=_TASKS[model.task],
        summary=card.summary,
        licence=card.licence,
        threshold=card.threshold,
        classes=len(model.labels),
    )


def _model_version(result: Result) -> vision_pb2.ModelVersion:
    return vision_pb2.ModelVersion(name=result.model_name, version=result.model_version or 0)


def _detection(found: Detection) -> vision_pb2.Detection:
    x_min, y_min, x_max, y_max = found.xyxy
    return vision_pb2.Detection(
        label=found.label,
        class_id=found.class_id,
        score=found.score,
        box=vision_pb2.Box(x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max),
    )


def _timings(times: StageTimes | None) -> vision_pb2.Timings:
    if times is None:
        return vision_pb2.Timings()
    return vision_pb2.Timings(
        decode_ms=times.decode,
        store_ms=times.store,
        encode_ms=times.encode,
        serve_ms=times.serve,
        parse_ms=times.parse,
        total_ms=times.total,
    )
