"""Downloading from a web server that does not always do what it should."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.download import Downloader, DownloadPolicy
from pipeline.exceptions import DownloadError
from pipeline.testing.server import ArchiveServer, Fault

CHUNK = 256 * 1024  # what is asked of the network at once
POLICY = DownloadPolicy(connect_timeout_s=5.0, read_timeout_s=2.0, attempts_max=3, pause_s=1.0)


@pytest.fixture
def pauses_s() -> list[float]:
    """The pauses that were made, none of which took time."""
    return []


@pytest.fixture
def downloader(pauses_s: list[float]) -> Downloader:
    """A downloader that gives up soon."""
    return Downloader(POLICY, sleep=pauses_s.append, jitter=lambda: 1.0)


def _fetch(downloader: Downloader, server: ArchiveServer, folder: Path) -> bytes:
    target = folder / "tiny.tar.gz"
    downloader.fetch(f"{server.url}/tiny.tar.gz", target, lambda *_: None)
    assert list(folder.iterdir()) == [target]
    return target.read_bytes()


def test_a_file_arrives_whole_in_one_request(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path
) -> None:
    """Where nothing goes wrong, nothing is asked for twice, and progress is told to the end."""
    reports: list[tuple[int, int | None]] = []
    target = tmp_path / "tiny.tar.gz"

    downloader.fetch(
        f"{server.url}/tiny.tar.gz", target, lambda done, total: reports.append((done, total))
    )

    content = server.files["/tiny.tar.gz"]
    assert target.read_bytes() == content
    assert [answer.status for answer in server.served] == [200]
    assert reports[0] == (0, len(content))
    assert reports[-1] == (len(content), len(content))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(cut_after=CHUNK + 1),
        Fault(stall_after=CHUNK + 1),
        Fault(cut_after=CHUNK),
    ],
    ids=["hangs up", "stalls", "hangs up between chunks"],
)
def test_a_download_that_breaks_off_goes_on_where_it_was(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path, fault: Fault
) -> None:
    """Bytes that are here are not sent again."""
    server.faults.append(fault)

    content = _fetch(downloader, server, tmp_path)

    assert content == server.files["/tiny.tar.gz"]
    first, second = server.served
    kept = int(str(second.range).removeprefix("bytes=").removesuffix("-"))
    assert CHUNK <= kept <= CHUNK + 1
    assert (second.status, second.body_bytes) == (206, len(content) - kept)
    assert first.body_bytes in {CHUNK, CHUNK + 1}


def test_the_next_run_goes_on_where_this_one_gave_up(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path
) -> None:
    """What an unlucky run brought is not lost, and the message says so."""
    server.faults.extend([Fault(cut_after=CHUNK), *[Fault(status=503)] * 2])
    with pytest.raises(DownloadError, match=f"503 .*the {CHUNK} bytes that are here are kept"):
        _fetch(downloader, server, tmp_path)
    served_before = len(server.served)

    content = _fetch(downloader, server, tmp_path)

    assert content == server.files["/tiny.tar.gz"]
    assert [answer.range for answer in server.served[served_before:]] == [f"bytes={CHUNK}-"]


def test_bytes_of_an_older_file_are_not_gone_on_with(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path
) -> None:
    """When the file behind the address changed meanwhile, it is taken from its beginning."""
    server.faults.extend([Fault(cut_after=CHUNK), *[Fault(status=503)] * 2])
    with pytest.raises(DownloadError):
        _fetch(downloader, server, tmp_path)
    server.files["/tiny.tar.gz"] = b"a newer file" * 100_000
    server.validators["ETag"] = '"v2"'

    content = _fetch(downloader, server, tmp_path)

    assert content == server.files["/tiny.tar.gz"]
    assert server.served[-1].status == 200


def test_a_date_will_do_where_there_is_no_entity_tag(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path
) -> None:
    """`If-Range` takes `Last-Modified`, and must not take a weak tag."""
    server.validators = {"ETag": 'W/"v1"', "Last-Modified": "Wed, 09 May 2018 10:00:00 GMT"}
    server.faults.append(Fault(cut_after=CHUNK))

    content = _fetch(downloader, server, tmp_path)

    assert content == server.files["/tiny.tar.gz"]
    assert [answer.status for answer in server.served] == [200, 206]


@pytest.mark.parametrize(
    ("validators", "second"),
    [({"ETag": '"v1"'}, Fault(ignores_range=True)), ({}, Fault())],
    ids=["no ranges", "no validators"],
)
def test_a_server_that_cannot_go_on_starts_again(
    downloader: Downloader,
    server: ArchiveServer,
    tmp_path: Path,
    validators: dict[str, str],
    second: Fault,
) -> None:
    """Without ranges, or without proof that the file is the same, the whole file comes again."""
    server.validators = validators
    server.faults.extend([Fault(cut_after=CHUNK), second])

    content = _fetch(downloader, server, tmp_path)

    assert content == server.files["/tiny.tar.gz"]
    assert [answer.body_bytes for answer in server.served] == [CHUNK, len(content)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 7-999999/1000000"},
        {"Content-Range": ""},
    ],
    ids=["another range", "no range"],
)
def test_a_part_that_was_not_asked_for_is_not_pasted_in(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path, headers: dict[str, str]
) -> None:
    """A wrong part costs a new start, never a damaged file."""
    server.faults.extend([Fault(cut_after=CHUNK), Fault(headers=headers)])

    content = _fetch(downloader, server, tmp_path)

    assert content == server.files["/tiny.tar.gz"]
    assert [answer.status for answer in server.served] == [200, 206, 200]


def test_a_whole_file_that_only_lacks_its_name_is_not_asked_for_again(
    server: ArchiveServer, tmp_path: Path
) -> None:
    """A run that was killed just before the end leaves the next one nothing to download."""

    class Killed(BaseException):
        pass

    def kill_at_the_end(done: int, total: int | None) -> None:
        if done == total:
            raise Killed

    downloader = Downloader(POLICY)
    with pytest.raises(Killed):
        downloader.fetch(f"{server.url}/tiny.tar.gz", tmp_path / "tiny.tar.gz", kill_at_the_end)

    content = _fetch(downloader, server, tmp_path)

    assert content == server.files["/tiny.tar.gz"]
    assert [(answer.status, answer.body_bytes) for answer in server.served] == [
        (200, len(content)),
        (416, 0),
    ]


def test_a_file_that_became_shorter_is_taken_anew(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path
) -> None:
    """More bytes here than there are at all means that they belong to something else."""
    server.faults.extend([Fault(cut_after=CHUNK), *[Fault(status=500)] * 2])
    with pytest.raises(DownloadError):
        _fetch(downloader, server, tmp_path)
    server.files["/tiny.tar.gz"] = b"short"

    assert _fetch(downloader, server, tmp_path) == b"short"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(
    downloader: Downloader,
    server: ArchiveServer,
    tmp_path: Path,
    pauses_s: list[float],
    status: int,
) -> None:
    """Pauses double from attempt to attempt."""
    server.faults.extend([Fault(status=status)] * 2)

    content = _fetch(downloader, server, tmp_path)

    assert content == server.files["/tiny.tar.gz"]
    assert pauses_s == [1.0, 2.0]


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410, 451, 599])
def test_a_refusal_is_final(
    downloader: Downloader,
    server: ArchiveServer,
    tmp_path: Path,
    pauses_s: list[float],
    status: int,
) -> None:
    """What will be the same next time is not tried again; the message has address and status."""
    server.faults.append(Fault(status=status))

    with pytest.raises(DownloadError, match=rf"{server.url}/tiny\.tar\.gz: .* answered {status} "):
        _fetch(downloader, server, tmp_path)

    assert len(server.served) == 1
    assert not pauses_s


def test_attempts_that_bring_something_do_not_count(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path
) -> None:
    """A bad line with progress goes on for as long as it takes."""
    server.faults.extend([Fault(cut_after=100_000)] * 9)

    content = _fetch(downloader, server, tmp_path)

    assert content == server.files["/tiny.tar.gz"]
    assert sum(answer.body_bytes for answer in server.served) == len(content)


def test_attempts_that_start_again_and_again_count(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path
) -> None:
    """A server without ranges that always breaks off at the same place is given up."""
    server.validators = {}
    server.faults.extend([Fault(cut_after=CHUNK)] * 20)

    with pytest.raises(DownloadError, match="broke off"):
        _fetch(downloader, server, tmp_path)

    assert len(server.served) == POLICY.attempts_max


def test_a_server_that_says_nothing_is_given_up(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path
) -> None:
    """The read time-out ends every wait."""
    server.faults.extend([Fault(stall_after=0)] * 3)

    with pytest.raises(DownloadError, match=r"no data within 2 s"):
        _fetch(downloader, server, tmp_path)


def test_a_refused_connection_is_one_sentence(
    downloader: Downloader, free_port: Callable[[], int], tmp_path: Path
) -> None:
    """A server that is down is told from one that is slow."""
    url = f"http://127.0.0.1:{free_port()}/tiny.tar.gz"

    with pytest.raises(DownloadError, match=r"no connection \(Connection refused\)"):
        downloader.fetch(url, tmp_path / "tiny.tar.gz", lambda *_: None)


def test_a_host_that_does_not_exist_is_one_sentence(downloader: Downloader, tmp_path: Path) -> None:
    """Without a network this is what happens first."""
    url = "http://models.invalid/tiny.tar.gz"

    with pytest.raises(DownloadError, match="host name cannot be resolved"):
        downloader.fetch(url, tmp_path / "tiny.tar.gz", lambda *_: None)


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/x", "http://[::1/x"])
def test_an_address_that_is_none_is_final(downloader: Downloader, tmp_path: Path, url: str) -> None:
    """A typing mistake in a mirror's address is not tried again."""
    with pytest.raises(DownloadError, match="Cannot download"):
        downloader.fetch(url, tmp_path / "tiny.tar.gz", lambda *_: None)


