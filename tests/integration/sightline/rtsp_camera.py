"""A camera of a network, as small as RTSP allows: one client, H.264 over its one connection."""

import itertools
import re
import socket
import struct
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import av
import numpy as np

SIZE_WH = (160, 120)
RATE = 20
WAIT_S = 30.0
_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track\r\n"
)
_REPLIES = {
    "OPTIONS": ("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", ""),
    "DESCRIBE": ("Content-Type: application/sdp\r\n", _SDP),
    "SETUP": ("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n", ""),
    "PLAY": ("Session: 1\r\n", ""),
}


class RtspCamera:
    """Sends white pictures from PLAY on, until the client leaves.

    Args:
        pictures: Hang up after so many; None for never.
    """

    def __init__(self, pictures: int | None = None) -> None:
        self._pictures = pictures
        self.asked: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(WAIT_S)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"rtsp://127.0.0.1:{self._listening.getsockname()[1]}/door"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join(WAIT_S)
        self._listening.close()

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        client.settimeout(WAIT_S)
        try:
            with client:
                self._answer(client)
                self._send(client)
        except OSError:
            return  # the client has left

    def _answer(self, client: socket.socket) -> None:
        """Answer requests up to PLAY."""
        received = b""
        while not self.asked or self.asked[-1] != "PLAY":
            while b"\r\n\r\n" not in received:
                received += client.recv(4096)
            request, _, received = received.partition(b"\r\n\r\n")
            method = request.decode().partition(" ")[0]
            number = re.search(rb"CSeq: (\d+)", request)
            assert number is not None
            headers, body = _REPLIES[method]
            self.asked.append(method)
            reply = (
                f"RTSP/1.0 200 OK\r\nCSeq: {number[1].decode()}\r\n{headers}"
                f"Content-Length: {len(body)}\r\n\r\n{body}"
            )
            client.sendall(reply.encode())

    def _send(self, client: socket.socket) -> None:
        """Send pictures: RTP (RFC 3550, 6184), each packet framed as RFC 2326, 10.12 says."""
        for number, (moment, unit, is_last) in enumerate(_units(self._pictures)):
            marked = 96 | (128 if is_last else 0)
            packet = struct.pack(">BBHII", 128, marked, number % 65536, moment, 7) + unit
            client.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
            if is_last and self._is_over.wait(1 / RATE):
                return


def _units(pictures: int | None) -> Iterator[tuple[int, bytes, bool]]:
    """Encode pictures: the moment of each, its units, and whether one is its last."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height = SIZE_WH
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = RATE  # type: ignore[assignment]  # it takes whole numbers, too
    encoder.options = {"tune": "zerolatency", "preset": "ultrafast", "g": "5"}
    white = np.full((SIZE_WH[1], SIZE_WH[0], 3), 255, np.uint8)
    for number in itertools.count() if pictures is None else range(pictures):
        frame = av.VideoFrame.from_ndarray(white, format="rgb24")
        frame.pts = number
        data = b"".join(bytes(packet) for packet in encoder.encode(frame))
        units = [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1") if unit.strip(b"\0")]
        for place, unit in enumerate(units, start=1):
            yield number * 90_000 // RATE, unit, place == len(units)
