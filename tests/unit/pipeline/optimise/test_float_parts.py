"""What stays in float32 around a network of whole numbers."""

from pipeline.optimise.float_parts import Operation, network_of


def operation(kind: str, inputs: set[int], outputs: set[int]) -> Operation:
    return Operation(kind, frozenset(inputs), frozenset(outputs), ())


def test_a_detector_keeps_its_boxes_in_float32() -> None:
    """What is before the first convolution, behind the last ones, and last ones that are joined."""
    operations = [
        operation("RESIZE_BILINEAR", {0}, {1}),
        operation("CONV_2D", {1}, {2}),
        operation("ADD", {2}, {3}),
        operation("CONV_2D", {3}, {4}),  # scores
        operation("CONV_2D", {3}, {5}),  # distances
        operation("RESHAPE", {4}, {6}),
        operation("CONCATENATION", {5, 6}, {7}),
        operation("EXP", {7}, {8}),
    ]

    flags = network_of(operations)

    assert flags == [False, True, True, False, False, False, False, False]


def test_joining_inside_the_network_is_part_of_it() -> None:
    """Only where no further convolution follows does joining make an end of it."""
    operations = [
        operation("CONV_2D", {0}, {1}),
        operation("CONV_2D", {0}, {2}),
        operation("CONCATENATION", {1, 2}, {3}),
        operation("FULLY_CONNECTED", {3}, {4}),
        operation("SOFTMAX", {4}, {5}),
    ]

    flags = network_of(operations)

    assert flags == [True, True, True, True, False]


def test_what_the_network_does_not_lead_to_is_no_part_of_it() -> None:
    """A branch of plain arithmetic beside it stays in float32; no operations are no network."""
    operations = [
        operation("SHAPE", {0}, {1}),
        operation("CONV_2D", {0}, {2}),
        operation("MUL", {1, 2}, {3}),
    ]

    assert network_of(operations) == [False, True, False]
    assert network_of([]) == []
