"""What is past its time goes, with its file, and nothing else does."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.video_rows import at_station
from webapp import Settings
from webapp.exceptions import CommandError
from webapp.results import Result
from webapp.services import Services, parts_of
from webapp.storage.query import ResultQuery
from webapp.storage.retention import Limits, Retention, parse_age, parse_size
from webapp.videos.video import AnnotationState, StoredVideo, VideoState

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LONG_AGO_S = (NOW - timedelta(days=400)).timestamp()
Keep = Callable[[int], Result]


@pytest.fixture
def parts(app: Flask) -> Services:
    return parts_of(app)


@pytest.fixture
def retention(parts: Services) -> Retention:
    return Retention(
        parts.results.database,
        parts.originals,
        parts.remover,
        parts.annotated_videos,
        now=lambda: NOW,
    )


@pytest.fixture
def keep(parts: Services, send: Callable[..., TestResponse], photo: bytes) -> Keep:
    """A function that keeps a picture as if it had come so many days ago."""

    def send_days_ago(days: int) -> Result:
        result = parts.results.get(send(photo + bytes(days)).headers["Location"][-32:])
        parts.results.delete([result.id])
        parts.results.forget_doomed(parts.results.doomed())
        dated = replace(result, created_at=NOW - timedelta(days=days))
        parts.results.add(dated)
        return dated

    return send_days_ago


@pytest.fixture
def keep_video(parts: Services) -> Callable[[str, int], StoredVideo]:
    """A function that keeps a video with its copy as if it had come so many days ago."""

    def keep_days_ago(digit: str, days: int) -> StoredVideo:
        incoming = parts.originals.incoming()
        incoming.write(bytes(500))
        original = incoming.keep(".mp4")
        incoming.close()
        video = at_station(
            VideoState.DONE,
            id=digit * 32,
            created_at=NOW - timedelta(days=days),
            original_name=original.name,
            original_bytes=500,
            annotation=AnnotationState.DONE,
            annotated_bytes=300,
        )
        parts.videos.add(video)
        parts.annotated_videos.place(video.id).write_bytes(bytes(300))
        return video

    return keep_days_ago


def left(parts: Services) -> list[str]:
    return [each.id for each in parts.results.page(ResultQuery(limit=200)).results]


def test_nothing_goes_without_a_limit(parts: Services, retention: Retention, keep: Keep) -> None:
    """Left to itself everything stays."""
    ids = [keep(400).id]

    done = retention.collect(Limits())

    assert (done.results, done.strays, done.freed_bytes) == (0, 0, 0)
    assert left(parts) == ids


def test_old_results_go_with_their_files(
    parts: Services, retention: Retention, keep: Keep, files: Callable[[], list[Path]]
) -> None:
    """What is older than the limit goes, to the byte; what is younger stays."""
    old, young = keep(31), keep(29)

    done = retention.collect(Limits(age=timedelta(days=30)))

    assert (done.results, done.freed_bytes) == (1, old.original_bytes)
    assert left(parts) == [young.id]
    assert [path.name for path in files()] == [young.original_name]


def test_oldest_go_until_the_rest_fits(parts: Services, retention: Retention, keep: Keep) -> None:
    """A limit of size takes the oldest results, and no more of them than needed."""
    results = [keep(days) for days in (3, 9, 6)]
    room = results[0].original_bytes + results[2].original_bytes

    done = retention.collect(Limits(size_bytes=room))

    assert done.results == 1
    assert left(parts) == [results[0].id, results[2].id]


def test_file_of_two_results_goes_with_the_last(
    parts: Services, retention: Retention, keep: Keep, files: Callable[[], list[Path]]
) -> None:
    """A file that a younger result is about is still needed."""
    old = keep(40)
    again = parts.recogniser.again(old.id)

    done = retention.collect(Limits(age=timedelta(days=30)))

    assert (done.results, done.freed_bytes) == (1, 0)
    assert left(parts) == [again.id]
    assert len(files()) == 1


def test_dry_run_only_counts(
    parts: Services, retention: Retention, keep: Keep, files: Callable[[], list[Path]]
) -> None:
    """What would go is told, and stays."""
    old = keep(40)

    done = retention.collect(Limits(age=timedelta(days=30)), is_dry=True)

    assert (done.results, done.freed_bytes) == (1, old.original_bytes)
    assert left(parts) == [old.id]
    assert len(files()) == 1


@pytest.mark.parametrize("folder", [".unfinished", "aa"])
def test_files_that_nothing_is_about_go(
    settings: Settings, retention: Retention, keep: Keep, folder: str
) -> None:
    """What a crash left behind goes after an hour; of this moment, and of others, it stays."""
    keep(1)
    strays = [settings.originals / folder / f"{letter * 32}.jpg" for letter in ("a", "b")]
    foreign = settings.originals / folder / "README"
    for path in (*strays, foreign):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"12345")
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))
    os.utime(strays[1], (NOW.timestamp(), NOW.timestamp()))

    done = retention.collect(Limits())

    assert (done.results, done.strays, done.freed_bytes) == (0, 1, 5)
    assert [path.exists() for path in (*strays, foreign)] == [False, True, True]


def test_deletions_are_written_down(
    retention: Retention, keep: Keep, caplog: pytest.LogCaptureFixture
) -> None:
    """The audit log says that it was retention."""
    caplog.set_level("INFO", "webapp.audit")
    old = keep(40)

    retention.collect(Limits(age=timedelta(days=30)))

    assert f"deleted result {old.id}" in caplog.text
    assert "retention (gc)" in caplog.text


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "30 months", "9999999d"])
def test_age_that_is_none_is_refused(text: str) -> None:
    """An age is a whole number of hours, days or weeks."""
    with pytest.raises(CommandError, match="The age: expected one like 12h, 30d or 8w"):
        parse_age(text)


@pytest.mark.parametrize("text", ["", "10", "GB", "-1GB", "10 potatoes", "1e3MB"])
def test_size_that_is_none_is_refused(text: str) -> None:
    """A size has a unit."""
    with pytest.raises(CommandError, match="The size: expected one like 500MB or 10GB"):
        parse_size(text)


def test_old_videos_go_with_their_files(
    parts: Services,
    retention: Retention,
    keep_video: Callable[[str, int], StoredVideo],
    files: Callable[[], list[Path]],
) -> None:
    """Age counts for videos as for results; their files are no strays before, and gone after."""
    old, young = keep_video("a", 40), keep_video("b", 5)
    for path in files():
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))
    assert retention.collect(Limits()).strays == 0

    done = retention.collect(Limits(age=timedelta(days=30)))

    assert (done.results, done.videos, done.strays, done.freed_bytes) == (0, 1, 0, 800)
    assert [each.id for each in parts.videos.newest()] == [young.id]
    assert {path.stem for path in files()} == {young.id, young.original_name[:32]}
    assert old.original_name not in {path.name for path in files()}


def test_size_counts_videos_with_their_copies(
    parts: Services, retention: Retention, keep_video: Callable[[str, int], StoredVideo]
) -> None:
    """The oldest go until what is left fits."""
    for digit, days in (("a", 3), ("b", 2), ("c", 1)):
        keep_video(digit, days)

    retention.collect(Limits(size_bytes=1700))

    assert [each.id[0] for each in parts.videos.newest()] == ["c", "b"]


def test_copies_without_a_video_are_strays(
    parts: Services, retention: Retention, files: Callable[[], list[Path]]
) -> None:
    """What a killed worker left half written goes when it is old, like copies of deleted videos."""
    whole = parts.annotated_videos.place("e" * 32)
    for path in (whole, whole.with_name(f".{whole.name}.abc.part")):
        path.write_bytes(b"left over")
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))

    done = retention.collect(Limits())

    assert (done.strays, files()) == (2, [])
