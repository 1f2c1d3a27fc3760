"""Videos over HTTP: sent, followed, stopped, fetched and deleted."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.video_rows import at_station
from tests.videos import write_mp4, write_webm
from webapp import Settings
from webapp.services import Services, parts_of
from webapp.storage.video_queue import VideoQueue
from webapp.videos.video import AnnotationState, StoredVideo, VideoState

JSON = {"Accept": "application/json"}


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_mp4(tmp_path_factory.mktemp("clips") / "clip.mp4", 1.0).read_bytes()


@pytest.fixture
def quota_bytes() -> int:
    return 0


@pytest.fixture
def settings(settings: Settings, quota_bytes: int) -> Settings:
    return replace(settings, video_bytes_max=200_000, quota_bytes=quota_bytes)


@pytest.fixture
def parts(app: Flask) -> Services:
    return parts_of(app)


@pytest.fixture
def send_video(web: FlaskClient, clip: bytes) -> Callable[..., TestResponse]:
    """A function that sends a video with the form, and returns the answer."""

    def post(
        data: bytes = clip,
        name: str = "street.mp4",
        *,
        headers: dict[str, str] = JSON,
        **fields: str,
    ) -> TestResponse:
        form = {"video": (BytesIO(data), name), **fields}
        return web.post("/videos", data=form, content_type="multipart/form-data", headers=headers)

    return post


@pytest.fixture
def video(send_video: Callable[..., TestResponse], parts: Services) -> StoredVideo:
    """A video that waits for a worker."""
    answer = send_video()
    assert answer.json is not None
    return parts.videos.get(answer.json["id"])


def kept(parts: Services, state: VideoState, **changes: object) -> StoredVideo:
    video = at_station(state, **changes)
    parts.videos.add(video)
    return video


def test_video_is_kept_byte_for_byte_and_waits(
    send_video: Callable[..., TestResponse], parts: Services, clip: bytes
) -> None:
    """A program is told where the page is, and how far the video is."""
    answer = send_video(name="..\\my/ street.mp4", threshold="0.4")

    assert answer.status_code == 201
    assert answer.json is not None
    video = parts.videos.get(answer.json["id"])
    assert answer.headers["Location"] == f"/videos/{video.id}"
    assert answer.json["state"] == "queued"
    assert (video.video_name, video.threshold, video.model_name) == ("street.mp4", 0.4, "toy")
    assert video.original_bytes == len(clip)
    assert parts.originals.read(video.original_name) == clip


def test_browser_is_sent_to_the_page(send_video: Callable[..., TestResponse]) -> None:
    """After the form comes the page of the video."""
    answer = send_video(headers={})

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/videos/")


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (b"", 415, "The file is empty."),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", 415, "not an MP4, WebM or QuickTime"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", 415, "not an MP4, WebM or QuickTime"),
        (b"subfile,,start,0,end,0,,:/etc/passwd", 415, "not an MP4, WebM or QuickTime"),
        (b"RIFF\0\0\0\0AVI LIST", 415, "not an MP4, WebM or QuickTime"),
        (b"\x1a\x45\xdf\xa3\x8bB\x82\x88matroska", 415, "only WebM is read"),
        (b"\0\0\0\x18ftypheic" + bytes(60), 415, "a picture, and not a video"),
        (b"\0\0\0\x18ftypisom" + bytes(250_000), 413, "larger than 200 kB"),
        (b"\0\0\0\x18ftypisom" + bytes(400_000), 413, "More was sent"),
    ],
    ids=["empty", "playlist", "concat", "subfile", "avi", "matroska", "heic", "large", "huge"],
)
def test_what_is_no_video_is_refused(  # noqa: PLR0917
    send_video: Callable[..., TestResponse],
    files: Callable[[], list[Path]],
    parts: Services,
    data: bytes,
    status: int,
    sentence: str,
) -> None:
    """The sentence says what is wrong, to programs and above the form, and nothing is kept."""
    told, shown = send_video(data), send_video(data, headers={})

    assert told.json is not None
    assert (told.status_code, shown.status_code) == (status, status)
    assert sentence in told.json["detail"]
    assert sentence in shown.text
    assert files() == []
    assert parts.videos.newest() == ()


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"threshold": "much"}, 422), ({"model": "none such"}, 422)],
    ids=["threshold", "model"],
)
def test_bad_fields_are_refused(
    send_video: Callable[..., TestResponse],
    files: Callable[[], list[Path]],
    fields: dict[str, str],
    status: int,
) -> None:
    """A value that makes no sense keeps nothing."""
    assert send_video(**fields).status_code == status
    assert files() == []


def test_form_without_a_video_says_so(web: FlaskClient) -> None:
    """Nothing chosen, no such field, and no form at all are told apart from broken videos."""
    nothing = web.post("/videos", data={"model": "toy"}, content_type="multipart/form-data")
    unnamed = web.post(
        "/videos", data={"video": (BytesIO(b""), "")}, content_type="multipart/form-data"
    )
    no_form = web.post("/videos", data=b"video", content_type="video/mp4", headers=JSON)

    assert (nothing.status_code, unnamed.status_code, no_form.status_code) == (400, 400, 415)


def test_form_of_another_site_is_refused(
    web: FlaskClient, clip: bytes, files: Callable[[], list[Path]]
) -> None:
    """Without the token of a page of ours nothing is kept."""
    form = {"video": (BytesIO(clip), "street.mp4")}
    headers = {"X-CSRF-Token": "another"}

    answer = web.post("/videos", data=form, content_type="multipart/form-data", headers=headers)

    assert answer.status_code == 403
    assert files() == []


@pytest.mark.parametrize("quota_bytes", [1000])
def test_quota_counts_videos(
    send_video: Callable[..., TestResponse], files: Callable[[], list[Path]]
) -> None:
    """A video that there is no room for is not kept."""
    answer = send_video()

    assert answer.status_code == 507
    assert files() == []


def test_ranges_of_the_original(web: FlaskClient, video: StoredVideo, clip: bytes) -> None:
    """A player that seeks gets the part that it asks for, as the type that the content has."""
    whole = web.get(f"/videos/{video.id}/file")
    part = web.get(f"/videos/{video.id}/file", headers={"Range": "bytes=100-199"})
    end = web.get(f"/videos/{video.id}/file", headers={"Range": "bytes=-10"})
    beyond = web.get(f"/videos/{video.id}/file", headers={"Range": "bytes=99999999-"})

    assert (whole.status_code, whole.data, whole.mimetype) == (200, clip, "video/mp4")
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert (part.status_code, part.data) == (206, clip[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(clip)}"
    assert (end.status_code, end.data) == (206, clip[-10:])
    assert beyond.status_code == 416


def test_type_is_that_of_the_content(
    send_video: Callable[..., TestResponse], web: FlaskClient, tmp_path: Path
) -> None:
    """A WebM file that is called .mp4 is sent as what it is."""
    data = write_webm(tmp_path / "clip.webm").read_bytes()

    answer = send_video(data, "holiday.mp4")

    assert answer.json is not None
    assert web.get(f"/videos/{answer.json['id']}/file").mimetype == "video/webm"


def test_events_end_with_the_video(web: FlaskClient, parts: Services) -> None:
    """Whoever listens to a video that has ended is told so, and that there is no more."""
    video = kept(parts, VideoState.FAILED, failure_sentence="The video is damaged at 12.0 s.")

    answer = web.get(f"/videos/{video.id}/events")

    assert answer.mimetype == "text/event-stream"
    blocks = answer.text.strip().split("\n\n")
    assert blocks[0] == "retry: 3000"
    assert blocks[2].startswith("event: end\n")
    told = json.loads(blocks[1].removeprefix("data: "))
    assert (told["state"], told["is_final"]) == ("failed", True)
    assert told["message"] == "The video is damaged at 12.0 s."
    assert told == web.get(f"/videos/{video.id}/progress").json


def test_listener_without_a_place_is_told_once(
    web: FlaskClient, parts: Services, video: StoredVideo
) -> None:
    """When all places are taken there is one event, and the browser asks again by itself."""
    with ExitStack() as others:
        for _ in range(parts.settings.video_listeners_max):
            assert others.enter_context(parts.video_listeners.place())

        answer = web.get(f"/videos/{video.id}/events")

    assert answer.text.count("data: ") == 1
    assert "event: end" not in answer.text


def test_listeners_end_when_the_site_does(
    web: FlaskClient, parts: Services, video: StoredVideo
) -> None:
    """A connection that waits for news does not keep the site from stopping."""
    parts.video_listeners.stop()

    answer = web.get(f"/videos/{video.id}/events")  # which would go on for as long as it waits

    assert answer.text.count("data: ") == 1


def test_cancel_and_resume(web: FlaskClient, parts: Services, video: StoredVideo) -> None:
    """Both lead back to the page; what is not possible says so."""
    page = f"/videos/{video.id}"

    cancelled = web.post(f"{page}/cancel")
    assert (cancelled.status_code, cancelled.headers["Location"]) == (303, page)
    assert parts.videos.get(video.id).state is VideoState.CANCELLED
    assert web.post(f"{page}/cancel", headers=JSON).status_code == 409
    assert web.post(f"{page}/resume").status_code == 303
    assert parts.videos.get(video.id).state is VideoState.QUEUED
    assert web.post(f"{page}/annotate", headers=JSON).status_code == 409


def test_copy_with_boxes_is_there_being_made_or_not(
    web: FlaskClient, parts: Services, clip: bytes
) -> None:
    """Each of the three has a status of its own; the copy comes in ranges, too."""
    made, lost, there = (
        kept(parts, VideoState.DONE, id=digit * 32, annotation=annotation)
        for digit, annotation in (
            ("a", AnnotationState.WANTED),
            ("b", AnnotationState.FAILED),
            ("c", AnnotationState.DONE),
        )
    )
    parts.annotated_videos.place(there.id).write_bytes(clip)
    headers = {**JSON, "Range": "bytes=0-9"}

    answers = [
        web.get(f"/videos/{each.id}/annotated.mp4", headers=headers) for each in (made, lost, there)
    ]

    assert [answer.status_code for answer in answers] == [202, 409, 206]
    assert (answers[2].data, answers[2].mimetype) == (clip[:10], "video/mp4")


def test_any_name_fits_into_headers(
    web: FlaskClient, send_video: Callable[..., TestResponse]
) -> None:
    """Servers send headers in Latin-1, which most of the world's letters are not in."""
    answer = send_video(name="улица 🎥.mp4")
    assert answer.json is not None

    found = web.get(f"/videos/{answer.json['id']}/detections.json")

    said = found.headers["Content-Disposition"]
    assert unquote(said.encode("latin-1").decode()).endswith("''улица 🎥.json")


