"""Calling a model in this process, as bare as it goes."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipeline.exceptions import OptimiseError
from pipeline.optimise.saved_graph import loaded_session

_MESSAGE_MAX = 300

# The class announces that it will move to another package.
warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)


class Caller(Protocol):
    """A loaded model."""

    def __call__(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        """Call it.

        Args:
            images: uint8 RGB [1, H, W, 3].

        Returns:
            Arrays by output name.

        Raises:
            OptimiseError: The model failed.
        """

    def close(self) -> None:
        """Let go of what it holds."""


class SavedModelCaller:
    """A SavedModel in a session, as servers run it. Calls may come from many threads.

    Args:
        folder: With `saved_model.pb`.
        signature: The signature to call.
        tensor: Its input.
        outputs: The outputs to compute.

    Raises:
        OptimiseError: It cannot be loaded, or has no such signature.
    """

    def __init__(self, folder: Path, signature: str, tensor: str, outputs: Sequence[str]) -> None:
        self._folder = folder
        self._loaded = loaded_session(folder)
        self._session, meta_graph = self._loaded.__enter__()
        try:
            definition = meta_graph.signature_def[signature]
            self._feed = definition.inputs[tensor].name
            self._fetches = {name: definition.outputs[name].name for name in outputs}
            self._call = self._session.make_callable(
                list(self._fetches.values()), feed_list=[self._feed]
            )
        except (KeyError, ValueError, TypeError) as error:
            self.close()
            raise OptimiseError(
                f"{folder} has no signature {signature} from {tensor} to {', '.join(outputs)}."
            ) from error

    def __call__(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        """See `Caller`."""
        try:
            values = self._call(images)
        except tf.errors.OpError as error:
            message = str(error.message)[:_MESSAGE_MAX]
            raise OptimiseError(f"{self._folder} fails with a picture: {message}") from error
        return dict(zip(self._fetches, values, strict=True))

    def close(self) -> None:
        """See `Caller`."""
        self._loaded.__exit__()


class TFLiteCaller:
    """A TFLite model in an interpreter. One call at a time.

    Args:
        file: The model.
        signature: The signature to call.
        tensor: Its input.
        outputs: The outputs to return.
        threads: How many threads one call may use.

    Raises:
        OptimiseError: It cannot be loaded, or has no such signature.
    """

    def __init__(
        self, file: Path, signature: str, tensor: str, outputs: Sequence[str], threads: int
    ) -> None:
        self._file, self._tensor, self._outputs = file, tensor, outputs
        try:
            interpreter = tf.lite.Interpreter(model_content=file.read_bytes(), num_threads=threads)
            self._runner = interpreter.get_signature_runner(signature)
        except (RuntimeError, ValueError) as error:
            message = str(error)[:_MESSAGE_MAX]
            raise OptimiseError(f"TFLite cannot load {file}: {message}") from error

    def __call__(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        """See `Caller`."""
        try:
            answers = self._runner(**{self._tensor: images})
        except (RuntimeError, ValueError) as error:
            message = str(error)[:_MESSAGE_MAX]
            raise OptimiseError(f"{self._file} fails with a picture: {message}") from error
        return {name: answers[name] for name in self._outputs}

    def close(self) -> None:
        """See `Caller`."""
        del self._runner
