"""What the flags make of the gRPC server: where it listens, how it is secured, its options."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from model_server.config import Flags
from model_server.config_messages import SSLConfig, read_message
from model_server.listening import address
from model_server.status import Code, ServingError

_OPTIONS: dict[str, int | str] = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.so_reuseport": 0,  # or a second server would start and take half of the calls
    # Clients behind balancers and firewalls keep idle connections alive with pings; the default
    # takes more than one in five minutes for an attack.
    "grpc.http2.min_recv_ping_interval_without_data_ms": 10_000,
    "grpc.keepalive_permit_without_calls": 1,
}
_INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class GrpcSettings:
    """How to set up the gRPC server.

    `addresses` are those to listen at. `credentials` are what it shows and asks for; `None` is
    plain text. `options` are channel arguments by name. At most `threads` calls run at once.
    """

    addresses: tuple[str, ...]
    threads: int
    options: tuple[tuple[str, int | str], ...]
    credentials: grpc.ServerCredentials | None = None
    has_health: bool = True
    as_content: bool = False
    check_method_names: bool = False

    @classmethod
    def of(cls, flags: Flags) -> "GrpcSettings":
        """Read the settings out of the flags, and the files that they name.

        Raises:
            ServingError: One of them makes no sense.
        """
        return cls(
            addresses=_addresses(flags),
            threads=flags.grpc_max_threads,
            options=tuple({**_OPTIONS, **channel_arguments(flags.grpc_channel_arguments)}.items()),
            credentials=_credentials(flags),
            has_health=flags.enable_grpc_healthcheck_service,
            as_content=flags.enable_serialization_as_tensor_content,
            check_method_names=flags.enable_signature_method_name_check,
        )


def _addresses(flags: Flags) -> tuple[str, ...]:
    port = (address(flags.host, flags.port),) if flags.port else ()
    socket = (f"unix:{flags.grpc_socket_path}",) if flags.grpc_socket_path else ()
    return port + socket


def channel_arguments(text: str) -> dict[str, int | str]:
    """Read `name=value,name=value`; what is a number of 32 bits becomes one, as in the original.

    Raises:
        ServingError: A part has no name or no value.

    Example:
        >>> channel_arguments("grpc.max_connection_age_ms=2000,grpc.lb_policy_name=round_robin")
        {'grpc.max_connection_age_ms': 2000, 'grpc.lb_policy_name': 'round_robin'}
    """
    pairs = (part.partition("=")[::2] for part in text.split(",") if part)
    arguments = {name.strip(): _number_or_text(value.strip()) for name, value in pairs}
    for name, value in arguments.items():
        if not name or value == "":
            raise ServingError(
                Code.INVALID_ARGUMENT,
                f"--grpc_channel_arguments must be name=value,name=value, got {text!r}",
            )
    return arguments


def _number_or_text(value: str) -> int | str:
    is_number = re.fullmatch(r"[+-]?[0-9]{1,10}", value) and abs(int(value)) <= _INT32_MAX
    return int(value) if is_number else value


def _credentials(flags: Flags) -> grpc.ServerCredentials | None:
    config = ssl_config_of(flags)
    if config is None:
        return None
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )


def ssl_config_of(flags: Flags) -> Any:
    """Read the `SSLConfig` that the flags name, if they name one.

    Its values are PEM texts, not paths. With `client_verify` a client must show a certificate
    that `custom_ca` has signed.

    Raises:
        ServingError: The file cannot be read, or lacks what it needs.
    """
    if not flags.ssl_config_file:
        return None
    path = Path(flags.ssl_config_file)
    config = read_message(path, SSLConfig)
    if not (config.server_key and config.server_cert):
        raise _incomplete(path, "server_key and server_cert must both be set")
    if config.client_verify and not config.custom_ca:
        raise _incomplete(path, "client_verify needs custom_ca")
    return config


def _incomplete(path: Path, problem: str) -> ServingError:
    return ServingError(Code.INVALID_ARGUMENT, f"Invalid SSLConfig in {path}: {problem}")
