"""Fixtures that every kind of test shares."""

import gc
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.scheduler.protocol import Scheduling

from tests.one_by_one import is_one_by_one

CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_configure() -> None:
    """Heed Ctrl-C, and let the programs that tests start heed it.

    Shells start what runs in the background with SIGINT ignored, and children inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


# A busy machine may take long; what never comes fails all the same.
expect.set_options(timeout=30_000)


class FilesTogether(LoadFileScheduling):  # type: ignore[misc]  # xdist is untyped
    """Gives a file to one process, and the files that disturb each other all to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "one by one" if is_one_by_one(Path(file)) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Decide which of several processes runs which test."""
    return FilesTogether(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest queue: the files that have to wait for each other."""
    items.sort(key=lambda item: not is_one_by_one(item.path))


@pytest.fixture(scope="module", autouse=True)
def quick_collections() -> None:
    """Leave out what the tests before have piled up, which takes a second to look through."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real models and photographs; tests that need it are skipped without it."""
    value = os.environ.get("SIGHTLINE_SHARED", "")
    if value and Path(value).is_dir():
        return Path(value).resolve()
    reason = f"SIGHTLINE_SHARED={value!r} is not a folder with real models and photographs"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def free_ports() -> Callable[[int], list[int]]:
    """A function that returns so many loopback ports nobody listens on."""

    def find(count: int) -> list[int]:
        probes = [socket.socket() for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        ports: list[int] = [probe.getsockname()[1] for probe in probes]
        for probe in probes:
            probe.close()
        return ports

    return find


@pytest.fixture
def free_port(free_ports: Callable[[int], list[int]]) -> Callable[[], int]:
    """A function that returns a loopback port nobody listens on."""
    return lambda: free_ports(1)[0]


@pytest.fixture(scope="session")
def find_program() -> Callable[[str], str]:
    """A function that returns the path of a program; tests are skipped where it is missing."""

    def find(name: str) -> str:
        program = shutil.which(name)
        if program is not None:
            return program
        reason = f"{name} is not installed (see .ci/install-system-packages)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    return find


@pytest.fixture(scope="module")
def chromium_flags() -> list[str]:
    """What Chromium is started with besides; tests that need a webcam have their own."""
    return []


@pytest.fixture(scope="module")
def chromium(find_program: Callable[[str], str], chromium_flags: list[str]) -> Iterator[Browser]:
    """A fresh headless Chromium."""
    program, flags = find_program("chromium"), [*CHROMIUM_FLAGS, *chromium_flags]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page whose every complaint, of the security policy too, fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert errors == []
