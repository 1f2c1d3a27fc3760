"""Fetch what pages take from npm into ``static/vendor``: ``make vendor``.

What is fetched is committed, so nobody needs npm to run the application. Each package is pinned by
version and by the digest of its archive.
"""

import base64
import gzip
import hashlib
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static" / "vendor"
"""Where the pages find them."""
ICONS = (
    "activity", "arrow-right", "braces", "camera", "check", "chevron-left", "chevron-right",
    "circle-x", "columns-2", "file-archive", "film", "flame", "image", "image-plus", "images",
    "layers", "link", "maximize", "pause", "play", "printer", "rotate-cw", "scan-eye", "search",
    "step-back", "step-forward", "sun-moon", "table", "trash-2", "triangle-alert", "zoom-in",
    "zoom-out",
)  # fmt: skip
"""The icons that pages use, by their names in Lucide."""
_FONT_FILE = "inter-latin-wght-normal.woff2"
_SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package.

    Attributes:
        name: Its name in the registry.
        version: The exact version.
        sha512: Digest of its archive, in base64, as npm writes it.
    """

    name: str
    version: str
    sha512: str

    @property
    def archive_name(self) -> str:
        """What ``npm pack`` calls the archive."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


FONT = Package(
    "@fontsource-variable/inter", "5.3.0",
    "OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
)  # fmt: skip
LUCIDE = Package(
    "lucide-static", "1.62.0",
    "WBZA/m2PvkFpMGHDtsBck5P2A9G4ehLlYu4GwwICcmEm1BvYVgj00lCDxKRWLlbMlOibLaiwdQ88G5pHkSWgwA==",
)  # fmt: skip

SWAGGER_UI = Package(
    "swagger-ui-dist", "5.35.0",
    "U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==",
)  # fmt: skip
_VIEWER_FILES = (
    "LICENSE", "NOTICE", "swagger-ui.css", "swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt",
)  # fmt: skip

LITERT = Package(
    "@litertjs/core", "2.5.3",
    "PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
)  # fmt: skip
LITERT_UTILS = Package(
    "@litertjs/wasm-utils", "2.5.3",
    "4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
)  # fmt: skip
# One for browsers with relaxed SIMD, which is a quarter faster, and one for all others.
_RUNTIMES = ("litert_wasm_internal", "litert_wasm_compat_internal")
_LICENCE = Path(__file__).parents[1] / "LICENSE"  # the same one
_LITERT_NOTICE = """\
LiteRT.js
Copyright 2025 Google LLC
Apache License 2.0; https://github.com/google-ai-edge/LiteRT
"""
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


class DigestError(Exception):
    """An archive is not the one that was pinned."""


def fetch(package: Package, folder: Path) -> Path:
    """Fetch a package with npm and return its unpacked folder.

    Args:
        package: Which one.
        folder: Where to unpack it.

    Raises:
        DigestError: Its archive has another digest than expected.
        subprocess.CalledProcessError: npm could not fetch it.
    """
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    archive = folder / package.archive_name
    check_digest(archive.read_bytes(), package)
    target = folder / package.name.rpartition("/")[2]
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


def check_digest(data: bytes, package: Package) -> None:
    """Check the bytes of a package's archive.

    Raises:
        DigestError: They have another digest than expected.
    """
    actual = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if actual != package.sha512:
        raise DigestError(
            f"{package.name} {package.version}: expected sha512 {package.sha512}, got {actual}"
        )


def sprite(icons: dict[str, str]) -> str:
    """Put icons into one file of symbols.

    Args:
        icons: The text of each icon's own SVG file, by name.

    Examples:
        >>> print(sprite({"dot": '<svg><circle r="3" /></svg>'}))
        <svg xmlns="http://www.w3.org/2000/svg">
        <symbol id="dot" viewBox="0 0 24 24"><circle r="3" /></symbol>
        </svg>
        <BLANKLINE>
    """
    symbols = [
        f'<symbol id="{name}" viewBox="0 0 24 24">{_shapes(text)}</symbol>'
        for name, text in icons.items()
    ]
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""])


def _shapes(text: str) -> str:
    inside = _SHAPES.search(text)
    if inside is None:
        raise ValueError("expected an SVG file")
    return " ".join(inside[1].split())


def write_font(package_folder: Path, folder: Path) -> None:
    """Copy the font's Latin subset and its licence.

    Args:
        package_folder: The unpacked npm package.
        folder: Where to.
    """
    _copy(package_folder / "files" / _FONT_FILE, folder / _FONT_FILE)
    _copy(package_folder / "LICENSE", folder / "LICENSE")


def write_icons(package_folder: Path, folder: Path) -> None:
    """Write the icons in use as one file, with their licence.

    Args:
        package_folder: The unpacked npm package.
        folder: Where to.
    """
    texts = {
        name: (package_folder / "icons" / f"{name}.svg").read_text(encoding="utf-8")
        for name in ICONS
    }
    _copy(package_folder / "LICENSE", folder / "LICENSE")
    (folder / "icons.svg").write_text(sprite(texts), encoding="utf-8")


def write_viewer(package_folder: Path, folder: Path) -> None:
    """Copy the viewer of the API's description, with the licences of all that is in it.

    Args:
        package_folder: The unpacked npm package.
        folder: Where to.
    """
    for name in _VIEWER_FILES:
        _copy(package_folder / name, folder / name)


def write_runtime(package_folder: Path, folder: Path) -> None:
    """Copy the runtime of models in browsers.

    Modules name each other by address, which browsers need where npm's tools look names up. What is
    in WebAssembly is compressed, to a third, and sent so.

    Args:
        package_folder: The unpacked npm package.
        folder: Where to.
    """
    _write_module(package_folder, folder)
    for name in _RUNTIMES:
        _copy(package_folder / "wasm" / f"{name}.js", folder / f"{name}.js")
        binary = (package_folder / "wasm" / f"{name}.wasm").read_bytes()
        (folder / f"{name}.wasm.gz").write_bytes(gzip.compress(binary, 9, mtime=0))


def write_runtime_utils(package_folder: Path, folder: Path) -> None:
    """Copy what the runtime's module imports.

    Args:
        package_folder: The unpacked npm package.
        folder: Where to.
    """
    _write_module(package_folder, folder)


def _write_module(package_folder: Path, folder: Path) -> None:
    """Write a module of LiteRT.js, and the licence that its package names but does not hold."""
    text = (package_folder / "dist" / "index.js").read_text(encoding="utf-8")
    text = text.replace(f'"{LITERT_UTILS.name}"', '"../litert-utils/index.js"')
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.js").write_text(_SOURCE_MAP.sub("", text), encoding="utf-8")
    facts = (package_folder / "package.json").read_text(encoding="utf-8")
    if '"license": "Apache-2.0"' not in facts:
        raise ValueError(f"expected the Apache licence in {package_folder}/package.json")
    _copy(_LICENCE, folder / "LICENSE")
    (folder / "NOTICE").write_text(_LITERT_NOTICE, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


_WRITERS: dict[str, tuple[Package, Callable[[Path, Path], None]]] = {
    "inter": (FONT, write_font),
    "litert": (LITERT, write_runtime),
    "litert-utils": (LITERT_UTILS, write_runtime_utils),
    "lucide": (LUCIDE, write_icons),
    "swagger-ui": (SWAGGER_UI, write_viewer),
}


def main() -> None:
    """Fetch everything."""
    with tempfile.TemporaryDirectory() as name:
        for folder_name, (package, write) in _WRITERS.items():
            write(fetch(package, Path(name)), FOLDER / folder_name)


if __name__ == "__main__":
    main()
