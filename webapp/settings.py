"""The settings of the web application: one value, read from the environment in one place."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from webapp.exceptions import SettingsError

_PREFIX = "SIGHTLINE_"
_KINDS = {int: "a whole number", float: "a number"}
_HOUR_S = 3600.0


def about(
    doc: str, *, least: float = 0, most: float = float("inf"), choices: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the metadata of a setting: its meaning, and its range or what it may be."""
    return {"doc": doc, "least": least, "most": most, "choices": choices}


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set; the field ``web_port`` is read from ``SIGHTLINE_WEB_PORT``, and so on.

    Relative paths start at the folder the program is started in.

    Raises:
        SettingsError: A number is out of range; the message has the variable and its range.

    Examples:
        >>> Settings.from_env({"SIGHTLINE_WEB_PORT": "8080"}).web_port
        8080
        >>> Settings(score_floor=2.0)
        Traceback (most recent call last):
        webapp.exceptions.SettingsError: SIGHTLINE_SCORE_FLOOR: expected 0 to 1, got 2.0
    """

    model_repository: Path = field(
        default=Path("model_repository"),
        metadata=about("Folder of the installed models, each in a folder of its own"),
    )
    originals: Path = field(
        default=Path("originals"),
        metadata=about("Folder that keeps every upload, byte for byte"),
    )
    database_url: str = field(
        default="sqlite:///var/sightline.sqlite3",
        repr=False,  # it may hold a password
        metadata=about("Database of results, as an SQLAlchemy URL"),
    )
    web_host: str = field(default="127.0.0.1", metadata=about("Address to listen on"))
    web_port: int = field(
        default=5000, metadata=about("Port to listen on; 0 takes a free one", most=65535)
    )
    web_threads: int = field(
        default=16, metadata=about("Requests worked on at the same time", least=1, most=256)
    )
    connections_max: int = field(
        default=200,
        metadata=about("Connections open at the same time; more wait", least=1, most=10_000),
    )
    trusted_hops: int = field(
        default=0,
        metadata=about("Proxies in front that say who asks, in X-Forwarded-*; 0 is none", most=10),
    )
    access: str = field(
        default="open",
        metadata=about(
            "Who gets in: open is everybody, required those with an API key or a login",
            choices=("open", "required"),
        ),
    )
    login_hours: float = field(
        default=12.0, metadata=about("How long a login lasts, in hours", least=0.01, most=8760)
    )
    requests_per_minute: int = field(
        default=1200,
        metadata=about("Requests of one client a minute; 0 is without limit, as is this machine"),
    )
    changes_per_minute: int = field(
        default=300,
        metadata=about("Of these, uploads and other changes; 0 is without limit"),
    )
    frames_per_minute: int = field(
        default=3600,
        metadata=about(
            "Frames of live pictures of one client a minute, counted by themselves; "
            "0 is without limit"
        ),
    )
    frame_timeout_s: float = field(
        default=4.0,
        metadata=about(
            "Time for a frame of a live picture to be answered, in seconds", least=0.1, most=60
        ),
    )
    recognitions_max: int = field(
        default=4, metadata=about("Pictures looked at at the same time", least=1, most=256)
    )
    recognitions_waiting_max: int = field(
        default=8, metadata=about("Pictures that wait for their turn; more get a 503", most=256)
    )
    recognitions_wait_s: float = field(
        default=5.0,
        metadata=about("How long a picture waits for its turn, in seconds", most=_HOUR_S),
    )
    quota_bytes: int = field(
        default=0,
        metadata=about("What all originals together may weigh, in bytes; 0 is without limit"),
    )
    log_format: str = field(
        default="text", metadata=about("Form of the log: text or json", choices=("text", "json"))
    )
    upload_bytes_max: int = field(
        default=20_000_000, metadata=about("Largest picture file, in bytes", least=1)
    )
    pixels_max: int = field(
        default=50_000_000, metadata=about("Largest picture, in pixels", least=1)
    )
    call_timeout_s: float = field(
        default=10.0,
        metadata=about(
            "Time for the model server to answer, retries included, in seconds",
            least=0.001,
            most=_HOUR_S,
        ),
    )
    ready_timeout_s: float = field(
        default=2.0,
        metadata=about(
            "Time for /readyz to hear from the model server, in seconds", least=0.001, most=_HOUR_S
        ),
    )
    score_floor: float = field(
        default=0.05,
        metadata=about("Detections below this score are not kept unless asked for", most=1),
    )

    explanation_masks: int = field(
        default=400,
        metadata=about(
            "Covered copies of a picture that a detector is shown to explain one object",
            least=1,
            most=100_000,
        ),
    )
    explanations_waiting_max: int = field(
        default=4,
        metadata=about("Explanations of objects that may wait while one is worked on", most=1000),
    )
    video_bytes_max: int = field(
        default=500_000_000, metadata=about("Largest video file, in bytes", least=1)
    )
    video_duration_s_max: float = field(
        default=3600.0, metadata=about("Longest video, in seconds", least=0.1, most=1_000_000)
    )
    video_pixels_max: int = field(
        default=9_000_000, metadata=about("Largest picture of a video, in pixels", least=1)
    )
    video_samples_per_s: float = field(
        default=4.0,
        metadata=about("Moments of a second of video that are looked at", least=0.01, most=240),
    )
    video_calls_max: int = field(
        default=4,
        metadata=about(
            "Moments that a worker has the model server look at at once", least=1, most=64
        ),
    )
    video_attempts_max: int = field(
        default=3,
        metadata=about(
            "How often a video may end its worker or decoder without getting further",
            least=1,
            most=100,
        ),
    )
    video_lease_s: float = field(
        default=30.0,
        metadata=about(
            "How long a worker may be silent before another takes its video, in seconds",
            least=3,
            most=_HOUR_S,
        ),
    )
    video_memory_bytes_max: int = field(
        default=2_000_000_000,
        metadata=about("Memory of the process that decodes a video, in bytes", least=500_000_000),
    )
    video_stall_s: float = field(
        default=60.0,
        metadata=about(
            "How long decoding may go without a picture, in seconds", least=1, most=_HOUR_S
        ),
    )
    video_listeners_max: int = field(
        default=4,
        metadata=about("Pages that are told of progress as it happens; others ask", most=256),
    )

    stress: str = field(
        default="loopback",
        metadata=about(
            "Stress runs on the page: loopback is where site and model server can be reached from "
            "this machine only, on is everywhere",
            choices=("off", "loopback", "on"),
        ),
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            _check(each, getattr(self, each.name))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; a variable that is empty counts as absent.

        Raises:
            SettingsError: A variable holds something else than it should.
        """
        values: dict[str, Any] = {}
        for each in fields(cls):
            text = environ.get(_variable(each.name), "").strip()
            if text:
                values[each.name] = _read(each.name, type(each.default), text)
        return cls(**values)

    @classmethod
    def documented(cls) -> Iterator[tuple[str, str, str]]:
        """Yield each variable's name, its default as text and its meaning."""
        for each in fields(cls):
            yield _variable(each.name), str(each.default), each.metadata["doc"]


def _check(setting: Field[Any], value: object) -> None:
    least, most = setting.metadata["least"], setting.metadata["most"]
    choices = setting.metadata["choices"]
    if isinstance(value, int | float) and not least <= value <= most:
        span = f"{least:g} to {most:g}" if most < float("inf") else f"{least:g} or more"
        raise SettingsError(f"{_variable(setting.name)}: expected {span}, got {value}")
    if choices and value not in choices:
        wanted = " or ".join(choices)
        raise SettingsError(f"{_variable(setting.name)}: expected {wanted}, got {value!r}")


def _variable(name: str) -> str:
    return _PREFIX + name.upper()


def _read(name: str, kind: Any, text: str) -> object:
    try:
        return kind(text)
    except ValueError as error:
        message = f"{_variable(name)}: expected {_KINDS[kind]}, got {text!r}"
        raise SettingsError(message) from error
