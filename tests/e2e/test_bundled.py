"""A fresh checkout: the bundled model answers at once, without a download."""

import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.agreement import compare, fitting
from tests.e2e.stack import ROOT, Running, environment, launcher, pipeline, starter
from webapp.access.form_tokens import HEADER, token_of
from webapp.access.tokens import new_secret
from webapp.samples import BUNDLED, Samples

pytestmark = pytest.mark.e2e

MODEL = "codes"
SECRET = new_secret()
BROWSER = {"Cookie": f"sightline={SECRET}", HEADER: token_of(SECRET)}


@pytest.fixture(scope="module")
def checkout(
    tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], list[int]]
) -> Iterator[Running]:
    """The stack as `make run` starts it, with the committed models alone."""
    folder = tmp_path_factory.mktemp("checkout")
    repository = folder / "model_repository"
    shutil.copytree(ROOT / "model_repository" / MODEL, repository / MODEL)
    answer = pipeline("models", "config", "--repository", str(repository))
    assert answer.returncode == 0, answer.stderr
    ports = free_ports(3)
    with starter() as run:
        running = run(launcher(ports), ports, environment(folder, repository))
        running.wait_ready()
        yield running


def page_text(address: str, data: bytes | None = None) -> str:
    """A page, or what comes of a form that a page of the site had."""
    request = urllib.request.Request(address, data, BROWSER)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def test_start_names_the_model_and_the_way_to_more(checkout: Running) -> None:
    """The log and the page have the bundled model, and the command that adds others."""
    index = page_text(checkout.url)

    assert any(f"run   | models: {MODEL}; `make models`" in line for line in checkout.lines)
    assert f'value="{MODEL}"' in index
    assert "<code>make models</code>" in index


@pytest.mark.parametrize("name", [sample.name for sample in Samples(BUNDLED).all])
def test_objects_are_found_in_every_sample(checkout: Running, name: str) -> None:
    """A click on a sample leads to a page with at least one object."""
    fields = urllib.parse.urlencode({"model": MODEL}).encode()

    found = page_text(f"{checkout.url}/samples/{name}", fields)

    assert "found <span" in found
    assert "Nothing found" not in found


def test_smoke_test_takes_the_bundled_model(checkout: Running) -> None:
    """`python -m serving_client` needs no name: it asks what is installed, best first."""
    command = [sys.executable, "-m", "serving_client", "--target", checkout.target]

    answer = subprocess.run(
        command, capture_output=True, text=True, check=False, env=checkout.environ, cwd=ROOT
    )

    assert (answer.returncode, answer.stderr) == (0, "")
    assert f"model      {MODEL}" in answer.stdout
    assert "detection_boxes" in answer.stdout


def test_standalone_repository_is_not_written_to(checkout: Running) -> None:
    """Serving leaves the committed files as they are."""
    repository = Path(checkout.environ["SIGHTLINE_MODEL_REPOSITORY"])

    answer = pipeline("models", "verify", MODEL, "--repository", str(repository))

    assert (answer.returncode, answer.stdout) == (0, f"{MODEL} is intact.\n")


@pytest.mark.browser
def test_browser_finds_the_same_as_the_server(checkout: Running, page: Page) -> None:
    """On frames of drawn scenes, each object has a partner in a box that overlaps by 0.9."""
    drawn = sorted((ROOT / "tests" / "data" / "codes" / "images").glob("*.jpg"))[:10]
    samples = sorted((ROOT / "webapp" / "static" / "samples").glob("*.jpg"))
    pictures = [(path, fitting(path, 320)) for path in (*drawn, *samples)]

    found = compare(checkout, page, MODEL, pictures)

    assert len(found) > 20
    assert min(found) >= 0.9
