"""Whether inputs fit a signature, and what to say where they do not."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from serving_client._dtypes import by_dtype
from serving_client._values import Array, Signature, TensorSpec
from serving_client.exceptions import SignatureMismatchError

__all__ = ["fit_inputs", "plain_arrays"]

_PYTHON = (bool, int, float, complex, str, bytes, list, tuple)


def plain_arrays(inputs: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """The inputs as numpy sees them, where no signature says more."""
    return {name: np.asarray(value) for name, value in inputs.items()}


def fit_inputs(
    inputs: Mapping[str, ArrayLike], signature: Signature, output_names: tuple[str, ...]
) -> dict[str, Array]:
    """The inputs as arrays that the signature takes.

    Plain Python numbers and lists become arrays of the signature's dtype. Arrays are never
    converted: a wrong dtype is more often a mistake than a wish.

    Args:
        inputs: by name.
        signature: of the model.
        output_names: the outputs that will be asked for.

    Raises:
        SignatureMismatchError: names, dtypes, ranks or sizes differ; says expected and given.
    """
    _check_names("input", inputs, signature.inputs)
    _check_names("output", output_names, signature.outputs)
    return {name: _fit(value, signature.inputs[name]) for name, value in inputs.items()}


def _check_names(kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuses unknown names. A missing one may have a default, which only the server knows."""
    if set(given) - set(known):
        raise SignatureMismatchError(f"expected {kind} {_listed(known)}, given {_listed(given)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names)) or "none"


def _fit(value: ArrayLike, spec: TensorSpec) -> Array:
    array = _to_array(value, spec)
    try:
        given = by_dtype(array.dtype).name
    except TypeError:
        given = array.dtype.name
    if given != spec.dtype or not _shape_fits(array.shape, spec.shape):
        shape = ", ".join(map(str, array.shape))
        raise SignatureMismatchError(
            f"input {spec.name!r}: expected {spec}, given {given} [{shape}]"
        )
    return array


def _to_array(value: ArrayLike, spec: TensorSpec) -> Array:
    if not isinstance(value, _PYTHON):
        return np.asarray(value)
    try:
        return _converted(value, spec)
    except (TypeError, ValueError, OverflowError) as error:
        raise SignatureMismatchError(
            f"input {spec.name!r}: expected {spec}, given a {type(value).__name__} that cannot "
            f"become one: {error}"
        ) from error


def _converted(value: ArrayLike, spec: TensorSpec) -> Array:
    """Plain Python values in the dtype of the signature, if none of them changes by it."""
    natural = np.asarray(value)
    if spec.dtype == "string":
        return np.asarray(value, object) if natural.dtype.kind in "SU" else natural
    wanted = np.dtype(spec.dtype)
    kept = natural.size == 0 or np.can_cast(natural.dtype, wanted, "same_kind")
    array = natural.astype(wanted) if kept or natural.dtype.kind in "iu" else natural
    if natural.dtype.kind in "iu" and not np.array_equal(array, natural):
        raise OverflowError(f"a value is out of the range of {spec.dtype}")
    return array


def _shape_fits(given: tuple[int, ...], expected: tuple[int | None, ...] | None) -> bool:
    if expected is None:
        return True
    pairs = zip(given, expected, strict=False)
    return len(given) == len(expected) and all(want in {None, size} for size, want in pairs)
