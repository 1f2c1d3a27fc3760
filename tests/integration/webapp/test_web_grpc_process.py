"""``python -m webapp.grpc`` as a process, and the examples that call it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import grpc
import pytest
import trustme

from protos.gen.sightline.v1 import vision_pb2, vision_pb2_grpc
from tests.integration.webapp.grpc_client import status_of, stub_of
from tests.integration.webapp.web_processes import TIMEOUT_S, model_server

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples" / "grpc"


@contextmanager
def running(folder: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The front as a process, and where it listens."""
    with model_server(folder) as target:
        environ = {
            **os.environ,
            "SIGHTLINE_MODEL_REPOSITORY": str(folder / "models"),
            "SIGHTLINE_ORIGINALS": str(folder / "originals"),
            "SIGHTLINE_DATABASE_URL": f"sqlite:///{folder}/results.sqlite3",
            "SIGHTLINE_SERVING_TARGET": target,
        }
        command = [sys.executable, "-m", "webapp.grpc", "--port", "0", *flags]
        with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            try:
                yield process, port_of(process.stderr)
            finally:
                process.terminate()
                process.stderr.read()
                assert process.wait(TIMEOUT_S) == 0


def port_of(log: Iterator[str]) -> str:
    """Where the log says that the front listens."""
    for line in log:
        if listens := re.search(r"listening for gRPC on \S+:(\d+)", line):
            return f"127.0.0.1:{listens[1]}"
    raise AssertionError("it never listened")


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, photo: Callable[[int], bytes]) -> None:
    """A call is answered; SIGTERM ends the process with status 0, with a stream open."""
    request = vision_pb2.DetectRequest(picture=vision_pb2.Picture(file=photo(1)))
    setup = vision_pb2.StreamSetup(latest=vision_pb2.Latest())
    sending: SimpleQueue[vision_pb2.DetectStreamRequest | None] = SimpleQueue()
    sending.put(vision_pb2.DetectStreamRequest(setup=setup))
    frame = vision_pb2.Frame(sequence=1, picture=request.picture)
    sending.put(vision_pb2.DetectStreamRequest(frame=frame))
    with running(tmp_path) as (process, target), stub_of(target) as stub:
        answer = stub.Detect(request, timeout=TIMEOUT_S)
        stream = stub.DetectStream(iter(sending.get, None), timeout=TIMEOUT_S)
        first = next(stream)
        process.terminate()
        with pytest.raises(grpc.RpcError) as ended:
            next(stream)
        sending.put(None)
        status = process.wait(TIMEOUT_S)

    assert [each.label for each in answer.detections] == ["dog"]
    assert first.HasField("result")
    assert status_of(ended.value)[0].code == grpc.StatusCode.UNAVAILABLE.value[0]
    assert status == 0


def test_tls_is_turned_on_by_its_files(tmp_path: Path) -> None:
    """A client that trusts the authority is answered, over TLS alone."""
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    leaf.cert_chain_pems[0].write_to_path(certificate)
    leaf.private_key_pem.write_to_path(key)
    credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes())

    flags = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    with running(tmp_path, *flags) as (_, target):
        with grpc.secure_channel(target, credentials) as channel:
            stub = vision_pb2_grpc.VisionServiceStub(channel)
            models = stub.ListModels(vision_pb2.ListModelsRequest(), timeout=TIMEOUT_S)
        with stub_of(target) as plain, pytest.raises(grpc.RpcError):
            plain.ListModels(vision_pb2.ListModelsRequest(), timeout=TIMEOUT_S)

    assert [model.name for model in models.models] == ["toy"]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--tls-key", "key.pem"], "--tls-certificate and --tls-key are both needed"),
        (["--tls-certificate", "no.pem", "--tls-key", "no.pem"], "no.pem cannot be read"),
        (["--port", "70000"], "SIGHTLINE_GRPC_PORT: expected 0 to 65535, got 70000"),
    ],
)
def test_a_bad_setting_is_a_sentence(flags: list[str], sentence: str, tmp_path: Path) -> None:
    """The program ends with status 1 and says why, without a traceback."""
    command = [sys.executable, "-m", "webapp.grpc", *flags]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}

    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environ
    )

    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("flags", [[], ["--stream"]], ids=["calls", "stream"])
def test_the_python_example_prints_what_is_found(
    flags: list[str], tmp_path: Path, photo: Callable[[int], bytes]
) -> None:
    """The example calls the service once for each picture, or streams them all."""
    (tmp_path / "a.jpg").write_bytes(photo(1))
    command = [sys.executable, str(EXAMPLES / "python" / "detect.py"), *flags]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with running(tmp_path) as (_, target):
        done = subprocess.run(
            [*command, "--target", target, "a.jpg"],
            capture_output=True, text=True, check=False, cwd=tmp_path, env=environ,
        )  # fmt: skip

    assert "a.jpg: dog 0.90" in done.stdout, done.stderr
    assert ("received: 1 answered: 1" in done.stdout) is bool(flags)


def test_the_node_example_prints_what_is_found(
    find_program: Callable[[str], str], tmp_path: Path, photo: Callable[[int], bytes]
) -> None:
    """A client in another language, from the same .proto: single calls, and a stream."""
    folder = tmp_path / "examples" / "grpc" / "node"
    shutil.copytree(EXAMPLES / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(ROOT / "protos" / "sightline", tmp_path / "protos" / "sightline")
    install = [find_program("npm"), "install", "--silent", "--no-audit", "--no-fund"]
    install += ["--fetch-retries=0", "--fetch-timeout=20000"]
    installed = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"npm has no way to its packages: {installed.stderr[-200:]}")
    (tmp_path / "a.jpg").write_bytes(photo(1))
    command = [find_program("node"), str(folder / "detect.js")]
    with running(tmp_path) as (_, target):
        called, streamed = (
            subprocess.run(
                [*command, *flags, "--target", target, "a.jpg", "a.jpg"],
                capture_output=True, text=True, check=False, cwd=tmp_path, timeout=TIMEOUT_S,
            )
            for flags in ([], ["--stream"])
        )  # fmt: skip

    assert called.stdout.splitlines() == ["a.jpg: dog 0.90"] * 2, called.stderr
    assert streamed.stdout.splitlines() == [
        *["a.jpg: dog 0.90"] * 2,
        'summary: {"received":2,"answered":2,"dropped":0,"failed":0}',
    ], streamed.stderr
