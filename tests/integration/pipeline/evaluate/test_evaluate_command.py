"""`python -m pipeline evaluate` on real models and photographs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from serving_client import ServingClient, Target, Timeouts

NAME = "ssd_mobilenet_v1_075_coco"
PROJECT = Path(__file__).parents[4]
DEADLINE_S = 120.0


@pytest.fixture(scope="session")
def repository(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a real model."""
    root = tmp_path_factory.mktemp("repository")
    options = ["--mirror", str(shared_dir / "mirror"), "--repository", str(root)]
    assert main(["models", "fetch", NAME, *options], {}) == 0
    return root


def _evaluate(repository: Path, data: Path, report: Path, *options: str) -> Any:
    """Run the command in a process of its own, because TensorFlow may come with it."""
    command = [sys.executable, "-m", "pipeline", "evaluate", "--model", NAME, *options]
    subprocess.run(
        [*command, "--repository", repository, "--data", data, "--json", report],
        check=True,
        capture_output=True,
        cwd=PROJECT,
        timeout=DEADLINE_S,
    )
    return json.loads(report.read_text(encoding="utf-8"))


@contextmanager
def _model_server(repository: Path, port: int) -> Iterator[str]:
    command = [f"--port={port}", f"--model_config_file={repository / 'models.config'}"]
    with subprocess.Popen(
        [sys.executable, "-m", "model_server", *command],
        cwd=PROJECT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        target = f"127.0.0.1:{port}"
        try:
            with ServingClient(
                Target.parse(target), timeouts=Timeouts(call_s=DEADLINE_S)
            ) as client:
                client.wait_ready(NAME, timeout_s=DEADLINE_S)
            yield target
        finally:
            process.send_signal(signal.SIGTERM)


def test_the_published_accuracy_is_reached_directly_and_over_grpc(
    shared_dir: Path, repository: Path, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """Shrinking pictures to what the model looks at costs at most half a point of mAP."""
    data = shared_dir / "coco_val"

    direct = _evaluate(repository, data, tmp_path / "direct.json")
    with _model_server(repository, free_port()) as target:
        remote = _evaluate(
            repository, data, tmp_path / "grpc.json", "--via", "grpc", "--target", target
        )

    assert (direct["images"], direct["via"], direct["version"]) == (128, "direct", 1)
    assert (remote["images"], remote["via"], remote["version"]) == (128, "grpc", 1)
    assert direct["map"] == pytest.approx(0.249, abs=0.001)
    assert remote["map"] == pytest.approx(direct["map"], abs=0.005)
    assert direct["map_50"] > direct["map"] > 0
    assert direct["per_class"]["person"] > 0.2
    assert direct["figures"][0]["map_50"] == pytest.approx(direct["map_50"])
    assert direct["pace"]["predict"]["p50"] < direct["pace"]["whole"]["p50"]
    assert direct["seconds_per_picture"] == pytest.approx(direct["seconds"] / 128)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--model", "nope"], "No model 'nope' is installed in"),
        (["--data", "/no/such/folder"], "Cannot read /no/such/folder/instances.json"),
        (["--via", "grpc", "--target", "nowhere"], "target 'nowhere' is not HOST:PORT"),
        (["--via", "web", "--url", "http://127.0.0.1:1"], "does not answer"),
        (["--via", "grpc", "--target", "127.0.0.1:1"], "fails with"),
        (["--json", "/no/such/folder/r.json"], "its folder does not exist"),
    ],
)
def test_an_evaluation_that_cannot_be_done_is_one_sentence(
    *,
    shared_dir: Path,
    repository: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    complaint: str,
) -> None:
    """No traceback, no report, exit code 1."""
    report = tmp_path / "report.json"
    usual = ["--model", NAME, "--data", str(shared_dir / "coco_val"), "--json", str(report)]

    code = main(["evaluate", *usual, *options, "--repository", str(repository)], {})

    captured = capsys.readouterr()
    assert code == 1
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert complaint in captured.err
    assert not report.exists()


def test_a_model_of_everyday_objects_cannot_be_measured_on_codes(
    shared_dir: Path, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message has what the one knows and what the other asks for; nothing is measured."""
    data = str(shared_dir / "codes")

    code = main(["evaluate", "--model", NAME, "--data", data, "--repository", str(repository)], {})

    captured = capsys.readouterr()
    assert (code, captured.out) == (1, "")
    assert len(captured.err.splitlines()) == 1
    assert "knows no category of the data set: its labels are 'person', " in captured.err
    assert "the categories 'qr_code', 'data_matrix', " in captured.err


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", ""])
def test_a_limit_below_one_picture_is_wrong_usage(limit: str) -> None:
    """Nothing can be measured on no picture."""
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "--model", NAME, "--data", "x", "--limit", limit], {})

    assert stopped.value.code == 2
