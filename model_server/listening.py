"""Addresses to listen at, and the one sentence that says why that does not work."""

import errno
import socket


class ListenError(Exception):
    """An address cannot be listened at; the message is for the person who chose it."""


def address(host: str, port: int) -> str:
    """Join a host and a port as URLs and gRPC write them.

    Example:
        >>> address("127.0.0.1", 8500), address("::1", 8500)
        ('127.0.0.1:8500', '[::1]:8500')
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket that shares its port with nobody.

    Raises:
        ListenError: The port is taken, or the host is not one of this machine.
    """
    try:
        family, *_, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(where[:2], family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"port {port} is already in use; stop what uses it, or choose another port"
        else:
            reason = error.strerror or str(error)
        raise ListenError(f"Cannot listen at {address(host, port)}: {reason}.") from error