def test_deleting_takes_files_along(
    web: FlaskClient, parts: Services, video: StoredVideo, files: Callable[[], list[Path]]
) -> None:
    """After deleting there is no file, and every address of the video is unknown."""
    parts.annotated_videos.place(video.id).write_bytes(b"copy")

    gone = web.post(f"/videos/{video.id}/delete")

    assert (gone.status_code, gone.headers["Location"]) == (303, "/videos?deleted=1")
    assert files() == []
    for rest in ("file", "annotated.mp4", "detections.json", "progress", "events"):
        assert web.get(f"/videos/{video.id}/{rest}", headers=JSON).status_code == 404


@pytest.mark.parametrize("video_id", ["0" * 32, "..%2f..%2fetc%2fpasswd", "x"])
def test_unknown_video_is_said(web: FlaskClient, video_id: str) -> None:
    """An address of no video is a 404 that says so."""
    answer = web.get(f"/videos/{video_id}/progress", headers=JSON)

    assert answer.status_code == 404


def test_metrics_have_videos_and_workers(web: FlaskClient, video: StoredVideo) -> None:
    """Whoever watches over the site sees how many wait, and whether anybody looks at them."""
    assert video.state is VideoState.QUEUED

    lines = web.get("/metrics").text.splitlines()

    assert 'sightline_videos{state="queued"} 1.0' in lines
    assert 'sightline_videos{state="done"} 0.0' in lines
    assert "sightline_video_workers 0.0" in lines


def test_status_says_whether_anybody_looks_at_videos(
    web: FlaskClient, parts: Services, video: StoredVideo
) -> None:
    """The page of the operator has the queue, and who works on it."""
    assert video.state is VideoState.QUEUED
    assert "none, so videos wait" in web.get("/status").text

    queue = VideoQueue(parts.results.database, lease_s=30, attempts_max=3)
    queue.note_alive("one")

    assert "none, so videos wait" not in web.get("/status").text
