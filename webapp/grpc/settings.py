"""The settings of the gRPC front: those of the web app, and where and how much this one serves."""

from dataclasses import dataclass, field
from pathlib import Path

import grpc

from webapp.exceptions import SettingsError
from webapp.settings import Settings, about


@dataclass(frozen=True, slots=True)
class GrpcSettings(Settings):
    """What can be set; ``grpc_port`` is read from ``SIGHTLINE_GRPC_PORT``, and so on.

    Raises:
        SettingsError: A number is out of range; the message has the variable and its range.

    Examples:
        >>> GrpcSettings.from_env({"SIGHTLINE_GRPC_PORT": "8610"}).grpc_port
        8610
    """

    grpc_host: str = field(
        default="127.0.0.1", metadata=about("Address that the gRPC front listens on")
    )
    grpc_port: int = field(
        default=8600,
        metadata=about("Port of the gRPC front; 0 takes a free one", most=65535),
    )
    grpc_threads: int = field(
        default=16,
        metadata=about("gRPC calls worked on at the same time, streams apart", least=1, most=256),
    )
    grpc_streams_max: int = field(
        default=8, metadata=about("gRPC streams open at the same time", least=1, most=256)
    )
    grpc_idle_s: float = field(
        default=60.0,
        metadata=about(
            "How long a gRPC stream may send nothing, in seconds", least=0.01, most=86_400
        ),
    )


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files for TLS.

    Attributes:
        certificate: The server's certificate, with those between it and its root.
        key: Its key.
        client_ca: Who may sign the certificates of clients, which must show one then; None asks
            for none.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """Read the files.

        Raises:
            SettingsError: One cannot be read.
        """
        try:
            pair = (self.key.read_bytes(), self.certificate.read_bytes())
            roots = self.client_ca.read_bytes() if self.client_ca else None
        except OSError as error:
            raise SettingsError(
                f"TLS: {error.filename} cannot be read: {error.strerror}."
            ) from error
        return grpc.ssl_server_credentials(
            [pair], root_certificates=roots, require_client_auth=roots is not None
        )
