"""Which operations of a TFLite model stay in float32 when the others become whole numbers.

Between the first and the last convolution (or dense layer) lies the network, which is trained to
bear noise. Before it and behind it lies arithmetic that is not: box coordinates in steps of a
256th of their range are pixels off. And a last convolution whose result is joined with that of
others stays, because joined tensors must share one scale, that of scores and of distances alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from tensorflow.lite.python import schema_py_generated as schema

_LEARNT = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
_JOINING = "CONCATENATION"
_KIND_NAMES = {
    value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)
}


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a graph.

    Attributes:
        kind: Such as `"CONV_2D"`.
        inputs: The numbers of the tensors that go in.
        outputs: Those of the tensors that come out.
        names: Those tensors' names.
    """

    kind: str
    inputs: frozenset[int]
    outputs: frozenset[int]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FloatParts:
    """What stays in float32.

    Attributes:
        names: Names of results.
        kinds: Kinds of operations of which all stay.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, model: bytes) -> Self:
        """Look at a TFLite model whose numbers are all float32 still."""
        staying: list[Operation] = []
        quantised: list[Operation] = []
        for operations in _graphs(model):
            for operation, is_network in zip(operations, network_of(operations), strict=True):
                (quantised if is_network else staying).append(operation)
        kinds = {each.kind for each in staying} - {each.kind for each in quantised}
        return cls(tuple(name for each in staying for name in each.names), tuple(sorted(kinds)))


def network_of(operations: Sequence[Operation]) -> list[bool]:
    """Tell which operations, in the order they run in, belong to the network.

    Examples:
        >>> kinds = ["CAST", "CONV_2D", "RELU", "FULLY_CONNECTED", "SOFTMAX"]
        >>> chain = [
        ...     Operation(kind, frozenset({place}), frozenset({place + 1}), ())
        ...     for place, kind in enumerate(kinds)
        ... ]
        >>> network_of(chain)
        [False, True, True, True, False]
    """
    behind = _reached(operations, start=_LEARNT)
    backwards = operations[::-1]
    before = _reached(backwards, start=_LEARNT, against=True, itself=False)[::-1]
    joined = _reached(
        backwards, start=frozenset({_JOINING}), against=True, itself=False, stop=_LEARNT
    )[::-1]
    flags = zip(operations, behind, before, joined, strict=True)
    return [
        is_behind and (is_before or (operation.kind in _LEARNT and not is_joined))
        for operation, is_behind, is_before, is_joined in flags
    ]


def _reached(
    operations: Sequence[Operation],
    *,
    start: frozenset[str],
    against: bool = False,
    itself: bool = True,
    stop: frozenset[str] = frozenset(),
) -> list[bool]:
    """Tell which operations the results of some kinds lead to.

    Args:
        operations: In the order to go through them.
        start: The kinds.
        against: Go against the flow: which operations lead to them.
        itself: Whether those kinds count themselves, wherever they stand.
        stop: Kinds beyond which nothing is reached.
    """
    tensors = set[int]()
    reached = []
    for operation in operations:
        entering, leaving = operation.inputs, operation.outputs
        if against:
            entering, leaving = leaving, entering
        is_led_to = not tensors.isdisjoint(entering)
        is_start = operation.kind in start
        reached.append(is_led_to or (itself and is_start))
        if is_start or (is_led_to and operation.kind not in stop):
            tensors |= leaving
    return reached


def _graphs(content: bytes) -> Iterator[list[Operation]]:
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    for graph in model.subgraphs:
        yield [
            Operation(
                kind=_KIND_NAMES[codes[each.opcodeIndex]],
                inputs=_numbers(each.inputs),
                outputs=_numbers(each.outputs),
                names=tuple(graph.tensors[place].name.decode() for place in _numbers(each.outputs)),
            )
            for each in graph.operators
        ]


def _numbers(places: Any) -> frozenset[int]:
    """Read the numbers of tensors; None stands for an empty list, and -1 for one left out."""
    return frozenset(int(place) for place in (() if places is None else places) if place >= 0)
