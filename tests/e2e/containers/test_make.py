"""`make run-gpu` and `make stop` with podman in Docker's place, where only the GPU is missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.containers.compose import Images, fetch, upload
from tests.e2e.containers.podman import Podman
from tests.e2e.stack import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.containers, pytest.mark.timeout(900)]

# Podman takes Docker's commands, but for these two questions, and ignores `--gpus all`.
_DOCKER = """#!/bin/sh
case "$1" in
  version) echo 28.0.0 ;;
  info) echo '{"nvidia": {}, "runc": {}}' ;;
  *) exec podman "$@" ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Make:
    """Runs targets of the Makefile with a docker program of the test's own."""

    environ: dict[str, str]
    variables: tuple[str, ...]

    def __call__(self, target: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            # The environment is there: it shall not be made anew, whatever its files' times are.
            ["make", "--assume-old", ".venv/.ready", target, *self.variables],
            cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs that comes first in the search path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(_DOCKER)
    (folder / "docker").chmod(0o755)
    return folder


@pytest.fixture
def make(
    podman: Podman,
    images: Images,
    repository: Path,
    programs: Path,
    free_ports: Callable[[int], list[int]],
) -> Iterator[Make]:
    """A function that runs a target; its containers and volumes end with the test."""
    web, grpc, rest = free_ports(3)
    environ = {
        **podman.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "SIGHTLINE_MODEL_REPOSITORY": str(repository),
    }
    ports = (f"WEB_PORT={web}", f"GRPC_PORT={grpc}", f"REST_PORT={rest}")
    used = (f"IMAGE={images.serving}", f"WEB_IMAGE={images.web}", f"PYTHON={sys.executable}")
    run = Make(environ, (*ports, *used))
    yield run
    run("stop")
    podman.run("volume", "rm", "sightline-originals", "sightline-database")


def test_run_gpu_says_that_the_gpu_is_missing(make: Make, podman: Podman) -> None:
    """Where there is no GPU, the documented sentence is printed and nothing is started."""
    if shutil.which("nvidia-smi"):
        pytest.skip("this machine may have a GPU")

    answer = make("run-gpu")

    guide = (ROOT / "docs" / "deployment.md").read_text()
    sentence = next(line for line in answer.stderr.splitlines() if line.startswith("No NVIDIA GPU"))
    assert answer.returncode != 0
    assert sentence.partition(":")[0] in guide
    assert "sightline-serving" not in podman("ps", "--all", "--format", "{{.Names}}")


def test_run_gpu_serves_uploads_which_a_stop_does_not_lose(
    make: Make, podman: Podman, programs: Path
) -> None:
    """What is printed is run; an upload is answered; `make stop` leaves what was uploaded."""
    (programs / "nvidia-smi").write_text("#!/bin/sh\necho 'GPU 0: NVIDIA H100 (UUID: GPU-1)'\n")
    (programs / "nvidia-smi").chmod(0o755)
    url = "http://127.0.0.1:" + make.variables[0].partition("=")[2]

    started = make("run-gpu")
    assert started.returncode == 0, started.stdout + started.stderr
    reply = upload(url)
    again = make("run-gpu")
    logs = subprocess.run(
        [sys.executable, "-m", "launcher.containers", "logs", "--once"],
        cwd=ROOT, env=make.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    page = fetch(f"{url}/results/{reply.document['id']}")
    stopped = make("stop")
    left = podman("volume", "ls", "--quiet").split(), podman("ps", "--all", "--quiet")

    assert "docker run --gpus all -p" in started.stdout
    assert "ready: open" in started.stdout
    assert reply.status == 201, reply.document
    assert "make stop" in again.stderr
    assert "model | " in logs.stdout
    assert "web   | " in logs.stdout
    assert stopped.returncode == 0, stopped.stderr
    assert page[0] == 200
    assert {"sightline-originals", "sightline-database"} <= set(left[0])
    assert left[1] == ""
