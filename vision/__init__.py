"""From picture files to pixels, and from a model's outputs to named boxes.

Pure functions and values on bytes and arrays, with numpy and Pillow alone: no Flask, gRPC, clock
or file.
"""

from vision.decode import DecodeLimits, Picture, decode_picture
from vision.detections import Detection, Detections
from vision.drawing import draw_detections
from vision.encode import encode_jpeg
from vision.exceptions import (
    CorruptPictureError,
    EmptyPictureError,
    LabelsError,
    ModelCardError,
    OutputsError,
    PictureError,
    TooManyPixelsError,
    TruncatedPictureError,
    UnsupportedFormatError,
    VisionError,
)
from vision.labels import Labels
from vision.model_card import InputSpec, ModelCard
from vision.outputs import OutputNames, detections_from_outputs
from vision.palette import class_colour
from vision.resize import Resize

__all__ = [
    "CorruptPictureError",
    "DecodeLimits",
    "Detection",
    "Detections",
    "EmptyPictureError",
    "InputSpec",
    "Labels",
    "LabelsError",
    "ModelCard",
    "ModelCardError",
    "OutputNames",
    "OutputsError",
    "Picture",
    "PictureError",
    "Resize",
    "TooManyPixelsError",
    "TruncatedPictureError",
    "UnsupportedFormatError",
    "VisionError",
    "class_colour",
    "decode_picture",
    "detections_from_outputs",
    "draw_detections",
    "encode_jpeg",
]
