"""What one client may ask, what is worked on at once, and what may be kept."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp import Settings, create_app
from webapp.exceptions import BusyError, QuotaError
from webapp.limits.gate import Gate, GateLimits
from webapp.limits.quota import Quota
from webapp.limits.rate import RateLimiter
from webapp.services import EXTENSION
from webapp.testing import FakeModelServer

DETECTIONS = "/api/v1/detections"
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}
TIMEOUT_S = 30


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_bucket_fills_up_evenly() -> None:
    """After a burst a client gets on at the pace that the limit says."""
    clock = Clock()
    limiter = RateLimiter(per_minute=60, clock=clock)

    burst = [limiter.wait_s("a") for _ in range(61)]
    clock.now_s = 1.0
    later = [limiter.wait_s("a") for _ in range(2)]

    assert burst == [0.0] * 60 + [1.0]
    assert later == [0.0, 1.0]


def test_clients_do_not_share_a_bucket() -> None:
    """One client's haste holds up no other."""
    limiter = RateLimiter(per_minute=1, clock=Clock())
    limiter.wait_s("a")

    assert limiter.wait_s("a") > 0
    assert limiter.wait_s("b") == 0


def test_buckets_are_bounded() -> None:
    """However many clients come, only so many are remembered."""
    limiter = RateLimiter(per_minute=1, clients_max=10, clock=Clock())

    for number in range(1000):
        limiter.wait_s(str(number))

    assert len(limiter._buckets) == 10


def test_zero_is_without_limit() -> None:
    """A rate of zero turns nobody away."""
    limiter = RateLimiter(per_minute=0)

    assert not any(limiter.wait_s("a") for _ in range(1000))


def test_gate_never_lets_more_through() -> None:
    """With many threads at the gate, no more are inside than there are places."""
    gate = Gate(GateLimits(running_max=3, waiting_max=100, wait_s=TIMEOUT_S))
    most = []

    def work(_number: int) -> None:
        with gate.place():
            most.append(gate.running)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(400)))

    assert len(most) == 400
    assert max(most) <= 3
    assert (gate.running, gate.waiting) == (0, 0)


def test_full_gate_turns_away_at_once() -> None:
    """Where nobody may wait, the next one is told so without a wait."""
    gate = Gate(GateLimits(running_max=1, waiting_max=0, wait_s=TIMEOUT_S))

    with gate.place(), pytest.raises(BusyError), gate.place():
        pass

    assert gate.running == 0


def test_who_has_less_time_waits_less_at_the_gate() -> None:
    """A caller whose deadline is near is turned away before the gate's own limit."""
    gate = Gate(GateLimits(running_max=1, waiting_max=1, wait_s=3600))

    with gate.place(), pytest.raises(BusyError), gate.place(wait_s=0.01):
        pass

    assert gate.waiting == 0


def test_wait_at_the_gate_is_bounded() -> None:
    """Who waits for longer than allowed is turned away, and leaves the queue."""
    gate = Gate(GateLimits(running_max=1, waiting_max=1, wait_s=0.001))

    with gate.place(), pytest.raises(BusyError), gate.place():
        pass

    assert gate.waiting == 0


def test_place_is_given_back_after_an_error() -> None:
    """What goes wrong inside frees its place."""
    gate = Gate(GateLimits(running_max=1, waiting_max=0, wait_s=0))

    with pytest.raises(RuntimeError), gate.place():
        raise RuntimeError

    with gate.place():
        assert gate.running == 1


def test_quota_counts_claims_that_are_not_written_yet() -> None:
    """Two uploads at once cannot both have the last room."""
    quota = Quota(100, lambda: 0, clock=Clock())

    with quota.claim(60), pytest.raises(QuotaError, match="no room"), quota.claim(60):
        pass


def test_failed_upload_gives_its_room_back() -> None:
    """What was not kept does not count."""
    quota = Quota(100, lambda: 0, clock=Clock())
    with pytest.raises(RuntimeError), quota.claim(60):
        raise RuntimeError

    with quota.claim(60):
        pass

    assert quota._used == 60


