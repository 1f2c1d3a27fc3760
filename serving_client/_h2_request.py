"""The headers of a request over HTTP/2, as gRPC has them."""

import math
import platform
import re
from base64 import b64encode
from collections.abc import Iterable

from http2.headers import literal
from protos.gen.tensorflow_serving.apis import model_service_pb2, prediction_service_pb2
from serving_client._transport import Headers

__all__ = ["RequestHeaders", "timeout_header"]

_SERVICES = (
    prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"],
    model_service_pb2.DESCRIPTOR.services_by_name["ModelService"],
)
_PATHS = {
    method.name: f"/{service.full_name}/{method.name}"
    for service in _SERVICES
    for method in service.methods
}
_USER_AGENT = f"sightline-client python/{platform.python_version()}"
_TIMEOUT = literal(b"grpc-timeout", b"")[:-1]
_AMOUNT_DIGITS_MAX = 8
_NAME = re.compile(r":?[0-9a-z_.-]+")
_VALUE = re.compile(r"[ -~]*")
_BINARY = "-bin"


class RequestHeaders:
    """Makes the blocks of headers of requests to one server.

    All but the time and what travels beside the call is the same for every call of a method.

    Args:
        authority: which server, as it knows itself.
        scheme: "http" or "https".
    """

    def __init__(self, authority: str, scheme: str) -> None:
        self._fixed = {
            rpc: _block(
                (
                    (":method", "POST"),
                    (":scheme", scheme),
                    (":path", path),
                    (":authority", authority),
                    ("te", "trailers"),
                    ("content-type", "application/grpc"),
                    ("user-agent", _USER_AGENT),
                )
            )
            for rpc, path in _PATHS.items()
        }

    def block(self, rpc: str, timeout_s: float, headers: Headers) -> bytes:
        """The block of one request.

        Args:
            rpc: name of the method.
            timeout_s: how long the server may take.
            headers: what else to tell it.

        Raises:
            ValueError: a header cannot be sent.
        """
        block = self._fixed[rpc] + timeout_header(timeout_s)
        return block + _block(headers) if headers else block


def _block(headers: Iterable[tuple[str, str]]) -> bytes:
    return b"".join(_header(name, value) for name, value in headers)


def _header(name: str, value: str) -> bytes:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"no header can be called {name!r}")
    if name.endswith(_BINARY):
        return literal(name.encode(), b64encode(value.encode()).rstrip(b"="))
    if _VALUE.fullmatch(value) is None:
        raise ValueError(f"the value of the header {name!r} is not plain ASCII on one line")
    return literal(name.encode(), value.encode())


def timeout_header(timeout_s: float) -> bytes:
    r"""The time that is left, rounded up, in at most eight digits.

    >>> timeout_header(0.25)
    b'\x10\x0cgrpc-timeout\x07250000u'
    >>> timeout_header(1e6)
    b'\x10\x0cgrpc-timeout\x081000000S'
    """
    value = b"%du" % math.ceil(timeout_s * 1_000_000)
    if len(value) > _AMOUNT_DIGITS_MAX + 1:
        value = b"%dm" % math.ceil(timeout_s * 1000)
    if len(value) > _AMOUNT_DIGITS_MAX + 1:
        value = b"%dS" % math.ceil(timeout_s)
    return _TIMEOUT + bytes([len(value)]) + value
