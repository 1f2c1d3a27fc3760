"""One call of the gRPC front, one answer."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from protos.gen.sightline.v1 import vision_pb2
from serving_client import ResourceExhaustedError, RpcError, UnavailableError
from tests.integration.webapp.grpc_client import (
    Stub,
    asked_for_s,
    details_of,
    grpc_settings,
    picture_of,
    status_of,
    stub_of,
)
from vision import decode_picture
from webapp import Settings
from webapp.access.actors import Scope
from webapp.exceptions import ListenError
from webapp.grpc.errors import trouble_of
from webapp.grpc.exceptions import MessageError
from webapp.grpc.server import HEALTH, SERVICE
from webapp.testing import FakeModelServer, RunningGrpcFront, install_classifier

Photo = Callable[[int], bytes]


@pytest.fixture
def running(settings: Settings, model_server: FakeModelServer) -> Iterator[RunningGrpcFront]:
    """The gRPC front, stopped at the end."""
    install_classifier(settings.model_repository, "namer")
    with RunningGrpcFront(grpc_settings(settings), model_server) as front:
        yield front


@pytest.fixture
def stub(running: RunningGrpcFront) -> Iterator[Stub]:
    """What calls it."""
    with stub_of(running.target) as stub:
        yield stub


def rgb_picture(width: int, height: int, data: bytes) -> vision_pb2.Picture:
    """Bare pixels as a message."""
    return vision_pb2.Picture(rgb=vision_pb2.RgbPixels(width=width, height=height, data=data))


def failed(call: Callable[..., object], request: object, **given: Any) -> Any:
    """The error that a call ends with."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, **given)
    return caught.value


def test_detect_answers_objects_and_keeps_the_picture(
    stub: Stub, running: RunningGrpcFront, photo: Photo
) -> None:
    """What a model found comes back, and the result can be looked up by its id."""
    request = vision_pb2.DetectRequest(
        picture=picture_of(photo(1)), name="../holiday.jpg", threshold=0.2
    )

    answer = stub.Detect(request, timeout=30)

    kept = running.parts.results.get(answer.id)
    assert [(each.label, round(each.score, 3)) for each in answer.detections] == [
        ("dog", 0.9),
        ("person", 0.3),
    ]
    box = answer.detections[0].box
    assert (box.x_min, box.y_min, box.x_max, box.y_max) == (20, 15, 60, 45)
    assert (answer.width, answer.height) == (80, 60)
    assert (answer.model.name, answer.model.version) == ("toy", 3)
    assert kept.image_name == "holiday.jpg"
    assert running.parts.originals.read(kept.original_name) == photo(1)
    assert kept.threshold == 0.2


def test_bare_pixels_are_kept_without_loss(stub: Stub, running: RunningGrpcFront) -> None:
    """Pixels that are not square arrive as they were sent."""
    pixels = np.random.default_rng(1).integers(0, 255, (20, 50, 3), dtype=np.uint8)
    request = vision_pb2.DetectRequest(picture=rgb_picture(50, 20, pixels.tobytes()))

    answer = stub.Detect(request)

    kept = running.parts.results.get(answer.id)
    original = decode_picture(running.parts.originals.read(kept.original_name))
    assert (answer.width, answer.height) == (50, 20)
    assert np.array_equal(original.image_hwc, pixels)


def test_classify_answers_classes(stub: Stub, photo: Photo) -> None:
    """The default classifier names the whole picture, the most probable class first."""
    request = vision_pb2.ClassifyRequest(picture=picture_of(photo(1)), threshold=0.2)

    answer = stub.Classify(request, timeout=30)

    assert [each.label for each in answer.classes] == ["tabby", "golden retriever"]
    assert answer.model.name == "namer"


