"""Requests that are no messages: the client's mistake, where gRPC would say INTERNAL."""

from collections.abc import Callable
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError

from model_server.status import Code, ServingError

_OURS = "/tensorflow.serving."

_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"


class RequestDecoding(grpc.ServerInterceptor):
    """Hands a `ServingError` to the methods of our services in place of a broken request."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], _Handler],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler:
        """Find the handler of a call, and make its decoding forgiving."""
        handler = continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(_OURS):
            return handler
        if handler.request_streaming or handler.response_streaming:
            return handler
        behaviour: Any = handler.unary_unary
        decode = _forgiving(handler.request_deserializer)
        return grpc.unary_unary_rpc_method_handler(behaviour, decode, handler.response_serializer)


def _forgiving(decode: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    def decode_or_explain(data: bytes) -> Any:
        try:
            return decode(data) if decode else data
        except DecodeError as error:
            return ServingError(Code.INVALID_ARGUMENT, f"The request is no valid message: {error}")

    return decode_or_explain
