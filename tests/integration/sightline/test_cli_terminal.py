"""What the command line shows on a terminal."""

import os
import subprocess
import sys
from pathlib import Path

from serving_client.testing import TinyServer
from tests.videos import write_mp4

ROOT = Path(__file__).resolve().parents[3]


def read_all(terminal: int) -> str:
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how a terminal ends, on Linux
            part = b""
        if not part:
            return b"".join(parts).decode()
        parts.append(part)


def test_a_bar_counts_the_pictures_and_frames(
    photos: Path, repository: Path, model_server: TinyServer, tmp_path: Path
) -> None:
    """On a terminal only, on standard error; it is gone at the end, and failures stay."""
    write_mp4(photos / "clip.mp4", 3.0)
    (photos / "text.mp4").write_text("no video")
    terminal, other_end = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sightline", "detect", str(photos), "--output", "out"],
        stderr=other_end, stdout=subprocess.PIPE, cwd=tmp_path,
        env={
            **os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT),
            "SIGHTLINE_MODEL_REPOSITORY": str(repository),
            "SIGHTLINE_SERVING_TARGET": model_server.target,
        },
    )  # fmt: skip
    os.close(other_end)
    shown = read_all(terminal)
    os.close(terminal)
    out, _ = process.communicate(timeout=60)

    assert out == b""
    assert "pictures and frames" in shown
    assert "8/8" in shown
    assert "The picture is cut off after 100 bytes." in shown
    assert shown.endswith("4 pictures and 3 frames of 2 videos: 6 done, 2 failed.\r\n")
