"""A gRPC server that answers Predict with what it was sent."""

import threading
from concurrent import futures
from typing import Any, NoReturn

import grpc

from protos.gen.tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

__all__ = ["Echo", "serve"]


class Echo(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers Predict with its inputs; waits for `gate` first, and notes who called."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.peers: set[str] = set()

    def unused(self, _: object, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "only Predict is echoed")

    Classify: Any = unused
    Regress: Any = unused
    MultiInference: Any = unused
    GetModelMetadata: Any = unused

    def Predict(  # noqa: N802  the name of the rpc
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        self.peers.add(context.peer())
        self.entered.set()
        self.gate.wait(30)
        response = predict_pb2.PredictResponse(model_spec=request.model_spec)
        response.model_spec.version.value = 1
        for name, tensor in request.inputs.items():
            response.outputs[name].CopyFrom(tensor)
        return response


def serve(echo: Echo, address: str) -> grpc.Server:
    server = grpc.server(
        futures.ThreadPoolExecutor(4),
        options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(echo, server)
    server.add_insecure_port(address)
    server.start()
    return server
