"""Stand-ins for tests and benchmarks: models, sample pictures, and a server that answers.

::

    install_model(folder / "models", "toy")
    install_classifier(folder / "models", "namer")
    install_samples(folder / "samples", {"label": "A label"})
    model_server = FakeModelServer([Box(18, 0.9, (0.1, 0.2, 0.9, 0.8))])
    with RunningSite(settings, model_server) as site:
        print(site.url)
"""

from webapp.testing.grpc_site import RunningGrpcFront
from webapp.testing.model_server import Box, FakeModelServer
from webapp.testing.models import (
    CLASSES,
    LABELS,
    classifier_card,
    install_browser_form,
    install_classifier,
    install_model,
    model_card,
)
from webapp.testing.samples import install_samples
from webapp.testing.site import RunningSite

__all__ = [
    "CLASSES",
    "LABELS",
    "Box",
    "FakeModelServer",
    "RunningGrpcFront",
    "RunningSite",
    "classifier_card",
    "install_browser_form",
    "install_classifier",
    "install_model",
    "install_samples",
    "model_card",
]
