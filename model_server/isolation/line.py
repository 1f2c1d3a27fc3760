"""A line: one end of a conversation between two processes, with a socket and shared memory."""

import select
import socket

import numpy as np

from model_server.isolation.parcel import end_of
from model_server.isolation.protocol import Message, decode, encode
from model_server.isolation.shared_memory import Block

_MESSAGE_BYTES_MAX = 64 << 10  # a socket holds three of them, so that nobody waits to send one
_BYTE = np.dtype(np.uint8)


class LineClosedError(Exception):
    """The other end is closed; so is its process, most likely."""


class Line:
    """Sends and receives messages, each of them whole.

    The two threads that converse wake each other up, and there is no third in between. A message
    that is too large for the socket goes into the block, and where it lies through the socket.

    Args:
        raw: A socket of the kind `SOCK_SEQPACKET`; closed with this object.
        block: The memory, where the other end has the same; closed with this object.

    Attributes:
        block: As above.
    """

    def __init__(self, raw: socket.socket, block: Block) -> None:
        self.block = block
        self._raw = raw
        self._news = select.poll()
        self._news.register(raw, select.POLLIN)

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            LineClosedError: Nobody is there to hear it.
        """
        text = encode(message)
        if len(text) > _MESSAGE_BYTES_MAX:
            text = self._laid_down(text, end_of(getattr(message, "tensors", ())))
        try:
            self._raw.send(text)
        except OSError as error:
            raise LineClosedError from error

    def has_news(self, wait_s: float = 0.0) -> bool:
        """Say whether there is something to receive, or is within some time."""
        return bool(self._news.poll(wait_s * 1000))

    def receive(self) -> Message:
        """Receive a message.

        Raises:
            LineClosedError: There will be none.
            ServingError: The other end speaks another protocol.
        """
        try:
            text = self._raw.recv(_MESSAGE_BYTES_MAX)
        except OSError as error:
            raise LineClosedError from error
        if not text:
            raise LineClosedError
        return decode(text if text.startswith(b"{") else self._taken_up(text))

    def close(self) -> None:
        """Hang up."""
        self._raw.close()
        self.block.close()

    def _laid_down(self, text: bytes, offset: int) -> bytes:
        """Put a message into the block, and return what to send instead."""
        self.block.reserve(offset + len(text))
        self.block.view(offset, [len(text)], _BYTE)[...] = np.frombuffer(text, _BYTE)
        return b"%d %d" % (offset, len(text))

    def _taken_up(self, where: bytes) -> bytes:
        offset, size = map(int, where.split())
        return self.block.view(offset, [size], _BYTE).tobytes()
