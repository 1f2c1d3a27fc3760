"""The live page in a browser, as the tests of it see it."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

TIMEOUT_MS = 60_000
_LOOK_EVERY_MS = 50
_LOOKS_MAX = TIMEOUT_MS // _LOOK_EVERY_MS
_COUNTS = """() => Object.fromEntries(
    [...document.querySelectorAll("[data-count]")].map(
        (each) => [each.dataset.count, Number(each.textContent)]))"""
_BOXES = """() => [...document.querySelectorAll("[data-boxes] .box")].map((box) => ({
    label: box.dataset.label,
    score: Number(box.dataset.score),
    xywh: ["x", "y", "width", "height"].map(
        (side) => parseFloat(box.querySelector(".box__line").getAttribute(side)) / 100),
}))"""


@dataclass
class LivePage:
    """The page, and what to read from it.

    Attributes:
        page: Where it is open.
        url: Of the site.
    """

    page: Page
    url: str

    def open(self, query: str = "") -> "LivePage":
        """Go to the page."""
        self.page.goto(f"{self.url}/live{query}")
        return self

    def start(self) -> "LivePage":
        """Go to the page, turn the camera on, and wait until a frame was answered."""
        self.open()
        self.page.get_by_role("button", name="Start the camera").click()
        self.expect_state("Looking")
        self.wait_for_answers(1)
        return self

    def expect_state(self, text: str) -> None:
        """Wait until the page says that it is doing something."""
        expect(self.page.locator("[data-state-text]")).to_have_text(text, timeout=TIMEOUT_MS)

    def expect_trouble(self) -> None:
        """Wait until the page says that it waits for the server."""
        expect(self.page.locator("[data-state=waiting]")).to_be_visible(timeout=TIMEOUT_MS)

    def expect_notice(self, text: str) -> None:
        """Wait until a notice says something."""
        expect(self.page.locator("[data-message]")).to_contain_text(text, timeout=TIMEOUT_MS)

    def wait_for_answers(self, more: int) -> None:
        """Wait until so many more frames are answered."""
        least = self.counts()["answered"] + more
        for _ in range(_LOOKS_MAX):
            if self.counts()["answered"] >= least:
                return
            self.page.wait_for_timeout(_LOOK_EVERY_MS)
        raise AssertionError(f"no {more} answers more: {self.counts()}")

    def counts(self) -> dict[str, int]:
        """How many frames there were, and what became of them, all at one moment."""
        counts: dict[str, int] = self.page.evaluate(_COUNTS)
        return counts

    def dropped_by(self) -> dict[str, int]:
        """How many were dropped, by the words for the reason."""
        rows = self.page.locator("[data-reasons] .fact").all()
        return {row.locator("dt").inner_text(): int(row.locator("dd").inner_text()) for row in rows}

    def boxes(self) -> list[dict[str, Any]]:
        """What is drawn over the video at one moment, in fractions of it."""
        boxes: list[dict[str, Any]] = self.page.evaluate(_BOXES)
        return boxes


def adds_up(counts: dict[str, int]) -> bool:
    """Tell whether no frame is missing, and none is there twice."""
    return counts["sent"] == counts["answered"] + counts["dropped"] + counts["inFlight"]


def unmatched(
    answer: dict[str, Any], boxes: list[dict[str, Any]], *, iou_min: float
) -> list[dict[str, Any]]:
    """Return the detections of an answer of the API that no box of the same name lies over."""
    sides = answer["width"], answer["height"]
    return [
        detection
        for detection in answer["detections"]
        if not any(
            box["label"] == detection["label"]
            and _iou(_xywh(detection["box"], sides), box) >= iou_min
            for box in boxes
        )
    ]


def _xywh(box: dict[str, float], sides: tuple[int, int]) -> tuple[float, float, float, float]:
    """A box of the API in fractions of the picture."""
    width, height = sides
    x, y = box["x_min"] / width, box["y_min"] / height
    return x, y, box["x_max"] / width - x, box["y_max"] / height - y


def _iou(xywh: tuple[float, float, float, float], box: dict[str, Any]) -> float:
    (ax, ay, aw, ah), (bx, by, bw, bh) = xywh, box["xywh"]
    across = max(0.0, min(ax + aw, bx + bw) - max(ax, bx))
    down = max(0.0, min(ay + ah, by + bh) - max(ay, by))
    both = across * down
    return float(both / (aw * ah + bw * bh - both))
