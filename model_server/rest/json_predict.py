"""The body of a predict request: row form (`instances`) and column form (`inputs`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from model_server.examples import DEFAULT_SIGNATURE
from model_server.rest.errors import invalid
from model_server.rest.json_document import echo
from model_server.rest.json_tensor import is_base64, shape_of, size_of, to_tensor
from model_server.runtimes import SignatureDef, Tensor
from model_server.status import Code, ServingError
from model_server.tensors import to_array

_SIGNATURE_NAME, _INSTANCES, _INPUTS = "signature_name", "instances", "inputs"


class Form(Enum):
    """How tensors are laid out in JSON.

    In the row form each example stands by itself; in the column form each tensor does.
    """

    ROW = _INSTANCES
    COLUMN = _INPUTS


@dataclass(frozen=True, slots=True)
class PredictInput:
    """The tensors of a request by input alias, and the form in which the answer is expected."""

    tensors: Mapping[str, Tensor]
    form: Form


def signature_name_of(document: Mapping[str, Any]) -> str:
    """Return the signature that a request names; empty if it names none.

    Raises:
        ServingError: The name is no string.
    """
    name = document.get(_SIGNATURE_NAME, "")
    if type(name) is not str:
        raise invalid(
            "JSON Value: ",
            echo(document),
            " not formatted correctly. 'signature_name' key must be a string value.",
        )
    # Names in messages are text, so bytes that are no UTF-8 cannot be kept.
    return name.encode("utf-8", "replace").decode()


def signature_named(signatures: Mapping[str, SignatureDef], name: str) -> SignatureDef:
    """Find the signature that a request means.

    Raises:
        ServingError: The model has no such signature, or one without inputs.
    """
    wanted = name or DEFAULT_SIGNATURE
    if wanted not in signatures:
        raise invalid(f'Serving signature name: "{wanted}" not found in signature def')
    if not signatures[wanted].inputs:
        raise invalid("Failed to get input map for signature: ", name or "DEFAULT")
    return signatures[wanted]


def predict_input(document: Mapping[str, Any], signature: SignatureDef) -> PredictInput:
    """Read the tensors for a signature out of a request.

    An input that has a default may be left out, as over gRPC; the original wants all of them.

    Raises:
        ServingError: They are not there, or do not fit. A message of the original.
    """
    _check_keys(document)
    form = Form.ROW if _INSTANCES in document else Form.COLUMN
    value = document[form.value]
    left_out = _left_out(value[0] if form is Form.ROW else value, signature)
    types = {
        alias: info.dtype
        for alias, info in sorted(signature.inputs.items())
        if alias not in left_out
    }
    tensors = _row_tensors(value, types) if form is Form.ROW else _column_tensors(value, types)
    defaults = {alias: to_array(signature.defaults[alias]) for alias in left_out}
    return PredictInput({**tensors, **defaults}, form)


def _left_out(value: Any, signature: SignatureDef) -> list[str]:
    """Return the inputs with a default that a request leaves to it."""
    if _is_object(value):
        return sorted(alias for alias in signature.defaults if alias not in value)
    has_others = len(signature.defaults) < len(signature.inputs)
    return sorted(signature.defaults) if has_others else []


def _check_keys(document: Mapping[str, Any]) -> None:
    if _INSTANCES not in document and _INPUTS not in document:
        raise invalid("Missing 'inputs' or 'instances' key")
    if _INSTANCES not in document:
        return
    problem = None
    if _INPUTS in document:
        problem = (
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
        )
    elif type(document[_INSTANCES]) is not list:
        problem = "Expecting 'instances' to be an list/array"
    elif not document[_INSTANCES]:
        problem = "No values in 'instances' array"
    if problem:
        raise invalid("JSON Value: ", echo(document), " ", problem)


def _column_tensors(value: Any, types: Mapping[str, int]) -> dict[str, Tensor]:
    if type(value) is not dict or is_base64(value):
        if len(types) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        value = dict.fromkeys(types, value)
    for alias in types:
        if alias not in value:
            raise invalid(f"Missing named input: {alias} in 'inputs' object.")
    return {alias: to_tensor(value[alias], type_) for alias, type_ in types.items()}


def _row_tensors(instances: list[Any], types: Mapping[str, int]) -> dict[str, Tensor]:
    if len(types) > 1 and not _is_object(instances[0]):
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    try:
        columns = _columns(instances, types)
        return {alias: to_tensor(columns[alias], type_) for alias, type_ in types.items()}
    except (ServingError, _MismatchError):
        # Whatever it was, the original finds another one first: it goes through them by row.
        _explain(instances, types)
        raise


class _MismatchError(ServingError):
    """The instances do not all have the same inputs."""

    def __init__(self) -> None:
        super().__init__(Code.INVALID_ARGUMENT, "instances do not all have the same inputs")


def _columns(instances: list[Any], types: Mapping[str, int]) -> dict[str, list[Any]]:
    """Gather what belongs to one input from all instances."""
    if not _is_object(instances[0]):
        return dict.fromkeys(types, instances)
    if not all(_is_object(each) and each.keys() == types.keys() for each in instances):
        raise _MismatchError
    return {alias: [each[alias] for each in instances] for alias in types}


def _is_object(value: Any) -> bool:
    return type(value) is dict and not is_base64(value)


def _explain(instances: list[Any], types: Mapping[str, int]) -> None:
    """Raise the error of the first instance that is wrong."""
    expects_objects = _is_object(instances[0])
    values = _FirstValues()
    for index, instance in enumerate(instances):
        if _is_object(instance) is not expects_objects:
            expected = "object but got list" if expects_objects else "value/list but got object"
            raise invalid(f"Expecting {expected} at item {index} of input list")
        if not expects_objects:
            with _Place(f"element: {index}"):
                values.check(next(iter(types)), instance, types)
            continue
        for alias, value in instance.items():
            with _Place(f"element: {index} key: {alias}"):
                values.check(alias, value, types)
        _check_aliases(index, instance, types)


def _check_aliases(index: int, instance: Mapping[str, Any], aliases: Iterable[str]) -> None:
    if set(instance) != set(aliases):
        raise invalid(
            f"Failed to process element: {index} of 'instances' list. JSON object: "
            f"{echo(instance)} keys must be equal to: {','.join(aliases)}"
        )


class _Place:
    """Puts before an error which instance it is about."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        """Do nothing yet."""

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ServingError):
            raise invalid(
                f"Failed to process {self._place} of 'instances' list. Error: {error}"
            ) from error


class _FirstValues:
    """The first value of each input, whose shape the others must have."""

    def __init__(self) -> None:
        self._first: dict[str, Any] = {}

    def check(self, alias: str, value: Any, types: Mapping[str, int]) -> None:
        if alias not in types:
            raise invalid("JSON object: does not have named input: ", alias)
        to_tensor(value, types[alias])
        first = self._first.setdefault(alias, value)
        if size_of(first) != size_of(value):
            raise invalid(f"Expecting tensor size: {size_of(first)} but got: {size_of(value)}")
        if shape_of(first) != shape_of(value):
            raise invalid(f"Expecting shape {_shape_text(first)} but got: {_shape_text(value)}")


def _shape_text(value: Any) -> str:
    return f"[{','.join(map(str, shape_of(value)))}]"
