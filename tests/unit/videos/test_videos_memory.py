"""Decoding takes the memory of a few pictures, however many there are."""

import subprocess
import sys
from pathlib import Path

from tests.videos import moving_square, write_mp4

ROOT = Path(__file__).resolve().parents[3]
SIZE_WH = (640, 480)
BYTES_OF_ALL = 640 * 480 * 3 // 2 * 120
# Nothing but the last reference to a picture frees it here.
DECODES = """
import gc, re, sys
from pathlib import Path
from videos import open_video

def peak_bytes():
    return int(re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1]) * 1024

gc.disable()
with open_video(Path(sys.argv[1])) as video:
    for number, frame in enumerate(video.frames()):
        if number == 40:
            before = peak_bytes()
print(number, peak_bytes() - before)
"""


def test_pictures_are_freed_when_they_were_used(tmp_path: Path) -> None:
    """Not hundreds later, when the interpreter looks for cycles."""
    path = write_mp4(tmp_path / "clip.mp4", 16.0, draw=lambda s: moving_square(s, SIZE_WH))

    said = subprocess.run(
        [sys.executable, "-c", DECODES, str(path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip

    last, growth_bytes = map(int, said.stdout.split())
    assert last == 159
    assert growth_bytes < BYTES_OF_ALL / 3