def test_a_redirect_is_followed_and_a_circle_is_not(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path
) -> None:
    """Publishers move their files; a server that only moves them has none."""
    there = Fault(status=302, headers={"Location": "/tiny.tar.gz"})
    server.faults.append(there)

    content = _fetch(downloader, server, tmp_path)
    server.faults.extend([there] * 9)

    assert content == server.files["/tiny.tar.gz"]
    with pytest.raises(DownloadError, match="too many redirects"):
        downloader.fetch(f"{server.url}/tiny.tar.gz", tmp_path / "x", lambda *_: None)


def test_compressed_content_is_kept_as_it_is(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path
) -> None:
    """A server that labels an archive as gzip-encoded must not get it unpacked on the way."""
    server.faults.append(Fault(headers={"Content-Encoding": "gzip"}))

    assert _fetch(downloader, server, tmp_path) == server.files["/tiny.tar.gz"]


def test_the_proxy_of_the_environment_is_used(
    downloader: Downloader, server: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a company's proxy, everything goes through it, except what must not."""
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "intern.invalid")

    downloader.fetch("http://models.invalid/tiny.tar.gz", tmp_path / "x", lambda *_: None)

    assert server.served[0].path == "http://models.invalid/tiny.tar.gz"
    with pytest.raises(DownloadError, match="cannot be resolved"):
        downloader.fetch("http://intern.invalid/tiny.tar.gz", tmp_path / "y", lambda *_: None)


def test_whether_a_file_is_there_can_be_asked(
    downloader: Downloader, server: ArchiveServer, free_port: Callable[[], int]
) -> None:
    """Nothing is downloaded to find out, and no answer is not a no."""
    assert downloader.exists(f"{server.url}/tiny.tar.gz")
    assert not downloader.exists(f"{server.url}/other.tar.gz")
    with pytest.raises(DownloadError, match="Cannot ask"):
        downloader.exists(f"http://127.0.0.1:{free_port()}/tiny.tar.gz")

    assert sum(answer.body_bytes for answer in server.served) == 0
