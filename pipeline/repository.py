"""The model repository: the folder that model servers read.

    catalogue.toml, labels/    what can be fetched
    recorded_digests.toml      sha256 of archives whose publisher gives none
    models.config              which models a server serves, and from where
    <name>/model.toml          the model's facts, read by the web application
           labels.txt          names of its classes
           browser.tflite      its form for browsers, where it has one
           manifest.json       sha256 of what was installed
           1/saved_model.pb …  the SavedModel
    .work/                     downloads that go on later, and models on their way in or out

A model without an archive to fetch it from is bundled: it came with the repository.

A model comes and goes by renaming whole folders, so that servers, which load a version folder as
soon as they see it, and a crash at any moment, find all of a model or nothing of it.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.atomic_file import sync, sync_tree, write_atomically, write_if_changed
from pipeline.digests import RecordedDigests, sha256_of
from pipeline.exceptions import RepositoryError
from pipeline.manifest import MANIFEST_FILE, Manifest
from pipeline.models_config import models_config
from pipeline.unpack import READY_FILE
from vision import BrowserForm, Labels, ModelCard, VisionError

CARD_FILE = "model.toml"
CONFIG_FILE = "models.config"
BROWSER_FILE = "browser.tflite"
FETCHED_VERSION = 1
"""Fetched models have one version; others, from training, may stand beside it."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that servers can load.

    Attributes:
        card: Its facts.
        folder: Where it is.
        version: The number of its latest version.
        saved_model: The folder of that version.
    """

    card: ModelCard
    folder: Path
    version: int
    saved_model: Path


class Repository:
    """A model repository.

    Args:
        root: Its folder, which is made when something is first written to it.
    """

    def __init__(self, root: Path) -> None:
        # Servers run in folders of their own, so what they are told is absolute.
        self.root = root.absolute()
        self.digests = RecordedDigests(self.root / "recorded_digests.toml")
        self._work = self.root / ".work"
        self.downloads = self._work / "downloads"
        self._staging = self._work / "staging"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other processes from writing meanwhile; clear up what a crash left.

        Raises:
            RepositoryError: Another process is writing.
        """
        self.downloads.mkdir(parents=True, exist_ok=True)
        with (self._work / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RepositoryError(f"Another command is writing to {self.root}.") from error
            shutil.rmtree(self._staging, ignore_errors=True)
            self._staging.mkdir()
            yield

    def installed(self, *, without: str | None = None) -> list[InstalledModel]:
        """Return the models that servers can load, the one to offer first first.

        Args:
            without: A model to leave out.

        Raises:
            RepositoryError: A model's card is not valid.
        """
        found = (self.find(name) for name in self.names() if name != without)
        models = [model for model in found if model is not None]
        return sorted(models, key=lambda model: (model.card.rank, model.card.name))

    def names(self) -> list[str]:
        """Return the names of all models, also of those that are damaged."""
        return sorted(path.parent.name for path in self.root.glob(f"[!.]*/{CARD_FILE}"))

    def find(self, name: str) -> InstalledModel | None:
        """Return the model called `name`, or None where it is not installed.

        Raises:
            RepositoryError: Its card is not valid.
        """
        folder = self._folder(name)
        ready = [path.parent for path in folder.glob(f"[0-9]*/{READY_FILE}")]
        versions = {int(path.name): path for path in ready if path.name.isdecimal()}
        if not versions or not (folder / CARD_FILE).exists():
            return None
        latest = max(versions)
        return InstalledModel(_card(folder), folder, latest, versions[latest])

    def is_bundled(self, name: str) -> bool:
        """Tell whether a model is here that came with the repository, and has a valid card."""
        folder = self._folder(name)
        try:
            return (folder / CARD_FILE).exists() and _card(folder).is_bundled
        except RepositoryError:
            return False

    def check_removable(self, name: str) -> None:
        """Make sure that a model can be removed without being lost.

        Raises:
            RepositoryError: There is no such model, or it is bundled.
        """
        folder = self._existing(name)
        if self.is_bundled(name):
            raise RepositoryError(
                f"{name} is kept: it is bundled, so that `models fetch` could not bring it back. "
                f"If it is to go, delete {folder}; `git checkout` restores what belongs to the "
                "project."
            )

    def check_intact(self, name: str) -> None:
        """Make sure that the files of a model are as they were installed.

        Raises:
            RepositoryError: They are not, or nobody knows; the message names the files.
        """
        folder = self._existing(name)
        difference = Manifest.load(folder).compare(folder)
        if difference:
            way_out = " It is bundled: `git checkout` restores it." if self.is_bundled(name) else ""
            raise RepositoryError(f"{name} is not as it was installed: {difference}.{way_out}")

    @contextmanager
    def staged(self, name: str) -> Iterator[Path]:
        """Lend a folder, invisible to servers, to build a model in; it is gone afterwards."""
        folder = self._staging / name
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def check_free(self, name: str) -> None:
        """Make sure that publishing would not replace a model that did not come from here.

        Raises:
            RepositoryError: It would.
        """
        folder = self._folder(name)
        is_there = (folder / str(FETCHED_VERSION)).exists()
        if is_there and (self.is_bundled(name) or not (folder / MANIFEST_FILE).exists()):
            raise RepositoryError(
                f"{folder} holds a model that was not fetched; remove or rename that folder first."
            )

    def publish(
        self, staged: Path, card: ModelCard, labels: Labels, version: int = FETCHED_VERSION
    ) -> None:
        """Install the model in a staged folder, at once and durably.

        Args:
            staged: From `staged`, with the SavedModel in a folder named for the version.
            card: Its facts.
            labels: The names of its classes.
            version: The version; a former one of that number is replaced, others stay.
        """
        (staged / card.labels_file).write_text(labels.to_text(), encoding="utf-8")
        (staged / CARD_FILE).write_text(card.to_toml(), encoding="utf-8")
        manifest = Manifest.of(staged, version)
        (staged / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")
        sync_tree(staged)
        folder = self._folder(card.name)
        if folder.exists():
            self._replace(staged, folder, str(version))
        else:
            staged.rename(folder)
        sync(self.root)

    def refresh(self, card: ModelCard, labels: Labels) -> bool:
        """Bring the facts of an installed model up to date; tell whether they were not.

        Its form for browsers, which catalogues know nothing of, stays.

        Raises:
            RepositoryError: The model has no manifest.
        """
        folder = self._folder(card.name)
        card = replace(card, browser=_card(folder).browser)
        return _write_facts(folder, {CARD_FILE: card.to_toml(), card.labels_file: labels.to_text()})

    def attach(self, model: InstalledModel, content: bytes) -> BrowserForm:
        """Give an installed model a form for browsers; a former one is replaced.

        Args:
            model: With a size policy that names a size.
            content: The TFLite model.

        Raises:
            RepositoryError: The model has no manifest.
        """
        form = browser_form(model.card, model.version, content)
        write_atomically(model.folder / form.file, content)
        text = replace(model.card, browser=form).to_toml()
        _write_facts(model.folder, {CARD_FILE: text}, unchanged=(form.file,))
        return form

    def remove(self, name: str) -> None:
        """Take a model away from servers, at once, and delete it.

        Raises:
            RepositoryError: There is no such model, or it is bundled.
        """
        self.check_removable(name)
        folder = self._folder(name)
        # Servers give up on a configured folder that is not there, so the configuration goes first.
        self.write_config(without=name)
        gone = self._staging / name
        folder.rename(gone)
        sync(self.root)
        shutil.rmtree(gone)

    def write_config(self, *, without: str | None = None) -> None:
        """Write `models.config` for the installed models, unless that is its content already.

        Args:
            without: A model to leave out.

        Raises:
            RepositoryError: A model's card is not valid.
        """
        names = [model.card.name for model in self.installed(without=without)]
        write_if_changed(self.root / CONFIG_FILE, models_config(names, str(self.root)))

    def _existing(self, name: str) -> Path:
        folder = self._folder(name)
        if not (folder / CARD_FILE).exists():
            raise RepositoryError(f"No model {name!r} is installed in {self.root}.")
        return folder

    def _folder(self, name: str) -> Path:
        if not name or name.startswith(".") or "/" in name:
            raise RepositoryError(f"{name!r} cannot be a model's name.")
        return self.root / name

    def _replace(self, staged: Path, folder: Path, version: str) -> None:
        """Put a staged model in the place of a version, and its facts in the place of others."""
        if not (staged / BROWSER_FILE).exists():  # one of another version is none of this one
            (folder / BROWSER_FILE).unlink(missing_ok=True)
        for path in staged.iterdir():
            if path.name != version:
                path.replace(folder / path.name)
        if (folder / version).exists():
            (folder / version).rename(staged / "replaced")
        (staged / version).rename(folder / version)
        sync(folder)


def browser_form(card: ModelCard, version: int, content: bytes) -> BrowserForm:
    """Return what a model's card says of its form for browsers."""
    size = card.input.resize
    digest = hashlib.sha256(content).hexdigest()
    return BrowserForm(BROWSER_FILE, digest, version, size.width, size.height)


def _write_facts(
    folder: Path, texts: Mapping[str, str], *, unchanged: tuple[str, ...] = ()
) -> bool:
    """Write facts and then their digests, and those of other files; tell whether they changed."""
    manifest = Manifest.load(folder)
    changes = [write_if_changed(folder / name, text) for name, text in texts.items()]
    digests = {name: sha256_of(folder / name) for name in (*texts, *unchanged)}
    current = Manifest(manifest.version, {**manifest.sha256, **digests})
    changes.append(write_if_changed(folder / MANIFEST_FILE, current.to_json()))
    return any(changes)


def _card(folder: Path) -> ModelCard:
    path = folder / CARD_FILE
    try:
        card = ModelCard.from_toml(path.read_text(encoding="utf-8"))
    except (VisionError, ValueError) as error:
        raise RepositoryError(
            f"{path} is not valid: {error}; fetch the model again, or remove it."
        ) from error
    if card.name != folder.name:
        raise RepositoryError(f"{path} says {card.name!r}, so that its folder must be called so.")
    return card
