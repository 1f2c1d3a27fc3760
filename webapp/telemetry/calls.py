"""What goes along with every call to the model server: the id of the request that it is for."""

from contextlib import suppress

from serving_client import (
    CallObserver,
    CallStart,
    ClientConfig,
    ConfigError,
    Observer,
    OpenTelemetryObserver,
    PrometheusObserver,
    ServingClient,
)
from webapp.http.request_id import NO_REQUEST, request_id
from webapp.telemetry.metrics import Metrics

HEADER = "x-request-id"


class _Labelled(CallObserver):
    """A call for one request."""

    def __init__(self, given_id: str) -> None:
        self.headers = ((HEADER, given_id),)


def send_request_id(_start: CallStart) -> CallObserver | None:
    """Observe a call, and have the id of the current request travel with it."""
    given_id = request_id()
    return None if given_id == NO_REQUEST else _Labelled(given_id)


def watched_client(metrics: Metrics) -> ServingClient:
    """Return a client as ``SIGHTLINE_SERVING_*`` says, whose calls are counted and traced.

    Args:
        metrics: What counts them.

    Raises:
        ConfigError: One of the variables holds something else than it should.
    """
    observers: list[Observer] = [send_request_id, PrometheusObserver(metrics.registry)]
    with suppress(ConfigError):  # OpenTelemetry is not installed
        observers.append(OpenTelemetryObserver())
    return ServingClient.from_config(ClientConfig.from_env(), observer=observers)
