"""Podman in a corner of its own: images, volumes and networks of tests meet nobody else's."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.stack import ROOT

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
BASE = "localhost/python:3.11-slim"
_STORAGE = """[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "/run/sightline-containers"
"""
# Without systemd, and with the kernel's usual limits: what the containers of a test machine need.
_CONTAINERS = """[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
runtime = "runc"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""


@dataclass(frozen=True, slots=True)
class Podman:
    """Runs podman commands.

    Attributes:
        environ: of everything that runs podman, by whatever way.
    """

    environ: Mapping[str, str]

    def run(self, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command, whatever becomes of it."""
        return subprocess.run(
            ["podman", *arguments], env=self.environ, timeout=timeout_s,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def __call__(self, *arguments: str, timeout_s: float = 120) -> str:
        """Run a command that has to succeed; return what it printed."""
        answer = self.run(*arguments, timeout_s=timeout_s)
        assert answer.returncode == 0, f"podman {' '.join(arguments)}\n{answer.stderr}"
        return answer.stdout.strip()

    def build(self, file: Path, tag: str, context: Path = ROOT, **arguments: str) -> None:
        """Build an image; layers that are there already are used again."""
        options = [word for k, v in arguments.items() for word in (f"--{k}", v)]
        self(
            # Docker's format, because the other one has no HEALTHCHECK.
            "build", "--format", "docker", "--network", "host",
            "--build-arg", f"CA_BUNDLE={CA_BUNDLE}",
            "--file", str(file), "--tag", tag, *options, str(context), timeout_s=900,
        )  # fmt: skip

    def inspect(self, name: str) -> Any:
        """Everything about a container or an image."""
        return json.loads(self("inspect", name))[0]

    def names(self, service: str) -> list[str]:
        """The running containers of a service of the compose file."""
        listed = self("ps", "--filter", f"label=com.docker.compose.service={service}",
                      "--format", "{{.Names}}")  # fmt: skip
        return sorted(listed.split())

    def is_healthy(self, name: str) -> bool:
        """Whether the container's own health check passes now; nothing runs it without systemd."""
        return self.run("healthcheck", "run", name).returncode == 0

    def crash(self, name: str) -> None:
        """Kill the first process of a container, as the kernel would when memory is short."""
        pid = self.inspect(name)["State"]["Pid"]
        subprocess.run(["kill", "-9", str(pid)], check=False)


def settings(folder: Path) -> dict[str, str]:
    """Write the settings of a podman that keeps everything below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "storage.conf").write_text(_STORAGE.format(folder=folder))
    (folder / "containers.conf").write_text(_CONTAINERS.format(folder=folder))
    return {
        **os.environ,
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "BUILDAH_FORMAT": "docker",
    }


def make_base(podman: Podman, folder: Path) -> None:
    """Make a Debian with Python in place of `python:3.11-slim`, which cannot be pulled."""
    root = folder / "rootfs"
    include = "--include=python3,python3-venv,python3-pip,ca-certificates"
    script = f"""
        rm -rf {root} && debootstrap --variant=minbase {include} bookworm {root} > /dev/null
        ln -sf python3 {root}/usr/bin/python
        rm -rf {root}/usr/lib/python3*/EXTERNALLY-MANAGED {root}/var/cache/apt/*.bin
        rm -rf {root}/var/cache/apt/archives/*.deb {root}/var/lib/apt/lists/*
        cp -L {CA_BUNDLE} {root}{CA_BUNDLE}
        tar -C {root} -c . | podman import -q -c 'ENV LANG=C.UTF-8' - {BASE} && rm -rf {root}
    """
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=podman.environ, check=True, timeout=900
    )
