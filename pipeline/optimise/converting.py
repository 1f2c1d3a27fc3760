"""Converting in a process of its own.

The converter of TFLite ends its process where it meets what it did not expect, which is no reason
for the other variants not to be made; and its memory goes with the process.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.exceptions import OptimiseError

if TYPE_CHECKING:
    from pipeline.optimise.tflite import Conversion, Converted


class Converter:
    """Converts one model after the other; started with the first, ended by `close`."""

    def __init__(self) -> None:
        self._workers: ProcessPoolExecutor | None = None

    def convert(
        self, conversion: "Conversion", examples: Sequence[NDArray[np.uint8]]
    ) -> "Converted":
        """Do `tflite.convert` in the other process.

        Raises:
            OptimiseError: It did not work, or the process ended.
        """
        if self._workers is None:
            self._workers = ProcessPoolExecutor(1, get_context("spawn"), initializer=_be_quiet)
        try:
            return self._workers.submit(_convert, conversion, list(examples)).result()
        except BrokenProcessPool as error:
            self.close()
            raise OptimiseError(
                f"The converter of TFLite crashed on {conversion.saved_model} "
                f"({conversion.precision.value}), or was ended for want of memory."
            ) from error

    def close(self) -> None:
        """End the process; the next conversion would start another one."""
        if self._workers is not None:
            self._workers.shutdown(cancel_futures=True)
            self._workers = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _be_quiet() -> None:
    # What the converter writes there is for its developers; errors arrive as exceptions.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _convert(conversion: "Conversion", examples: Sequence[NDArray[np.uint8]]) -> "Converted":
    from pipeline.optimise.tflite import convert  # noqa: PLC0415  # slow, and only there

    return convert(conversion, examples)
