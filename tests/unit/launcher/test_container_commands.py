"""The docker commands of `make run-gpu` and `make run-cpu`, word by word."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.containers.commands import Containers
from launcher.containers.docker import as_shell
from launcher.containers.exceptions import ContainersError

ROOT = Path(__file__).resolve().parents[3]
GPU = Containers(
    root=Path("/home/ada/sightline"),
    repository=Path("/home/ada/sightline/model_repository"),
    image="tensorflow/serving:2.19.1-gpu",
    gpu=True,
)


def test_gpu_command_is_the_documented_one() -> None:
    """GPUs, ports, folders, image and flags stand in the order in which people read them."""
    command = " ".join(GPU.serving())

    assert command.startswith(
        "run --gpus all -p 8500:8500 -p 8501:8501 "
        "-v /home/ada/sightline/model_repository:/models:ro "
        "-v /home/ada/sightline/docker/serving:/etc/sightline:ro "
    )
    assert command.partition("tensorflow/serving:2.19.1-gpu ")[2] == (
        "--model_config_file=/models/container.config --model_config_file_poll_wait_seconds=10 "
        "--tensorflow_session_config_file=/etc/sightline/session.config "
        "--enable_batching=true --enable_per_model_batching_parameters=true "
        "--batching_parameters_file=/etc/sightline/batching.config "
        "--monitoring_config_file=/etc/sightline/monitoring.config"
    )


def test_guide_shows_the_command_that_is_run() -> None:
    """Who copies the command from docs/deployment.md gets the same container."""
    here = replace(GPU, root=Path("$PWD"), repository=Path("$PWD/model_repository"))

    guide = (ROOT / "docs" / "deployment.md").read_text()
    block = next(part for part in guide.split("```") if part.startswith("sh\ndocker run --gpus"))

    command = shlex.split(block.removeprefix("sh\n").replace("\\\n", " "))
    assert command == ["docker", *here.serving()]


def test_cpu_command_asks_for_no_gpu() -> None:
    """Without a GPU neither Docker nor TensorFlow is told of one."""
    command = replace(GPU, gpu=False, image="tensorflow/serving:2.19.1").serving()

    assert "--gpus" not in command
    assert not [word for word in command if "session" in word]


def test_mapped_files_exist() -> None:
    """Every file that a flag names is in the folder that is mapped to its place."""
    folder = ROOT / "docker" / "serving"

    named = [word.rpartition("/etc/sightline/")[2] for word in GPU.serving() if "=/etc/" in word]

    assert len(named) == 3
    assert [name for name in named if not (folder / name).is_file()] == []


@pytest.mark.parametrize("command", [GPU.serving(), GPU.web()], ids=["serving", "web"])
def test_containers_are_shut(command: list[str]) -> None:
    """Read-only, no capabilities, no new privileges."""
    line = " ".join(command)

    assert "--read-only" in command
    assert "--cap-drop ALL" in line
    assert "--security-opt no-new-privileges" in line


def test_web_app_is_built_unless_an_image_is_given() -> None:
    """WEB_IMAGE takes the place of building."""
    given = replace(GPU, web_image="registry.example/sightline-web:7")

    assert "docker/web.Dockerfile" in " ".join(GPU.build() or [])
    assert given.build() is None
    assert given.web()[-1] == "registry.example/sightline-web:7"


def test_ports_are_those_a_person_chose() -> None:
    """Ports of the machine change, ports of the containers stay."""
    chosen = replace(GPU, web_port=80, grpc_port=9500, rest_port=9501)

    assert "9500:8500" in chosen.serving()
    assert "9501:8501" in chosen.serving()
    assert "80:5000" in chosen.web()


def test_one_port_for_two_servers_is_refused() -> None:
    """The message has all three ports and their variables."""
    with pytest.raises(ContainersError, match="WEB_PORT is 8500, GRPC_PORT 8500"):
        replace(GPU, web_port=8500)


def test_printed_command_can_be_copied() -> None:
    """A long command goes on over lines that a shell joins; words with spaces are quoted."""
    printed = as_shell(["docker", *replace(GPU, repository=Path("/my models")).serving()])

    lines = printed.splitlines()
    assert max(map(len, lines)) <= 104
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert "'/my models:/models:ro'" in printed
