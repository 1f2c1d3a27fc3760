"""Whether and where metrics are offered."""

from pathlib import Path

import pytest

from model_server.config import Flags
from model_server.monitoring_config import prometheus_path
from model_server.status import ServingError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("prometheus_config {}", None),
        ('prometheus_config { enable: false path: "/metrics" }', None),
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config: { enable: true, path: "/metrics" }', "/metrics"),
    ],
)
def test_metrics_are_offered_where_the_file_says(
    tmp_path: Path, text: str, expected: str | None
) -> None:
    """They must be enabled; the path has the original's default."""
    (tmp_path / "monitoring.config").write_text(text)
    flags = Flags(model_base_path="/m", monitoring_config_file=str(tmp_path / "monitoring.config"))

    assert prometheus_path(flags) == expected


def test_without_a_file_there_are_no_metrics() -> None:
    """As in the original."""
    assert prometheus_path(Flags(model_base_path="/m")) is None


def test_a_file_that_is_no_config_is_refused(tmp_path: Path) -> None:
    """The sentence names the file."""
    path = tmp_path / "monitoring.config"
    path.write_text("prometheus: 1")

    with pytest.raises(ServingError, match="Invalid protobuf file") as caught:
        prometheus_path(Flags(model_base_path="/m", monitoring_config_file=str(path)))

    assert str(path) in caught.value.message
