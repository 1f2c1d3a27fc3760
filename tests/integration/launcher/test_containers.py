"""`python -m launcher.containers` with a docker program that writes down what it is told."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
IMAGE = "tensorflow/serving:2.19.1-gpu"

_DOCKER = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["RECORD"], "a") as record:
    record.write(json.dumps(sys.argv[1:]) + "\\n")
for start, status, answer in json.loads(os.environ["ANSWERS"]):
    if " ".join(sys.argv[1:]).startswith(start):
        print(answer, file=sys.stderr if status else sys.stdout)
        sys.exit(status)
"""
USUAL = (
    ("version", 0, "28.0.0"),
    ("info", 0, '{"nvidia": {}, "runc": {}}'),
    ("network inspect", 1, "no such network"),
    ("inspect", 0, "exited"),
    ("logs", 0, "CUDA_ERROR_OUT_OF_MEMORY"),
)
GPU = "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-1)"


@dataclass(frozen=True, slots=True)
class Recorder:
    """Runs the program with recording stand-ins for docker and nvidia-smi."""

    folder: Path
    repository: Path
    ports: Sequence[str]

    def __call__(
        self, *arguments: str, answers: Sequence[tuple[str, int, str]] = USUAL, gpu: str = GPU
    ) -> subprocess.CompletedProcess[str]:
        (self.folder / "nvidia-smi").write_text(f"#!/bin/sh\necho '{gpu}'\n")
        (self.folder / "nvidia-smi").chmod(0o755)
        environ = {
            **os.environ,
            "PATH": f"{self.folder}:/usr/bin:/bin",
            "RECORD": str(self.folder / "record"),
            "ANSWERS": json.dumps(answers),
            "SIGHTLINE_MODEL_REPOSITORY": str(self.repository),
        }
        return subprocess.run(
            [sys.executable, "-m", "launcher.containers", *arguments],
            cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def start(
        self, *, answers: Sequence[tuple[str, int, str]] = USUAL, gpu: str = GPU
    ) -> subprocess.CompletedProcess[str]:
        """Run what `make run-gpu` runs."""
        return self("start", "--gpu", "--image", IMAGE, *self.ports, answers=answers, gpu=gpu)

    @property
    def told(self) -> list[list[str]]:
        """All commands that docker was given, in order."""
        return [json.loads(line) for line in (self.folder / "record").read_text().splitlines()]


@pytest.fixture
def recorder(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Recorder:
    """A recording docker, a GPU, and a repository with one model."""
    repository = tmp_path / "models"
    repository.mkdir()
    (repository / "container.config").write_text(
        'model_config_list { config {\n name: "codes"\n} }'
    )
    (tmp_path / "docker").write_text(_DOCKER)
    (tmp_path / "docker").chmod(0o755)
    web, grpc, rest = free_ports(3)
    ports = ("--web-port", str(web), "--grpc-port", str(grpc), "--rest-port", str(rest))
    return Recorder(tmp_path, repository, ports)


def test_gpu_run_is_printed_and_run(recorder: Recorder) -> None:
    """What a learner can copy from the terminal is what docker was told."""
    answer = recorder.start()

    run = next(told for told in recorder.told if told[0] == "run")
    _, grpc, _, rest = recorder.ports[2:6]
    assert run[:7] == ["run", "--gpus", "all", "-p", f"{grpc}:8500", "-p", f"{rest}:8501"]
    assert run[7:9] == ["-v", f"{recorder.repository}:/models:ro"]
    assert IMAGE in run
    printed = answer.stdout.replace(" \\\n   ", "")
    assert f"docker {' '.join(run)}" in printed


def test_a_server_that_ends_is_reported_with_its_last_words(recorder: Recorder) -> None:
    """The log's end and a sentence are shown, and nothing is left behind."""
    listed = (("ps", 0, ""), *USUAL)

    answer = recorder.start(answers=listed)

    assert answer.returncode == 1
    assert "CUDA_ERROR_OUT_OF_MEMORY" in answer.stdout
    assert answer.stderr.startswith("The container sightline-serving ended by itself")
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("answers", "gpu", "sentence"),
    [
        ((("version", 1, "Cannot connect to the Docker daemon"),), GPU,
         "Docker does not answer (Cannot connect to the Docker daemon)"),
        ((("version", 0, "28"), ("info", 0, '{"runc": {}}')), GPU, "Docker has no NVIDIA runtime"),
        (USUAL, "No devices were found", "No NVIDIA GPU was found"),
        ((("ps", 0, "sightline-web\nother"), *USUAL), GPU,
         "Containers of an earlier start are still there (sightline-web)"),
        ((("run", 125, "docker: toomanyrequests"), *USUAL), GPU,
         "`docker run` failed: docker: toomanyrequests"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_one_sentence(
    recorder: Recorder, answers: Sequence[tuple[str, int, str]], gpu: str, sentence: str
) -> None:
    """Whatever is missing, the reader learns what it is, and docker starts nothing that stays."""
    answer = recorder.start(answers=answers, gpu=gpu)

    assert answer.returncode == 1
    assert answer.stderr.startswith(sentence)
    assert answer.stderr.count("\n") == 1


def test_docker_itself_may_be_missing(recorder: Recorder) -> None:
    """Then the sentence says so, and what works without it."""
    (recorder.folder / "docker").unlink()

    answer = subprocess.run(
        [sys.executable, "-m", "launcher.containers", "check", "--gpu"],
        cwd=ROOT, env={**os.environ, "PATH": str(recorder.folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert answer.returncode == 1
    assert answer.stderr.startswith("Docker is not installed")
    assert "`make run`" in answer.stderr


def test_a_repository_without_a_list_of_models_is_refused(recorder: Recorder) -> None:
    """The command that writes the list is part of the message."""
    (recorder.repository / "container.config").unlink()

    answer = recorder.start()

    assert answer.returncode == 1
    assert "models config --base-path /models" in answer.stderr


def test_a_list_without_models_is_refused(recorder: Recorder) -> None:
    """There would be nothing to wait for, and nothing to ask."""
    (recorder.repository / "container.config").write_text("model_config_list {}\n")

    answer = recorder.start()

    assert answer.returncode == 1
    assert "names no model: `make models` fetches one" in answer.stderr


def test_stop_ends_the_web_app_first_and_keeps_the_volumes(recorder: Recorder) -> None:
    """The last uploads still need the model server; what was uploaded stays."""
    names = "sightline-serving\nsomebody-elses\nsightline-web"

    answer = recorder("stop", answers=(("ps", 0, names), ("network inspect", 0, "")))

    changes = [" ".join(told) for told in recorder.told if told[0] not in {"ps", "inspect"}]
    assert answer.returncode == 0
    assert [line for line in changes if not line.startswith("network inspect")] == [
        "stop --time 30 sightline-web", "rm sightline-web",
        "stop --time 30 sightline-serving", "rm sightline-serving",
        "network rm sightline",
    ]  # fmt: skip


def test_logs_say_whose_line_it_is(recorder: Recorder) -> None:
    """Lines of both containers are one log."""
    answers = (("ps", 0, "sightline-web\nsightline-serving"), ("logs", 0, "hello"))

    answer = recorder("logs", "--once", answers=answers)

    assert sorted(answer.stdout.splitlines()) == ["model | hello", "web   | hello"]


def test_logs_of_nothing_are_refused(recorder: Recorder) -> None:
    """Without containers there is a sentence, not silence."""
    answer = recorder("logs", answers=(("ps", 0, "other"),))

    assert answer.returncode == 1
    assert answer.stderr.startswith("No container runs")
