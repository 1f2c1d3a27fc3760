"""Making variants of a model, as models of a repository of their own."""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.digests import sha256_of
from pipeline.exceptions import OptimiseError
from pipeline.optimise.answers import wanted_outputs
from pipeline.optimise.converting import Converter
from pipeline.optimise.pruning import pruned, sparsity_of
from pipeline.optimise.quantisation import float16_weights, int8_weights
from pipeline.optimise.saved_graph import SavedGraph
from pipeline.optimise.sizes import Size
from pipeline.optimise.stored_weights import Encode, kernels, save_with
from pipeline.optimise.tflite import Conversion, Precision
from pipeline.optimise.variants import ORIGINAL, VARIANT_FILE, VARIANT_FORM, Form, Variant
from pipeline.repository import CARD_FILE, InstalledModel
from pipeline.unpack import READY_FILE
from vision import ClassificationOutputs, Labels, ModelCard

TFLITE_FILE = "model.tflite"
"""What servers with `--prefer_tflite_model` look for in a version's folder."""

_PRECISIONS = {
    "tflite_float16": Precision.FLOAT16,
    "tflite_dynamic": Precision.DYNAMIC,
    "tflite_int8": Precision.INT8,
}


@dataclass(frozen=True, slots=True)
class Made:
    """A model to measure: the original, or a variant.

    Attributes:
        name: Of the variant.
        title: A few words for people.
        what: What was done, in a sentence.
        form: What is called.
        folder: The version's folder.
        size: Of the files that are loaded.
        sparsity: Share (0..1) of zeros among its kernels; None where nobody counted.
        needs_flex: Whether it has operations of TensorFlow that TFLite runs only with help.
    """

    name: str
    title: str
    what: str
    form: Form
    folder: Path
    size: Size
    sparsity: float | None = None
    needs_flex: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A variant that could not be made.

    Attributes:
        name: Of the variant.
        reason: Why, in a sentence.
    """

    name: str
    reason: str


class Workshop:
    """Makes variants of one model.

    Args:
        model: The model.
        labels: The names of its classes.
        sparsity: Share (0..1) of the weights of each layer that pruning sets to 0.
        root: Folder of the repository to make them in.

    Raises:
        OptimiseError: The model cannot be loaded, or has no weights to work on.
    """

    def __init__(self, model: InstalledModel, labels: Labels, sparsity: float, root: Path) -> None:
        self._model = model
        self._labels = labels
        self._root = root
        self._sparsity = sparsity
        self._graph = SavedGraph.load(model.saved_model)
        self._kernels = kernels(self._graph)
        if not self._kernels:
            raise OptimiseError(
                f"{model.card.name} has no layers with float32 weights to make smaller."
            )
        self._encodings: dict[str, Encode] = {
            "float16": float16_weights,
            "int8": int8_weights,
            "pruned": lambda weights: pruned(weights, sparsity),
        }

    def original(self) -> Made:
        """Return the model itself."""
        folder = self._model.saved_model
        return Made(
            ORIGINAL,
            "original",
            "The model as it is installed.",
            "saved_model",
            folder,
            Size.of(path for path in sorted(folder.rglob("*")) if path.is_file()),
            sparsity_of(self._kernels.values()),
        )

    def make(
        self,
        variants: Iterable[Variant],
        examples: Sequence[NDArray[np.uint8]],
        show: Callable[[str], object],
    ) -> Iterator[Made | Refused]:
        """Make variants; companions must come before what needs them.

        Args:
            variants: Which.
            examples: Pictures as they are sent, uint8 [1, H, W, 3], to take ranges from.
            show: Told of each variant before it is made.

        Raises:
            OSError: The disk is full, or cannot be written to.
        """
        with Converter() as converter:
            for variant in variants:
                show(variant.name)
                try:
                    if variant.form == "tflite":
                        yield self._tflite(variant, converter, examples)
                    else:
                        yield self._saved_model(variant)
                except OptimiseError as error:
                    shutil.rmtree(self._root / self._name(variant), ignore_errors=True)
                    yield Refused(variant.name, str(error))

    def _saved_model(self, variant: Variant) -> Made:
        folder = self._folder(variant)
        save_with(self._graph, self._encodings[variant.name], folder, self._name(variant))
        self._describe(variant)
        is_pruned = variant.name == "pruned"
        zeros = (
            sparsity_of(pruned(each, self._sparsity) for each in self._kernels.values())
            if is_pruned
            else None
        )
        files = [path for path in folder.rglob("*") if path.is_file()]
        return Made(
            variant.name, variant.title, variant.what, "saved_model", folder, Size.of(files), zeros
        )

    def _tflite(
        self, variant: Variant, converter: Converter, examples: Sequence[NDArray[np.uint8]]
    ) -> Made:
        card = self._model.card
        conversion = Conversion(
            saved_model=self._model.saved_model,
            signature=card.input.signature,
            tensor=card.input.tensor,
            outputs=wanted_outputs(card),
            precision=_PRECISIONS[variant.name],
        )
        converted = converter.convert(conversion, examples)
        folder = self._folder(variant)
        folder.mkdir(parents=True)
        file = folder / TFLITE_FILE
        file.write_bytes(converted.content)
        companion = self._root / f"{card.name}_{variant.companion}" / folder.name
        if (companion / READY_FILE).exists():
            shutil.copytree(companion, folder, dirs_exist_ok=True)
        self._describe(variant)
        return Made(
            variant.name, variant.title, variant.what, "tflite", folder, Size.of([file]),
            needs_flex=converted.needs_flex,
        )  # fmt: skip

    def _name(self, variant: Variant) -> str:
        return f"{self._model.card.name}_{variant.name}"

    def _folder(self, variant: Variant) -> Path:
        return self._root / self._name(variant) / str(self._model.version)

    def _describe(self, variant: Variant) -> None:
        """Write what stands beside a variant's version folder."""
        folder = self._root / self._name(variant)
        card = variant_card(self._model.card, variant)
        (folder / CARD_FILE).write_text(card.to_toml(), encoding="utf-8")
        (folder / card.labels_file).write_text(self._labels.to_text(), encoding="utf-8")
        facts = {
            "form": VARIANT_FORM,
            "variant": variant.name,
            "model": self._model.card.name,
            "version": self._model.version,
            "saved_model_sha256": sha256_of(self._model.saved_model / READY_FILE),
            "sparsity": self._sparsity if variant.name == "pruned" else None,
        }
        text = json.dumps(facts, indent=2) + "\n"
        (folder / VARIANT_FILE).write_text(text, encoding="utf-8")


def variant_card(card: ModelCard, variant: Variant) -> ModelCard:
    """Return the facts of a variant.

    A TFLite model has one signature, so it explains nothing, and it names no classes itself.
    """
    changed = replace(
        card,
        name=f"{card.name}_{variant.name}",
        title=f"{card.title} ({variant.title})",
        browser=None,  # made from the original
    )
    if variant.form == "saved_model":
        return changed
    outputs = changed.outputs
    if isinstance(outputs, ClassificationOutputs):
        outputs = ClassificationOutputs(class_ids=outputs.class_ids, scores=outputs.scores)
    return replace(changed, outputs=outputs, explanation=None)
