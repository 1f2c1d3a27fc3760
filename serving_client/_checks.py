"""Whether inputs fit a signature, and what to say where they do not."""

from collections.abc import Mapping

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
    _check_names("input", inputs, signature.inputs, signature.optional)
    unknown = sorted(set(output_names) - set(signature.outputs))
    if unknown:
        raise SignatureMismatchError(
            f"signature {signature.name!r} has no output {_listed(unknown)}; "
            f"it has {_listed(signature.outputs)}"
        )
    return {name: _fit(value, signature.inputs[name]) for name, value in inputs.items()}


def _listed(names: object) -> str:
    return ", ".join(repr(name) for name in names) or "none"  # type: ignore[attr-defined]


def _check_names(
    kind: str,
    given: Mapping[str, object],
    expected: Mapping[str, object],
    optional: frozenset[str],
) -> None:
    required = set(expected) - optional
    if required <= set(given) <= set(expected):
        return
    raise SignatureMismatchError(
        f"expected {kind} {_listed(sorted(expected))}, given {_listed(sorted(given))}"
    )


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
        return np.asarray(value, _dtype_for_python(spec))
    except (TypeError, ValueError, OverflowError) as error:
        raise SignatureMismatchError(
            f"input {spec.name!r}: expected {spec}, given a {type(value).__name__} that cannot "
            f"become one: {error}"
        ) from error


def _dtype_for_python(spec: TensorSpec) -> np.dtype[np.generic] | None:
    if spec.dtype == "string":
        return np.dtype(object)
    try:
        return np.dtype(spec.dtype)
    except TypeError:  # a type that numpy has no name for: the caller has to bring an array
        return None


def _shape_fits(given: tuple[int, ...], expected: tuple[int | None, ...] | None) -> bool:
    if expected is None:
        return True
    pairs = zip(given, expected, strict=False)
    return len(given) == len(expected) and all(want in {None, size} for size, want in pairs)
