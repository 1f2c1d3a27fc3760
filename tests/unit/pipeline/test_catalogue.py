"""The catalogue that is shipped, and what happens to one that is wrong."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pipeline.catalogue import Catalogue
from pipeline.exceptions import CatalogueError
from vision import Labels, ModelCard, Resize

SHIPPED = Path(__file__).parents[3] / "model_repository" / "catalogue.toml"
VALID = """\
[defaults]
models = ["ssd"]

[interfaces.plain]
signature = "serving_default"
tensor = "pixels"
dtype = "uint8"
outputs = { boxes = "b", scores = "s", classes = "c" }

[models.ssd]
title = "SSD"
summary = "Finds things"
task = "detection"
licence = "Apache-2.0"
url = "https://models.example/zoo/ssd.tar.gz?generation=1"
saved_model = "ssd/saved_model"
labels = "few"
interface = "plain"
resize = { method = "fit", width = 64, height = 48 }
threshold = 1
rank = 7
"""


def _load(folder: Path, text: str) -> Catalogue:
    path = folder / "catalogue.toml"
    path.write_text(text, encoding="utf-8")
    return Catalogue.load(path)


def test_an_entry_says_all_that_its_model_card_needs(tmp_path: Path) -> None:
    """What stands in the catalogue arrives in the card, defaults filled in."""
    catalogue = _load(tmp_path, VALID)

    entry = catalogue.entry("ssd")
    card = entry.card("a" * 64)

    assert (entry.archive, entry.sha256, entry.size_bytes) == ("ssd.tar.gz", None, None)
    assert card.source_url == "https://models.example/zoo/ssd.tar.gz?generation=1"
    assert card.input.resize == Resize("fit", 64, 48)
    assert (card.input.tensor, card.outputs.boxes, card.outputs.count) == ("pixels", "b", None)
    assert (card.threshold, card.rank, card.archive_sha256) == (1.0, 7, "a" * 64)
    assert ModelCard.from_toml(card.to_toml()) == card


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (VALID, "", "interfaces is missing"),
        (VALID, "][", "not valid"),
        ("[models.ssd]", '[models."../../etc"]', "cannot be a model's name"),
        ("[models.ssd]", "[models.labels]", "cannot be a model's name"),
        ("[models.ssd]", '[models.".hidden"]', "cannot be a model's name"),
        ("[models.ssd]", '[models."a b"]', "cannot be a model's name"),
        ("[models.ssd]", '[models."' + "a" * 101 + '"]', "cannot be a model's name"),
        ("https://models.example", "file:///etc", "url must start with http"),
        (
            "https://models.example/zoo/ssd.tar.gz?generation=1",
            "https://models.example/",
            "archive",
        ),
        ('url = "', 'archive = "../x"\nsource_url = "', "archive must be a plain name"),
        ('url = "', 'archive = "x"\nurl = "', "exactly one of url and archive"),
        ('url = "https', '# "https', "exactly one of url and archive"),
        ('url = "https', 'archive = "ssd.tar.gz"  # "https', "source_url must be there"),
        (
            'saved_model = "ssd',
            'saved_model = "/ssd',
            "saved_model must be a folder in the archive",
        ),
        ('saved_model = "ssd', 'saved_model = "../ssd', "saved_model must be a folder"),
        ('labels = "few"', 'labels = "../few"', "labels must be a plain name"),
        ('labels = "few"', 'sha256 = "abc"\nlabels = "few"', "sha256 must be 64"),
        ('labels = "few"', 'size_bytes = 0\nlabels = "few"', "size_bytes must be at least 1"),
        ('labels = "few"', 'colour = "red"\nlabels = "few"', "unknown key colour"),
        ('labels = "few"', "", "labels is missing"),
        ("rank = 7", 'rank = "7"', "rank must be a int, got '7'"),
        ("rank = 7", "rank = true", "rank must be a int, got True"),
        ("threshold = 1", "threshold = 1.5", "threshold"),
        ('task = "detection"', 'task = "poetry"', "task"),
        ('title = "SSD"', 'title = ""', "title"),
        ('interface = "plain"', 'interface = "fancy"', r"no \[interfaces.fancy\]"),
        ('method = "fit"', 'method = "crop"', r"\[models.ssd\], method"),
        ("width = 64", "width = 0", r"\[models.ssd\], width"),
        ("height = 48", "heigth = 48", "unknown key resize.heigth"),
        ('dtype = "uint8"', 'dtype = "uint9"', "dtype"),
        ('boxes = "b"', 'boxen = "b"', "outputs.boxes is missing"),
        ('models = ["ssd"]', 'models = ["sdd"]', "'sdd', which is no model"),
        ('models = ["ssd"]', 'models = "ssd"', "defaults.models must be a list"),
        ("[defaults]", "surprise = 1\n[defaults]", "unknown key surprise"),
    ],
)
def test_a_wrong_catalogue_is_refused_by_naming_what_is_wrong(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    """Each mistake stops the catalogue from loading, with the place in the message."""
    assert old in VALID

    with pytest.raises(CatalogueError, match=complaint):
        _load(tmp_path, VALID.replace(old, new))


def test_a_mistake_in_a_model_names_the_model(tmp_path: Path) -> None:
    """The message leads to the table with the mistake."""
    with pytest.raises(CatalogueError, match=r"in \[models.ssd\], rank"):
        _load(tmp_path, VALID.replace("rank = 7", "rank = []"))


def test_a_catalogue_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """A missing file is an error of its own kind, not a traceback."""
    with pytest.raises(CatalogueError, match=r"Cannot read the catalogue .*No such file"):
        Catalogue.load(tmp_path / "catalogue.toml")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("", "models list"), ("sdd", "did you mean ssd"), ("something else", "models list")],
)
def test_an_unknown_model_comes_with_a_hint(tmp_path: Path, name: str, hint: str) -> None:
    """A typing mistake gets the name that was probably meant."""
    catalogue = _load(tmp_path, VALID)

    with pytest.raises(CatalogueError, match=hint):
        catalogue.entry(name)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "Cannot read the label set"), ("one person\n", "not valid"), ("1 a\n1 b\n", "twice")],
)
def test_a_label_set_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, content: str | None, complaint: str
) -> None:
    """Missing and malformed label sets are errors of the catalogue."""
    catalogue = _load(tmp_path, VALID)
    if content is not None:
        (tmp_path / "labels").mkdir()
        (tmp_path / "labels" / "few.txt").write_text(content, encoding="utf-8")

    with pytest.raises(CatalogueError, match=complaint):
        catalogue.labels(catalogue.entry("ssd"))


def test_every_shipped_entry_can_be_fetched_and_described() -> None:
    """Addresses are https, digests whole, label sets there, and texts fit for a list."""
    catalogue = Catalogue.load(SHIPPED)

    for entry in catalogue.entries.values():
        assert entry.url is None or urlsplit(entry.url).scheme == "https"
        assert entry.archive.endswith(".tar.gz")
        assert entry.url is not None or entry.sha256 is not None
        assert entry.saved_model.name == "saved_model"
        assert len(entry.summary) <= 100
        assert len(catalogue.labels(entry)) == 80


def test_shipped_archives_and_ranks_are_unique() -> None:
    """No archive is there twice, and which model is offered first is never a tie."""
    entries = Catalogue.load(SHIPPED).entries.values()

    archives = {entry.archive for entry in entries}
    ranks = {entry.rank for entry in entries}

    assert len(archives) == len(ranks) == len(entries)


def test_models_that_can_be_fetched_come_before_specialised_ones() -> None:
    """All of them know many kinds of things, so their ranks stay below those of specialists."""
    ranks = [entry.rank for entry in Catalogue.load(SHIPPED).entries.values()]

    assert 0 < min(ranks) <= max(ranks) < 90


def test_the_first_default_is_published_with_a_digest() -> None:
    """A first fetch from the internet is checked against a digest that was published."""
    catalogue = Catalogue.load(SHIPPED)

    first = catalogue.entry(catalogue.defaults[0])

    assert first.url is not None
    assert first.sha256 is not None


def test_the_label_set_is_the_official_one(shared_dir: Path) -> None:
    """Ids, with their gaps, and names are those of the detection zoo's label map."""
    label_map = (shared_dir / "mirror" / "mscoco_label_map.pbtxt").read_text(encoding="utf-8")
    official = re.findall(r'id: (\d+)\s+display_name: "([^"]+)"', label_map)

    labels = Labels.parse((SHIPPED.parent / "labels" / "coco.txt").read_text(encoding="utf-8"))

    assert dict(labels.names) == {int(class_id): name for class_id, name in official}


def test_shipped_digests_are_those_of_the_mirror(shared_dir: Path) -> None:
    """What the mirror's own list says of its archives agrees with the catalogue."""
    rows = (shared_dir / "mirror" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    digests = {archive: sha256 for sha256, archive in map(str.split, rows)}

    entries = [e for e in Catalogue.load(SHIPPED).entries.values() if e.archive in digests]

    assert len(entries) == 2
    assert all(entry.sha256 == digests[entry.archive] for entry in entries)
