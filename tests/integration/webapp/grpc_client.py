"""What tests of the gRPC front call it with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from protos.gen.sightline.v1 import vision_pb2, vision_pb2_grpc
from serving_client.testing import PredictCall
from webapp import Settings
from webapp.grpc.settings import GrpcSettings
from webapp.testing import FakeModelServer

Stub = vision_pb2_grpc.VisionServiceStub
_DETAILS = {
    each.DESCRIPTOR.full_name: each
    for each in (
        error_details_pb2.ErrorInfo,
        error_details_pb2.BadRequest,
        error_details_pb2.RetryInfo,
        error_details_pb2.RequestInfo,
    )
}


def grpc_settings(settings: Settings, **changes: Any) -> GrpcSettings:
    """The same settings for the gRPC front, on a free port."""
    shared = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}
    return replace(GrpcSettings(**shared), grpc_port=0, **changes)


@contextmanager
def stub_of(target: str) -> Iterator[Stub]:
    """Call a server over a connection of its own."""
    options = (("grpc.use_local_subchannel_pool", 1),)
    with grpc.insecure_channel(target, options) as channel:
        yield vision_pb2_grpc.VisionServiceStub(channel)


def picture_of(data: bytes) -> vision_pb2.Picture:
    """A file as a message."""
    return vision_pb2.Picture(file=data)


def status_of(error: Any) -> tuple[status_pb2.Status, dict[str, Any]]:
    """The rich status of an error, and its details by name."""
    metadata = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    return status, details_of(status)


def details_of(status: Any) -> dict[str, Any]:
    """The details of a status or of a frame's error, by name."""
    found = {}
    for packed in status.details:
        detail = _DETAILS[packed.type_url.rpartition("/")[2]].FromString(packed.value)
        found[type(detail).__name__] = detail
    return found


def asked_for_s(model_server: FakeModelServer) -> float:
    """How many seconds the model server was given for the one picture that it was shown."""
    transport = model_server.transport
    (timeout_s,) = (
        timeout_s
        for call, timeout_s in zip(transport.calls, transport.timeouts_s, strict=True)
        if isinstance(call, PredictCall)
    )
    return timeout_s
