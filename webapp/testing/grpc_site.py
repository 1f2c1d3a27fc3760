"""The gRPC front, inside the test's own process."""

from types import TracebackType
from typing import Self

from webapp.assembly import assemble
from webapp.grpc.server import GrpcFront
from webapp.grpc.settings import GrpcSettings
from webapp.samples import BUNDLED
from webapp.testing.model_server import FakeModelServer


class RunningGrpcFront:
    """The gRPC front on a free port of the loopback.

    Args:
        settings: How it is set; its port should be 0.
        model_server: What answers.

    Attributes:
        parts: What it works with.
        front: The server.
    """

    def __init__(self, settings: GrpcSettings, model_server: FakeModelServer) -> None:
        self.parts = assemble(settings, client=model_server.client(), samples_folder=BUNDLED)
        self.front = GrpcFront(self.parts, settings)

    @property
    def target(self) -> str:
        """Where it listens, for a channel."""
        return f"127.0.0.1:{self.front.port}"

    def __enter__(self) -> Self:
        self.front.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.front.stop(grace_s=5)
        self.parts.close()
