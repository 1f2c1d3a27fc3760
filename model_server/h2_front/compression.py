"""Requests that were compressed by their client."""

import zlib

from model_server.status import Code, ServingError

ENCODINGS = ("identity", "deflate", "gzip")
"""What is understood, as `grpc-accept-encoding` has it."""

_EITHER = 32 + zlib.MAX_WBITS  # the form of zlib, which gRPC calls deflate, or that of gzip


def check_encoding(encoding: str) -> None:
    """Make sure that what is compressed can be inflated.

    Raises:
        ServingError: It cannot.
    """
    if encoding not in ENCODINGS:
        raise ServingError(
            Code.UNIMPLEMENTED, f'Compression algorithm "{encoding[:100]}" is not supported'
        )


def inflated(message: memoryview, encoding: str, bytes_max: int) -> memoryview:
    """Inflate a message, up to a limit.

    Raises:
        ServingError: It is not what it says, or too large.
    """
    if encoding == ENCODINGS[0]:
        raise ServingError(
            Code.INTERNAL, "The request is compressed, and says nothing of how (grpc-encoding)"
        )
    inflater = zlib.decompressobj(_EITHER)
    try:
        result = inflater.decompress(message, bytes_max)
    except zlib.error as error:
        raise ServingError(Code.INTERNAL, f"The request cannot be inflated: {error}") from error
    if not inflater.eof:
        problem = "is cut off" if not inflater.unconsumed_tail else f"has over {bytes_max} bytes"
        raise ServingError(Code.RESOURCE_EXHAUSTED, f"The inflated request {problem}")
    return memoryview(result)
