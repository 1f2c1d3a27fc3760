"""What the REST API is set to."""

from dataclasses import dataclass

from model_server.config import Flags
from model_server.monitoring_config import prometheus_path
from model_server.rest.errors import invalid

_JSON_DEPTH_MOST = 256  # what nests deeper cannot be looked at with Python's own stack


@dataclass(frozen=True, slots=True)
class RestSettings:
    """How many requests run at once, for how long, and how large they may be.

    Attributes:
        threads: Requests that run at once; the others wait.
        timeout_s: Seconds a model may take for one request.
        allow_cors: Whether pages of other sites may read the answers.
        metrics_path: Where to offer metrics for Prometheus; `None` offers none.
        check_method_names: Refuse a signature that was exported for another call.
        body_bytes_max: The largest body, as it travels.
        inflated_bytes_max: The largest body, after it was inflated.
        json_depth_max: How deep lists and objects may be nested in JSON, at most 256.

    Raises:
        ServingError: They may be nested deeper than that.
    """

    threads: int = 4
    timeout_s: float = 30.0
    allow_cors: bool = False
    metrics_path: str | None = None
    check_method_names: bool = False
    body_bytes_max: int = 128 << 20
    inflated_bytes_max: int = 128 << 20
    json_depth_max: int = 64

    def __post_init__(self) -> None:
        if self.json_depth_max > _JSON_DEPTH_MOST:
            raise invalid(
                f"--rest_api_max_json_depth must be at most {_JSON_DEPTH_MOST}, "
                f"got {self.json_depth_max}"
            )

    @classmethod
    def of(cls, flags: Flags) -> "RestSettings":
        """Read the settings out of the flags.

        Raises:
            ServingError: They, or the file they name, make no sense.
        """
        return cls(
            threads=flags.rest_api_num_threads,
            timeout_s=flags.rest_api_timeout_in_ms / 1000,
            allow_cors=flags.rest_api_enable_cors_support,
            metrics_path=prometheus_path(flags),
            check_method_names=flags.enable_signature_method_name_check,
            body_bytes_max=flags.rest_api_max_body_bytes,
            inflated_bytes_max=flags.rest_api_max_inflated_bytes,
            json_depth_max=flags.rest_api_max_json_depth,
        )
