"""The Flask application, put together."""

from pathlib import Path

from flask import Flask

from serving_client import ServingClient
from vision import DecodeLimits
from webapp import formatting
from webapp.blueprints import api, health, media, pages, samples
from webapp.detect import Detector, DetectorLimits
from webapp.errors import register_error_handlers
from webapp.models import ModelRepository
from webapp.originals import Originals
from webapp.request_log import register_request_log
from webapp.samples import BUNDLED, Samples
from webapp.security import register_security
from webapp.services import EXTENSION, Services
from webapp.serving import SharedClient
from webapp.settings import Settings
from webapp.store import ResultStore

# What a form may weigh beside its picture: field names, boundaries and the other fields.
FORM_BYTES = 64 * 1024
_FORM_PARTS_MAX = 20


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
    app.config.update(
        MAX_CONTENT_LENGTH=settings.upload_bytes_max + FORM_BYTES,
        MAX_FORM_PARTS=_FORM_PARTS_MAX,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.extensions[EXTENSION] = _services(settings, client, Samples(samples_folder))
    register_request_log(app)
    register_security(app)
    register_error_handlers(app)
    for part in (pages, samples, media, api, health):
        app.register_blueprint(part.blueprint)
    for present in (
        formatting.percent,
        formatting.file_size,
        formatting.milliseconds,
        formatting.counted,
        formatting.moment,
        formatting.class_colour_hex,
    ):
        app.add_template_filter(present)
    return app


def _services(settings: Settings, client: ServingClient | None, samples: Samples) -> Services:
    models = ModelRepository(settings.model_repository)
    originals = Originals(settings.originals)
    originals.prepare()
    results = ResultStore(settings.database_url)
    shared = SharedClient(ServingClient.from_env if client is None else lambda: client)
    limits = DetectorLimits(
        decode=DecodeLimits(settings.pixels_max),
        call_timeout_s=settings.call_timeout_s,
        score_floor=settings.score_floor,
    )
    detector = Detector(
        models=models, originals=originals, results=results, client=shared, limits=limits
    )
    return Services(settings, models, samples, originals, results, shared, detector)
