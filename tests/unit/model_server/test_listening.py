"""Addresses to listen at."""

import socket

import pytest

from model_server.listening import ListenError, listen


def test_a_free_port_is_listened_at() -> None:
    """The socket takes connections."""
    with (
        listen("127.0.0.1", 0) as server,
        socket.create_connection(server.getsockname(), timeout=10) as client,
    ):
        accepted, peer = server.accept()
        accepted.close()

        assert peer == client.getsockname()


def test_a_taken_port_is_named() -> None:
    """The sentence holds the address and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(ListenError) as caught:
            listen("127.0.0.1", port)

    assert str(caught.value) == (
        f"Cannot listen at 127.0.0.1:{port}: port {port} is already in use; "
        "stop what uses it, or choose another port."
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_a_host_of_somebody_else_is_named(host: str) -> None:
    """An address that is not this machine's is refused with the system's reason."""
    with pytest.raises(ListenError, match=f"Cannot listen at {host}:0: "):
        listen(host, 0)
