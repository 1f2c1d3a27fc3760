"""What tests do with the player of a video, and what they see in it."""

import re

from playwright.sync_api import Locator, Page, expect

WAIT_MS = 20_000


def scrubber(page: Page) -> Locator:
    return page.get_by_role("slider", name="Moment")


def tags(page: Page) -> Locator:
    return page.locator(".player .box__tag")


def expect_moment(page: Page, moment: str) -> None:
    """Wait until a frame of that moment is shown."""
    expect(scrubber(page)).to_have_attribute(
        "aria-valuetext", re.compile(f"^{moment} of"), timeout=WAIT_MS
    )


def drawn_square(page: Page) -> list[float]:
    """Edges of the white square in the frame that the player shows, in shares of it."""
    found: list[float] = page.evaluate(
        """() => {
            const video = document.querySelector("video");
            const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
            const context = canvas.getContext("2d");
            context.drawImage(video, 0, 0);
            const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
            const xs = [], ys = [];
            for (let at = 0; at < width * height; at += 1) {
                if (data[4 * at] > 180) {
                    xs.push(at % width);
                    ys.push(Math.floor(at / width));
                }
            }
            return [Math.min(...xs) / width, Math.min(...ys) / height,
                    (Math.max(...xs) + 1) / width, (Math.max(...ys) + 1) / height];
        }"""
    )
    return found


def drawn_box(page: Page) -> list[float]:
    """Edges of the first box, in shares of the player, as they lie on the screen."""
    found: list[float] = page.evaluate(
        """() => {
            const video = document.querySelector("video").getBoundingClientRect();
            const box = document.querySelector(".player .box__line").getBoundingClientRect();
            return [(box.left - video.left) / video.width, (box.top - video.top) / video.height,
                    (box.right - video.left) / video.width,
                    (box.bottom - video.top) / video.height];
        }"""
    )
    return found
