"""Finds objects in pictures, one by one or as a stream, over gRPC.

python examples/grpc/python/detect.py [--stream] [--target HOST:PORT] PICTURE...

SIGHTLINE_API_KEY holds the API key where the server wants one.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import grpc

from protos.gen.sightline.v1 import vision_pb2, vision_pb2_grpc

_DEADLINE_S = 30
_QUEUE = vision_pb2.Queue(frames_max=64)


def main(argv: Sequence[str] | None = None) -> int:
    """Print what is in each picture, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream", action="store_true", help="send all in one stream")
    parser.add_argument("--target", default="127.0.0.1:8600")
    parser.add_argument("pictures", type=Path, nargs="+")
    arguments = parser.parse_args(argv)
    with grpc.insecure_channel(arguments.target) as channel:
        stub = vision_pb2_grpc.VisionServiceStub(channel)
        run = _detect_stream if arguments.stream else _detect
        try:
            run(stub, arguments.pictures)
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            return 1
    return 0


def _metadata() -> tuple[tuple[str, str], ...]:
    key = os.environ.get("SIGHTLINE_API_KEY")
    return (("authorization", f"Bearer {key}"),) if key else ()


def _detect(stub: vision_pb2_grpc.VisionServiceStub, pictures: list[Path]) -> None:
    for path in pictures:
        picture = vision_pb2.Picture(file=path.read_bytes())
        request = vision_pb2.DetectRequest(picture=picture, name=path.name)
        _show(path, stub.Detect(request, timeout=_DEADLINE_S, metadata=_metadata()))


def _detect_stream(stub: vision_pb2_grpc.VisionServiceStub, pictures: list[Path]) -> None:
    for answer in stub.DetectStream(_messages(pictures), metadata=_metadata()):
        if answer.HasField("summary"):
            print("summary:", " ".join(str(answer.summary).split()))
            continue
        path = pictures[answer.sequence - 1]
        if answer.HasField("result"):
            _show(path, answer.result)
        elif answer.HasField("dropped"):
            print(f"{path}: {vision_pb2.Dropped.Reason.Name(answer.dropped.reason)}")
        else:
            print(f"{path}: {answer.error.message}")


def _messages(pictures: list[Path]) -> Iterator[vision_pb2.DetectStreamRequest]:
    setup = vision_pb2.StreamSetup(queue=_QUEUE, timeout_ms=_DEADLINE_S * 1000)
    yield vision_pb2.DetectStreamRequest(setup=setup)
    for sequence, path in enumerate(pictures, start=1):
        picture = vision_pb2.Picture(file=path.read_bytes())
        yield vision_pb2.DetectStreamRequest(
            frame=vision_pb2.Frame(sequence=sequence, picture=picture)
        )


def _show(path: Path, answer: vision_pb2.DetectResponse) -> None:
    found = [f"{each.label} {each.score:.2f}" for each in answer.detections]
    print(f"{path}: {', '.join(found) or 'nothing'}")


if __name__ == "__main__":
    sys.exit(main())
