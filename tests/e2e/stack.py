"""A started stack, and the commands that start one."""

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"

    def follow(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip())
            if "ready: open" in line:
                self.ready.set()
        self.ready.set()

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
