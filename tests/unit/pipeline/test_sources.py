"""Where files come from, and which of a model's files is taken."""

from hashlib import sha256
from pathlib import Path

import pytest

from pipeline.catalogue import CatalogueEntry, ModelFile
from pipeline.catalogue.application import application_entry
from pipeline.download import Downloader
from pipeline.exceptions import DownloadError
from pipeline.sources import Source, choose_file, open_source
from pipeline.toml_table import TomlTable

CONTENT = b"weights"


@pytest.fixture
def entry() -> CatalogueEntry:
    """An application whose weights are published by Keras, or converted with a known digest."""
    converted = {
        "weights": "converted.weights.h5",
        "sha256": sha256(CONTENT).hexdigest(),
        "source_url": "https://elsewhere.example/",
    }
    facts = {
        "title": "Net", "summary": "Names things", "licence": "MIT", "application": "MobileNet",
        "size": 96, "weights": "published.h5", "source_url": "https://keras.example/",
        "labels": "few", "rank": 1, "converted": [converted],
    }  # fmt: skip
    return application_entry("net", TomlTable(facts))


def _source(place: Path | None) -> Source:
    return open_source(str(place) if place else None, Downloader())


def test_a_publisher_is_asked_for_what_it_publishes(entry: CatalogueEntry) -> None:
    """Without a mirror, Keras brings its own weights."""
    assert choose_file(entry, _source(None)).name == "published.h5"


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (["published.h5"], "published.h5"),
        (["converted.weights.h5"], "converted.weights.h5"),
        (["converted.weights.h5", "published.h5"], "published.h5"),
    ],
)
def test_the_first_file_that_a_mirror_has_is_taken(
    entry: CatalogueEntry, tmp_path: Path, there: list[str], chosen: str
) -> None:
    """The publisher's own weights go before converted ones."""
    for name in there:
        (tmp_path / name).write_bytes(CONTENT)

    assert choose_file(entry, _source(tmp_path)).name == chosen


@pytest.mark.parametrize(
    ("name", "content", "chosen"),
    [
        ("mine.h5", CONTENT, "converted.weights.h5"),
        ("published.h5", b"others", "published.h5"),
    ],
)
def test_a_file_is_known_by_its_digest_or_by_its_name(
    entry: CatalogueEntry, tmp_path: Path, name: str, content: bytes, chosen: str
) -> None:
    """A digest says more than a name, which anybody may have changed."""
    (tmp_path / name).write_bytes(content)
    source, target = _source(tmp_path / name), tmp_path / "target"

    file = choose_file(entry, source)
    source.bring(file, target, lambda _done, _total: None)

    assert file.name == chosen
    assert target.read_bytes() == content


def test_a_file_of_another_model_is_refused(entry: CatalogueEntry, tmp_path: Path) -> None:
    """The message has the file that was given and the names that are wanted."""
    (tmp_path / "mine.h5").write_bytes(b"others")

    with pytest.raises(DownloadError) as caught:
        choose_file(entry, _source(tmp_path / "mine.h5"))

    assert str(caught.value) == (
        f"net cannot be fetched from the file {tmp_path}/mine.h5: expected published.h5 or "
        "converted.weights.h5."
    )


def test_a_file_that_nobody_publishes_needs_a_mirror(tmp_path: Path) -> None:
    """The message says how to name one."""
    file = ModelFile(name="x.tar.gz", source_url="https://models.example/")

    with pytest.raises(DownloadError, match=r"^x.tar.gz is in mirrors only: name one .*--mirror"):
        _source(None).bring(file, tmp_path / "x", lambda _done, _total: None)