@pytest.mark.parametrize(
    ("task", "names"),
    [
        (vision_pb2.TASK_UNSPECIFIED, ["toy", "namer"]),
        (vision_pb2.TASK_DETECTION, ["toy"]),
        (vision_pb2.TASK_CLASSIFICATION, ["namer"]),
    ],
)
def test_models_are_listed_by_task(
    stub: Stub, task: vision_pb2.Task.ValueType, names: list[str]
) -> None:
    """All models, or those of one task, the default one first."""
    answer = stub.ListModels(vision_pb2.ListModelsRequest(task=task))

    assert [model.name for model in answer.models] == names


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"picture": None}, "picture"),
        ({"picture": vision_pb2.Picture(file=b"")}, "picture"),
        ({"picture": vision_pb2.Picture(file=b"GIF89a nothing")}, "picture"),
        ({"picture": vision_pb2.Picture(file=b"x" * 200_001)}, "picture"),
        ({"picture": vision_pb2.Picture(rgb=vision_pb2.RgbPixels())}, "picture.rgb"),
        (
            {"picture": rgb_picture(2, 2, b"123")},
            "picture.rgb",
        ),
        (
            {"picture": rgb_picture(2**32 - 1, 2**32 - 1, b"")},
            "picture.rgb",
        ),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"model": "nobody"}, "model"),
        ({"model": "namer"}, "model"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_names_its_field(
    stub: Stub, running: RunningGrpcFront, photo: Photo, changes: dict[str, Any], field: str
) -> None:
    """What cannot be used is INVALID_ARGUMENT with BadRequest, and nothing is kept."""
    request = vision_pb2.DetectRequest(**{"picture": picture_of(photo(1)), **changes})

    error = failed(stub.Detect, request)

    status, details = status_of(error)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (status.code, status.message) == (3, error.details())
    violation = details["BadRequest"].field_violations[0]
    assert (violation.field, violation.description) == (field, error.details())
    assert details["ErrorInfo"].domain == "sightline"
    assert running.parts.results.original_bytes() == 0


def test_an_unknown_task_is_refused(stub: Stub) -> None:
    """A number that no task has is no reason to list everything."""
    request = vision_pb2.ListModelsRequest(task=7)  # type: ignore[arg-type]  # as others may send

    error = failed(stub.ListModels, request)

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("failure", "code", "reason", "wait_s"),
    [
        (UnavailableError, grpc.StatusCode.UNAVAILABLE, "UNREACHABLE", 10),
        (ResourceExhaustedError, grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", 5),
    ],
)
def test_a_model_server_that_is_away_says_when_to_come_back(
    *,
    stub: Stub,
    running: RunningGrpcFront,
    model_server: FakeModelServer,
    photo: Photo,
    failure: type[RpcError],
    code: grpc.StatusCode,
    reason: str,
    wait_s: int,
) -> None:
    """The picture is kept, and the error has its id and RetryInfo."""
    model_server.failure = failure

    error = failed(stub.Detect, vision_pb2.DetectRequest(picture=picture_of(photo(1))))

    _, details = status_of(error)
    assert error.code() is code
    assert details["ErrorInfo"].reason == reason
    assert details["RetryInfo"].retry_delay.seconds == wait_s
    kept = running.parts.results.get(details["ErrorInfo"].metadata["result_id"])
    assert running.parts.originals.read(kept.original_name) == photo(1)


def test_the_callers_deadline_reaches_the_model_server(
    stub: Stub, model_server: FakeModelServer, photo: Photo
) -> None:
    """A call with less time than the server allows passes on what is left."""
    stub.Detect(vision_pb2.DetectRequest(picture=picture_of(photo(1))), timeout=7)

    assert 0 < asked_for_s(model_server) <= 7


def test_a_full_store_is_resource_exhausted(
    settings: Settings, model_server: FakeModelServer, photo: Photo
) -> None:
    """A quota without room for the picture turns it away."""
    tight = grpc_settings(replace(settings, quota_bytes=10))
    with RunningGrpcFront(tight, model_server) as front, stub_of(front.target) as stub:
        error = failed(stub.Detect, vision_pb2.DetectRequest(picture=picture_of(photo(1))))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert status_of(error)[1]["ErrorInfo"].reason == "QUOTA"


def test_keys_open_what_their_scopes_say(
    settings: Settings, model_server: FakeModelServer, photo: Photo
) -> None:
    """Without a key nothing, with a reader's key the list, with a writer's key a detection."""
    closed = grpc_settings(replace(settings, access="required"))
    request = vision_pb2.DetectRequest(picture=picture_of(photo(1)))
    with RunningGrpcFront(closed, model_server) as front, stub_of(front.target) as stub:
        reader = front.parts.keys.create("reader", frozenset({Scope.READ}))
        writer = front.parts.keys.create("writer", frozenset({Scope.WRITE}))

        nobody = failed(stub.ListModels, vision_pb2.ListModelsRequest())
        wrong = failed(stub.Detect, request, metadata=(("authorization", "Bearer sightline_x"),))
        forbidden = failed(stub.Detect, request, metadata=(("authorization", f"Bearer {reader}"),))
        models = stub.ListModels(
            vision_pb2.ListModelsRequest(), metadata=(("authorization", f"Bearer {reader}"),)
        )
        answer = stub.Detect(request, metadata=(("authorization", f"bearer {writer}"),))

    assert nobody.code() is grpc.StatusCode.UNAUTHENTICATED
    assert wrong.code() is grpc.StatusCode.UNAUTHENTICATED
    assert status_of(wrong)[1]["ErrorInfo"].reason == "BAD_KEY"
    assert forbidden.code() is grpc.StatusCode.PERMISSION_DENIED
    assert len(models.models) == 1
    assert answer.id


def test_who_asks_too_often_is_told_when_to_come_back(
    settings: Settings, model_server: FakeModelServer
) -> None:
    """Calls that a proxy passes on are counted, as in the HTTP API."""
    slow = grpc_settings(replace(settings, requests_per_minute=1, trusted_hops=1))
    headers = (("x-forwarded-for", "192.0.2.7"),)
    with RunningGrpcFront(slow, model_server) as front, stub_of(front.target) as stub:
        stub.ListModels(vision_pb2.ListModelsRequest(), metadata=headers)
        error = failed(stub.ListModels, vision_pb2.ListModelsRequest(), metadata=headers)
        others = stub.ListModels(
            vision_pb2.ListModelsRequest(), metadata=(("x-forwarded-for", "192.0.2.8"),)
        )

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert status_of(error)[1]["RetryInfo"].retry_delay.seconds > 0
    assert others.models


def test_the_callers_request_id_comes_back_and_stands_in_the_log(
    stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    """An id in the metadata is used, and the call has a line in the log."""
    with caplog.at_level(logging.INFO, "webapp.access"):
        _, call = stub.ListModels.with_call(
            vision_pb2.ListModelsRequest(), metadata=(("x-request-id", "camera-7.42"),)
        )

    assert dict(call.trailing_metadata() or ())["x-request-id"] == "camera-7.42"
    assert any("ListModels OK" in record.getMessage() for record in caplog.records)


def test_a_bug_is_internal_and_tells_nothing_of_itself(
    stub: Stub, running: RunningGrpcFront, monkeypatch: pytest.MonkeyPatch, photo: Photo
) -> None:
    """The caller gets a sentence and a reference, the log gets the rest."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(running.parts.recogniser, "recognise", broken)

    error = failed(stub.Detect, vision_pb2.DetectRequest(picture=picture_of(photo(1))))

    _, details = status_of(error)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in error.details()
    assert details["ErrorInfo"].reason == "UNEXPECTED"
    assert details["RequestInfo"].request_id


def test_compressed_messages_are_refused(stub: Stub, photo: Photo) -> None:
    """A small message cannot become a huge one."""
    request = vision_pb2.DetectRequest(picture=picture_of(photo(1)), name="a" * 5000)

    error = failed(stub.Detect, request, compression=grpc.Compression.Gzip)

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_health_is_told_without_a_key(settings: Settings, model_server: FakeModelServer) -> None:
    """Whoever watches over the process needs no key; a stop is announced."""
    closed = grpc_settings(replace(settings, access="required"))
    with (
        RunningGrpcFront(closed, model_server) as front,
        grpc.insecure_channel(front.target) as channel,
    ):
        stub = health_pb2_grpc.HealthStub(channel)

        answers = [
            stub.Check(health_pb2.HealthCheckRequest(service=name)).status for name in ("", SERVICE)
        ]
        watch = iter(stub.Watch(health_pb2.HealthCheckRequest()))
        first = next(watch).status
        front.front.stop()
        rest = [each.status for each in watch]

    assert answers == [health_pb2.HealthCheckResponse.SERVING] * 2
    assert first == health_pb2.HealthCheckResponse.SERVING
    assert rest == [health_pb2.HealthCheckResponse.NOT_SERVING]


def test_reflection_describes_the_service(running: RunningGrpcFront) -> None:
    """A client learns the services, their files and what error details look like."""
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="google.rpc.BadRequest"),
    ]

    with grpc.insecure_channel(running.target) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        services, ours, details = stub.ServerReflectionInfo(iter(asked))

    names = {service.name for service in services.list_services_response.service}
    files = [
        descriptor_pb2.FileDescriptorProto.FromString(data)
        for data in ours.file_descriptor_response.file_descriptor_proto
    ]
    assert {SERVICE, HEALTH} <= names
    assert "sightline/v1/vision.proto" in {file.name for file in files}
    assert details.file_descriptor_response.file_descriptor_proto


def test_frames_errors_can_be_read_as_statuses() -> None:
    """Our `Error` is a google.rpc.Status on the wire."""
    error = trouble_of(MessageError("frame", "No.")).error()

    assert (error.code, error.message) == (3, "No.")
    assert details_of(error)["BadRequest"].field_violations[0].field == "frame"


def test_two_servers_cannot_share_a_port(
    running: RunningGrpcFront, settings: Settings, model_server: FakeModelServer
) -> None:
    """The second one says that the port is taken, instead of getting half of the calls."""
    second = RunningGrpcFront(
        replace(grpc_settings(settings), grpc_port=running.front.port), model_server
    )

    with pytest.raises(ListenError, match="taken"):
        second.front.start()

    second.parts.close()
