"""Every error has a status of gRPC, and says enough for programs."""

from http import HTTPStatus

import grpc
import pytest

from vision import PictureError
from webapp.exceptions import BusyError, NoModelError, TaskError, TooOftenError, UnknownModelError
from webapp.grpc.door import address_of
from webapp.grpc.errors import _CODES, trouble_of
from webapp.grpc.exceptions import MessageError, StoppingError
from webapp.problem_rules import FAILURE_RULES, RULES

CODE = grpc.StatusCode


@pytest.mark.parametrize(
    "status", sorted({rule.status for rule in (*RULES.values(), *FAILURE_RULES.values())})
)
def test_every_status_of_the_table_has_a_code(status: HTTPStatus) -> None:
    """No rule that an error may meet is without a word in gRPC."""
    assert status in _CODES


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PictureError("No."), CODE.INVALID_ARGUMENT),
        (UnknownModelError("No."), CODE.INVALID_ARGUMENT),
        (TaskError("No."), CODE.INVALID_ARGUMENT),
        (MessageError("frame", "No."), CODE.INVALID_ARGUMENT),
        (NoModelError(), CODE.FAILED_PRECONDITION),
        (BusyError(), CODE.RESOURCE_EXHAUSTED),
        (TooOftenError(3), CODE.RESOURCE_EXHAUSTED),
        (StoppingError(), CODE.UNAVAILABLE),
        (ZeroDivisionError("secret"), CODE.INTERNAL),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_has_the_code_that_clients_act_on(error: Exception, code: grpc.StatusCode) -> None:
    """What may be sent again, what has to be corrected and what is our fault can be told apart."""
    trouble = trouble_of(error)

    assert trouble.code is code
    assert "secret" not in trouble.sentence


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:127.0.0.1:50000", "127.0.0.1"),
        ("ipv6:[2001:db8::7]:50000", "2001:db8::7"),
        ("ipv6:%5B::1%5D:50000", "::1"),
        ("unix:", "127.0.0.1"),
        ("unix:/run/front.sock", "127.0.0.1"),
        ("", ""),
    ],
)
def test_a_peer_has_an_address(peer: str, address: str) -> None:
    """All that gRPC may call a peer is understood."""
    assert address_of(peer) == address
