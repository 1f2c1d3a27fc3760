"""The pages of videos: the form and the list, one video in each of its states, and its deletion."""

from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, Response, render_template, request

from vision import ModelCard
from webapp.blueprints.pages import model_titles
from webapp.exceptions import ThresholdError
from webapp.http.request_log import note_model
from webapp.presentation import clock, video_page
from webapp.presentation.model_facts import ModelFacts
from webapp.presentation.time_spans import TimeSpans
from webapp.presentation.video_page import VideoFindings
from webapp.problems import Problem
from webapp.results import Task, parse_threshold
from webapp.services import services
from webapp.videos.video import StoredVideo

blueprint = Blueprint("video_pages", __name__, url_prefix="/videos")

_LISTED_MAX = 60
_FILTERS: tuple[Callable[..., str], ...] = (*clock.FILTERS, *video_page.FILTERS)
for _present in _FILTERS:
    blueprint.add_app_template_filter(_present)


@blueprint.get("")
def index() -> Response:
    """Show the form, and the videos that there are, the newest first."""
    return form_page({})


def form_page(fields: Mapping[str, str], problem: Problem | None = None) -> Response:
    """Return the form and the list of videos.

    Args:
        fields: What the form was sent with, to be shown again.
        problem: What was wrong with it; its status is that of the page.
    """
    parts = services()
    cards = [model.card for model in parts.models.installed(Task.DETECTION)]
    speeds = parts.results.speeds(card.name for card in cards)
    repository = parts.settings.model_repository
    page = render_template(
        "videos.html",
        models=[ModelFacts.of(card, repository, speeds) for card in cards],
        chosen=_chosen(cards, fields),
        threshold=_sent_threshold(fields),
        bytes_max=parts.settings.video_bytes_max,
        duration_s_max=parts.settings.video_duration_s_max,
        problem=problem,
        videos=parts.videos.newest(_LISTED_MAX),
        titles=model_titles(),
        deleted=request.args.get("deleted") == "1",
    )
    return Response(page, status=problem.status if problem else 200, mimetype="text/html")


@blueprint.get("/<video_id>")
def show(video_id: str) -> str:
    """Show one video: how far it is, why it failed, or what was found."""
    video = services().videos.get(video_id)
    note_model(video.model_name)
    return render_template(
        "video.html",
        video=video,
        findings=_findings(video),
        spans=TimeSpans.of(video.times) if video.times else None,
        model_title=model_titles().get(video.model_name, video.model_name),
    )


def _findings(video: StoredVideo) -> VideoFindings | None:
    """Return what was found; None while there is work on it, and where nothing was looked at."""
    if video.is_open or not video.frames_done:
        return None
    return VideoFindings.of(
        video,
        services().videos.frames(video.id),
        threshold=parse_threshold(request.args.get("threshold")),
        labels=frozenset(request.args.getlist("label")),
    )


@blueprint.get("/<video_id>/delete")
def confirm(video_id: str) -> str:
    """Ask whether a video is to be deleted, and say what goes with it."""
    video = services().videos.get(video_id)
    return render_template("video_delete.html", video=video, titles=model_titles())


def _chosen(cards: Sequence[ModelCard], fields: Mapping[str, str]) -> ModelCard | None:
    """Return the model that the form was sent with, else the default one."""
    sent = [card for card in cards if card.name == fields.get("model")]
    return next(iter([*sent, *cards]), None)


def _sent_threshold(fields: Mapping[str, str]) -> float | None:
    try:
        return parse_threshold(fields.get("threshold"))
    except ThresholdError:
        return None