def test_deletion_makes_room_at_once() -> None:
    """Before anybody is turned away it is measured anew."""
    used = [100]
    quota = Quota(100, lambda: used[0], clock=Clock())
    with pytest.raises(QuotaError), quota.claim(1):
        pass
    used[0] = 10

    with quota.claim(50):
        pass

    assert quota._used == 60


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with tight limits."""
    return replace(settings, requests_per_minute=20, changes_per_minute=3)


def test_too_many_requests_are_told_when_to_come_back(web: FlaskClient) -> None:
    """Past the limit a page says so, with a time to wait; the API says it in its form."""
    for _ in range(20):
        assert web.get("/", environ_base=ELSEWHERE).status_code == 200

    page = web.get("/", environ_base=ELSEWHERE)
    document = web.get("/api/v1/models", environ_base=ELSEWHERE)

    assert page.status_code == document.status_code == 429
    assert "<h1>Too many requests</h1>" in page.text
    assert document.mimetype == "application/problem+json"
    assert 1 <= int(document.headers["Retry-After"]) <= 60


def test_changes_have_a_limit_of_their_own(
    web: FlaskClient, photo: bytes, files: Callable[[], list[Path]]
) -> None:
    """Past the limit of uploads nothing more is kept, and pages are still shown."""
    statuses = [
        web.post(
            DETECTIONS, data=photo, content_type="image/jpeg", environ_base=ELSEWHERE
        ).status_code
        for _ in range(5)
    ]

    assert statuses == [201, 201, 201, 429, 429]
    assert len(files()) == 3
    assert web.get("/", environ_base=ELSEWHERE).status_code == 200


def test_this_machine_and_health_are_not_limited(web: FlaskClient) -> None:
    """A program on the same machine asks as often as it likes, and so does whoever watches."""
    assert {web.get("/").status_code for _ in range(50)} == {200}
    watched = {web.get("/healthz", environ_base=ELSEWHERE).status_code for _ in range(50)}
    assert watched == {200}


def test_proxy_that_is_not_trusted_counts_as_one_client(
    web: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What a proxy here passes on is limited, whatever address it names, and the log says why."""
    statuses = [
        web.get("/", headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
        for number in range(22)
    ]

    assert statuses == [200] * 20 + [429] * 2
    assert caplog.text.count("SIGHTLINE_TRUSTED_HOPS") == 1


def test_trusted_proxy_names_its_clients(settings: Settings, model_server: FakeModelServer) -> None:
    """Behind so many proxies each client has its own limit; what it adds itself is not heard."""
    app = create_app(replace(settings, trusted_hops=1), client=model_server.client())
    web = app.test_client()

    first = [
        web.get(
            "/healthz2", headers={"X-Forwarded-For": f"198.51.100.{number}, 192.0.2.1"}
        ).status_code
        for number in range(22)
    ]
    second = web.get("/healthz2", headers={"X-Forwarded-For": "192.0.2.2"}).status_code
    app.extensions[EXTENSION].close()

    assert first == [404] * 20 + [429] * 2
    assert second == 404


def test_picture_that_finds_no_place_is_a_503(
    settings: Settings, model_server: FakeModelServer, photo: bytes, files: Callable[[], list[Path]]
) -> None:
    """While all places are taken, the next upload is refused with a time, and nothing is kept."""
    app = _app(
        replace(settings, recognitions_max=1, recognitions_waiting_max=0, changes_per_minute=0),
        model_server,
    )
    arrived, goes_on = Event(), Event()

    def wait() -> None:
        arrived.set()
        assert goes_on.wait(TIMEOUT_S)

    model_server.on_predict = wait
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_post, app, photo)
        assert arrived.wait(TIMEOUT_S)
        second = _post(app, photo)
        goes_on.set()
        status = first.result(TIMEOUT_S).status_code
    app.extensions[EXTENSION].close()

    assert status == 201
    assert second.status_code == 503
    assert int(second.headers["Retry-After"]) > 0
    assert second.get_json()["title"] == "The site is busy"
    assert len(files()) == 1


def test_full_quota_is_a_507(
    settings: Settings, model_server: FakeModelServer, photo: bytes, files: Callable[[], list[Path]]
) -> None:
    """Without room nothing is kept; a page and the API say so; a deletion makes room."""
    app = _app(replace(settings, quota_bytes=len(photo) + 10), model_server)
    made = _post(app, photo).get_json()["id"]

    refused = _post(app, photo)
    app.test_client().delete(f"/api/v1/results/{made}")
    accepted = _post(app, photo)
    app.extensions[EXTENSION].close()

    assert refused.status_code == 507
    assert refused.get_json()["title"] == "Storage is full"
    assert "Nothing was kept." in refused.get_json()["kept"]
    assert accepted.status_code == 201
    assert len(files()) == 1


def test_uploads_at_once_stay_below_the_quota(
    settings: Settings, model_server: FakeModelServer, photo: bytes, files: Callable[[], list[Path]]
) -> None:
    """Of many uploads at the same moment exactly those are kept that fit."""
    tight = replace(settings, quota_bytes=3 * len(photo), changes_per_minute=0)
    app = _app(replace(tight, recognitions_max=8), model_server)
    together = Barrier(8)

    def send(_number: int) -> int:
        together.wait(TIMEOUT_S)
        return _post(app, photo).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(send, range(8)))
    app.extensions[EXTENSION].close()

    assert statuses == [201] * 3 + [507] * 5
    assert len(files()) == 3


def _app(settings: Settings, model_server: FakeModelServer) -> Flask:
    return create_app(settings, client=model_server.client())


def _post(app: Flask, photo: bytes) -> TestResponse:
    return app.test_client().post(DETECTIONS, data=photo, content_type="image/jpeg")
