"""Takes the pictures of the pages that the documents show: `make screenshots`.

The bundled model answers, so they show what a fresh checkout shows. They are reduced to few
colours, to stay small.
"""

import shutil
import socket
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import CHROMIUM_FLAGS
from tests.e2e.stack import ROOT, environment, launcher, pipeline, starter
from webapp.samples import BUNDLED

IMAGES = ROOT / "docs" / "images" / "pages"
README_PICTURE = IMAGES.parent / "results.jpg"
DESK, PHONE = (1280, 860), (390, 780)
COLOURS = 200
FULL_WIDTH = 760


def free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def save(data: bytes, name: str) -> None:
    """Keeps a picture in a palette and at no more than the width of a page."""
    picture = Image.open(BytesIO(data)).convert("RGB")
    picture.thumbnail((FULL_WIDTH, 4 * FULL_WIDTH), Image.Resampling.LANCZOS)
    small = picture.quantize(COLOURS, kmeans=4, dither=Image.Dither.NONE)
    small.save(IMAGES / f"{name}.png", optimize=True)


def save_for_readme(data: bytes) -> None:
    picture = Image.open(BytesIO(data)).convert("RGB")
    picture.save(README_PICTURE, quality=82, optimize=True)


def take(browser: Browser, address: str, theme: str, size: tuple[int, int] = DESK) -> bytes:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,  # type: ignore[arg-type]  # light or dark
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    data = page.screenshot()
    context.close()
    return data


def send(browser: Browser, site: str, sample: str) -> str:
    page = browser.new_page()
    page.goto(site)
    page.set_input_files("#image", BUNDLED / f"{sample}.jpg")
    page.get_by_role("button", name="Find objects").click()
    page.wait_for_url("**/results/*")
    address = page.url
    page.close()
    return address


def visit(site: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        save(take(browser, site, "light"), "form-light")
        results = {name: send(browser, site, name) for name in ("ticket", "groceries", "parcel")}
        save(take(browser, results["parcel"], "dark"), "result-dark")
        save(take(browser, results["parcel"], "light", PHONE), "result-phone")
        save(take(browser, f"{site}/results", "light"), "gallery-light")
        save_for_readme(take(browser, results["parcel"], "light"))
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository = folder / "model_repository"
        shutil.copytree(ROOT / "model_repository" / "codes", repository / "codes")
        pipeline("models", "config", "--repository", str(repository)).check_returncode()
        ports = free_ports(3)
        with starter() as run:
            running = run(launcher(ports), ports, environment(folder, repository))
            running.wait_ready()
            visit(running.url)


if __name__ == "__main__":
    main()
