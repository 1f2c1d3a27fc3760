"""`python -m pipeline models` from end to end, against a mirror folder and a web server."""

import fcntl
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from pipeline.cli import main
from pipeline.manifest import Manifest
from pipeline.testing.archives import TinyModel
from pipeline.testing.server import ArchiveServer, Fault
from vision import DetectionOutputs, InputSpec, Labels, ModelCard, Resize

Run = Callable[..., int]
WriteCatalogue = Callable[[Mapping[str, str], list[str]], Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The repository, which is not there at first."""
    return tmp_path / "models here"


@pytest.fixture
def run(root: Path) -> Run:
    """A function that runs a command on the repository."""

    def run_command(*arguments: object, **environ: str) -> int:
        settings = {"SIGHTLINE_MODEL_REPOSITORY": str(root)} | environ
        return main(["models", *map(str, arguments)], settings)

    return run_command


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A folder with the archives of `tiny` and `other`."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    for name in ("tiny", "other"):
        (folder / f"{name}.tar.gz").write_bytes(TinyModel(name).archive())
    return folder


@pytest.fixture
def catalogue(write_catalogue: WriteCatalogue, server: ArchiveServer) -> Path:
    """A catalogue with a model that the web server has, and models that only mirrors have."""
    models = {
        "published": f'url = "{server.url}/published.tar.gz"',
        "tiny": 'archive = "tiny.tar.gz"\nsource_url = "http://models.invalid"',
        "other": 'archive = "other.tar.gz"\nsource_url = "http://models.invalid"',
    }
    server.files["/published.tar.gz"] = TinyModel("published").archive()
    return write_catalogue(models, ["published", "tiny"])


def _configured(root: Path) -> dict[str, str]:
    text = (root / "models.config").read_text(encoding="utf-8")
    config = text_format.Parse(text, ModelServerConfig()).model_config_list.config
    return {model.name: model.base_path for model in config}


def _files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _leftovers(root: Path) -> list[Path]:
    return [path for path in (root / ".work").rglob("*") if path.is_file() and path.name != "lock"]


def test_a_fetched_model_is_all_that_servers_and_the_web_need(
    run: Run, root: Path, catalogue: Path, mirror: Path
) -> None:
    """SavedModel, card, labels and the servers' configuration are there, and nothing else."""
    code = run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)

    model = TinyModel()
    files = _files(root / "tiny")
    card = ModelCard.from_toml(files["model.toml"].decode())
    assert code == 0
    assert files.keys() == {
        "1/saved_model.pb",
        "1/variables/variables.data-00000-of-00001",
        "model.toml",
        "labels.txt",
        "manifest.json",
    }
    assert files["1/saved_model.pb"] == model.saved_model_pb()
    assert Labels.parse(files["labels.txt"].decode())[3] == "bird"
    assert card.archive_sha256 == sha256(model.archive()).hexdigest()
    assert card.input.resize == Resize("stretch", 8, 8)
    assert _configured(root) == {"tiny": f"{root}/tiny"}
    assert not _leftovers(root)


@pytest.mark.parametrize("at", ["folder", "address"])
def test_without_a_name_the_first_default_that_the_source_has_is_fetched(
    *,
    run: Run,
    root: Path,
    catalogue: Path,
    mirror: Path,
    server: ArchiveServer,
    capsys: pytest.CaptureFixture[str],
    at: str,
) -> None:
    """A mirror that lacks the first choice gets the second, and a line says why."""
    del server.files["/published.tar.gz"]
    server.files["/tiny.tar.gz"] = TinyModel().archive()
    source = mirror if at == "folder" else server.url + "/"

    code = run("fetch", "--catalogue", catalogue, SIGHTLINE_MODEL_MIRROR=str(source))

    said = capsys.readouterr().out.splitlines()
    assert code == 0
    assert said[0].startswith("No model was named, so this is tiny: the mirror ")
    assert said[0].endswith(" does not have published.")
    assert (root / "tiny/1/saved_model.pb").is_file()


