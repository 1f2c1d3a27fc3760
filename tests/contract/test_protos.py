"""The messages and stubs of `protos` are those of TensorFlow Serving."""

import importlib
import subprocess
import sys
from collections.abc import Iterable, Iterator

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor, EnumDescriptor, MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from protos import generate
from protos.gen.tensorflow_serving.apis import (
    inference_pb2,
    model_service_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2,
    prediction_service_pb2_grpc,
)
from protos.pool import POOL

SERVICES = (
    prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"],
    model_service_pb2.DESCRIPTOR.services_by_name["ModelService"],
)


def official_sources() -> list[str]:
    """The source files that others published the original of."""
    return [path.as_posix() for path in generate.sources() if path.parts[0] != "sightline"]


def messages_below(message: Descriptor) -> Iterator[Descriptor]:
    """Yields the message and every message type it is made of, once for each mention."""
    yield message
    for nested in message.nested_types:
        yield from messages_below(nested)


def all_messages() -> list[Descriptor]:
    """Every message that a source file of TensorFlow Serving's API declares."""
    files = [POOL.FindFileByName(path) for path in official_sources()]
    tops = (message for file in files for message in file.message_types_by_name.values())
    return [message for top in tops for message in messages_below(top)]


def all_enums() -> list[EnumDescriptor]:
    """Every enum that a source file of TensorFlow Serving's API declares."""
    files = [POOL.FindFileByName(path) for path in official_sources()]
    tops = [enum for file in files for enum in file.enum_types_by_name.values()]
    return tops + [enum for message in all_messages() for enum in message.enum_types]


@pytest.fixture(scope="module")
def official() -> DescriptorPool:
    """The descriptors of the official packages."""
    for module in ("model_service_pb2", "prediction_service_pb2"):
        importlib.import_module(f"tensorflow_serving.apis.{module}")
    return descriptor_pool.Default()


def shapes(message: Descriptor) -> dict[str, dict[str, object]]:
    """What decides how each field travels, in protobuf and in JSON."""
    proto = descriptor_pb2.DescriptorProto()
    message.CopyToProto(proto)
    return {
        field.name: {
            "number": field.number,
            "label": field.label,
            "type": field.type,
            "type_name": field.type_name,
            "json_name": field.json_name or message.fields_by_name[field.name].json_name,
            "packed": message.fields_by_name[field.name].is_packed,
            "oneof": field.HasField("oneof_index") and proto.oneof_decl[field.oneof_index].name,
        }
        for field in proto.field
    }


@pytest.mark.parametrize("message", all_messages(), ids=lambda message: message.full_name)
def test_each_field_agrees_with_the_official_one(
    message: Descriptor, official: DescriptorPool
) -> None:
    """A field of ours exists there with the same number, label, type and names."""
    theirs = official.FindMessageTypeByName(message.full_name)

    ours = shapes(message)

    assert ours == {name: shapes(theirs)[name] for name in ours}
    assert message.GetOptions().map_entry == theirs.GetOptions().map_entry


@pytest.mark.parametrize("enum", all_enums(), ids=lambda enum: enum.full_name)
def test_each_enum_value_agrees_with_the_official_one(
    enum: EnumDescriptor, official: DescriptorPool
) -> None:
    """An enum value of ours exists there under the same name and number."""
    theirs = official.FindEnumTypeByName(enum.full_name)

    ours = {value.name: value.number for value in enum.values}

    assert ours == {name: theirs.values_by_name[name].number for name in ours}


def test_each_method_agrees_with_the_official_one(official: DescriptorPool) -> None:
    """Both services have the official methods, all of them, with the same types."""
    for service in SERVICES:
        theirs = official.FindServiceByName(service.full_name)

        def types(methods: Iterable[MethodDescriptor]) -> dict[str, tuple[str, str]]:
            return {
                method.name: (method.input_type.full_name, method.output_type.full_name)
                for method in methods
            }

        assert types(service.methods) == types(theirs.methods)


def test_stubs_call_every_method_by_its_path() -> None:
    """The generated stub of a service calls `/package.Service/Method` for each method."""

    class Recorder:
        def __init__(self) -> None:
            self.paths: list[str] = []

        def unary_unary(self, path: str, **_: object) -> None:
            self.paths.append(path)

    stubs = (
        prediction_service_pb2_grpc.PredictionServiceStub,
        model_service_pb2_grpc.ModelServiceStub,
    )
    for service, stub in zip(SERVICES, stubs, strict=True):
        recorder = Recorder()

        stub(recorder)

        assert sorted(recorder.paths) == sorted(
            f"/{service.full_name}/{method.name}" for method in service.methods
        )


def test_committed_stubs_are_what_the_sources_generate() -> None:
    """Regenerating changes no file below `protos/gen`."""
    # A process of its own: the compiler and TensorFlow do not survive each other's protobuf.
    check = [sys.executable, "-m", "protos.generate", "--check"]

    answer = subprocess.run(check, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    "order",
    [
        ("protos.gen.tensorflow_serving.apis", "tensorflow_serving.apis"),
        ("tensorflow_serving.apis", "protos.gen.tensorflow_serving.apis"),
    ],
    ids=["ours first", "theirs first"],
)
def test_loads_beside_the_official_package_in_either_order(order: tuple[str, str]) -> None:
    """Both packages load in one process, whichever comes first, and their bytes agree."""
    program = f"""
from {order[0]} import predict_pb2 as first
from {order[1]} import predict_pb2 as second
request = first.PredictRequest(output_filter=["a"])
request.model_spec.version.value = 7
request.inputs["x"].tensor_content = b"12"
assert first is not second
print(second.PredictRequest.FromString(request.SerializeToString()).model_spec.version.value)
"""

    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert answer.stdout.strip() == "7", answer.stderr


def test_inference_messages_round_trip() -> None:
    """A MultiInference request keeps its tasks and examples through bytes."""
    request = inference_pb2.MultiInferenceRequest()
    request.tasks.add(method_name="tensorflow/serving/classify").model_spec.name = "m"
    example = request.input.example_list.examples.add()
    example.features.feature["age"].float_list.value.append(1.5)

    copy = inference_pb2.MultiInferenceRequest.FromString(request.SerializeToString())

    assert copy == request
