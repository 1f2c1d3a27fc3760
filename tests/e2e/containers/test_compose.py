"""The compose files with everything doubled: what a person outside sees, and what is shut."""

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.containers.compose import PICTURE, Compose, eventually, fetch, labels
from tests.e2e.containers.podman import Podman

pytestmark = [pytest.mark.e2e, pytest.mark.containers, pytest.mark.timeout(900)]

SERVICES = {"proxy": 1, "web": 2, "serving-embedded": 2, "database": 1}
READY_S = 180


@pytest.fixture(autouse=True)
def _ready(compose: Compose, podman: Podman) -> None:
    """Every test begins with all containers up, whatever the one before did to them."""

    def all_run() -> bool:
        return all(len(podman.names(service)) == count for service, count in SERVICES.items())

    eventually(all_run, READY_S, f"{SERVICES} run")
    for name in podman.names("serving-embedded"):
        eventually(partial(podman.is_healthy, name), READY_S, f"{name} has a model")
    eventually(lambda: fetch(f"{compose.url}/readyz")[0] == 200, READY_S, "the web app is ready")


@pytest.mark.parametrize("service", ["web", "serving-embedded", "database"])
def test_containers_are_healthy(podman: Podman, service: str) -> None:
    """The health check of each container passes."""
    names = podman.names(service)

    for name in names:
        eventually(partial(podman.is_healthy, name), 60, f"{name} is healthy")

    assert len(names) == SERVICES[service]


def test_an_upload_through_the_published_port_finds_the_codes(compose: Compose) -> None:
    """A picture sent to the proxy comes back with what is on it."""
    reply = compose.upload()

    assert reply.status == 201, reply.document
    assert reply.document["model"]["name"] == "codes"
    assert {"qr_code", "data_matrix", "linear_barcode"} <= set(labels(reply.document))


def test_only_the_proxy_publishes_a_port(compose: Compose, podman: Podman) -> None:
    """From outside there is one way in."""
    ports = {service: podman("port", podman.names(service)[0]) for service in SERVICES}

    assert ports.pop("proxy").endswith(f":{compose.web_port}")
    assert set(ports.values()) == {""}


def test_containers_find_each_other_by_name(podman: Podman) -> None:
    """On their network every address of a name is known; elsewhere no name is."""
    script = "import socket; print(*socket.gethostbyname_ex('serving')[2])"

    inside = podman("exec", podman.names("web")[0], "python", "-c", script)
    outside = podman.run("run", "--rm", "localhost/sightline-web", "python", "-c", script)

    assert len(inside.split()) == 2
    assert "gaierror" in outside.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_containers_may_do_next_to_nothing(podman: Podman, service: str) -> None:
    """No root, no capabilities, no new privileges, nothing to write on but volumes and /tmp."""
    name = podman.names(service)[0]

    user = podman("exec", name, "id", "-u")
    status = podman("exec", name, "cat", "/proc/self/status")
    written = podman.run("exec", name, "sh", "-c", "echo x > /opt/x || echo x > /etc/x")

    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert user != "0"
    assert {int(lines[key], 16) for key in ("CapEff", "CapPrm", "CapBnd")} == {0}
    assert lines["NoNewPrivs"] == "1"
    assert "Read-only file system" in written.stderr


def answered(podman: Podman, name: str) -> int:
    """How many calls a model server has answered."""
    log = podman.run("logs", name)
    return (log.stdout + log.stderr).count("Predict model=")


def test_one_of_two_model_servers_may_die_without_a_failed_upload(
    compose: Compose, podman: Podman
) -> None:
    """Both share the load; when one is killed in the midst of it, the other one answers."""
    names = podman.names("serving-embedded")
    # Clients that remember nothing: one that could not reach a server leaves it out for a while.
    podman("restart", *podman.names("web"))
    before = [answered(podman, name) for name in names]

    def settled() -> bool:
        statuses = [compose.upload().status for _ in range(24)]
        return set(statuses) == {201}

    eventually(settled, READY_S, "the proxy has found both web apps again")
    shared = [answered(podman, name) for name in names]
    with ThreadPoolExecutor(4) as threads:
        under_way = [threads.submit(compose.upload) for _ in range(40)]
        podman.crash(names[0])
        after = [each.result().status for each in under_way]

    assert all(now > then for now, then in zip(shared, before, strict=True))
    assert set(after) == {201}


def test_killed_model_servers_heal_by_themselves(compose: Compose, podman: Podman) -> None:
    """While none runs an upload is answered 503, and soon 201 again; nothing else in between."""
    statuses = []

    def uploaded() -> bool:
        statuses.append(compose.upload().status)
        return statuses[-1] == 201

    for name in podman.names("serving-embedded"):
        podman.crash(name)
    eventually(uploaded, READY_S, "uploads succeed again")

    assert set(statuses[:-1]) == {503}


def test_a_web_app_stops_without_a_failed_upload(compose: Compose, podman: Podman) -> None:
    """SIGTERM lets a replica finish and end with status 0; the other one takes what comes next."""
    name = podman.names("web")[0]

    with ThreadPoolExecutor(4) as threads:
        under_way = [threads.submit(compose.upload) for _ in range(24)]
        podman("stop", "--time", "30", name)
        statuses = [each.result().status for each in under_way]
    end = podman.inspect(name)["State"]["ExitCode"]
    podman("start", name)

    assert end == 0
    assert set(statuses) == {201}


def test_a_new_version_is_served_without_a_restart(compose: Compose, repository: Path) -> None:
    """A version put into the mapped folder answers soon, and no upload fails meanwhile."""
    model = repository / "codes"
    replies = [compose.upload()]
    newest = replies[0].document["model"]["version"] + 1

    shutil.copytree(model / "1", model / "incoming")
    (model / "incoming").rename(model / str(newest))

    def answers_from_the_new_one() -> bool:
        replies.append(compose.upload())
        return bool(replies[-1].document.get("model", {}).get("version") == newest)

    eventually(answers_from_the_new_one, READY_S, f"version {newest} answers")

    assert {reply.status for reply in replies} == {201}


def test_uploads_and_results_outlive_their_containers(compose: Compose, podman: Podman) -> None:
    """Containers removed and made anew show the old result and keep the original's bytes."""
    reply = compose.upload()
    page = f"{compose.url}/results/{reply.document['id']}"

    compose("down")
    compose("up", "--detach")
    eventually(lambda: fetch(f"{compose.url}/healthz")[0] == 200, READY_S, "the stack is back")
    status, body = fetch(page)
    find = "find /var/lib/sightline/originals -type f -exec sha256sum {} +"
    kept = podman("exec", podman.names("web")[0], "sh", "-c", find)

    assert status == 200
    assert b"parcel.jpg" in body
    assert hashlib.sha256(PICTURE.read_bytes()).hexdigest() in kept
