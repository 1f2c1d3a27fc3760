"""What has to be there before a container is started, each with a sentence for when it is not."""

import json
import shutil
from pathlib import Path

from launcher.containers.commands import CONFIG_FILE, Containers, is_known
from launcher.containers.docker import Docker, ask
from launcher.containers.exceptions import ContainersError
from launcher.containers.readiness import model_names
from launcher.ports import is_answering

__all__ = ["check", "check_machine"]


def check(containers: Containers, docker: Docker) -> None:
    """Look for everything that the containers need.

    Raises:
        ContainersError: something is missing; the sentence says what, and what to do.
    """
    check_machine(docker, gpu=containers.gpu)
    _check_models(containers.repository)
    _check_names(docker)
    _check_ports(containers)


def check_machine(docker: Docker, *, gpu: bool) -> None:
    """Look for Docker and, where it is wanted, for a GPU that containers can use.

    Raises:
        ContainersError: something is missing; the sentence says what, and what to do.
    """
    _check_docker(docker)
    if gpu:
        _check_nvidia_runtime(docker)
        _check_gpu()


def _check_docker(docker: Docker) -> None:
    if shutil.which(docker.program) is None:
        raise ContainersError(
            "Docker is not installed: install Docker Engine 20.10 or later, or start without "
            "containers with `make run`."
        )
    answer = docker.ask("version", "--format", "{{.Server.Version}}")
    if not answer.ok:
        raise ContainersError(
            f"Docker does not answer ({answer.last_words}): start it with `sudo systemctl start "
            "docker`, or let your user talk to it with `sudo usermod -aG docker $USER`."
        )


def _check_nvidia_runtime(docker: Docker) -> None:
    if "nvidia" in _runtimes(docker) or shutil.which("nvidia-container-runtime-hook"):
        return
    raise ContainersError(
        "Docker has no NVIDIA runtime: install the NVIDIA Container Toolkit, run `sudo nvidia-ctk "
        "runtime configure --runtime=docker` and restart Docker, or use `make run-cpu`."
    )


def _runtimes(docker: Docker) -> set[str]:
    try:
        return set(json.loads(docker.ask("info", "--format", "{{json .Runtimes}}").text))
    except (ValueError, TypeError):
        return set()


def _check_gpu() -> None:
    answer = ask("nvidia-smi", "--list-gpus")
    if answer.ok and "GPU" in answer.text:
        return
    raise ContainersError(
        "No NVIDIA GPU was found (`nvidia-smi --list-gpus` lists none): install the driver that "
        "docs/deployment.md names, or use `make run-cpu`."
    )


def _check_models(repository: Path) -> None:
    if not (repository / CONFIG_FILE).is_file():
        raise ContainersError(
            f"{repository / CONFIG_FILE} is missing: write it with `python -m pipeline models "
            f"config --base-path /models --output {repository / CONFIG_FILE}`."
        )
    if not model_names(repository / CONFIG_FILE):
        raise ContainersError(
            f"{repository / CONFIG_FILE} names no model: `make models` fetches one."
        )


def _check_names(docker: Docker) -> None:
    listed = docker.ask("ps", "--all", "--format", "{{.Names}}").text.split()
    known = sorted(filter(is_known, listed))
    if known:
        raise ContainersError(
            f"Containers of an earlier start are still there ({', '.join(known)}): remove them "
            "with `make stop`, which keeps uploads and results."
        )


def _check_ports(containers: Containers) -> None:
    for variable, port in (
        ("WEB_PORT", containers.web_port),
        ("GRPC_PORT", containers.grpc_port),
        ("REST_PORT", containers.rest_port),
    ):
        if is_answering(port):
            raise ContainersError(
                f"Port {port} is taken: stop the program that uses it, or choose another port "
                f"with {variable}={port + 10}."
            )
