"""How the site is doing, for whoever operates it."""

import shutil
import time
from datetime import timedelta
from typing import cast

from flask import Blueprint, Response, current_app, g, render_template, request
from flask.blueprints import BlueprintSetupState

from webapp.exceptions import StorageError
from webapp.presentation.model_states import ask_server
from webapp.presentation.traffic import Hour, Traffic
from webapp.services import services

blueprint = Blueprint("status", __name__)

_EXTENSION = "sightline.traffic"
# These say nothing about how people are served.
_NOT_COUNTED = frozenset({"static", "health.healthz", "health.readyz", "live.look", "stress.live"})


@blueprint.record_once
def _begin_counting(state: BlueprintSetupState) -> None:
    state.app.extensions[_EXTENSION] = Traffic()


@blueprint.after_app_request
def _count(response: Response) -> Response:
    if request.endpoint not in _NOT_COUNTED and "started_s" in g:
        _traffic().note(response.status_code, (time.perf_counter() - g.started_s) * 1000)
    return response


@blueprint.get("/status")
def index() -> str:
    """Show models, server, traffic and storage."""
    parts = services()
    cards = {model.card.name: model.card for model in parts.models.installed()}
    traffic = _traffic()
    try:
        counts, speeds, failure = parts.results.counts(), parts.results.speeds(cards), ""
        videos, workers = dict(parts.videos.counts()), parts.videos.workers()
    except StorageError as error:
        counts, speeds, failure = None, {}, str(error)
        videos, workers = {}, 0
    return render_template(
        "status.html",
        cards=cards,
        server=ask_server(parts.client(), list(cards), parts.settings.ready_timeout_s),
        counts=counts,
        speeds=speeds,
        videos=videos,
        video_workers=workers,
        storage_failure=failure,
        disk=shutil.disk_usage(parts.settings.originals),
        age=timedelta(seconds=traffic.age_s),
        hour=Hour.of(traffic.history()),
    )


def _traffic() -> Traffic:
    return cast("Traffic", current_app.extensions[_EXTENSION])
