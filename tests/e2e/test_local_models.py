"""A model of the detection zoo in the browser, with a form that the command made."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.agreement import compare
from tests.e2e.stack import MODEL, Running, environment, launcher, pipeline, starter

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


@pytest.fixture(scope="module")
def stack(
    repository: Path,
    free_ports: Callable[[int], list[int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Running]:
    """The stack with the SSD of the mirror, which has a form for browsers."""
    folder = tmp_path_factory.mktemp("local")
    models = folder / "models"
    shutil.copytree(repository, models, ignore=shutil.ignore_patterns(".work"))
    for command in (("browser", MODEL), ("models", "config"), ("models", "verify")):
        answer = pipeline(*command, "--repository", str(models))
        assert answer.returncode == 0, answer.stderr
    ports = free_ports(3)
    with starter() as run:
        running = run(launcher(ports), ports, environment(folder, models))
        running.wait_ready()
        yield running


def test_everyday_objects_are_found_alike(stack: Running, page: Page, shared_dir: Path) -> None:
    """On photographs, too, each object has a partner in a box that overlaps by 0.9."""
    photographs = sorted((shared_dir / "photos").glob("*.jpg"))
    pictures = [(path, (300, 300)) for path in photographs]

    found = compare(stack, page, MODEL, pictures)

    assert len(found) > 5
    assert min(found) >= 0.9
