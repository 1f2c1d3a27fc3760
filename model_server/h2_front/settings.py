"""What the light gRPC front end is set to."""

from dataclasses import dataclass

from model_server.config import Flags


@dataclass(frozen=True, slots=True)
class LightSettings:
    """How many calls run at once, how many wait, and how much memory they may take.

    Attributes:
        host: Where to listen.
        port: Where to listen.
        threads: Calls that run at once; the others wait.
        has_health: Offer the health service.
        as_content: Answer in `tensor_content`.
        check_method_names: Refuse a signature that was exported for another call.
        message_bytes_max: The largest request.
        inflated_bytes_max: The largest request that comes compressed, once it is inflated.
        waiting_max: Calls that wait for a thread at most; more are refused.
        budget_bytes: What requests that come in, wait or run, and answers that nobody reads, take
            at most, over all connections; one alone may have more.
        connections_max: Connections at once.
        streams_max: Calls at once over one connection.
        slow_after_s: How long whoever does not get on with what it sends or reads is borne with.
    """

    host: str = "127.0.0.1"
    port: int = 8500
    threads: int = 4
    has_health: bool = True
    as_content: bool = False
    check_method_names: bool = False
    message_bytes_max: int = 2**31 - 1
    inflated_bytes_max: int = 128 << 20
    waiting_max: int = 1000
    budget_bytes: int = 1 << 30
    connections_max: int = 1000
    streams_max: int = 256
    slow_after_s: float = 30.0

    @classmethod
    def of(cls, flags: Flags) -> "LightSettings":
        """Read the settings out of the flags."""
        return cls(
            host=flags.host,
            port=flags.port,
            threads=flags.grpc_max_threads,
            has_health=flags.enable_grpc_healthcheck_service,
            as_content=flags.enable_serialization_as_tensor_content,
            check_method_names=flags.enable_signature_method_name_check,
        )
