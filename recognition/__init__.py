"""Asking a model server about one picture, as a model's card says.

It stands between `vision`, which knows pictures and outputs, and `serving_client`, which knows
servers. The web application and the command line stand on it. No Flask, no database, no files.
"""

from recognition.asking import Look, look_at, outputs_wanted, read_found
from recognition.class_heat import explain_class
from recognition.labelled_model import LabelledModel
from recognition.occlusion import MASKS, explain_detection

__all__ = [
    "MASKS",
    "LabelledModel",
    "Look",
    "explain_class",
    "explain_detection",
    "look_at",
    "outputs_wanted",
    "read_found",
]
