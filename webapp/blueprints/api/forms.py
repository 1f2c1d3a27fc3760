"""Values as JSON."""

from flask import url_for

from vision import ClassHeat, ClassScore, Detection
from webapp.blueprints.api.shapes import (
    Answer,
    Explanation,
    Found,
    Glance,
    HeatMap,
    KeptResult,
    Links,
    MeasuredSpeed,
    Model,
    Named,
    NoAnswer,
    Timings,
)
from webapp.explanations.explanation_jobs import Job, JobState
from webapp.models import InstalledModel
from webapp.results import Result, StageTimes, Task
from webapp.storage.store import Speed


def answer_form(result: Result) -> Answer:
    """Write what a model said of a picture, from the result's threshold up."""
    form: Answer = {
        "id": result.id,
        "image_name": result.image_name,
        "width": result.width,
        "height": result.height,
        "model": {"name": result.model_name, "version": result.model_version},
        "timings_ms": _timings(result.times),
    }
    if result.task is Task.CLASSIFICATION:
        form["classes"] = [_class_form(each) for each in result.shown_classes]
    else:
        form["detections"] = [_object_form(each) for each in result.shown]
    return form


def glance_form(result: Result) -> Glance:
    """Write what a model said of a picture of which nothing is kept."""
    answer = answer_form(result)
    form: Glance = {
        "width": answer["width"],
        "height": answer["height"],
        "model": answer["model"],
        "timings_ms": answer["timings_ms"],
    }
    if "classes" in answer:
        form["classes"] = answer["classes"]
    else:
        form["detections"] = answer["detections"]
    return form


def result_form(result: Result) -> KeptResult:
    """Write all of a result, answered or not, and where its pictures are."""
    failure: NoAnswer | None = None
    if result.failure_kind:
        failure = {"kind": result.failure_kind, "detail": result.failure_sentence}
    return {
        **answer_form(result),
        "task": result.task,
        "state": result.state,
        "failure": failure,
        "created_at": result.created_at.isoformat(),
        "bytes": result.original_bytes,
        "sha256": result.original_sha256,
        "batch": result.batch_id,
        "threshold": result.threshold,
        "links": _links(result),
    }


def model_form(model: InstalledModel, *, default: bool, speed: Speed | None) -> Model:
    """Write the facts about a model.

    Args:
        model: The model.
        default: Whether it is asked where no model is named.
        speed: How fast it has answered here; None where it never has.
    """
    card = model.card
    return {
        "name": card.name,
        "title": card.title,
        "task": model.task,
        "summary": card.summary,
        "licence": card.licence,
        "source": card.source_url or None,
        "threshold": card.threshold,
        "default": default,
        "bundled": card.is_bundled,
        "explains": card.explanation is not None or model.task is Task.DETECTION,
        "classes": len(model.labels),
        "speed": _speed_form(speed) if speed else None,
    }


def heat_form(result: Result, heat: ClassHeat) -> HeatMap:
    """Write which class a heat map is about, and where it is."""
    which = f"?class_id={heat.class_id}"
    return {
        "result": result.id,
        "class_id": heat.class_id,
        "label": heat.label,
        "score": round(heat.score, 6),
        "heat_map": url_for("heat_maps.heat_map", result_id=result.id) + which,
        "overlay": url_for("heat_maps.overlay", result_id=result.id) + which,
    }


def job_form(job: Job) -> Explanation:
    """Write how far the explanation of a detection is, and where it is once it is done."""
    is_done = job.state is JobState.DONE
    return {
        "id": job.id,
        "address": url_for("api.explanation", job_id=job.id),
        "result": job.question.result_id,
        "detection": job.question.detection,
        "label": job.question.label,
        "state": job.state,
        "progress": round(job.progress, 4),
        "failure_kind": job.failure.kind if job.failure else None,
        "sentence": job.failure.sentence if job.failure else "",
        "heat_map": url_for("occlusion_maps.heat_map", job_id=job.id) if is_done else None,
        "overlay": url_for("occlusion_maps.overlay", job_id=job.id) if is_done else None,
    }


def _timings(times: StageTimes | None) -> Timings:
    if times is None:
        return {}
    return {
        "decode": round(times.decode, 3),
        "store": round(times.store, 3),
        "encode": round(times.encode, 3),
        "serve": round(times.serve, 3),
        "parse": round(times.parse, 3),
        "total": round(times.total, 3),
    }


def _object_form(detection: Detection) -> Found:
    """Write the score to single precision, and the box to hundredths of a pixel."""
    x_min, y_min, x_max, y_max = (round(pixel, 2) for pixel in detection.xyxy)
    return {
        "label": detection.label,
        "class_id": detection.class_id,
        "score": round(detection.score, 6),
        "box": {"x_min": x_min, "y_min": y_min, "x_max": x_max, "y_max": y_max},
    }


def _speed_form(speed: Speed) -> MeasuredSpeed:
    return {"median_ms": round(speed.median_ms, 3), "answers": speed.count}


def _class_form(each: ClassScore) -> Named:
    return {"label": each.label, "class_id": each.class_id, "score": round(each.score, 6)}


def _links(result: Result) -> Links:
    def address_of(endpoint: str) -> str:
        return url_for(endpoint, result_id=result.id)

    links: Links = {
        "self": address_of("api.result"),
        "page": address_of("pages.result"),
        "original": address_of("media.original"),
    }
    if result.task is Task.DETECTION:
        links["annotated"] = address_of("media.annotated")
    return links
