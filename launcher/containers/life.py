"""Both containers from their start to their end."""

import subprocess
import sys
from collections.abc import Callable

from launcher.containers.commands import CONFIG_FILE, NETWORK, SERVING, WEB, Containers, is_known
from launcher.containers.docker import Docker
from launcher.containers.exceptions import ContainersError
from launcher.containers.readiness import is_available, model_names, wait_until
from launcher.containers.requirements import check
from launcher.ports import HOST
from launcher.web_app import is_healthy

__all__ = ["start", "stop"]

_SERVING_READY_S = 300.0
_WEB_READY_S = 60.0
_LOG_LINES = 20


def start(containers: Containers, docker: Docker) -> None:
    """Start the model server, ask it for one answer, start the web app.

    Raises:
        ContainersError: something is missing, or a container did not become ready; those that were
            started are gone again, and their last words are in the log.
    """
    check(containers, docker)
    try:
        _start_serving(containers, docker)
        _smoke(containers, docker)
        _start_web(containers, docker)
    except (ContainersError, KeyboardInterrupt):
        stop(docker)
        raise
    docker.say(
        f"ready: open http://{HOST}:{containers.web_port} (`make logs` shows what happens, "
        "`make stop` ends it)"
    )


def stop(docker: Docker) -> None:
    """End and remove our containers and their network; volumes stay.

    Raises:
        ContainersError: docker refused.
    """
    listed = docker.ask("ps", "--all", "--format", "{{.Names}}").text.split()
    # The web app first: its last uploads still need the model server.
    for name in sorted(filter(is_known, listed), reverse=True):
        docker.tell(Containers.stop([name]))
        docker.tell(["rm", name])
    if docker.ask("network", "inspect", NETWORK).ok:
        docker.tell(["network", "rm", NETWORK])


def _start_serving(containers: Containers, docker: Docker) -> None:
    if not docker.ask("network", "inspect", NETWORK).ok:
        docker.tell(containers.network())
    docker.tell(containers.serving())
    names = model_names(containers.repository / CONFIG_FILE)
    docker.say(f"waiting for {', '.join(names)}; the first start downloads and loads")
    _wait(
        docker, SERVING, _SERVING_READY_S,
        lambda: all(is_available(containers.rest_port, name) for name in names),
    )  # fmt: skip


def _smoke(containers: Containers, docker: Docker) -> None:
    model = model_names(containers.repository / CONFIG_FILE)[0]
    target = f"{HOST}:{containers.grpc_port}"
    command = ["-m", "serving_client", "--target", target, "--model", model]
    docker.say(f"python {' '.join(command)}")
    answer = subprocess.run(  # noqa: S603  our own program
        [sys.executable, *command], check=False, cwd=containers.root
    )
    if answer.returncode:
        raise ContainersError(
            "The model server is up, but the smoke test failed; its reason stands above."
        )


def _start_web(containers: Containers, docker: Docker) -> None:
    build = containers.build()
    if build is not None:
        docker.tell(build)
    docker.tell(containers.web())
    _wait(docker, WEB, _WEB_READY_S, lambda: is_healthy(containers.web_port))


def _wait(docker: Docker, name: str, timeout_s: float, is_ready: Callable[[], bool]) -> None:
    def is_alive() -> bool:
        answer = docker.ask("inspect", "--format", "{{.State.Status}}", name)
        return answer.text.strip() not in {"exited", "dead", "restarting"}

    if wait_until(is_ready, timeout_s, is_alive=is_alive):
        return
    log = docker.ask("logs", "--tail", str(_LOG_LINES), name)
    docker.say((log.text + log.error).rstrip())
    state = "ended by itself" if not is_alive() else f"was not ready after {timeout_s:.0f} s"
    raise ContainersError(f"The container {name} {state}; its last words stand above.")
