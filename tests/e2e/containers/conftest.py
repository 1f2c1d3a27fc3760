"""Images built from the Dockerfiles, and the containers of the compose files, all of them real."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.containers.compose import Compose, Images, eventually, fetch
from tests.e2e.containers.podman import BASE, Podman, make_base, settings
from tests.e2e.stack import ROOT, pipeline

_PROGRAMS = ("podman", "debootstrap", "runc", "iptables")
_READY_S = 180


@pytest.fixture(scope="session")
def podman(find_program: Callable[[str], str]) -> Podman:
    """Podman with images and volumes of its own, which stay for the next run of the tests."""
    for name in _PROGRAMS:
        find_program(name)
    if os.geteuid() != 0:
        reason = "containers of tests are made by root, because debootstrap needs that"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    return Podman(settings(ROOT / "build" / "containers"))


@pytest.fixture(scope="session")
def base(podman: Podman) -> str:
    """The image that everything is built on."""
    if podman.run("image", "exists", BASE).returncode:
        make_base(podman, ROOT / "build" / "containers")
    return BASE


@pytest.fixture(scope="session")
def web_image(podman: Podman, base: str) -> str:
    """The image of the web app."""
    del base
    podman.build(ROOT / "docker" / "web.Dockerfile", "sightline-web")
    return "localhost/sightline-web"


@pytest.fixture(scope="session")
def serving_image(podman: Podman, base: str) -> str:
    """The embedded model server, which also stands in for what nobody can pull here."""
    del base
    podman.build(ROOT / "docker" / "model_server.Dockerfile", "sightline-model-server")
    return "localhost/sightline-model-server"


@pytest.fixture(scope="session")
def images(web_image: str, serving_image: str) -> Images:
    """Both images of ours."""
    return Images(web_image, serving_image)


@pytest.fixture(scope="session")
def standins(podman: Podman, base: str) -> dict[str, str]:
    """Proxy and database, by the variables of the compose files."""
    del base
    folder = Path(__file__).parent / "standins"
    for name in ("haproxy", "postgres"):
        podman.build(folder / "Containerfile", f"standin-{name}", folder, target=name)
    return {
        "PROXY_IMAGE": "localhost/standin-haproxy",
        "POSTGRES_IMAGE": "localhost/standin-postgres",
    }


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model repository with the bundled model, open to the users of containers."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(ROOT / "model_repository" / "codes", folder / "codes")
    write_config(folder)
    shared = Path(tempfile.gettempdir())
    for path in (folder, *folder.parents):
        if path != shared and path.is_relative_to(shared):
            path.chmod(0o755)
    return folder


def write_config(repository: Path) -> None:
    """Write the list of models for containers, as `make run-cpu` does."""
    answer = pipeline(
        "models", "config", "--repository", str(repository),
        "--base-path", "/models", "--output", str(repository / "container.config"),
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr


@pytest.fixture(scope="module")
def compose(
    podman: Podman,
    images: Images,
    standins: dict[str, str],
    repository: Path,
    free_ports: Callable[[int], list[int]],
) -> Iterator[Compose]:
    """Two web apps, two model servers, a proxy and a database, all of them healthy."""
    variables = {
        **standins,
        "WEB_IMAGE": images.web,
        "MODEL_SERVER_IMAGE": images.serving,
        "MODEL_REPOSITORY": str(repository),
        "WEB_PORT": str(free_ports(1)[0]),
        "WEB_REPLICAS": "2",
        "SERVING_REPLICAS": "2",
        "POSTGRES_PASSWORD": "only-for-tests",
    }
    stack = Compose(podman, variables, int(variables["WEB_PORT"]))
    stack("down", "--volumes")
    try:
        stack("up", "--detach")
        eventually(lambda: fetch(f"{stack.url}/readyz")[0] == 200, _READY_S, "the stack is ready")
        yield stack
    finally:
        stack("down", "--volumes")
