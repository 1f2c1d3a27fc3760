"""What the pages take from npm: there, whole, with its licence, and used."""

import gzip
import re
from pathlib import Path

import pytest

from webapp.vendor import FOLDER, FONT, ICONS, DigestError, check_digest, sprite

WEBAPP = FOLDER.parents[1]
# Charts are drawn where the command line has them drawn, too.
CHART = WEBAPP.parent / "serving_client" / "bench" / "_chart.py"
SPRITE = (FOLDER / "lucide" / "icons.svg").read_text(encoding="utf-8")


def used_icons() -> set[str]:
    """The names that templates ask the macro `icon` for, themselves or through another macro."""
    text = "".join(path.read_text() for path in sorted((WEBAPP / "templates").rglob("*.html")))
    named = set(re.findall(r'icon\("([a-z0-9-]+)"\)', text))
    handed_on = set(re.findall(r'"([a-z0-9-]+)"', text)) & set(ICONS)
    return named | handed_on


def test_sprite_has_the_icons_that_pages_use() -> None:
    """Each icon in the list is in the file, and no page asks for another."""
    there = re.findall(r'<symbol id="([a-z0-9-]+)"', SPRITE)

    assert there == list(ICONS)
    assert used_icons() == set(ICONS)


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("inter", "SIL Open Font License"),
        ("lucide", "ISC License"),
        ("litert", "Apache License"),
        ("litert-utils", "Apache License"),
    ],
)
def test_licences_stand_beside_what_they_are_for(folder: str, words: str) -> None:
    """Whoever gets the files gets their licence."""
    assert words in (FOLDER / folder / "LICENSE").read_text(encoding="utf-8")


def test_font_is_one_small_file() -> None:
    """One variable font in one subset: a page costs no more than 60 kB of type."""
    files = [path for path in (FOLDER / "inter").iterdir() if path.suffix == ".woff2"]

    assert len(files) == 1
    assert files[0].read_bytes()[:4] == b"wOF2"
    assert files[0].stat().st_size < 60_000


def test_runtime_of_models_is_whole() -> None:
    """Each glue has its binary, compressed, and modules import nothing by a name of npm."""
    folder = FOLDER / "litert"
    glue = sorted(path.stem for path in folder.glob("litert_wasm_*.js"))

    binaries = [gzip.decompress((folder / f"{name}.wasm.gz").read_bytes()) for name in glue]

    assert glue == ["litert_wasm_compat_internal", "litert_wasm_internal"]
    assert {binary[:4] for binary in binaries} == {b"\0asm"}
    for module in (folder / "index.js", FOLDER / "litert-utils" / "index.js"):
        imported = re.findall(r'^import .* from "([^"]+)";$', module.read_text(), re.MULTILINE)
        assert all((module.parent / name).is_file() for name in imported)


def test_other_archive_is_refused() -> None:
    """What npm sends is used only if it is what was pinned."""
    with pytest.raises(DigestError, match="expected sha512"):
        check_digest(b"something else", FONT)


def test_file_that_is_no_icon_is_refused() -> None:
    """A sprite is made of SVG files and nothing else."""
    with pytest.raises(ValueError, match="SVG"):
        sprite({"x": "<html>"})


STYLES = sorted((WEBAPP / "static" / "css").glob("*.css"))


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_use_tokens_that_exist(path: Path) -> None:
    """Every variable that a stylesheet reads without a default is defined in one of them."""
    sheets = "".join(each.read_text() for each in STYLES)
    defined = set(re.findall(r"(--[a-z0-9-]+)\s*:", sheets))

    read = re.findall(r"var\((--[a-z0-9-]+)(?=\))", path.read_text())

    assert set(read) <= defined


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_classes_in_styles_are_used(path: Path) -> None:
    """No rule is left behind for an element that no page has."""
    sources = [
        *(WEBAPP / "templates").rglob("*.html"),
        *(WEBAPP / "static").rglob("*.js"),
        CHART,
    ]
    markup = "".join(each.read_text() for each in sources)
    without_comments = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    selectors = re.sub(r"\{[^{}]*\}", " ", without_comments)
    names = set(re.findall(r"\.([a-z][a-z0-9_-]*)", selectors))

    # A name may be put together, such as badge--{{ tone }} and series-{number}.
    unused = {
        name
        for name in names
        if name not in markup and re.sub(r"(?<=-)[a-z0-9]+$", "", name) not in markup
    }

    assert unused == set()