def test_without_a_mirror_the_publisher_is_asked(
    run: Run, root: Path, catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first choice is the first default, straight from the address in the catalogue."""
    code = run("fetch", "--catalogue", catalogue)

    assert code == 0
    assert "so this is published: the first choice." in capsys.readouterr().out
    assert (root / "published/1/saved_model.pb").is_file()


def test_a_source_without_any_default_says_so(
    run: Run, catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty mirror is a likely mistake."""
    code = run("fetch", "--catalogue", catalogue, "--mirror", tmp_path)

    assert code == 1
    assert f"the mirror {tmp_path} has none of published, tiny." in capsys.readouterr().err


def test_what_fails_does_not_stop_the_rest(
    run: Run, root: Path, catalogue: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each failure is a sentence, everything else is installed, and the exit code tells."""
    code = run(
        "fetch", "tinny", "published", "other", "tiny", "--catalogue", catalogue, "--mirror", mirror
    )

    complaints = [line for line in capsys.readouterr().err.splitlines() if ".tar.gz: " not in line]
    assert code == 1
    assert len(complaints) == 2
    assert complaints[0].endswith("has no model 'tinny'; did you mean tiny?")
    assert complaints[1] == f"The mirror {mirror} has no published.tar.gz."
    assert _configured(root) == {"other": f"{root}/other", "tiny": f"{root}/tiny"}


def test_an_installed_model_is_left_alone(
    run: Run,
    root: Path,
    catalogue: Path,
    server: ArchiveServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A second fetch asks nobody and touches no file."""
    run("fetch", "published", "--catalogue", catalogue)
    files = [root / "models.config", *(root / "published").rglob("*")]
    before = [path.stat().st_mtime_ns for path in files]
    asked = len(server.served)
    capsys.readouterr()

    code = run("fetch", "published", "--catalogue", catalogue)

    assert code == 0
    assert capsys.readouterr().out == "published is installed and intact.\n"
    assert [path.stat().st_mtime_ns for path in files] == before
    assert len(server.served) == asked


def test_facts_that_changed_in_the_catalogue_come_without_a_download(
    run: Run, root: Path, catalogue: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A better size policy or another label reaches models that are installed already."""
    run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)
    text = catalogue.read_text(encoding="utf-8").replace("width = 8", "width = 9")
    catalogue.write_text(text, encoding="utf-8")
    (mirror / "tiny.tar.gz").unlink()

    code = run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)

    card = ModelCard.from_toml((root / "tiny/model.toml").read_text(encoding="utf-8"))
    assert code == 0
    assert card.input.resize.width == 9
    assert "were brought up to date" in capsys.readouterr().out
    assert run("verify") == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "1/saved_model.pb").unlink(),
        lambda folder: (folder / "1/saved_model.pb").write_bytes(b"damaged"),
        lambda folder: (folder / "1/extra").touch(),
        lambda folder: (folder / "model.toml").write_bytes(b"damaged"),
        lambda folder: (folder / "model.toml").unlink(),
        lambda folder: (folder / "manifest.json").write_bytes(b"damaged"),
    ],
    ids=["missing", "changed", "extra", "card damaged", "card missing", "manifest damaged"],
)
def test_a_damaged_model_is_mended(
    run: Run, root: Path, catalogue: Path, mirror: Path, damage: Callable[[Path], object]
) -> None:
    """Fetching again makes a model whole, and keeps the versions beside it."""
    fetch = ("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)
    run(*fetch)
    whole = _files(root / "tiny")
    (root / "tiny" / "2").mkdir()
    (root / "tiny" / "2" / "saved_model.pb").write_bytes(b"trained")
    damage(root / "tiny")

    code = run(*fetch)

    assert code == 0
    assert _files(root / "tiny") == whole | {"2/saved_model.pb": b"trained"}
    assert run("verify") == 0


def test_a_model_that_somebody_else_put_there_is_not_overwritten(
    run: Run, root: Path, catalogue: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Work that cannot be downloaded again is safe."""
    (root / "tiny" / "1").mkdir(parents=True)
    (root / "tiny" / "1" / "saved_model.pb").write_bytes(b"a week of training")

    code = run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)

    assert code == 1
    assert "was not fetched; remove or rename that folder first" in capsys.readouterr().err
    assert (root / "tiny/1/saved_model.pb").read_bytes() == b"a week of training"


@pytest.mark.parametrize("has_sha256", [True, False], ids=["published digest", "recorded digest"])
def test_another_archive_than_the_promised_one_is_refused(
    *,
    run: Run,
    root: Path,
    write_catalogue: WriteCatalogue,
    mirror: Path,
    capsys: pytest.CaptureFixture[str],
    has_sha256: bool,
) -> None:
    """The message has both digests; nothing is installed; the right archive still can be."""
    right = (mirror / "tiny.tar.gz").read_bytes()
    wrong = TinyModel(weights=b"evil").archive()
    origin = 'archive = "tiny.tar.gz"\nsource_url = "http://models.invalid"\n'
    digest = f'sha256 = "{sha256(right).hexdigest()}"' if has_sha256 else ""
    catalogue = write_catalogue({"tiny": origin + digest}, ["tiny"])
    fetch = ("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)
    if not has_sha256:
        run(*fetch)
        run("remove", "tiny", "--yes")
    (mirror / "tiny.tar.gz").write_bytes(wrong)
    capsys.readouterr()

    code = run(*fetch)

    complaint = capsys.readouterr().err.splitlines()[-1]
    assert code == 1
    assert sha256(wrong).hexdigest() in complaint
    assert sha256(right).hexdigest() in complaint
    assert not (root / "tiny").exists()
    assert not _leftovers(root)
    (mirror / "tiny.tar.gz").write_bytes(right)
    assert run(*fetch) == 0


def test_the_digest_of_a_useless_archive_is_not_recorded(
    run: Run, root: Path, catalogue: Path, mirror: Path
) -> None:
    """A sign-in page that came in place of the archive must not bar the archive for ever."""
    whole = (mirror / "tiny.tar.gz").read_bytes()
    (mirror / "tiny.tar.gz").write_bytes(b"<html>Sign in</html>")
    fetch = ("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)

    codes = [run(*fetch)]
    (mirror / "tiny.tar.gz").write_bytes(whole)
    codes.append(run(*fetch))

    assert codes == [1, 0]
    assert sha256(whole).hexdigest() in (root / "recorded_digests.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (TinyModel(signature="detect"), "has no signature serving_default, only detect."),
        (TinyModel(inputs={"image": 4}), "does not take pixels (uint8), it takes image (uint8)."),
        (TinyModel(inputs={"pixels": 1}), "it takes pixels (float32)."),
        (TinyModel(inputs={"pixels": 4, "size": 3}), "it takes pixels (uint8), size (type 3)."),
        (TinyModel(inputs={}), "it takes nothing."),
        (
            TinyModel(outputs={"output_0": 1, "boxes": 1}),
            "does not answer classes, count, scores, only boxes, output_0.",
        ),
    ],
    ids=["signature", "input", "type", "two inputs", "no input", "outputs"],
)
def test_a_model_that_is_called_otherwise_is_refused(
    *,
    run: Run,
    root: Path,
    catalogue: Path,
    mirror: Path,
    capsys: pytest.CaptureFixture[str],
    model: TinyModel,
    complaint: str,
) -> None:
    """A model that would fail at the first picture is not installed."""
    (mirror / "tiny.tar.gz").write_bytes(model.archive())

    code = run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)

    message = capsys.readouterr().err.splitlines()[-1]
    assert code == 1
    assert message.startswith("tiny is not installed: The SavedModel ")
    assert message.endswith(complaint)
    assert not (root / "tiny").exists()


def test_a_download_that_broke_off_goes_on_in_the_next_command(
    run: Run, write_catalogue: WriteCatalogue, server: ArchiveServer, root: Path
) -> None:
    """What is here stays here, and the model is installed from both halves."""
    size = len(server.files["/tiny.tar.gz"])
    server.faults.extend([Fault(cut_after=size // 2), Fault(status=404)])
    catalogue = write_catalogue({"tiny": f'url = "{server.url}/tiny.tar.gz"'}, ["tiny"])

    codes = [run("fetch", "--catalogue", catalogue) for _ in range(2)]

    kept = sum(answer.body_bytes for answer in server.served[:-1])
    assert codes == [1, 0]
    assert size // 4 < int(str(server.served[-1].range)[len("bytes=") : -1]) <= kept
    assert server.served[-1].status == 206
    assert (root / "tiny/1/saved_model.pb").is_file()
    assert not _leftovers(root)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["fetch", "--mirror", "ftp://models.invalid"], "nor a file, nor an http(s) address"),
        (["fetch", "--mirror", "/no/such/folder"], "nor a file, nor an http(s) address"),
        (["fetch", "tiny"], "tiny.tar.gz is in mirrors only: name one that has it with --mirror"),
        (["fetch", "--catalogue", "/no/such/file"], "Cannot read the catalogue /no/such/file"),
        (["remove", "tiny"], "No model 'tiny' is installed"),
        (["remove", ".work"], "'.work' cannot be a model's name"),
        (["remove", "../tiny"], "'../tiny' cannot be a model's name"),
        (["remove", ".."], "'..' cannot be a model's name"),
        (["verify", "tiny"], "No model 'tiny' is installed"),
        (["verify", ""], "'' cannot be a model's name"),
    ],
)
def test_a_command_that_cannot_be_done_is_one_sentence(
    run: Run,
    catalogue: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    complaint: str,
) -> None:
    """No traceback, one line on standard error, exit code 1."""
    needs_catalogue = arguments[0] == "fetch" and "--catalogue" not in arguments

    code = run(*arguments, *(["--catalogue", catalogue] if needs_catalogue else []))

    captured = capsys.readouterr()
    assert code == 1
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert complaint in captured.err


@pytest.mark.parametrize(
    "arguments", [[], ["models"], ["models", "fetsh"], ["models", "config", "--base-path", "x"]]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    """Scripts tell their own mistakes from ours."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments, {})

    assert stopped.value.code == 2


def test_a_full_or_forbidden_disk_is_one_sentence(
    run: Run, root: Path, catalogue: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the operating system says reaches the person, with the place."""
    root.write_text("a file where the folder should be", encoding="utf-8")

    code = run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)

    assert code == 1
    assert capsys.readouterr().err.startswith("Not a directory: ")


def test_removing_takes_a_model_from_folder_and_configuration(
    run: Run, root: Path, catalogue: Path, mirror: Path
) -> None:
    """What is removed is gone, and the rest stays served."""
    run("fetch", "tiny", "other", "--catalogue", catalogue, "--mirror", mirror)

    code = run("remove", "tiny", "--yes")

    assert code == 0
    assert not (root / "tiny").exists()
    assert _configured(root) == {"other": f"{root}/other"}
    assert run("remove", "other", "--yes") == 0
    assert _configured(root) == {}


@pytest.mark.parametrize(("answer", "is_kept"), [("", True), ("n", True), ("y", False)])
def test_a_person_is_asked_before_a_model_is_removed(
    *,
    run: Run,
    root: Path,
    catalogue: Path,
    mirror: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    is_kept: bool,
) -> None:
    """On a terminal, anything but a yes keeps the model."""
    run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)

    code = run("remove", "tiny")

    assert code == 0
    assert (root / "tiny").exists() == is_kept


def test_verify_tells_what_changed(
    run: Run, root: Path, catalogue: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All models are looked at, and the files of the bad ones named."""
    run("fetch", "tiny", "other", "--catalogue", catalogue, "--mirror", mirror)
    (root / "tiny/1/saved_model.pb").write_bytes(b"damaged")
    (root / "tiny/1/variables/variables.data-00000-of-00001").unlink()
    capsys.readouterr()

    code = run("verify")

    captured = capsys.readouterr()
    assert code == 1
    assert captured.out == "other is intact.\n"
    assert "changed: 1/saved_model.pb; missing: 1/variables/variables.data" in captured.err


def test_the_list_shows_what_there_is_and_what_is_installed(
    run: Run, root: Path, catalogue: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catalogue and repository in one table, models of one's own included."""
    run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)
    (root / "tiny").rename(root / "mine")
    card = (root / "mine/model.toml").read_text(encoding="utf-8")
    (root / "mine/model.toml").write_text(card.replace('"tiny"', '"mine"'), encoding="utf-8")
    (root / "mine/1").rename(root / "mine/12")
    run("fetch", "other", "--catalogue", catalogue, "--mirror", mirror)
    capsys.readouterr()

    code = run("list", "--catalogue", catalogue)

    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert code == 0
    assert rows.keys() == {"name", "published", "tiny", "other", "mine"}
    assert "detection  no" in rows["tiny"]
    assert "version 1 " in rows["other"]
    assert "version 12 " in rows["mine"]
    assert "Detects nothing" in rows["published"]


def test_the_configuration_can_be_made_for_another_place(
    *,
    run: Run,
    root: Path,
    catalogue: Path,
    mirror: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A container sees the models elsewhere; the local file is not changed by asking."""
    run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)
    local = (root / "models.config").read_text(encoding="utf-8")
    output = tmp_path / "container.config"
    capsys.readouterr()

    code = run("config", "--base-path", "/models/", "--output", output)
    run("config", "--base-path", "/models")

    printed = capsys.readouterr().out.partition("\n")[2]
    assert code == 0
    assert 'base_path: "/models/tiny"' in output.read_text(encoding="utf-8")
    assert printed == output.read_text(encoding="utf-8")
    assert (root / "models.config").read_text(encoding="utf-8") == local


def test_a_repository_that_is_not_there_yet_is_made(
    run: Run, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list of no models can be written before there is a folder for any."""
    code = run("config")

    assert code == 0
    assert "no models" in capsys.readouterr().out
    assert (root / "models.config").exists()


@pytest.fixture
def ours(root: Path) -> Path:
    """The folder of `ours`, a model that came with the repository."""
    folder = root / "ours"
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "saved_model.pb").write_bytes(TinyModel().saved_model_pb())
    interface = InputSpec("serving_default", "pixels", "uint8", Resize("fit", 8, 8))
    card = ModelCard(
        name="ours",
        title="Ours",
        task="detection",
        summary="Detects codes",
        licence="Apache-2.0",
        rank=90,
        threshold=0.5,
        input=interface,
        outputs=DetectionOutputs("boxes", "scores", "classes", "count"),
    )
    (folder / "model.toml").write_text(card.to_toml(), encoding="utf-8")
    (folder / "labels.txt").write_text("1 qr_code\n", encoding="utf-8")
    (folder / "manifest.json").write_text(Manifest.of(folder, 1).to_json(), encoding="utf-8")
    return folder


def test_a_bundled_model_is_listed_configured_and_verified(
    run: Run, root: Path, ours: Path, catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model without an archive is installed like any other, and the list says why."""
    codes = [run("list", "--catalogue", catalogue), run("config"), run("verify", ours.name)]

    said = capsys.readouterr().out
    row = next(line for line in said.splitlines() if line.split()[0] == "ours")
    assert codes == [0, 0, 0]
    assert row.split() == [
        "ours", "detection", "version", "1", "bundled", "Apache-2.0", "Detects", "codes",
    ]  # fmt: skip
    assert said.endswith("models.config is written: ours.\nours is intact.\n")
    assert _configured(root) == {"ours": f"{root}/ours"}


def test_a_general_model_is_configured_before_a_specialised_one(
    run: Run, root: Path, ours: Path, catalogue: Path, mirror: Path
) -> None:
    """The first model of the configuration is the default one: that of lowest rank."""
    run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)

    assert list(_configured(root)) == ["tiny", ours.name]


@pytest.mark.parametrize("on_terminal", [False, True])
def test_a_bundled_model_is_not_removed(
    *,
    run: Run,
    root: Path,
    ours: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    on_terminal: bool,
) -> None:
    """What cannot be fetched again stays, whatever was said, and the sentence has the ways out."""
    run("config")
    before = _files(ours)
    monkeypatch.setattr("sys.stdin.isatty", lambda: on_terminal, raising=False)

    code = run("remove", ours.name, *([] if on_terminal else ["--yes"]))

    complaint = capsys.readouterr().err
    assert code == 1
    assert complaint.startswith("ours is kept: it is bundled, so that `models fetch` could not")
    assert f"delete {ours}; `git checkout` restores" in complaint
    assert _files(ours) == before
    assert _configured(root) == {"ours": str(ours)}


def test_fetching_a_bundled_model_has_nothing_to_do(
    run: Run, ours: Path, catalogue: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is here already, and other models that were asked for are fetched all the same."""
    code = run("fetch", ours.name, "tiny", "--catalogue", catalogue, "--mirror", mirror)

    said = capsys.readouterr().out
    assert code == 0
    assert said.startswith("ours is bundled and intact; there is nothing to fetch.\ntiny is inst")


@pytest.mark.parametrize("command", ["fetch", "verify"])
def test_a_damaged_bundled_model_is_restored_by_hand(
    run: Run, ours: Path, catalogue: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """No archive can mend it, so the sentence says what does."""
    (ours / "1" / "saved_model.pb").write_bytes(b"damaged")

    code = run(command, ours.name, *(["--catalogue", catalogue] if command == "fetch" else []))

    assert code == 1
    assert capsys.readouterr().err == (
        "ours is not as it was installed: changed: 1/saved_model.pb. "
        "It is bundled: `git checkout` restores it.\n"
    )


def test_a_bundled_model_is_not_overwritten_by_one_of_its_name(
    run: Run, root: Path, ours: Path, catalogue: Path, mirror: Path
) -> None:
    """A catalogue that has a model of the same name brings neither its files nor its facts."""
    ours.rename(root / "tiny")
    card = (root / "tiny" / "model.toml").read_text(encoding="utf-8")
    (root / "tiny" / "model.toml").write_text(card.replace('"ours"', '"tiny"'), encoding="utf-8")
    before = _files(root / "tiny")

    code = run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)

    assert code == 1
    assert _files(root / "tiny") == before


def test_a_model_with_a_broken_card_can_be_removed(
    run: Run, root: Path, catalogue: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names the file, and the way out works."""
    run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)
    (root / "tiny/model.toml").write_text("rank = ", encoding="utf-8")
    capsys.readouterr()

    codes = [run("config"), run("remove", "tiny", "--yes")]

    assert codes == [1, 0]
    assert f"{root}/tiny/model.toml is not valid" in capsys.readouterr().err
    assert not (root / "tiny").exists()


def test_two_commands_do_not_write_at_once(
    run: Run, root: Path, catalogue: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second says why it stops, and does nothing."""
    (root / ".work").mkdir(parents=True)

    with (root / ".work" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code = run("fetch", "tiny", "--catalogue", catalogue, "--mirror", mirror)

    assert code == 1
    assert "Another command is writing" in capsys.readouterr().err
    assert not (root / "tiny").exists()
