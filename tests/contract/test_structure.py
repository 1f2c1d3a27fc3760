"""The house: who may import whom, what is public, and what the documents promise."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "benchmarks", "http2", "launcher", "model_server", "pipeline", "protos", "recognition",
    "serving_client", "sightline", "stress", "videos", "vision", "webapp",
)  # fmt: skip

# Of our own packages, each one may import these besides itself.
ALLOWED = {
    "benchmarks": {"http2", "serving_client", "vision"},
    "http2": set[str](),
    "launcher": set[str](),
    "model_server": {"http2"},
    "pipeline": {"serving_client", "vision"},
    "protos": set[str](),
    "recognition": {"serving_client", "vision"},
    "serving_client": {"http2", "protos"},
    "sightline": {"recognition", "serving_client", "stress", "videos", "vision"},
    "stress": {"recognition", "serving_client", "vision"},
    "videos": set[str](),
    "vision": set[str](),
    "webapp": {"protos", "recognition", "serving_client", "stress", "videos", "vision"},
}
# These may be imported only below the folders named.
CONFINED = {
    "flask": ("webapp/",),
    "werkzeug": ("webapp/",),
    "sqlalchemy": ("webapp/",),
    "av": ("videos/", "sightline/camera_feed.py"),
    "tensorflow": ("model_server/runtimes/", "pipeline/", "benchmarks/"),
    "keras": ("model_server/runtimes/", "pipeline/"),
    "tensorflow_serving": ("model_server/", "benchmarks/"),
    "grpc": ("serving_client/", "model_server/", "webapp/grpc/", "benchmarks/"),
}
VISION_NEEDS = {"numpy", "PIL"}
VIDEOS_NEEDS = {"av", "numpy"}


def source_files(package: str) -> list[Path]:
    files = (ROOT / package).rglob("*.py")
    return [path for path in files if "gen" not in path.relative_to(ROOT).parts]


def imported(path: Path) -> Iterator[str]:
    """The full names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_depend_in_one_direction(package: str) -> None:
    """A package imports only those of ours that stand below it."""
    ours = {
        name.partition(".")[0]
        for path in source_files(package)
        for name in imported(path)
        if name.partition(".")[0] in PACKAGES
    }

    assert ours - {package} <= ALLOWED[package]


@pytest.mark.parametrize("library", CONFINED)
def test_libraries_stay_where_they_belong(library: str) -> None:
    """Flask only in the web app, TensorFlow only in runtimes and pipeline, and so on."""
    strays = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in source_files(package)
        if any(name.partition(".")[0] == library for name in imported(path))
        and not str(path.relative_to(ROOT)).startswith(CONFINED[library])
    ]

    assert strays == []


def test_vision_needs_only_numpy_and_pillow() -> None:
    """The pure package imports nothing else but the standard library."""
    names = {name.partition(".")[0] for path in source_files("vision") for name in imported(path)}

    assert names - set(sys.stdlib_module_names) <= VISION_NEEDS | {"vision"}


def test_http2_needs_only_the_standard_library() -> None:
    """It is pure, so whoever uses it brings the sockets and the clock along."""
    names = {name.partition(".")[0] for path in source_files("http2") for name in imported(path)}

    assert names <= set(sys.stdlib_module_names) | {"http2"}
    assert not names & {"asyncio", "select", "selectors", "socket", "ssl", "threading", "time"}


def test_videos_needs_only_numpy_and_pyav() -> None:
    """The package of videos imports nothing else but the standard library."""
    names = {name.partition(".")[0] for path in source_files("videos") for name in imported(path)}

    assert names - set(sys.stdlib_module_names) <= VIDEOS_NEEDS | {"videos"}


def test_videos_loads_no_ffmpeg_before_it_is_needed() -> None:
    """Importing the package is cheap, and works where PyAV is not installed."""
    lines = "import sys, videos; sys.exit('av' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", lines], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("package", ["recognition", "serving_client", "stress", "videos", "vision"])
def test_public_names_are_listed_and_sorted(package: str) -> None:
    """`__all__` of a library is sorted and is exactly what a reader finds in it."""
    module = importlib.import_module(package)

    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and type(value).__name__ != "module"
    }

    assert sorted(module.__all__, key=_export_order) == module.__all__
    assert public == set(module.__all__)


def _export_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions: the order ruff sorts `__all__` by."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize(
    "package",
    [
        "http2",
        "model_server",
        "protos",
        "recognition",
        "serving_client",
        "sightline",
        "stress",
        "videos",
        "vision",
    ],
)
def test_libraries_are_typed(package: str) -> None:
    """A library tells type checkers that it is typed."""
    assert (ROOT / package / "py.typed").exists()


def test_no_registry_address_is_committed() -> None:
    """Locks name versions and hashes, never where the files come from."""
    locks = sorted((ROOT / "requirements").glob("*.txt"))

    assert len(locks) == 6
    assert not [
        path.name
        for path in locks
        if re.search(r"https?://|--index|--find-links", path.read_text())
    ]


@pytest.mark.parametrize("lock", ["client", "web"])
def test_locks_without_a_server_hold_no_tensorflow(lock: str) -> None:
    """Neither the client nor the web app brings TensorFlow."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()

    assert "tensorflow" not in text


@pytest.mark.parametrize("lock", ["server", "dev"])
def test_locks_leave_out_the_full_tensorflow(lock: str) -> None:
    """`tensorflow` is asked for by tensorflow-serving-api, and never installed."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()

    assert re.findall(r"^tensorflow==.*", text, re.MULTILINE) == re.findall(
        r"^tensorflow==[\d.]+ ; sys_platform == 'never' \\$", text, re.MULTILINE
    )
    assert re.search(r"^tensorflow-cpu==", text, re.MULTILINE)
