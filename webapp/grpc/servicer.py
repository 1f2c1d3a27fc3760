"""`sightline.v1.VisionService`: messages to values, one call of a use case, values to messages."""

from collections.abc import Iterator

import grpc

from protos.gen.sightline.v1 import vision_pb2, vision_pb2_grpc
from webapp.access.actors import Scope
from webapp.grpc.call import Call, Calls
from webapp.grpc.forms import classify_form, detect_form, model_form
from webapp.grpc.frames import FrameStream
from webapp.grpc.reading import read_picture, read_task, read_threshold
from webapp.grpc.settings import GrpcSettings
from webapp.grpc.streams import OpenStreams
from webapp.results import Result, Task
from webapp.services import Services


class VisionService(vision_pb2_grpc.VisionServiceServicer):
    """Answers the methods of the service.

    Args:
        parts: What the web application works with, too.
        settings: How much is taken.
        calls: What every call has around its work.
        streams: The streams that are open.
    """

    def __init__(
        self, parts: Services, settings: GrpcSettings, calls: Calls, streams: OpenStreams
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._calls = calls
        self._streams = streams

    def Detect(  # noqa: N802  the name of the method
        self, request: vision_pb2.DetectRequest, context: grpc.ServicerContext
    ) -> vision_pb2.DetectResponse:
        """Find objects in a picture."""
        with self._calls.answering("Detect", Scope.WRITE, context) as call:
            return detect_form(self._recognise(request, Task.DETECTION, call))

    def Classify(  # noqa: N802
        self, request: vision_pb2.ClassifyRequest, context: grpc.ServicerContext
    ) -> vision_pb2.ClassifyResponse:
        """Name a whole picture."""
        with self._calls.answering("Classify", Scope.WRITE, context) as call:
            return classify_form(self._recognise(request, Task.CLASSIFICATION, call))

    def ListModels(  # noqa: N802
        self, request: vision_pb2.ListModelsRequest, context: grpc.ServicerContext
    ) -> vision_pb2.ListModelsResponse:
        """List the models that can be asked, the default one first."""
        with self._calls.answering("ListModels", Scope.READ, context):
            installed = self._parts.models.installed(read_task(request.task))
            return vision_pb2.ListModelsResponse(models=map(model_form, installed))

    def DetectStream(  # noqa: N802
        self,
        request_iterator: Iterator[vision_pb2.DetectStreamRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[vision_pb2.DetectStreamResponse]:
        """Find objects in one frame after the other."""
        with self._calls.answering("DetectStream", Scope.WRITE, context) as call:
            stream = FrameStream(
                self._parts.recogniser,
                self._parts.models,
                bytes_max=self._settings.upload_bytes_max,
                idle_s=self._settings.grpc_idle_s,
            )
            with self._streams.place(stream):
                if not context.add_callback(stream.abandon):
                    return  # it was cancelled meanwhile
                stream.receive(request_iterator)
                yield from stream.answers(
                    time_left_s=call.time_left_s,
                    count_change=lambda: self._calls.door.count_change(call.actor.address),
                )
                call.model_name = stream.model_name

    def _recognise(
        self,
        request: vision_pb2.DetectRequest | vision_pb2.ClassifyRequest,
        task: Task,
        call: Call,
    ) -> Result:
        """Look at a picture and keep it.

        Raises:
            NoAnswerError: It is kept, and has no answer.
        """
        bytes_max = self._settings.upload_bytes_max
        source = read_picture(request.picture, request.name, bytes_max=bytes_max)
        result = self._parts.recogniser.recognise(
            source.upload(bytes_max=bytes_max),
            model_name=request.model,
            threshold=read_threshold(request),
            task=task,
            timeout_s=call.time_left_s(),
        )
        call.model_name = result.model_name
        return result.expect_done()
