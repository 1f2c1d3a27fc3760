"""The variants that can be made of a model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Form = Literal["saved_model", "tflite"]

ORIGINAL = "original"
VARIANT_FILE = "variant.json"
"""Beside a variant's card; tells what it was made from, and that it may be replaced."""
VARIANT_FORM = "sightline-variant"
"""Tells that file from any other."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to make a model smaller.

    Attributes:
        name: What it is called on the command line; `<model>_<name>` is the variant's model.
        title: A few words that are added to the model's title.
        form: What servers load.
        companion: The variant whose SavedModel stands beside a TFLite model, for servers that were
            not told to prefer TFLite; empty for SavedModels.
        what: What is done to the model, in a sentence for the report.
    """

    name: str
    title: str
    form: Form
    companion: str
    what: str


_ALL = (
    Variant(
        "float16", "float16 weights", "saved_model", "",
        "Weights stored in half precision and made float32 again when the model is loaded.",
    ),
    Variant(
        "int8", "int8 weights", "saved_model", "",
        "Weights stored as whole numbers of 8 bits with a scale for each channel, and made float32 "
        "again when the model is loaded.",
    ),
    Variant(
        "pruned", "pruned", "saved_model", "",
        "The smallest weights of each layer set to 0, without training afterwards. Zeros make the "
        "archive smaller, not the file and not the call.",
    ),
    Variant(
        "tflite_float16", "TFLite, float16", "tflite", "float16",
        "TFLite with weights in half precision.",
    ),
    Variant(
        "tflite_dynamic", "TFLite, dynamic-range int8", "tflite", "int8",
        "TFLite with weights of 8 bits; activations are quantised in the range they have while it "
        "runs.",
    ),
    Variant(
        "tflite_int8", "TFLite, full-integer network", "tflite", "int8",
        "TFLite whose network computes in whole numbers of 8 bits, in the ranges that example "
        "pictures had; what is around the network stays in float32.",
    ),
)  # fmt: skip

VARIANTS: Mapping[str, Variant] = MappingProxyType({variant.name: variant for variant in _ALL})
"""By name, in the order to make and to show them."""


def with_companions(names: tuple[str, ...]) -> tuple[Variant, ...]:
    """Return variants by name, and those that they need, each once and in order.

    >>> [variant.name for variant in with_companions(("tflite_int8",))]
    ['int8', 'tflite_int8']
    """
    needed = {*names, *(VARIANTS[name].companion for name in names)}
    return tuple(variant for variant in _ALL if variant.name in needed)


def origin_of(folder: Path) -> str | None:
    """Return the name of the model that the one in a folder is a variant of, else None."""
    try:
        fields = json.loads((folder / VARIANT_FILE).read_bytes())
    except (OSError, ValueError):
        return None
    is_variant = isinstance(fields, dict) and fields.get("form") == VARIANT_FORM
    return str(fields.get("model")) if is_variant else None
