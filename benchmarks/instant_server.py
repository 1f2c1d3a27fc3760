"""A gRPC server that answers Predict at once, always the same, so that a client's limits show.

A server of the gRPC library in Python takes as long for a call as a client does, so it would be the
limit. This one takes a fifth of that. It runs in a process of its own:
`python -m benchmarks.instant_server PORT`.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from benchmarks.processes import free_port, process
from http2.frames import (
    HEADER,
    PREFACE,
    WINDOW_DEFAULT,
    WINDOW_MAX,
    Flag,
    FrameType,
    Setting,
    frame,
    settings,
    window_update,
)
from http2.headers import literal
from serving_client import ModelRef, Retry, ServingClient
from serving_client._h2_answer import PREFIX
from serving_client.testing import PredictCall, TinyModel
from serving_client.testing._tiny_models import Answers

__all__ = ["INPUTS", "MODEL", "instant_server"]

MODEL = ModelRef("instant")
INPUTS = {"x": np.zeros((1, 256), np.float32)}
"""The answer is `y`, of the same shape and type, whatever was sent."""

_SERVICE = "tensorflow.serving.PredictionService"
_WINDOW_BYTES = 1 << 20
_HEAD = literal(b":status", b"200") + literal(b"content-type", b"application/grpc")
_TRAILERS = literal(b"grpc-status", b"0")
_REFUSAL = _HEAD + literal(b"grpc-status", b"12")
_METADATA = b"signature_def"  # stands in every request for metadata


@contextmanager
def instant_server() -> Iterator[str]:
    """Starts the server; yields HOST:PORT once it answers."""
    address = f"127.0.0.1:{free_port()}"
    with process(["benchmarks.instant_server", address.rpartition(":")[2]]):
        with ServingClient(address, check_inputs=False, retry=Retry(attempts_max=200)) as client:
            client.predict(MODEL, INPUTS, timeout_s=120)
        yield address


def _answer() -> bytes:
    model = TinyModel(lambda inputs: {"y": inputs["x"]})
    predict = Answers({MODEL.name: model}, []).services[_SERVICE]["Predict"]
    return predict(PredictCall(MODEL, INPUTS).encode(), {})


class _Connection(asyncio.Protocol):
    """Speaks just enough HTTP/2 to answer each request with the same bytes.

    It never reads the headers of a request, so it need not know how they are compressed.
    """

    def __init__(self, answer: bytes) -> None:
        self._message = PREFIX.pack(0, len(answer)) + answer
        self._received = bytearray()
        self._is_greeted = False
        self._used = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        wide = {Setting.INITIAL_WINDOW_SIZE: WINDOW_MAX}
        transport.write(settings(wide) + window_update(0, WINDOW_MAX - WINDOW_DEFAULT))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_greeted:
            if len(self._received) < len(PREFACE):
                return
            self._is_greeted = True
            del self._received[: len(PREFACE)]
        self._transport.write(b"".join(self._replies()))

    def _replies(self) -> Iterator[bytes]:
        start = 0
        while len(self._received) - start >= HEADER.size:
            high, low, kind, flags, stream = HEADER.unpack_from(self._received, start)
            end = start + HEADER.size + (high << 16 | low)
            if end > len(self._received):
                break
            if kind == FrameType.DATA:
                self._used += high << 16 | low
                if flags & Flag.END_STREAM:
                    is_predict = _METADATA not in self._received[start:end]
                    yield self._answer(stream) if is_predict else _refusal(stream)
            elif kind == FrameType.SETTINGS and not flags & Flag.ACK:
                yield frame(FrameType.SETTINGS, b"", Flag.ACK)
            elif kind == FrameType.PING and not flags & Flag.ACK:
                payload = bytes(self._received[start + HEADER.size : end])
                yield frame(FrameType.PING, payload, Flag.ACK)
            start = end
        del self._received[:start]
        if self._used > _WINDOW_BYTES:
            yield window_update(0, self._used)
            self._used = 0

    def _answer(self, stream: int) -> bytes:
        return (
            frame(FrameType.HEADERS, _HEAD, Flag.END_HEADERS, stream)
            + frame(FrameType.DATA, self._message, 0, stream)
            + frame(FrameType.HEADERS, _TRAILERS, Flag.END_HEADERS | Flag.END_STREAM, stream)
        )


def _refusal(stream: int) -> bytes:
    """There is no metadata, which clients put up with."""
    return frame(FrameType.HEADERS, _REFUSAL, Flag.END_HEADERS | Flag.END_STREAM, stream)


async def _serve(port: str) -> None:
    answer = _answer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(answer), "127.0.0.1", int(port))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
