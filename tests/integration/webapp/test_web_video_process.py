"""``python -m webapp.video_worker`` as a process that is killed, stopped and started again."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.integration.webapp.web_processes import TIMEOUT_S, model_server
from tests.videos import write_mp4
from webapp.results import NO_DETECTIONS, StageTimes
from webapp.storage.database import Database
from webapp.storage.originals import Originals
from webapp.storage.video_queue import Gain, LeaseLostError, VideoQueue
from webapp.storage.videos import VideoStore
from webapp.videos.video import StoredVideo, VideoFrame, VideoState

FRAMES = 100  # 10 seconds, 10 a second
# One after the other, so that there is a middle of the work.
PAUSE_S = 0.03
VIDEO_ID = "f" * 32


class Workplace:
    """A folder with a video in the queue, and processes that look at it.

    Attributes:
        videos: The store.
    """

    def __init__(self, folder: Path, clip: bytes, target: str, ends: ExitStack) -> None:
        self._folder = folder
        self._target = target
        self._ends = ends
        self.database = Database(f"sqlite:///{folder}/results.sqlite3")
        ends.callback(self.database.close)
        self.videos = VideoStore(self.database)
        incoming = Originals(folder / "originals").incoming()
        ends.callback(incoming.close)
        incoming.write(clip)
        self.video = StoredVideo(
            id=VIDEO_ID,
            created_at=datetime.now(UTC),
            video_name="clip.mp4",
            original_name=incoming.keep(".mp4").name,
            original_bytes=incoming.size,
            original_sha256="0" * 64,
            model_name="toy",
            threshold=0.5,
            score_floor=0.2,
            samples_per_s=10.0,
        )
        self.videos.add(self.video)

    def start(self, *flags: str, **variables: str) -> subprocess.Popen[str]:
        """Start a worker, to be killed at the end if it is still there."""
        environ = {
            **os.environ,
            "SIGHTLINE_MODEL_REPOSITORY": str(self._folder / "models"),
            "SIGHTLINE_ORIGINALS": str(self._folder / "originals"),
            "SIGHTLINE_DATABASE_URL": f"sqlite:///{self._folder}/results.sqlite3",
            "SIGHTLINE_SERVING_TARGET": self._target,
            "SIGHTLINE_VIDEO_LEASE_S": "3",
            "SIGHTLINE_VIDEO_CALLS_MAX": "1",
            **variables,
        }
        command = [sys.executable, "-m", "webapp.video_worker", *flags]
        process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
        self._ends.enter_context(process)
        self._ends.callback(process.kill)
        return process

    def now(self) -> StoredVideo:
        """The video as it is now."""
        return self.videos.get(VIDEO_ID)

    def until(self, condition: Callable[[StoredVideo], bool]) -> StoredVideo:
        """Wait until the video fulfils a condition."""
        end_s = monotonic() + TIMEOUT_S
        while not condition(video := self.now()):
            assert monotonic() < end_s, video
            sleep(0.05)
        return video


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_mp4(tmp_path_factory.mktemp("clip") / "clip.mp4", FRAMES / 10).read_bytes()


@pytest.fixture
def workplace(tmp_path: Path, clip: bytes) -> Iterator[Workplace]:
    with ExitStack() as ends:
        target = ends.enter_context(model_server(tmp_path, pause_s=PAUSE_S))
        yield Workplace(tmp_path, clip, target, ends)


def test_killed_workers_lose_nothing_and_do_nothing_twice(workplace: Workplace) -> None:
    """After kill -9 midway, twice, every moment was looked at, and is there once."""
    for share in (0.15, 0.4):
        worker = workplace.start()
        workplace.until(lambda video, share=share: video.frames_done > FRAMES * share)  # type: ignore[misc]  # mypy knows no defaults of lambdas
        worker.kill()
        worker.wait(TIMEOUT_S)
        assert workplace.now().state is VideoState.RUNNING

    workplace.start()

    done = workplace.until(lambda video: video.state is VideoState.DONE)
    frames = workplace.videos.frames(VIDEO_ID)
    assert done.frames_done == len(frames) == FRAMES
    assert [round(frame.moment_s * 10) for frame in frames] == list(range(FRAMES))
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert all(len(frame.detections) == 1 for frame in frames)


def test_worker_that_is_told_to_stop_gives_its_video_back(workplace: Workplace) -> None:
    """SIGTERM ends it with status 0; the video waits with what was found, and is taken up again."""
    worker = workplace.start()
    workplace.until(lambda video: video.frames_done > 10)

    worker.terminate()
    _, log = worker.communicate(timeout=TIMEOUT_S)

    waiting = workplace.now()
    assert (worker.returncode, waiting.state) == (0, VideoState.QUEUED)
    assert "stopped; every video is done, or back in the queue" in log
    assert "Traceback" not in log
    assert workplace.videos.workers() == 0
    assert len(workplace.videos.frames(VIDEO_ID)) == waiting.frames_done
    workplace.start()
    workplace.until(lambda video: video.state is VideoState.DONE)
    assert len(workplace.videos.frames(VIDEO_ID)) == FRAMES


def test_worker_that_lost_its_lease_writes_nothing(workplace: Workplace) -> None:
    """A worker that slept through its lease finds its video taken, and leaves it alone."""
    queue = VideoQueue(workplace.database, lease_s=0.0, attempts_max=9)
    assert queue.claim("sleeper") is not None
    workplace.start()
    workplace.until(lambda video: video.frames_done > 0)

    times = StageTimes(1, 1, 1, 1, 1, 1)
    gain = Gain([VideoFrame(0, 0.0, NO_DETECTIONS)], 0.1, 0.1, times, 1)
    with pytest.raises(LeaseLostError):
        queue.keep(VIDEO_ID, "sleeper", gain)

    workplace.until(lambda video: video.state is VideoState.DONE)
    assert len(workplace.videos.frames(VIDEO_ID)) == FRAMES


def test_worker_without_pyav_says_what_is_missing(workplace: Workplace, tmp_path: Path) -> None:
    """Where the extra is not installed, the worker ends with a sentence that names it."""
    hide = "import sys; sys.modules['av'] = None; import runpy; sys.argv[1:] = []; "
    lines = hide + "runpy.run_module('webapp.video_worker', run_name='__main__')"

    worker = subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, text=True, check=False,
        env={**os.environ, "SIGHTLINE_ORIGINALS": str(tmp_path / "originals"),
             "SIGHTLINE_DATABASE_URL": f"sqlite:///{tmp_path}/results.sqlite3"},
    )  # fmt: skip

    assert worker.returncode == 1
    assert worker.stderr == (
        "webapp.video_worker: Videos need PyAV, which is not installed: "
        "pip install 'sightline[video]'.\n"
    )
    assert workplace.now().state is VideoState.QUEUED
