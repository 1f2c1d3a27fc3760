"""What the documents say is so."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server.config import Flags
from serving_client import ENVIRONMENT
from webapp.grpc.settings import GrpcSettings
from webapp.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TARGETS = {
    "setup", "run", "dev", "test", "lint", "types", "protos", "check", "models", "smoke", "bench",
    "lock", "clean",
}  # fmt: skip


def settings() -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of every setting of web app, its fronts, client, and every flag."""
    yield from GrpcSettings.documented()
    yield from ((name, each.default, each.doc) for name, each in ENVIRONMENT.items())
    yield from Flags.documented()


@pytest.mark.parametrize(("name", "default", "meaning"), [*settings()], ids=lambda text: text[:40])
def test_every_setting_is_documented(name: str, default: str, meaning: str) -> None:
    """A setting stands in docs/settings.md with its default and its meaning."""
    text = (ROOT / "docs" / "settings.md").read_text()

    assert f"| `{name}` | `{default}` | {meaning} |" in text


def test_no_setting_is_documented_that_nobody_reads() -> None:
    """Every variable that a document names is read somewhere in the source."""
    source = "".join(
        path.read_text()
        for folder in (
            "webapp",
            "sightline",
            "serving_client",
            "pipeline",
            "launcher",
            "benchmarks",
        )
        for path in (ROOT / folder).rglob("*.py")
    )
    known = {name for name, _, _ in settings()}

    named = {
        name
        for path in DOCUMENTS
        for name in re.findall(r"SIGHTLINE_[A-Z_]*[A-Z]", path.read_text())
    }

    assert {name for name in named - known if name not in source} <= {"SIGHTLINE_SERVING"}


@pytest.mark.parametrize("program", ["webapp", "webapp.grpc", "serving_client"])
def test_help_lists_the_settings(program: str) -> None:
    """`--help` of a program lists the variables that it reads."""
    read = {"webapp": Settings, "webapp.grpc": GrpcSettings}.get(program)
    table = [name for name, _, _ in read.documented()] if read else list(ENVIRONMENT)

    answer = subprocess.run(
        [sys.executable, "-m", program, "--help"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip

    assert [name for name in table if name not in answer.stdout] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    """A relative link or picture in a document exists."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text())

    local = [link for link in links if not re.match(r"[a-z]+:", link)]

    assert [link for link in local if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_documents_exist(path: Path) -> None:
    """Every `make` target and every module that a document runs is there."""
    text = path.read_text()
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[
        0
    ].split()

    made = set(re.findall(r"`make ([a-z][a-z-]*)", text)) | set(
        re.findall(r"^make ([a-z]+)", text, re.MULTILINE)
    )
    modules = set(re.findall(r"python -m ([a-z_]+)", text)) - {"pytest", "http"}

    assert made <= set(targets)
    assert [name for name in modules if not (ROOT / name / "__main__.py").exists()] == []


def test_readme_is_short_and_shows_a_picture() -> None:
    """The README has under 150 lines, a screenshot, and the two commands."""
    text = (ROOT / "README.md").read_text()

    assert len(text.splitlines()) < 150
    assert re.search(r"!\[[^\]]+\]\(docs/\S+\.(png|jpg)\)", text)
    assert "make run" in text
    assert "make test" in text


def test_make_prints_its_targets() -> None:
    """`make` without a target lists every target with a word about it."""
    answer = subprocess.run(["make"], capture_output=True, text=True, check=True, cwd=ROOT)

    listed = re.findall(r"^  make ([a-z]+) +\S", answer.stdout, re.MULTILINE)
    assert set(listed) >= TARGETS
