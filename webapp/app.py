"""The Flask application, put together."""

from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from serving_client import ServingClient
from webapp.access.cookie import register_cookie
from webapp.access.form_tokens import register_form_tokens
from webapp.access.guard import Guard
from webapp.assembly import assemble
from webapp.blueprints import (
    api,
    batches,
    compare,
    exports,
    gallery,
    health,
    heat_maps,
    live,
    local_models,
    login,
    media,
    metrics,
    occlusion_maps,
    pages,
    reference,
    renditions,
    samples,
    status,
    stress,
    video_pages,
    videos,
)
from webapp.errors import register_error_handlers
from webapp.http.request_log import register_request_log
from webapp.http.security import register_security
from webapp.http.upload_request import UploadRequest
from webapp.limits.requests import RequestLimiter, RequestLimits
from webapp.presentation import formatting
from webapp.samples import BUNDLED
from webapp.services import EXTENSION, parts_of
from webapp.settings import Settings
from webapp.telemetry.tracing import register_tracing

# What a form may weigh beside its picture: field names, boundaries and the other fields.
FORM_BYTES = 64 * 1024
_FORM_PARTS_MAX = 20
_BLUEPRINTS = (
    pages.blueprint,
    samples.blueprint,
    media.blueprint,
    renditions.blueprint,
    heat_maps.blueprint,
    occlusion_maps.blueprint,
    exports.blueprint,
    batches.blueprint,
    gallery.blueprint,
    compare.blueprint,
    videos.blueprint,
    video_pages.blueprint,
    status.blueprint,
    stress.blueprint,
    live.blueprint,
    local_models.blueprint,
    api.blueprint,
    health.blueprint,
    reference.blueprint,
    metrics.blueprint,
    login.blueprint,
)


def create_app(
    settings: Settings, *, client: ServingClient | None = None, samples_folder: Path = BUNDLED
) -> Flask:
    """Build the application.

    Args:
        settings: How it is set.
        client: The model server's client; by default made from ``SIGHTLINE_SERVING_*`` when it is
            first needed.
        samples_folder: The pictures that the form offers to try.

    Raises:
        StorageError: The database cannot be opened, or pictures cannot be kept.
    """
    app = Flask(__name__)
    app.request_class = UploadRequest
    app.config.update(
        MAX_CONTENT_LENGTH=settings.upload_bytes_max + FORM_BYTES,
        MAX_FORM_PARTS=_FORM_PARTS_MAX,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.extensions[EXTENSION] = assemble(settings, client=client, samples_folder=samples_folder)
    _watch(app)
    _protect(app, settings)
    register_error_handlers(app)
    for part in _BLUEPRINTS:
        app.register_blueprint(part)
    for present in formatting.FILTERS:
        app.add_template_filter(present)
    return app


def _watch(app: Flask) -> None:
    """Note every request; before anything else looks at it, so that those turned away count."""
    register_request_log(app)
    parts_of(app).metrics.register(app)
    register_tracing(app)


def _protect(app: Flask, settings: Settings) -> None:
    """Let through who may, in this order: sites, rates, who it is, and whether a form is ours."""
    if settings.trusted_hops:
        hops = settings.trusted_hops
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Flask's documents have it
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    parts = parts_of(app)
    register_security(app)
    register_cookie(app)
    RequestLimiter(
        RequestLimits(
            settings.requests_per_minute,
            settings.changes_per_minute,
            settings.frames_per_minute,
            settings.trusted_hops,
        )
    ).register(app)
    Guard(parts.keys, parts.users, is_open=settings.access == "open").register(app)
    register_form_tokens(app)
