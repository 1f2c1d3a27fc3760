"""The bundled model, in the real server, from the command line."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving_client import ServingClient
from vision import Labels

ROOT = Path(__file__).resolve().parents[3]
PICTURES = ROOT / "tests" / "data" / "codes"


@pytest.fixture(scope="module")
def target(free_ports: Callable[[int], list[int]]) -> Iterator[str]:
    """Where the real server has the model `codes`."""
    (port,) = free_ports(1)
    folder = ROOT / "model_repository" / "codes"
    command = [
        sys.executable, "-m", "model_server", f"--port={port}", "--model_name=codes",
        f"--model_base_path={folder}",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            with ServingClient(f"127.0.0.1:{port}") as client:
                client.wait_ready("codes", timeout_s=120)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def sightline(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "sightline", *words],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip


def test_codes_are_found_in_real_pictures(target: str, tmp_path: Path) -> None:
    """All pictures have answers in COCO's form, with the labels of the model."""
    labels = Labels.parse((ROOT / "model_repository/codes/labels.txt").read_text())
    output = tmp_path / "codes.json"

    answer = sightline(
        "detect", str(PICTURES / "images"), "--model", "codes", "--target", target,
        "--format", "coco", "--output", str(output),
    )  # fmt: skip

    coco = json.loads(output.read_text())
    assert (answer.returncode, answer.stdout) == (0, "")
    assert len(coco["images"]) == len(list((PICTURES / "images").iterdir()))
    assert len(coco["annotations"]) > len(coco["images"]) // 2
    assert {row["name"] for row in coco["categories"]} <= set(labels.names.values())


def test_a_code_is_explained(target: str, tmp_path: Path) -> None:
    """The overlay is a picture of the size of the original."""
    answer = sightline(
        "explain", str(PICTURES / "images" / "000001.jpg"), "--model", "codes", "--target", target,
        "--masks", "10", "--annotated", str(tmp_path), "--format", "jsonl",
    )  # fmt: skip

    explained = json.loads(answer.stdout)["explained"]
    assert explained["label"] == "aztec"
    assert Path(explained["overlay"]).read_bytes().startswith(b"\xff\xd8")
