"""axe-core, which looks for barriers in a page: fetched from npm into build/ when first needed."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from webapp.vendor import Package, fetch

PROGRAM = Path(__file__).parents[1] / "build" / "npm" / "axe.min.js"
AXE = Package(
    "axe-core",
    "4.14.1",
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
# The rules of WCAG 2.2 up to level AA, and what axe's makers call best practice.
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def program() -> str:
    """The text of axe; a test that needs it is skipped where it cannot be fetched."""
    if not PROGRAM.exists():
        _fetch()
    return PROGRAM.read_text(encoding="utf-8")


def _fetch() -> None:
    reason = "axe-core is not there, and npm could not fetch it"
    try:
        with tempfile.TemporaryDirectory() as folder:
            source = fetch(AXE, Path(folder)) / PROGRAM.name
            PROGRAM.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, PROGRAM)
    except (OSError, subprocess.CalledProcessError):
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def barriers(page: Page, axe: str) -> list[str]:
    """What axe finds wrong in a page: rule, what it means, and the first places."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate(f"axe.run(document, {json.dumps(OPTIONS)})")
    return [
        f"{each['id']}: {each['help']}: " + "; ".join(_place(node) for node in each["nodes"][:3])
        for each in found["violations"]
    ]


def _place(node: dict[str, Any]) -> str:
    return f"{' '.join(map(str, node['target']))} ({' '.join(node['failureSummary'].split())})"
