"""Cameras read through PyAV: those of this machine, by Video4Linux, and those of a network."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from sightline.cameras import PREFIX
from sightline.exceptions import CameraError
from vision import ImageHwc

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

_DEVICES = Path("/dev")
# For opening, and for each read of a network's camera.
_TIMEOUT_S = 10.0
_OF_MACHINE: dict[str, Any] = {"format": "v4l2"}
# TCP, because lost packets are smeared pictures.
_OF_NETWORK: dict[str, Any] = {"options": {"rtsp_transport": "tcp"}, "timeout": _TIMEOUT_S}
_KINDS = {
    errno.ENOENT: "missing",
    errno.EACCES: "not_allowed",
    errno.EBUSY: "in_use",
    errno.ENOTTY: "no_camera",
}


def name_of_camera(word: str) -> str:
    """Return what a camera is called, without the password of its address.

    Examples:
        >>> name_of_camera("camera:0"), name_of_camera("rtsp://me:secret@door.example:554/1")
        ('camera:0', 'rtsp://door.example:554/1')
    """
    if word.startswith(PREFIX):
        return word
    return urlsplit(word)._replace(netloc=urlsplit(word).netloc.rpartition("@")[2]).geturl()


def device_of(word: str) -> str:
    """Return what is opened for a word of the command line.

    Raises:
        CameraError: It names no camera.

    Examples:
        >>> device_of("camera:0"), device_of("camera:/dev/video2")
        ('/dev/video0', '/dev/video2')
    """
    if not word.startswith(PREFIX):
        return word
    which = word.removeprefix(PREFIX)
    if which.isascii() and which.isdecimal():
        return str(_DEVICES / f"video{int(which)}")
    if which.startswith("/"):
        return which
    raise CameraError(f"{word!r} is no camera; expected camera:0 or camera:/dev/video0.", "usage")


class AvFeed:
    """A camera that PyAV reads; see `Feed`.

    Args:
        word: The camera, as the command line names it.

    Raises:
        CameraError: It cannot be used; the message says why.
    """

    def __init__(self, word: str) -> None:
        self._av = _library()
        self._name = name_of_camera(word)
        device = device_of(word)
        how = _OF_MACHINE if word.startswith(PREFIX) else _OF_NETWORK
        with self._translated(device if word.startswith(PREFIX) else None):
            self._container: InputContainer = self._av.open(device, **how)
        if not self._container.streams.video:
            self._container.close()
            raise CameraError(f"{self._name} sends no pictures.", "no_video")
        self._frames: Iterator[VideoFrame] = self._container.decode(video=0)

    def read(self) -> ImageHwc:
        """See `Feed`."""
        with self._translated(None):
            frame = next(self._frames, None)
        if frame is None:
            raise CameraError("The camera has ended its pictures.", "ended")
        return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)

    def close(self) -> None:
        """See `Feed`."""
        self._container.close()

    @contextmanager
    def _translated(self, device: str | None) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, self._av.FFmpegError) as error:
            number = getattr(error, "errno", None) or 0
            reason = getattr(error, "strerror", None) or "it is no camera that can be read"
            sentence = _sentence(self._name, number, reason, device)
            raise CameraError(sentence, _KINDS.get(number, "unreadable")) from error


def _library() -> Any:
    try:
        return import_module("av")
    except ImportError as error:
        raise CameraError(
            "Cameras need PyAV, which is not installed: pip install 'sightline[video]'.",
            "not_installed",
        ) from error


def _sentence(name: str, number: int, reason: str, device: str | None) -> str:
    if device is not None and number == errno.ENOENT:
        others = sorted(str(path) for path in _DEVICES.glob("video*"))
        there = f"There are: {', '.join(others)}." if others else "This machine has none."
        return f"There is no camera at {device}. {there}"
    if device is not None and number == errno.EACCES:
        return f"You may not use {device}; users in the group video usually may."
    if number == errno.ENOTTY:
        return f"{name} is no camera."
    if number == errno.EBUSY:
        return f"{name} is in use by another program; close that one first."
    return f"{name} cannot be read: {reason}."
