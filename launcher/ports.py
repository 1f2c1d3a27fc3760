"""Ports: which numbers are one, and who listens there."""

import argparse
import errno
import socket

__all__ = ["HOST", "is_answering", "is_free", "port_number"]

HOST = "127.0.0.1"
_CONNECT_S = 1.0
_PORT_MAX = 65535


def port_number(text: str) -> int:
    """Read a port from a command line.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= _PORT_MAX):
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to {_PORT_MAX}, not {text!r}")
    return int(text)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback interface."""
    with socket.socket() as probe:
        # As servers do, so that connections which are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def is_answering(port: int) -> bool:
    """Whether somebody accepts connections on this port of the loopback interface."""
    try:
        with socket.create_connection((HOST, port), timeout=_CONNECT_S):
            return True
    except OSError:
        return False
