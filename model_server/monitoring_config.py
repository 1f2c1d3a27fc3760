"""The monitoring configuration: whether, and where, there are metrics for Prometheus."""

from pathlib import Path

from model_server.config import Flags
from model_server.config_messages import MonitoringConfig, read_message

DEFAULT_PATH = "/monitoring/prometheus/metrics"


def prometheus_path(flags: Flags) -> str | None:
    """Return the path on the HTTP port at which to offer metrics; `None` offers none.

    Raises:
        ServingError: The file that the flags name cannot be read, or is no `MonitoringConfig`.
    """
    if not flags.monitoring_config_file:
        return None
    config = read_message(Path(flags.monitoring_config_file), MonitoringConfig).prometheus_config
    return (str(config.path) or DEFAULT_PATH) if config.enable else None
