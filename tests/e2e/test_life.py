"""Starting, stopping, and what happens while a half of it is missing."""

import json
import os
import re
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from serving_client import InvalidArgumentError, Retry, ServedModel, ServingClient, Target
from tests.e2e.stack import MODEL, ROOT, Running, Start, environment, launcher, pipeline

pytestmark = pytest.mark.e2e

Ports = Callable[[int], list[int]]


def wait_for(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


@pytest.mark.skipif(not (ROOT / ".venv" / ".ready").exists(), reason="`make setup` was not run")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_make_run_starts_and_stops(
    start: Start, repository: Path, free_ports: Ports, tmp_path: Path, number: int
) -> None:
    """`make run` prints an address that answers; a signal to make leaves nothing running."""
    ports = free_ports(3)
    names = ("WEB_PORT", "GRPC_PORT", "REST_PORT")
    command = ["make", "run", *(f"{n}={p}" for n, p in zip(names, ports, strict=True))]
    running = start(command, ports, environment(tmp_path, repository))
    running.wait_ready()
    family = psutil.Process(running.process.pid).children(recursive=True)

    with urllib.request.urlopen(running.url, timeout=30) as page:
        assert page.status == 200
    running.process.send_signal(number)
    # A terminal sends Ctrl-C to make and to the launcher; without one, only make gets it.
    if number == signal.SIGINT:
        family[0].send_signal(number)
    running.process.wait(60)

    assert len(family) >= 3
    wait_for(lambda: not any(each.is_running() for each in family))


def test_no_model_is_said_and_a_new_one_is_picked_up(
    start: Start, free_ports: Ports, tmp_path: Path, shared_dir: Path
) -> None:
    """Without a model everything runs and says `make models`; one that is installed is served."""
    empty = tmp_path / "models"
    ports = free_ports(3)
    assert pipeline("models", "config", "--repository", str(empty)).returncode == 0
    running = start(launcher(ports), ports, environment(tmp_path, empty))
    running.wait_ready()
    with urllib.request.urlopen(running.url, timeout=30) as page:
        assert "make models" in page.read().decode()
    assert any("run   | no model is installed: `make models`" in line for line in running.lines)

    mirror = str(shared_dir / "mirror")
    fetched = pipeline("models", "fetch", "--mirror", mirror, "--repository", str(empty))
    with ServingClient(Target.parse(running.target)) as client:
        client.wait_ready(MODEL, timeout_s=60)
    answer = running.post("dogs.jpg", (shared_dir / "photos" / "dogs.jpg").read_bytes())

    assert fetched.returncode == 0, fetched.stderr
    assert answer["model"] == {"name": MODEL, "version": 1}


def test_new_version_is_served_without_a_failed_upload(
    start: Start, repository: Path, free_ports: Ports, tmp_path: Path, shared_dir: Path
) -> None:
    """A version folder that appears is loaded and answers, and no upload fails meanwhile."""
    models = tmp_path / "models"
    shutil.copytree(repository, models)
    pipeline("models", "config", "--repository", str(models))
    ports = free_ports(3)
    running = start(launcher(ports), ports, environment(tmp_path, models))
    running.wait_ready()
    data = (shared_dir / "photos" / "dogs.jpg").read_bytes()
    versions = [running.post("a.jpg", data)["model"]]

    shutil.copytree(models / MODEL / "1", models / MODEL / "incoming")
    (models / MODEL / "incoming").rename(models / MODEL / "2")

    def answers_from_the_new_one() -> bool:
        versions.append(running.post("a.jpg", data)["model"])
        return versions[-1] == {"name": MODEL, "version": 2}

    wait_for(answers_from_the_new_one)

    assert versions[0] == {"name": MODEL, "version": 1}


def test_client_reloads_the_servers_configuration(
    start: Start, repository: Path, free_ports: Ports, tmp_path: Path
) -> None:
    """`reload_config` makes an idle server serve a model; a refusal raises and changes nothing."""
    (tmp_path / "models.config").write_text("model_config_list {}")
    port = free_ports(1)[0]
    options = [f"--port={port}", f"--model_config_file={tmp_path / 'models.config'}"]
    running = start([sys.executable, "-m", "model_server", *options], [0, port], {**os.environ})

    with ServingClient(running.target, retry=Retry(attempts_max=100)) as client:
        client.reload_config([ServedModel("mine", str(repository / MODEL))], timeout_s=60)
        with pytest.raises(InvalidArgumentError, match="absolute path"):
            client.reload_config([ServedModel("mine", "relative")])
        ready = client.wait_ready("mine")

    assert ready.version == 1


def test_upload_outlives_an_absent_model_server(
    start: Start, repository: Path, free_ports: Ports, tmp_path: Path, shared_dir: Path
) -> None:
    """With the model server down an upload is kept and answers 503; retried later, it succeeds."""
    web, grpc = free_ports(2)
    environ = environment(tmp_path, repository)
    environ |= {"SIGHTLINE_SERVING_TARGET": f"127.0.0.1:{grpc}", "SIGHTLINE_CALL_TIMEOUT_S": "3"}
    running = start([sys.executable, "-m", "webapp", f"--port={web}"], [web, grpc], environ)
    wait_for(lambda: answers(running))

    with pytest.raises(urllib.error.HTTPError) as caught:
        running.post("dogs.jpg", (shared_dir / "photos" / "dogs.jpg").read_bytes())
    problem = json.load(caught.value)
    caught.value.close()
    command = [
        sys.executable, "-m", "model_server", f"--port={grpc}",
        f"--model_config_file={repository / 'models.config'}",
    ]  # fmt: skip
    start(command, [web, grpc], {**os.environ})
    with ServingClient(Target.parse(running.target)) as client:
        client.wait_ready(MODEL, timeout_s=60)
    retry = f"{running.url}/api/v1/detections/{problem['id']}/retry"
    with urllib.request.urlopen(urllib.request.Request(retry, b""), timeout=30) as answer:
        found = json.load(answer)

    assert caught.value.code == 503
    assert re.search("model server", problem["detail"])
    assert [each["label"] for each in found["detections"]].count("dog") == 2


def answers(running: Running) -> bool:
    try:
        with urllib.request.urlopen(f"{running.url}/healthz", timeout=5):
            return True
    except OSError:
        return False
