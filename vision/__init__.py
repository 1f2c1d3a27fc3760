"""From picture files to pixels, and from a model's outputs to named boxes.

Pure functions and values on bytes and arrays, with numpy and Pillow alone: no Flask, gRPC, clock
or file.
"""

from vision.browser_form import BrowserForm
from vision.classification import Classification, ClassScore, classification_from_outputs
from vision.decode import DecodeLimits, Picture, decode_picture, picture_of_pixels
from vision.detections import Detection, Detections
from vision.drawing import draw_detections
from vision.encode import encode_jpeg, encode_png
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
from vision.heat_colours import heat_layer, lay_heat_over
from vision.heat_map import ClassHeat, HeatMap, class_heat_from_outputs
from vision.labels import Labels
from vision.model_card import InputSpec, ModelCard
from vision.occlusion import OcclusionHeat, detection_similarity, occlude, occlusion_masks
from vision.output_names import ClassificationOutputs, DetectionOutputs, Explanation
from vision.outputs import detections_from_outputs
from vision.palette import class_colour
from vision.pixels import ImageHwc
from vision.resize import Resize

__all__ = [
    "BrowserForm",
    "ClassHeat",
    "ClassScore",
    "Classification",
    "ClassificationOutputs",
    "CorruptPictureError",
    "DecodeLimits",
    "Detection",
    "DetectionOutputs",
    "Detections",
    "EmptyPictureError",
    "Explanation",
    "HeatMap",
    "ImageHwc",
    "InputSpec",
    "Labels",
    "LabelsError",
    "ModelCard",
    "ModelCardError",
    "OcclusionHeat",
    "OutputsError",
    "Picture",
    "PictureError",
    "Resize",
    "TooManyPixelsError",
    "TruncatedPictureError",
    "UnsupportedFormatError",
    "VisionError",
    "class_colour",
    "class_heat_from_outputs",
    "classification_from_outputs",
    "decode_picture",
    "detection_similarity",
    "detections_from_outputs",
    "draw_detections",
    "encode_jpeg",
    "encode_png",
    "heat_layer",
    "lay_heat_over",
    "occlude",
    "occlusion_masks",
    "picture_of_pixels",
]
