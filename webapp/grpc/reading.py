"""What messages say, checked."""

from dataclasses import dataclass

import numpy as np

from protos.gen.sightline.v1 import vision_pb2
from vision import ImageHwc, encode_png
from webapp.exceptions import TooManyBytesError
from webapp.grpc.exceptions import MessageError
from webapp.grpc.waiting_room import Policy
from webapp.http.uploads import Upload, accept
from webapp.presentation.formatting import file_size
from webapp.results import Task, parse_threshold

QUEUE_MAX = 64
"""How many frames of a stream may wait at most."""
_CHANNELS = 3
_TASKS = {
    vision_pb2.TASK_DETECTION: Task.DETECTION,
    vision_pb2.TASK_CLASSIFICATION: Task.CLASSIFICATION,
}
_Asking = vision_pb2.DetectRequest | vision_pb2.ClassifyRequest | vision_pb2.StreamSetup


@dataclass(frozen=True, slots=True)
class Source:
    """A picture as it was sent.

    Attributes:
        content: A file, or RGB pixels, uint8 [H, W, 3].
        name: The client's name for it, as it came.
    """

    content: bytes | ImageHwc
    name: str

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.nbytes

    def upload(self, *, bytes_max: int) -> Upload:
        """Return it as a file that can be kept; pixels become a PNG, which loses nothing.

        Raises:
            TooManyBytesError: It has more than ``bytes_max`` bytes.
        """
        if isinstance(self.content, bytes):
            return accept(self.content, self.name, bytes_max=bytes_max)
        return accept(encode_png(self.content), self.name, bytes_max=bytes_max)


def read_picture(picture: vision_pb2.Picture, name: str, *, bytes_max: int) -> Source:
    """Read a picture.

    Args:
        picture: The message.
        name: The client's name for it.
        bytes_max: What a file, or all pixels, may weigh.

    Raises:
        MessageError: There is none, or its pixels are not as many as it says.
        TooManyBytesError: It is too large.
    """
    kind = picture.WhichOneof("content")
    if kind is None:
        raise MessageError("picture", "No picture came: set `picture.file` or `picture.rgb`.")
    data = picture.file if kind == "file" else picture.rgb.data
    if len(data) > bytes_max:
        raise TooManyBytesError(f"The picture is larger than {file_size(bytes_max)}.")
    return Source(picture.file if kind == "file" else _pixels(picture.rgb), name)


def read_threshold(asking: _Asking) -> float | None:
    """Return the threshold; None where none came.

    Raises:
        ThresholdError: It is no number from 0 to 1.
    """
    return parse_threshold(str(asking.threshold)) if asking.HasField("threshold") else None


def read_task(task: int) -> Task | None:
    """Return what models are asked for; None for any.

    Raises:
        MessageError: There is no such task.
    """
    if task == vision_pb2.TASK_UNSPECIFIED:
        return None
    if task not in _TASKS:
        raise MessageError("task", f"Expected TASK_DETECTION or TASK_CLASSIFICATION, got {task}.")
    return _TASKS[vision_pb2.Task.ValueType(task)]


def read_policy(setup: vision_pb2.StreamSetup, *, bytes_max: int) -> Policy:
    """Return which frames of a stream wait.

    Args:
        setup: The message.
        bytes_max: What the waiting frames may weigh together.

    Raises:
        MessageError: None was chosen, or its number is out of range.
    """
    kind = setup.WhichOneof("policy")
    if kind is None:
        raise MessageError("setup.policy", "Choose what becomes of frames: `latest` or `queue`.")
    if kind == "latest":
        return Policy(1, bytes_max, is_latest=True)
    wanted = setup.queue.frames_max
    if not 1 <= wanted <= QUEUE_MAX:
        raise MessageError("setup.queue.frames_max", f"Expected 1 to {QUEUE_MAX}, got {wanted}.")
    return Policy(wanted, bytes_max, is_latest=False)


def _pixels(rgb: vision_pb2.RgbPixels) -> ImageHwc:
    wanted = rgb.width * rgb.height * _CHANNELS
    if not wanted or len(rgb.data) != wanted:
        raise MessageError(
            "picture.rgb",
            f"Expected width * height * 3 bytes, at least 3: {rgb.width} x {rgb.height} pixels "
            f"take {wanted:,}, got {len(rgb.data):,}.",
        )
    return np.frombuffer(rgb.data, np.uint8).reshape(rgb.height, rgb.width, _CHANNELS)
