"""A web server with a model's archive, and a catalogue that lists models."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random

import pytest

from pipeline.testing.archives import TinyModel
from pipeline.testing.server import ArchiveServer

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_HEAD = """
[defaults]
models = [{defaults}]

[interfaces.plain]
signature = "serving_default"
tensor = "pixels"
dtype = "uint8"
outputs = {{ boxes = "boxes", scores = "scores", classes = "classes", count = "count" }}
"""
_ENTRY = """
[models.{name}]
title = "Tiny"
summary = "Detects nothing"
task = "detection"
licence = "Apache-2.0"
{origin}
saved_model = "{name}/saved_model"
labels = "few"
interface = "plain"
resize = {{ method = "stretch", width = 8, height = 8 }}
threshold = 0.5
rank = 1
"""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is reached directly, whatever the machine's settings."""
    for name in (*_PROXIES, *map(str.upper, _PROXIES)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[ArchiveServer]:
    """A web server with the archive of `tiny`, a megabyte in all."""
    noise = Random(0).randbytes(1_000_000)  # noqa: S311 - only has to resist compression
    archive = TinyModel(weights=noise).archive()
    server = ArchiveServer({"/tiny.tar.gz": archive})
    with server.running():
        yield server


@pytest.fixture
def write_catalogue(tmp_path: Path) -> Callable[[Mapping[str, str], list[str]], Path]:
    """A function that writes a catalogue.

    It takes the lines that say where each model comes from, by name, and the defaults.
    """

    def write(models: Mapping[str, str], defaults: list[str]) -> Path:
        folder = tmp_path / "catalogue"
        (folder / "labels").mkdir(parents=True)
        (folder / "labels" / "few.txt").write_text("1 dog\n3 bird\n", encoding="utf-8")
        entries = [_ENTRY.format(name=name, origin=origin) for name, origin in models.items()]
        names = ", ".join(f'"{name}"' for name in defaults)
        text = _HEAD.format(defaults=names) + "".join(entries)
        (folder / "catalogue.toml").write_text(text, encoding="utf-8")
        return folder / "catalogue.toml"

    return write
