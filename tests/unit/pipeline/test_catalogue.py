"""The catalogue that is shipped, and what happens to one that is wrong."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pipeline.applications.application import Application
from pipeline.catalogue import Catalogue
from pipeline.catalogue.application import ApplicationEntry
from pipeline.catalogue.archive import ArchiveEntry
from pipeline.exceptions import CatalogueError
from vision import Explanation, Labels, ModelCard, Resize

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


APPLICATION = """\
[models.net]
title = "Net"
summary = "Names things"
licence = "Apache-2.0"
application = "MobileNet"
arguments = { alpha = 0.5 }
size = 96
weights = "net.h5"
source_url = "https://keras.example/"
labels = "few"
rank = 8

[[models.net.converted]]
weights = "net.weights.h5"
sha256 = "aa00000000000000000000000000000000000000000000000000000000000000"
source_url = "https://elsewhere.example/"
"""


def _load(folder: Path, text: str) -> Catalogue:
    path = folder / "catalogue.toml"
    path.write_text(text, encoding="utf-8")
    return Catalogue.load(path)


def test_an_entry_says_all_that_its_model_card_needs(tmp_path: Path) -> None:
    """What stands in the catalogue arrives in the card, defaults filled in."""
    catalogue = _load(tmp_path, VALID)

    entry = catalogue.entry("ssd")
    card = entry.card(entry.files[0], "a" * 64)

    assert [file.name for file in entry.files] == ["ssd.tar.gz"]
    assert card.source_url == "https://models.example/zoo/ssd.tar.gz?generation=1"
    assert card.input.resize == Resize("fit", 64, 48)
    assert (card.input.tensor, card.detection_outputs.boxes, card.detection_outputs.count) == (
        "pixels",
        "b",
        None,
    )
    assert (card.threshold, card.rank, card.archive_sha256) == (1.0, 7, "a" * 64)
    assert ModelCard.from_toml(card.to_toml()) == card


def test_an_application_says_all_that_its_model_card_needs(tmp_path: Path) -> None:
    """Its tensors are those of every exported application; its source is that of its weights."""
    entry = _load(tmp_path, VALID + APPLICATION).entry("net")

    card = entry.card(entry.files[1], "a" * 64)

    assert isinstance(entry, ApplicationEntry)
    assert entry.application == Application("MobileNet", 96, {"alpha": 0.5})
    assert [(file.name, file.is_published) for file in entry.files] == [
        ("net.h5", True),
        ("net.weights.h5", False),
    ]
    assert (card.task, card.threshold, card.rank) == ("classification", 0.05, 8)
    assert (card.source_url, card.archive_sha256) == ("https://elsewhere.example/", "a" * 64)
    assert ModelCard.from_toml(card.to_toml()) == card


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"MobileNet"', '"mobile net"', r"\[models.net\], application must be a name"),
        ("size = 96", "size = 0", "size must be at least 1 pixel, got 0"),
        ("size = 96\n", "", "size is missing"),
        ("{ alpha = 0.5 }", "{ alpha = [] }", "arguments.alpha must be a number or text"),
        ("{ alpha = 0.5 }", "{ include_top = false }", "arguments.include_top is not for the cat"),
        ('"net.h5"', '"net.zip"', "weights must be a file name that ends with .h5, got 'net.zip'"),
        ('"net.h5"', '"../net.h5"', "'../net.h5' cannot be a file's name"),
        ('"net.weights.h5"', '"net"', "weights must be a file name that ends with .h5, got 'net'"),
        ('sha256 = "aa', 'sha256 = "a', "sha256 must be 64 hexadecimal digits"),
        ('sha256 = "aa', '# "', r"converted\[0\].sha256 is missing"),
        ("rank = 8", "rank = 8\ntask = 'detection'", "unknown key task"),
        ("rank = 8", "rank = 8\nlast_conv = 5", "last_conv must be a str, got 5"),
        ("rank = 8", "rank = 8\nthreshold = 2", "threshold: expected a score from 0 to 1"),
        (APPLICATION[APPLICATION.index("[[") :], "converted = [1]", r"converted\[0\] must be a ta"),
    ],
)
def test_a_wrong_application_is_refused_by_naming_what_is_wrong(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    """Each mistake stops the catalogue from loading, with the place in the message."""
    assert old in APPLICATION

    with pytest.raises(CatalogueError, match=complaint):
        _load(tmp_path, VALID + APPLICATION.replace(old, new))


def test_a_label_set_with_gaps_is_none_for_an_application(tmp_path: Path) -> None:
    """Its classes are counted from 0, so a gap would shift all names behind it."""
    entry = _load(tmp_path, VALID + APPLICATION).entry("net")

    with pytest.raises(CatalogueError, match="The label set few has gaps; net needs a name for"):
        entry.make(tmp_path / "net.h5", Labels({0: "cat", 2: "dog"}), tmp_path / "1")


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
            "'' cannot be a file's name",
        ),
        ('url = "', 'archive = "../x"\nsource_url = "', "'../x' cannot be a file's name"),
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
        for file in entry.files:
            assert file.url is None or urlsplit(file.url).scheme == "https"
            assert file.is_published or file.sha256 is not None
        assert len(entry.summary) <= 100
        assert len(catalogue.labels(entry)) == {"detection": 80, "classification": 1000}[entry.task]


def test_shipped_archives_hold_saved_models() -> None:
    """All detectors come in archives with the layout of the detection zoo."""
    entries = Catalogue.load(SHIPPED).entries.values()

    archives = [entry for entry in entries if isinstance(entry, ArchiveEntry)]

    assert len(archives) == 15
    assert {entry.saved_model.name for entry in archives} == {"saved_model"}
    assert all(entry.files[0].name.endswith(".tar.gz") for entry in archives)


def test_the_shipped_applications_are_the_ones_people_know() -> None:
    """Each is fed the square picture that its network looks at, and explains itself."""
    entries = Catalogue.load(SHIPPED).entries.values()

    applications = {e.name: e for e in entries if isinstance(e, ApplicationEntry)}

    assert applications.keys() >= {
        "mobilenet_v2", "mobilenet_v1_025_224", "mobilenet_v1_075_192", "efficientnet_v2_b0",
        "resnet50",
    }  # fmt: skip
    for entry in applications.values():
        size = entry.application.size
        assert entry.input.resize == Resize("stretch", size, size)
        assert entry.explanation == Explanation(
            "grad_cam", "image", "class_id", "heat_map", "score"
        )


def test_shipped_files_and_ranks_are_unique() -> None:
    """No file is there twice, and which model is offered first is never a tie."""
    entries = Catalogue.load(SHIPPED).entries.values()

    files = [file.name for entry in entries for file in entry.files]
    ranks = {entry.rank for entry in entries}

    assert len(set(files)) == len(files)
    assert len(ranks) == len(entries)


def test_models_that_can_be_fetched_come_before_specialised_ones() -> None:
    """All of them know many kinds of things, so their ranks stay below those of specialists."""
    ranks = [entry.rank for entry in Catalogue.load(SHIPPED).entries.values()]

    assert 0 < min(ranks) <= max(ranks) < 90


def test_the_first_default_is_published_with_a_digest() -> None:
    """A first fetch from the internet is checked against a digest that was published."""
    catalogue = Catalogue.load(SHIPPED)

    first = catalogue.entry(catalogue.defaults[0])

    assert first.files[0].url is not None
    assert first.files[0].sha256 is not None


def test_detectors_come_before_those_that_name_the_whole_picture() -> None:
    """Who installs both kinds is offered a detector first."""
    entries = Catalogue.load(SHIPPED).entries.values()

    ranks = {
        task: [entry.rank for entry in entries if entry.task == task]
        for task in ("detection", "classification")
    }

    assert max(ranks["detection"]) < min(ranks["classification"])


def test_the_names_of_imagenet_are_those_of_keras(shared_dir: Path) -> None:
    """Ids and names are those of the list that Keras downloads, with spaces."""
    official = json.loads((shared_dir / "mirror" / "imagenet_class_index.json").read_bytes())

    labels = Labels.parse((SHIPPED.parent / "labels" / "imagenet.txt").read_text(encoding="utf-8"))

    assert dict(labels.names) == {
        int(class_id): name.replace("_", " ") for class_id, (_, name) in official.items()
    }


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

    entries = Catalogue.load(SHIPPED).entries.values()
    files = [file for entry in entries for file in entry.files if file.name in digests]

    assert len(files) == 5
    assert all(file.sha256 == digests[file.name] for file in files)
    assert all(
        file.size_bytes == (shared_dir / "mirror" / file.name).stat().st_size for file in files
    )
