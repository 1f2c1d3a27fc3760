"""What this process counts and measures, for Prometheus.

The families that start with `:tensorflow:serving:` are the original's, with its names, labels and
buckets; those that start with `:sightline:serving:` add what it leaves out. As in the original they
belong to the process, whatever number of servers runs in it.
"""

from typing import Any

from model_server.metrics.families import Counter, Histogram, exponential
from model_server.status import ServingError

_LATENCY_US = exponential(10, 1.8, 33)  # microseconds, up to about 20 minutes

_REQUEST_COUNT = Counter(":tensorflow:serving:request_count", "model_name", "status")
_REQUEST_LATENCY = Histogram(
    ":tensorflow:serving:request_latency", "model_name", "API", "entrypoint", bounds=_LATENCY_US
)
_RUNTIME_LATENCY = Histogram(
    ":tensorflow:serving:runtime_latency", "model_name", "API", "runtime", bounds=_LATENCY_US
)
_EXAMPLE_COUNTS = Histogram(
    ":tensorflow:serving:request_example_counts", "model", bounds=exponential(1, 2, 15)
)
_EXAMPLE_TOTAL = Counter(":tensorflow:serving:request_example_count_total", "model")
_CALL_LATENCY = Histogram(
    ":sightline:serving:call_latency",
    "model_name", "model_version", "signature_name", "API", "entrypoint", "status",
    bounds=_LATENCY_US,
)  # fmt: skip
_FAMILIES = (
    _REQUEST_COUNT,
    _REQUEST_LATENCY,
    _RUNTIME_LATENCY,
    _EXAMPLE_COUNTS,
    _EXAMPLE_TOTAL,
    _CALL_LATENCY,
)

_COUNTED = {"Predict", "Classify", "Regress"}  # the calls that the original's families know
_RUNTIME = "TF1"  # what the original calls a session
_US_PER_S = 1e6


def render() -> bytes:
    """Write all families in the text format of Prometheus."""
    return "".join(family.text() for family in _FAMILIES).encode()


def record_call(
    api: str, entrypoint: str, spec: Any, error: ServingError | None, took_s: float
) -> None:
    """Count a call that was answered.

    Args:
        api: The name of the call over gRPC, also where HTTP carried it: `Predict`, say.
        entrypoint: `GRPC` or `REST`.
        spec: The `ModelSpec` that was asked for or, better, that answered; `None` without one.
        error: What went wrong, or `None`.
        took_s: Seconds from the request to the answer.
    """
    name, took_us = spec.name if spec else "", took_s * _US_PER_S
    version = str(spec.version.value) if spec and spec.HasField("version") else ""
    signature = spec.signature_name if spec else ""
    status = error.code.name if error else "OK"
    _CALL_LATENCY.observe(took_us, name, version, signature, api, entrypoint, status)
    if api in _COUNTED:
        _REQUEST_COUNT.add(name, status)
        if not error:
            _REQUEST_LATENCY.observe(took_us, name, api, entrypoint)


def record_run(model: str, api: str, took_s: float) -> None:
    """Count the seconds for which a call ran in TensorFlow."""
    _RUNTIME_LATENCY.observe(took_s * _US_PER_S, model, api, _RUNTIME)


def record_examples(model: str, count: int) -> None:
    """Count the examples of a request."""
    _EXAMPLE_COUNTS.observe(count, model)
    _EXAMPLE_TOTAL.add(model, amount=count)
