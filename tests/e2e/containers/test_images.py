"""The images as they were built: what is in them, and what is not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.containers.compose import eventually
from tests.e2e.containers.podman import BASE, Podman
from tests.e2e.stack import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.containers, pytest.mark.timeout(900)]

WEB_BYTES_MAX = 160_000_000


def test_web_image_is_small(podman: Podman, web_image: str) -> None:
    """The web app adds at most 160 MB to its base."""
    sizes = {name: podman.inspect(name)["Size"] for name in (web_image, BASE)}

    added = sizes[web_image] - sizes[BASE]

    print(f"web image: {added / 1e6:.0f} MB over its base of {sizes[BASE] / 1e6:.0f} MB")  # noqa: T201
    assert 0 < added <= WEB_BYTES_MAX


def test_web_image_has_neither_tensorflow_nor_a_compiler(podman: Podman, web_image: str) -> None:
    """What the web app does not need is not there to be misused."""
    script = (
        "import importlib.util as u, shutil; "
        "print([n for n in ('tensorflow', 'keras', 'model_server', 'pipeline') if u.find_spec(n)],"
        " [n for n in ('gcc', 'cc', 'g++', 'make', 'git') if shutil.which(n)])"
    )

    printed = podman("run", "--rm", web_image, "python", "-c", script)

    assert printed == "[] []"


@pytest.mark.parametrize("image", ["web_image", "serving_image"])
def test_images_say_how_to_run_them(
    podman: Podman, image: str, request: pytest.FixtureRequest
) -> None:
    """Nobody's root, a health check that is a script, and SIGTERM to stop."""
    name = request.getfixturevalue(image)

    config = podman.inspect(name)["Config"]
    check = podman.inspect(name)["Healthcheck"]["Test"]

    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    assert check[0] == "CMD"
    assert check[-1].endswith((".py", ".sh"))


def test_builders_see_nothing_but_sources(podman: Podman, base: str, tmp_path: Path) -> None:
    """Originals, models, results, secrets, git and the environment stay outside the build."""
    file = tmp_path / "Containerfile"
    file.write_text(f"FROM {base}\nCOPY . /context/\n")

    podman.build(file, "context-of-tests")
    entries = podman("run", "--rm", "context-of-tests", "ls", "-A", "/context").split()
    podman("rmi", "context-of-tests")

    assert set(entries) <= {
        "docker", "http2", "model_server", "protos", "recognition", "requirements",
        "serving_client", "stress", "videos", "vision", "webapp",
    }  # fmt: skip


def test_embedded_server_takes_the_place_of_tensorflow_serving(
    podman: Podman, serving_image: str, repository: Path, free_ports: Callable[[int], list[int]]
) -> None:
    """The commands of TensorFlow Serving's guide run it: one model, by two variables."""
    grpc, rest = free_ports(2)
    podman.run("rm", "--force", "alone")

    podman(
        "run", "--detach", "--name", "alone", "--read-only", "--cap-drop", "ALL",
        "-p", f"127.0.0.1:{grpc}:8500", "-p", f"127.0.0.1:{rest}:8501",
        "-v", f"{repository}:/models:ro", "-e", "MODEL_NAME=codes", serving_image,
    )  # fmt: skip
    try:
        eventually(lambda: podman.is_healthy("alone"), 180, "the model is available")
        smoke = subprocess.run(
            [sys.executable, "-m", "serving_client", "--target", f"127.0.0.1:{grpc}",
             "--model", "codes"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        podman("stop", "--time", "30", "alone")
        end = podman.inspect("alone")["State"]["ExitCode"]
    finally:
        podman.run("rm", "--force", "alone")

    assert smoke.returncode == 0, smoke.stderr
    assert end == 0
