"""A started stack, and the commands that start one."""

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = "ssd_mobilenet_v1_075_coco"
READY_S = 120


@dataclass
class Running:
    """A started stack."""

    process: subprocess.Popen[str]
    web_port: int
    grpc_port: int
    environ: dict[str, str]
    lines: list[str] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)
    follower: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.follower = threading.Thread(target=self.follow, daemon=True)
        self.follower.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"

    def follow(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as log:
            for line in log:
                self.lines.append(line.rstrip())
                if "ready: open" in line:
                    self.ready.set()
        self.ready.set()

    def stop(self) -> None:
        """Ends the process, if it runs, and reads the rest of its log."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(60)
        self.follower.join(60)

    def wait_ready(self) -> None:
        assert self.ready.wait(READY_S), "\n".join(self.lines)
        assert self.process.poll() is None, "\n".join(self.lines)

    def post(self, name: str, data: bytes, **fields: str) -> dict[str, object]:
        """What the API answers to a picture."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/detections?name={name}"
            + "".join(f"&{k}={v}" for k, v in fields.items()),
            data,
            {"Content-Type": "image/jpeg"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            document: dict[str, object] = json.load(answer)
            return document


Start = Callable[[list[str], list[int], dict[str, str]], Running]
"""Starts a command with its ports (web, gRPC) and settings."""


@contextmanager
def starter() -> Iterator[Start]:
    """A function that starts commands; all of them are stopped with the block."""
    started: list[Running] = []

    def run(command: list[str], ports: list[int], environ: dict[str, str]) -> Running:
        process = subprocess.Popen(
            command, env=environ, cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        started.append(Running(process, ports[0], ports[1], environ))
        return started[-1]

    try:
        yield run
    finally:
        for running in started:
            running.stop()


def environment(folder: Path, repository: Path) -> dict[str, str]:
    """The settings of a stack that keeps everything below a folder."""
    return {
        **os.environ,
        "SIGHTLINE_MODEL_REPOSITORY": str(repository),
        "SIGHTLINE_ORIGINALS": str(folder / "originals"),
        "SIGHTLINE_DATABASE_URL": f"sqlite:///{folder / 'sightline.sqlite3'}",
    }


def pipeline(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip


def launcher(ports: list[int]) -> list[str]:
    """The command that `make run` runs."""
    web, grpc, rest = map(str, ports)
    options = ["--web-port", web, "--grpc-port", grpc, "--rest-port", rest]
    return [sys.executable, "-m", "launcher", *options]
