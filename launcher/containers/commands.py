"""The docker commands, as lists of arguments: nothing here runs anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.containers.exceptions import ContainersError

__all__ = ["CONFIG_FILE", "NETWORK", "SERVING", "WEB", "Containers", "is_known"]

NETWORK = "sightline"
SERVING = "sightline-serving"
WEB = "sightline-web"
CONFIG_FILE = "container.config"
"""In the model repository: the models as a container sees them."""

_CONFIG_POLL_S = 10
_STOP_S = 30
_USER = "10001:10001"
# What a program in a container may not do; docs/deployment.md gives the reasons.
_HARDENED = (
    "--read-only", "--tmpfs", "/tmp",  # noqa: S108  a folder of the container
    "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--restart", "unless-stopped",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Containers:
    """Both containers, as a person chose them.

    Attributes:
        root: folder of the checkout, absolute.
        repository: the model repository, absolute.
        image: of TensorFlow Serving.
        gpu: whether it gets the GPUs of this machine.
        web_image: of the web app; empty builds it from the checkout.
        web_port: of the pages, on this machine.
        grpc_port: of the model server, on this machine.
        rest_port: of the model server, on this machine.

    Raises:
        ContainersError: two ports are the same.
    """

    root: Path
    repository: Path
    image: str
    gpu: bool
    web_image: str = ""
    web_port: int = 5000
    grpc_port: int = 8500
    rest_port: int = 8501

    def __post_init__(self) -> None:
        ports = (self.web_port, self.grpc_port, self.rest_port)
        if len(set(ports)) != len(ports):
            raise ContainersError(
                f"Three different ports are needed; WEB_PORT is {self.web_port}, GRPC_PORT "
                f"{self.grpc_port} and REST_PORT {self.rest_port}."
            )

    def network(self) -> list[str]:
        """The network on which the containers find each other by name."""
        return ["network", "create", NETWORK]

    def serving(self) -> list[str]:
        """The model server."""
        settings = self.root / "docker" / "serving"
        return [
            "run", *(["--gpus", "all"] if self.gpu else []),
            "-p", f"{self.grpc_port}:8500", "-p", f"{self.rest_port}:8501",
            "-v", f"{self.repository}:/models:ro", "-v", f"{settings}:/etc/sightline:ro",
            "--network", NETWORK, "--network-alias", "serving", "--name", SERVING, "--detach",
            "--init", "--user", _USER, *_HARDENED,
            self.image, *self._flags(),
        ]  # fmt: skip

    def _flags(self) -> Sequence[str]:
        session = ["--tensorflow_session_config_file=/etc/sightline/session.config"]
        return (
            f"--model_config_file=/models/{CONFIG_FILE}",
            f"--model_config_file_poll_wait_seconds={_CONFIG_POLL_S}",
            *(session if self.gpu else []),
            "--enable_batching=true",
            "--enable_per_model_batching_parameters=true",
            "--batching_parameters_file=/etc/sightline/batching.config",
            "--monitoring_config_file=/etc/sightline/monitoring.config",
        )

    def build(self) -> list[str] | None:
        """The image of the web app; None where one was given."""
        if self.web_image:
            return None
        file = str(self.root / "docker" / "web.Dockerfile")
        return ["build", "--file", file, "--tag", WEB, str(self.root)]

    def web(self) -> list[str]:
        """The web app; what it keeps is in two named volumes."""
        return [
            "run", "-p", f"{self.web_port}:5000",
            "-v", f"{self.repository}:/models:ro",
            "-v", "sightline-originals:/var/lib/sightline/originals",
            "-v", "sightline-database:/var/lib/sightline/database",
            "-e", "SIGHTLINE_SERVING_TARGET=serving:8500",
            "--network", NETWORK, "--name", WEB, "--detach", *_HARDENED,
            self.web_image or WEB,
        ]  # fmt: skip

    @staticmethod
    def stop(names: Sequence[str]) -> list[str]:
        """Have containers finish what they do, and end."""
        return ["stop", "--time", str(_STOP_S), *names]


def is_known(name: str) -> bool:
    """Whether a container has one of our names."""
    return name in {SERVING, WEB}
