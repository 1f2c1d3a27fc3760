"""Sockets that are connected to a server, within a time limit, and encrypted if need be."""

import socket
import ssl

from serving_client._config import Tls
from serving_client._deadline import Deadline
from serving_client._looking_up import addresses
from serving_client.exceptions import ConfigError

__all__ = ["connected", "connected_to_file", "encrypted", "tls_context"]

_TIMEOUT_MIN_S = 0.001  # 0 would mean "do not wait at all" to a socket


def connected(host: str, port: int, limit: Deadline) -> socket.socket:
    """A socket that is connected to the first address of a host that can be reached.

    Raises:
        OSError: none can; `TimeoutError` if it took too long.
    """
    failure: OSError = ConnectionError(f"no address is known for {host!r}")
    for address in addresses(host, port, limit.remaining_s):
        try:
            opened = socket.create_connection((address, port), _left_s(limit))
        except OSError as error:
            failure = error
        else:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
    raise failure


def connected_to_file(path: str, limit: Deadline) -> socket.socket:
    """A socket that is connected to a server on this machine, by the path of its socket.

    Raises:
        OSError: as above.
    """
    opened = socket.socket(socket.AF_UNIX)
    try:
        opened.settimeout(_left_s(limit))
        opened.connect(path)
    except BaseException:
        opened.close()
        raise
    return opened


def encrypted(
    raw: socket.socket, context: ssl.SSLContext, server_name: str, limit: Deadline
) -> ssl.SSLSocket:
    """The socket after the handshake of TLS; closed if that fails.

    Raises:
        OSError: it fails; `SSLCertVerificationError` if it is another server.
    """
    try:
        raw.settimeout(_left_s(limit))
        return context.wrap_socket(raw, server_hostname=server_name)
    except BaseException:
        raw.close()
        raise


def tls_context(tls: Tls, protocol: str) -> ssl.SSLContext:
    """How to encrypt.

    Args:
        tls: certificates.
        protocol: what is spoken, by its ALPN name.

    Raises:
        ConfigError: the certificates cannot be used.
    """
    authorities = tls.read("ca_file")
    try:
        context = ssl.create_default_context(cadata=authorities and authorities.decode())
        if tls.certificate_file is not None:
            context.load_cert_chain(tls.certificate_file, tls.key_file)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the certificates cannot be used: {error}") from error
    context.set_alpn_protocols([protocol])
    return context


def _left_s(limit: Deadline) -> float:
    return max(limit.remaining_s, _TIMEOUT_MIN_S)
