"""Messages of server and worker, written and read."""

import json
from math import inf

import pytest

from model_server.isolation.protocol import (
    Done,
    Failed,
    GiveUp,
    Load,
    Loaded,
    Message,
    PackedTensor,
    Run,
    decode,
    encode,
)
from model_server.status import Code, ServingError

TENSORS = [PackedTensor("x", "float32", [1, 2], 0, 8), PackedTensor("y", "uint8", [], 64, 1)]


@pytest.mark.parametrize(
    "message",
    [
        Load(name="m\n", version=3, path="/m/\udcff", builder="a:b", flags={"port": 1}),
        Loaded(tensors=[PackedTensor("ä", "object", [], 0, 20)]),
        Run(signature="s", outputs=["a"], deadline=12.5, tensors=TENSORS),
        Run(signature="", outputs=[], deadline=inf, tensors=[]),
        GiveUp(),
        Done(tensors=TENSORS, spent_s={"run": 0.5}),
        Failed(code=Code.NOT_FOUND, message="gone", was_dropped=False, spent_s={}),
    ],
    ids=lambda message: type(message).__name__,
)
def test_messages_are_read_as_they_were_written(message: Message) -> None:
    """Whatever is in their texts, and with no deadline too."""
    assert decode(encode(message)) == message


def test_a_message_can_be_read_by_a_person() -> None:
    """It says what it is."""
    message = json.loads(encode(Done(tensors=TENSORS[1:], spent_s={"run": 0.5})))

    assert message == {
        "protocol": 2,
        "kind": "Done",
        "tensors": [["y", "uint8", [], 64, 1]],
        "spent_s": {"run": 0.5},
    }


def test_a_failure_is_an_error_again() -> None:
    """Code and message are those of the worker."""
    failed = Failed(code=5, message="gone", was_dropped=False, spent_s={})

    assert str(failed.error) == "NOT_FOUND: gone"


def test_another_protocol_is_refused_in_one_sentence() -> None:
    """A program that is replaced while it runs starts workers of the new one."""
    message = json.dumps({"protocol": 1, "kind": "Greeting"}).encode()

    with pytest.raises(
        ServingError, match="different protocols, 2 and 1: the program was replaced"
    ):
        decode(message)
