"""The parts of the running application, in one place for the views."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from webapp.detect import Detector
from webapp.models import ModelRepository
from webapp.originals import Originals
from webapp.samples import Samples
from webapp.serving import SharedClient
from webapp.settings import Settings
from webapp.store import ResultStore

EXTENSION = "sightline"


@dataclass(frozen=True, slots=True)
class Services:
    """What views work with; made once by ``create_app``."""

    settings: Settings
    models: ModelRepository
    samples: Samples
    originals: Originals
    results: ResultStore
    client: SharedClient
    detector: Detector

    def close(self) -> None:
        """Free connections to the model server and the database."""
        self.client.close()
        self.results.close()


def services() -> Services:
    """Return the parts of the application that answers the current request."""
    return cast("Services", current_app.extensions[EXTENSION])
