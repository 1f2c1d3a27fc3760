"""The command line on videos."""

import csv
import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from serving_client import Array
from serving_client.testing import TinyModel, TinyServer
from tests.integration.sightline.command import Said, Sightline
from tests.videos import drawn, moving_square, write_mp4, write_sound, write_webm
from videos import open_video
from vision import decode_picture
from webapp.testing import Box, FakeModelServer, RunningSite

ROOT = Path(__file__).resolve().parents[3]
# The square of `moving_square`, in pixels.
SIDE, HEIGHT, TOP = 20, 120, 40


def square_finder(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Finds the white square, and takes it for a dog."""
    (image_hwc,) = inputs["image"]
    height, width = image_hwc.shape[:2]
    columns = np.flatnonzero((image_hwc[height * 50 // HEIGHT] > 160).all(axis=1))
    found = len(columns) > 0
    left, right = (columns[0] / width, (columns[-1] + 1) / width) if found else (0.0, 0.0)
    box = [TOP / HEIGHT, left, (TOP + SIDE) / HEIGHT, right]
    return {
        "boxes": np.array([[box]], np.float32),
        "scores": np.array([[0.9 if found else 0.0]], np.float32),
        "classes": np.array([[18]], np.float32),
        "count": np.ones(1, np.float32),
    }


@pytest.fixture(autouse=True)
def finder(model_server: TinyServer) -> None:
    """The model `toy` finds the square."""
    model_server.models["toy"] = TinyModel(square_finder)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Three seconds of a square that comes into the picture at second 1."""
    return write_mp4(tmp_path / "clip.mp4")


def asked(model_server: TinyServer) -> int:
    return len([call for call in model_server.calls if call.rpc == "Predict"])


def replace_library(monkeypatch: pytest.MonkeyPatch, program: str = "raise ImportError") -> None:
    """Let the process that decodes run this in place of PyAV, as if that were not installed."""
    folder = Path("replaced").resolve()
    (folder / "av").mkdir(parents=True)
    (folder / "av" / "__init__.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT)]))


def test_objects_are_found_at_their_moments(sightline: Sightline, clip: Path) -> None:
    """A line for each frame that is looked at, in order, with several under way."""
    said = sightline("detect", clip, "--every", "0.5", "--format", "jsonl", "--concurrency", "5")

    lefts = [line["detections"][0]["box"]["x_min"] for line in said.lines[2:]]
    assert (said.status, said.err) == (0, "6 frames of 1 video: 6 done, none failed.\n")
    assert [line["moment_s"] for line in said.lines] == [0, 0.5, 1, 1.5, 2, 2.5]
    assert {line["file"] for line in said.lines} == {str(clip)}
    assert [len(line["detections"]) for line in said.lines] == [0, 0, 1, 1, 1, 1]
    assert lefts == pytest.approx([20, 30, 40, 50], abs=2)


def test_every_form_tells_the_moment(sightline: Sightline, clip: Path) -> None:
    """A column, the name of an image, a word behind the name."""
    words = ("detect", clip.name, "--from", "1.5", "--to", "2.5", "--every", "0.5")

    table = sightline(*words).out
    rows = list(csv.DictReader(sightline(*words, "--format", "csv").out.splitlines()))
    coco = json.loads(sightline(*words, "--format", "coco").out)

    assert [line for line in table.splitlines() if line[0] != " "] == [
        "clip.mp4 at 1.500 s  160 x 120", "clip.mp4 at 2.000 s  160 x 120",
    ]  # fmt: skip
    assert [(row["file"], row["moment_s"], row["label"]) for row in rows] == [
        ("clip.mp4", "1.5", "dog"), ("clip.mp4", "2.0", "dog"),
    ]  # fmt: skip
    assert [image["file_name"] for image in coco["images"]] == [
        "clip.mp4#t=1.500", "clip.mp4#t=2.000",
    ]  # fmt: skip
    assert [row["image_id"] for row in coco["annotations"]] == [1, 2]


def test_a_frame_each_second_is_usual_and_zero_takes_all(sightline: Sightline, clip: Path) -> None:
    """Ten frames a second are in the video."""
    usual = sightline("detect", clip, "--format", "jsonl")
    whole = sightline("detect", clip, "--format", "jsonl", "--every", "0")

    assert [line["moment_s"] for line in usual.lines] == [0, 1, 2]
    assert [line["moment_s"] for line in whole.lines] == [number / 10 for number in range(30)]


def test_a_folder_may_hold_pictures_and_videos(
    sightline: Sightline, photos: Path, clip: Path
) -> None:
    """Both are looked at, sorted by name; one kind can be left out."""
    clip.rename(photos / "b.mp4")

    both = sightline("detect", photos, "--format", "jsonl")
    videos = sightline("detect", photos, "--format", "jsonl", "--only", "videos")
    pictures = sightline("detect", photos, "--format", "jsonl", "--only", "pictures")

    names = [Path(line["file"]).name for line in both.lines]
    assert names == ["a.jpg", "b.JPEG", "b.mp4", "b.mp4", "b.mp4", "c.png"]
    assert both.err.endswith("4 pictures and 3 frames of 1 video: 6 done, 1 failed.\n")
    assert {line["file"] for line in videos.lines} == {str(photos / "b.mp4")}
    assert not [line for line in pictures.lines if "moment_s" in line]


def test_videos_that_cannot_be_used_fail_alone(
    sightline: Sightline, clip: Path, photos: Path, tmp_path: Path
) -> None:
    """Each with a kind and a sentence; what comes before and after has its answers."""
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[: clip.stat().st_size * 7 // 10])
    (tmp_path / "empty.mov").touch()
    (tmp_path / "text.mp4").write_text("#EXTM3U\n/etc/passwd\n")
    (tmp_path / "film.mkv").write_bytes(b"\x1a\x45\xdf\xa3 matroska")
    (tmp_path / "photo.mp4").write_bytes((photos / "a.jpg").read_bytes())
    write_sound(tmp_path / "sound.mp4")
    bad = ["cut.mp4", "empty.mov", "text.mp4", "film.mkv", "photo.mp4", "sound.mp4", "gone.mp4"]

    said = sightline("detect", *bad, "clip.mp4", "--format", "jsonl", "--failures", "failed")

    rows = [json.loads(line) for line in Path("failed").read_text().splitlines()]
    good = [line["moment_s"] for line in said.lines if line["file"] == "clip.mp4"]
    cut = [line["moment_s"] for line in said.lines if line["file"] == "cut.mp4"]
    assert said.status == 1
    assert [row["file"] for row in rows] == bad
    assert [row["kind"] for row in rows] == ["no_video"] * 6 + ["missing"]
    assert rows[0]["detail"].startswith("The video is cut off after ")
    assert rows[5]["detail"] == "The file has no moving pictures in it."
    assert good == [0, 1, 2]
    assert cut == good[: len(cut)]


def test_a_decoder_that_breaks_fails_alone(
    sightline: Sightline, clip: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is another process: here one that crashes."""
    replace_library(monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")

    said = sightline("detect", clip, photos / "a.jpg", "--json", "--format", "jsonl")

    assert json.loads(said.err.splitlines()[0])["error"]["kind"] == "broken_decoder"
    assert [Path(line["file"]).name for line in said.lines] == ["a.jpg"]


def test_nothing_between_the_moments_is_told(sightline: Sightline, clip: Path) -> None:
    """Rather than an empty output without a word."""
    late = sightline("detect", clip, "--from", "60", "--json")
    reversed_ = sightline("detect", clip, "--from", "2", "--to", "1")

    assert (late.status, reversed_.status) == (1, 2)
    assert json.loads(late.err.splitlines()[0])["error"]["kind"] == "no_frames"
    assert reversed_.err == "sightline: Nothing lies between --from 2 and --to 1.\n"


def test_what_is_not_installed_is_named(
    sightline: Sightline, photos: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures have their answers without it."""
    replace_library(monkeypatch)

    said = sightline("detect", clip, photos / "a.jpg", "--json")

    error = json.loads(said.err.splitlines()[0])["error"]
    assert error["kind"] == "not_installed"
    assert "pip install 'sightline[video]'" in error["detail"]
    assert "a.jpg" in said.out


def test_a_copy_moves_as_the_original_does(
    sightline: Sightline, clip: Path, tmp_path: Path
) -> None:
    """All frames are in it; each has the box of the last one that was looked at."""
    before = clip.read_bytes()

    said = sightline("detect", "clip.mp4", "--every", "1", "--annotated", "drawn")

    with open_video(tmp_path / "drawn" / "clip.mp4") as copy, open_video(clip) as original:
        pairs = list(zip(copy.frames(), original.frames(), strict=True))
    changed = [np.abs(a.pixels.astype(int) - b.pixels).max() > 100 for a, b in pairs]
    assert said.status == 0
    assert [a.moment_s for a, _ in pairs] == pytest.approx([b.moment_s for _, b in pairs], abs=0.01)
    assert changed == [False] * 10 + [True] * 20
    assert clip.read_bytes() == before
    assert [path.name for path in (tmp_path / "drawn").iterdir()] == ["clip.mp4"]


def test_a_copy_begins_and_ends_where_it_was_told(sightline: Sightline, tmp_path: Path) -> None:
    """Another kind of video becomes an MP4 file beside the names of the others."""
    write_webm(tmp_path / "clip.webm")

    sightline("detect", "clip.webm", "--from", "1", "--to", "2", "--annotated", "drawn")

    with open_video(tmp_path / "drawn" / "clip.webm.mp4") as copy:
        moments = [frame.moment_s for frame in copy.frames()]
    assert moments == pytest.approx([number / 10 for number in range(10)], abs=0.02)


def test_no_copy_is_drawn_with_frames_missing(
    sightline: Sightline, clip: Path, model_server: TinyServer, tmp_path: Path
) -> None:
    """It would look as if nothing were there; the run that goes on draws it."""
    frames = 0

    def failing(inputs: Mapping[str, Array]) -> dict[str, Array]:
        nonlocal frames
        frames += 1
        if frames == 2:
            raise ValueError("expected to fail once")
        return square_finder(inputs)

    model_server.models["toy"] = TinyModel(failing)
    words = ("detect", clip.name, "--annotated", "drawn", "--resume", "j", "--concurrency", "1")

    first = sightline(*words)
    there_was_a_copy = (tmp_path / "drawn").exists()
    again = sightline(*words)

    assert first.status == 1
    assert "because a frame has no answer." in first.err
    assert not there_was_a_copy
    assert again.err == "3 frames of 1 video: 3 done, 2 of them before, none failed.\n"
    assert (tmp_path / "drawn" / "clip.mp4").exists()


def test_a_video_that_is_done_is_not_opened_again(
    sightline: Sightline, clip: Path, model_server: TinyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal has everything; with other moments only what is missing is asked."""
    words = ("detect", clip.name, "--format", "coco", "--resume", "j")

    first = sightline(*words)
    finer = sightline(*words, "--every", "0.5")
    count = asked(model_server)
    replace_library(monkeypatch)
    again = sightline(*words, "--every", "0.5")

    assert first.status == 0
    assert "6 frames of 1 video: 6 done, 3 of them before, none failed." in finer.err
    assert count == asked(model_server) == 6
    assert again.out == finer.out


def test_a_video_that_has_changed_is_looked_at_anew(sightline: Sightline, clip: Path) -> None:
    """Its old answers do not count."""
    words = ("detect", "clip.mp4", "--resume", "j")

    sightline(*words)
    write_mp4(clip, 2.0)
    said = sightline(*words)

    assert said.err == "2 frames of 1 video: 2 done, none failed.\n"


def test_classes_of_frames_are_named_and_explained(sightline: Sightline, clip: Path) -> None:
    """An explanation is a picture for each frame."""
    words = (clip.name, "--model", "namer", "--format", "jsonl")

    named = sightline("classify", *words, "--top", "1")
    explained = sightline("explain", *words, "--annotated", "why", "--to", "2")

    assert [line["classes"][0]["label"] for line in named.lines] == ["hotdog"] * 3
    overlays = [line["explained"]["overlay"] for line in explained.lines]
    assert overlays == ["why/clip.mp4#t=0.000.jpg", "why/clip.mp4#t=1.000.jpg"]
    assert decode_picture(Path(overlays[0]).read_bytes()).original_size_wh == (160, 120)


def test_models_are_compared_on_frames(sightline: Sightline, clip: Path) -> None:
    """A paragraph for each frame, a column for each model."""
    said = sightline("compare", clip, "--model", "namer", "--model", "toy", "--from", "2")

    assert f"{clip} at 2.000 s  160 x 120\n  namer version 1 " in said.out
    assert "dog" in said.out


@pytest.fixture
def seeing_site(site: RunningSite, fake: FakeModelServer) -> RunningSite:
    """A running Sightline that finds the square, too."""

    def look(image_hwc: Array) -> list[Box]:
        outputs = square_finder({"image": image_hwc[np.newaxis]})
        top, left, bottom, right = outputs["boxes"][0, 0].tolist()
        return [Box(18, float(outputs["scores"][0, 0]), (top, left, bottom, right))]

    fake.look = look
    return site


def rows(said: Said) -> list[tuple[float, list[str]]]:
    return [
        (line["moment_s"], [each["label"] for each in line["detections"]]) for line in said.lines
    ]


def test_frames_are_uploaded_to_a_running_sightline(
    sightline: Sightline, clip: Path, seeing_site: RunningSite, tmp_path: Path
) -> None:
    """As pictures, which it keeps; it finds what a model server finds."""
    words = ("detect", clip, "--every", "0.5", "--format", "jsonl", "--annotated", "drawn")

    direct = sightline(*words)
    through_site = sightline(*words, "--server", seeing_site.url)

    boxes = [
        [line["detections"][0]["box"]["x_min"] for line in said.lines[2:]]
        for said in (direct, through_site)
    ]
    assert through_site.status == 0
    assert rows(through_site) == rows(direct)
    assert boxes[1] == pytest.approx(boxes[0], abs=2)
    assert len({line["id"] for line in through_site.lines}) == 6
    assert len(list((tmp_path / "originals").rglob("*.jpg"))) == 6


@pytest.fixture
def interrupting(model_server: TinyServer) -> Iterator[None]:
    """Ctrl-C is pressed while the fifth frame is looked at."""
    frames = 0

    def finder(inputs: Mapping[str, Array]) -> dict[str, Array]:
        nonlocal frames
        frames += 1
        if frames == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return square_finder(inputs)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    model_server.models["toy"] = TinyModel(finder)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupting")
def test_an_interrupted_video_goes_on_where_it_was(
    sightline: Sightline, clip: Path, model_server: TinyServer, tmp_path: Path
) -> None:
    """Its output is that of a run without an interruption, and no frame is asked about twice."""
    words = ("detect", clip.name, "--every", "0", "--format", "jsonl", "--output", "o")
    options = ("--resume", "j", "--concurrency", "1")

    interrupted = sightline(*words, *options)
    there_is_output = (tmp_path / "o").exists()
    asked_before = asked(model_server)
    again = sightline(*words, *options)

    moments = [json.loads(line)["moment_s"] for line in Path("o").read_text().splitlines()]
    remembered = 30 - (asked(model_server) - asked_before)
    assert (interrupted.status, again.status) == (130, 0)
    assert "The same command goes on from here." in interrupted.err
    assert not there_is_output
    assert moments == [number / 10 for number in range(30)]
    assert f"30 done, {remembered} of them before" in again.err
    assert remembered >= 1


def test_a_copy_of_odd_size_is_drawn(sightline: Sightline, tmp_path: Path) -> None:
    """Encoders want even sides, so the copy is a line smaller."""
    frames = drawn(1.0, draw=lambda moment_s: moving_square(moment_s)[:119, :159])
    write_webm(tmp_path / "odd.webm", frames)

    said = sightline("detect", "odd.webm", "--format", "jsonl", "--annotated", "drawn")

    with open_video(tmp_path / "drawn" / "odd.webm.mp4") as copy:
        size_wh = copy.size_wh
    assert [(line["width"], line["height"]) for line in said.lines] == [(159, 119)]
    assert size_wh == (158, 118)
