"""The real server: bodies of every kind, many clients at once, and a clean end."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from webapp import Settings
from webapp.exceptions import ListenError
from webapp.server import listen
from webapp.testing import FakeModelServer, RunningSite

Photo = Callable[[int], bytes]
TIMEOUT_S = 30


def connect(site: RunningSite) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", site.port, timeout=TIMEOUT_S)


def post(site: RunningSite, data: bytes) -> tuple[int, bytes]:
    with closing(connect(site)) as connection:
        connection.request("POST", "/api/v1/detections", data, {"Content-Type": "image/jpeg"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def originals(settings: Settings) -> list[Path]:
    return list(settings.originals.glob("*/*.jpg"))


def pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


def test_chunked_picture_is_accepted(site: RunningSite, photo: Photo) -> None:
    """A body without a length, sent in chunks, is a body like any other."""
    with closing(connect(site)) as connection:
        connection.request(
            "POST", "/api/v1/detections", pieces(photo(1)), {"Content-Type": "image/jpeg"}
        )
        answer = connection.getresponse()
        document = json.load(answer)

    assert answer.status == 201
    assert document["detections"][0]["label"] == "dog"


def test_chunked_flood_is_refused(site: RunningSite, settings: Settings) -> None:
    """A body that grows beyond the limit chunk by chunk is a 413, and nothing is kept."""
    with closing(connect(site)) as connection:
        connection.request(
            "POST",
            "/api/v1/detections",
            pieces(b"\xff\xd8\xff" * 100_000),
            {"Content-Type": "image/jpeg"},
        )
        answer = connection.getresponse()
        document = json.load(answer)

    assert answer.status == 413
    assert document["title"] == "File too large"
    assert originals(settings) == []


def test_announced_flood_is_refused_at_once(site: RunningSite) -> None:
    """A length far over the limit is refused before the body is sent."""
    with socket.create_connection(("127.0.0.1", site.port), TIMEOUT_S) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x"
            b"\r\nContent-Length: 100000000000\r\n\r\n"
        )
        answer = client.makefile("rb").readline()

    assert answer.split()[1] == b"413"


def test_length_that_is_too_short_cuts_the_picture(
    site: RunningSite, settings: Settings, photo: Photo
) -> None:
    """A length smaller than the body leaves a truncated picture, which is refused."""
    data = photo(1)
    head = (
        "POST /api/v1/detections HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
        f"Connection: close\r\nContent-Length: {len(data) - 100}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", site.port), TIMEOUT_S) as client:
        client.sendall(head.encode() + data)
        answer = client.makefile("rb").readline()

    assert answer.split()[1] == b"422"
    assert originals(settings) == []


@pytest.mark.parametrize("length", [b"-5", b"1e3", b"twelve", b"5, 6"])
def test_length_that_is_no_number_is_refused(site: RunningSite, length: bytes) -> None:
    """A length that makes no sense is a 400."""
    with socket.create_connection(("127.0.0.1", site.port), TIMEOUT_S) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length + b"\r\n\r\n"
        )
        answer = client.makefile("rb").readline()

    assert answer.split()[1] == b"400"


def test_client_that_hangs_up_leaves_nothing(
    site: RunningSite, settings: Settings, photo: Photo
) -> None:
    """A connection that ends in the middle of a body keeps nothing, and the next one works."""
    with socket.create_connection(("127.0.0.1", site.port), TIMEOUT_S) as client:
        client.sendall(
            b"POST /api/v1/detections HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg"
            b"\r\nContent-Length: 5000\r\n\r\n" + photo(1)[:2000]
        )

    status, _ = post(site, photo(2))

    assert status == 201
    assert [path.read_bytes() for path in originals(settings)] == [photo(2)]


def test_many_uploads_at_once_are_all_kept_apart(
    site: RunningSite, settings: Settings, photo: Photo
) -> None:
    """Every one of many uploads by many clients has its own row, with its own file."""
    pictures = [photo(number) for number in range(96)]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(partial(post, site), pictures))

    assert {status for status, _ in answers} == {201}
    ids = [json.loads(body)["id"] for _, body in answers]
    assert len(set(ids)) == len(pictures)
    with closing(connect(site)) as connection:
        for result_id, picture in zip(ids, pictures, strict=True):
            connection.request("GET", f"/results/{result_id}/original")
            assert connection.getresponse().read() == picture
    assert len(originals(settings)) == len(pictures)


def test_stopping_finishes_what_runs(
    site: RunningSite, model_server: FakeModelServer, photo: Photo
) -> None:
    """A request that is being worked on is answered after the stop; new ones get no further."""
    arrived, goes_on = Event(), Event()

    def wait() -> None:
        arrived.set()
        assert goes_on.wait(TIMEOUT_S)

    model_server.on_predict = wait
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(post, site, photo(1))
        assert arrived.wait(TIMEOUT_S)
        site.stop(timeout_s=0)
        refused = _wait_until_refused(site.port)
        goes_on.set()
        status, _ = running.result(TIMEOUT_S)
    site.stop()

    assert refused
    assert status == 201
    assert not site.is_running


def _wait_until_refused(port: int) -> bool:
    """Connect until nobody listens; each attempt waits for the system, so none is idle."""
    for _ in range(100_000):
        try:
            socket.create_connection(("127.0.0.1", port), TIMEOUT_S).close()
        except ConnectionResetError:
            continue  # it waited in the queue when that was closed
        except ConnectionRefusedError:
            return True
    return False


def test_idle_connection_does_not_hold_up_the_stop(site: RunningSite) -> None:
    """A browser that keeps its connection open does not keep the server from ending."""
    with closing(connect(site)) as connection:
        connection.request("GET", "/healthz")
        connection.getresponse().read()

        site.stop()

        assert not site.is_running


def test_taken_port_is_one_sentence(site: RunningSite) -> None:
    """A port that somebody listens on is named, with the way out."""
    with pytest.raises(ListenError, match=rf"Port {site.port} on 127\.0\.0\.1 is taken; choose"):
        listen("127.0.0.1", site.port)


def test_address_of_another_machine_is_one_sentence() -> None:
    """An address that is not this machine's is named."""
    with pytest.raises(ListenError, match=r"Cannot listen on 192\.0\.2\.1 port 0"):
        listen("192.0.2.1", 0)
