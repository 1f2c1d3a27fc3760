"""Targets, time-outs and limits as values, and the environment they are read from."""

import dataclasses
from pathlib import Path

import pytest

from serving_client import (
    ENVIRONMENT,
    ClientConfig,
    ConfigError,
    Limits,
    Retry,
    Target,
    Timeouts,
    Tls,
)


@pytest.mark.parametrize(
    "text",
    [
        "", ":8500", "localhost", "localhost:", "localhost:http", "localhost:0", "localhost:65536",
        "ftp://localhost:1", "grpc://localhost:1/path", "user@localhost:1", "local host:1", "unix://",
        "grpc://[bad", "localhost:" + "9" * 5000, "zmq://localhost:1/path", "http://", "http://:1",
        "h2+unix://",
        "http://localhost/a?b", "http://localhost/a#b", "http://localhost/a b", "http://a/\u00e9",
    ],
)  # fmt: skip
def test_what_is_no_target_is_refused(text: str) -> None:
    """A target without host or port, or of another scheme, is a ConfigError."""
    with pytest.raises(ConfigError):
        Target.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost:8500", "grpc://localhost:8500"),
        ("[::1]:8500", "grpc://[::1]:8500"),
        ("grpcs://models.example:443/", "grpcs://models.example:443"),
        ("unix:///run/a.sock", "unix:///run/a.sock"),
        ("h2+unix:///run/a.sock", "h2+unix:///run/a.sock"),
        ("h2s://localhost:8500", "h2s://localhost:8500"),
        ("dns+h2://localhost:8500", "dns+h2://localhost:8500"),
        ("http://models.example", "http://models.example:80"),
        ("https://models.example/", "https://models.example:443"),
        ("http://[::1]/vision/v2/", "http://[::1]:80/vision/v2"),
        ("https://a, b:8501/vision", "https://a:443,b:8501/vision"),
    ],
)
def test_target_is_parsed(text: str, expected: str) -> None:
    """A target prints as a full address."""
    assert str(Target.parse(text)) == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda: Timeouts(call_s=0),
        lambda: Timeouts(connect_s=float("nan")),
        lambda: Retry(attempts_max=0),
        lambda: Retry(pause_max_s=-1),
        lambda: Timeouts(connect_s=1e8),
        lambda: Limits(keepalive_s=3e6),
        lambda: Limits(channels=0),
        lambda: Limits(message_bytes_max=2**31),
        lambda: Limits(keepalive_s=0),
        lambda: Tls(certificate_file=Path("a")),
    ],
)
def test_values_without_sense_are_refused(make: object) -> None:
    """Zero, negative and NaN values are refused when they are made."""
    with pytest.raises(ConfigError):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(("attempts", "high"), [(1, 0.1), (2, 0.2), (3, 0.4), (2000, 1.0)])
def test_pauses_double_up_to_their_limit(attempts: int, high: float) -> None:
    """The upper bound of the pause doubles with each attempt, the lower one stays 0."""
    retry = Retry(pause_first_s=0.1, pause_max_s=1.0)

    assert retry.pause_s(attempts, lambda low, up: low + up) == pytest.approx(high)


def test_every_variable_sets_its_field() -> None:
    """Each variable of the table arrives in the configuration."""
    config = ClientConfig.from_env(
        {
            "SIGHTLINE_SERVING_TARGET": "grpcs://h:1",
            "SIGHTLINE_SERVING_TIMEOUT_S": "7.5",
            "SIGHTLINE_SERVING_CONNECT_TIMEOUT_S": "1",
            "SIGHTLINE_SERVING_ATTEMPTS": "1",
            "SIGHTLINE_SERVING_PAUSE_FIRST_S": "0.2",
            "SIGHTLINE_SERVING_PAUSE_MAX_S": "3",
            "SIGHTLINE_SERVING_CHANNELS": "3",
            "SIGHTLINE_SERVING_KEEPALIVE_S": "400",
            "SIGHTLINE_SERVING_MESSAGE_BYTES_MAX": "1000",
            "SIGHTLINE_SERVING_GZIP_BYTES_MIN": "500",
            "SIGHTLINE_SERVING_TLS_CA_FILE": "ca.pem",
            "SIGHTLINE_SERVING_TLS_CERTIFICATE_FILE": "c.pem",
            "SIGHTLINE_SERVING_TLS_KEY_FILE": "k.pem",
            "SIGHTLINE_SERVING_TLS_SERVER_NAME": "name",
        }
    )

    assert config == ClientConfig(
        Target("h:1", "grpcs"),
        Timeouts(7.5, 1),
        Retry(attempts_max=1, pause_first_s=0.2, pause_max_s=3),
        Limits(channels=3, message_bytes_max=1000, keepalive_s=400, gzip_bytes_min=500),
        Tls(Path("ca.pem"), Path("c.pem"), Path("k.pem"), "name"),
    )


def test_defaults_in_the_help_are_the_defaults() -> None:
    """The default that the table prints is the one that an empty environment gives."""
    config = ClientConfig.from_env({"SIGHTLINE_SERVING_TARGET": " "})

    groups = {"timeouts": config.timeouts, "retry": config.retry, "limits": config.limits}
    for name, variable in ENVIRONMENT.items():
        if variable.group in groups:
            value = dataclasses.asdict(groups[variable.group])[variable.field]  # type: ignore[call-overload]
            default = None if variable.default == "never" else variable.convert(variable.default)
            assert value == default, name
    assert config.target == Target.parse(ENVIRONMENT["SIGHTLINE_SERVING_TARGET"].default)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGHTLINE_SERVING_TIMEOUT_S", "soon"),
        ("SIGHTLINE_SERVING_TIMEOUT_S", "-1"),
        ("SIGHTLINE_SERVING_ATTEMPTS", "0"),
        ("SIGHTLINE_SERVING_TLS_KEY_FILE", "key.pem"),
        ("SIGHTLINE_SERVING_CHANNELS", "2.5"),
        ("SIGHTLINE_SERVING_TARGET", "nowhere"),
    ],
)
def test_error_names_the_variable(name: str, value: str) -> None:
    """A variable that cannot be read is named in the error."""
    with pytest.raises(ConfigError, match=name.partition("TLS")[0]):
        ClientConfig.from_env({name: value})


def test_missing_certificate_is_a_config_error(tmp_path: Path) -> None:
    """A certificate file that cannot be read is named."""
    tls = Tls(ca_file=tmp_path / "absent.pem")

    with pytest.raises(ConfigError, match=r"ca_file .*absent\.pem"):
        tls.read("ca_file")
