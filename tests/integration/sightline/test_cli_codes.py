"""The bundled model, in the real server, from the command line."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from serving_client import ServingClient
from tests.videos import write_mp4
from videos import PixelsHwc
from vision import Labels, Resize, decode_picture

ROOT = Path(__file__).resolve().parents[3]
PICTURES = ROOT / "tests" / "data" / "codes"
PARCEL = ROOT / "webapp" / "static" / "samples" / "parcel.jpg"


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


def parcel_for_a_second(moment_s: float) -> PixelsHwc:
    """A grey picture, and from second 1 to 2 the sample parcel."""
    if not 1 <= moment_s < 2:
        return np.full((480, 640, 3), 90, np.uint8)
    return decode_picture(PARCEL.read_bytes(), resize=Resize("stretch", 640, 480)).image_hwc


def test_codes_are_found_in_a_video_while_they_are_there(target: str, tmp_path: Path) -> None:
    """By the model that comes along, at the right moments."""
    clip = write_mp4(tmp_path / "clip.mp4", 3.0, 4.0, parcel_for_a_second)

    answer = sightline(
        "detect", str(clip), "--model", "codes", "--target", target, "--every", "0.5",
        "--format", "jsonl",
    )  # fmt: skip

    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    seen = {line["moment_s"]: {each["label"] for each in line["detections"]} for line in lines}
    assert list(seen) == [0, 0.5, 1, 1.5, 2, 2.5]
    assert {"qr_code", "linear_barcode"} <= seen[1] & seen[1.5]
    assert not (seen[0] | seen[0.5] | seen[2] | seen[2.5])


def test_a_code_is_explained(target: str, tmp_path: Path) -> None:
    """The overlay is a picture of the size of the original."""
    answer = sightline(
        "explain", str(PICTURES / "images" / "000001.jpg"), "--model", "codes", "--target", target,
        "--masks", "10", "--annotated", str(tmp_path), "--format", "jsonl",
    )  # fmt: skip

    explained = json.loads(answer.stdout)["explained"]
    assert explained["label"] == "aztec"
    assert Path(explained["overlay"]).read_bytes().startswith(b"\xff\xd8")
