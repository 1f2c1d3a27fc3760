"""The models that are installed, as their cards in the model repository describe them."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from recognition import LabelledModel
from vision import BrowserForm, Labels, ModelCard, VisionError
from webapp.exceptions import NoModelError, TaskError, UnknownModelError
from webapp.results import Task

_CARD = "model.toml"
_SHOWN_NAME_MAX = 60
_log = logging.getLogger(__name__)


class InstalledModel(LabelledModel):
    """A model's card and the names of its classes."""

    __slots__ = ()

    @property
    def task(self) -> Task:
        """What it does."""
        return Task(self.card.task)


# Name, time of change and size of every file of a model's folder.
_Stamp = tuple[tuple[str, int, int], ...]


class ModelRepository:
    """The folder that ``make models`` fills: ``<name>/model.toml`` and ``<name>/labels.txt``.

    Files are read again when they change. A model whose card cannot be used is left out and
    logged, so that one broken folder does not take the others down.

    Args:
        root: The folder; one that is missing holds no models.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[Path, tuple[_Stamp, InstalledModel | None]] = {}

    def installed(self, task: Task | None = None) -> tuple[InstalledModel, ...]:
        """Return the models, or those of one task, the default one first."""
        models = (model for model in self._models() if task in {None, model.task})
        return tuple(sorted(models, key=lambda model: (model.card.rank, model.card.name)))

    def has(self, name: str) -> bool:
        """Tell whether a model of that name is installed."""
        return any(model.card.name == name for model in self.installed())

    def choose(self, name: str | None, task: Task | None = None) -> InstalledModel:
        """Return the model of that name; None or an empty name means the default one.

        Args:
            name: As its card has it.
            task: What it has to be for; None takes any.

        Raises:
            NoModelError: None is installed, or none for the task.
            UnknownModelError: None of that name is.
            TaskError: The one of that name is for another task.
        """
        everything = self.installed()
        if not everything:
            raise NoModelError
        if name:
            model = _named(name, everything)
            if task not in {None, model.task}:
                raise TaskError(f"The model {name} is for {model.task}, not for {task}.")
            return model
        for model in everything:
            if task in {None, model.task}:
                return model
        raise NoModelError(task or "")

    def browser_file(self, name: str, form: BrowserForm) -> Path:
        """Return the file of the form for browsers of the model of that name."""
        # Absolute, because Flask looks for others below its package.
        return (self._root / name / form.file).absolute()

    def _models(self) -> Iterator[InstalledModel]:
        for card_path in self._root.glob(f"*/{_CARD}"):
            model = self._model(card_path.parent)
            if model is not None:
                yield model

    def _model(self, folder: Path) -> InstalledModel | None:
        try:
            stamp = _stamp(folder)
            known = self._known.get(folder)
            if known is None or known[0] != stamp:
                known = self._known[folder] = (stamp, _read_or_log(folder))
        except OSError:  # removed while we looked
            return None
        return known[1]


def _named(name: str, models: tuple[InstalledModel, ...]) -> InstalledModel:
    for model in models:
        if model.card.name == name:
            return model
    names = ", ".join(model.card.name for model in models)
    shown = ascii(name[:_SHOWN_NAME_MAX])
    raise UnknownModelError(f"There is no model called {shown}. Installed: {names}.")


def _stamp(folder: Path) -> _Stamp:
    files = (path for path in sorted(folder.iterdir()) if path.is_file())
    return tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files)


def _read_or_log(folder: Path) -> InstalledModel | None:
    try:
        return _read(folder)
    except (VisionError, UnicodeDecodeError, FileNotFoundError) as error:
        _log.error("model %s is left out: %s", folder.name, error)
        return None


def _read(folder: Path) -> InstalledModel:
    card = ModelCard.from_toml((folder / _CARD).read_text(encoding="utf-8"))
    if card.name != folder.name:
        raise VisionError(f"its card is that of {card.name}")
    labels = Labels.parse((folder / card.labels_file).read_text(encoding="utf-8"))
    return InstalledModel(_with_sound_browser_form(card, folder), labels)


def _with_sound_browser_form(card: ModelCard, folder: Path) -> ModelCard:
    """Return the card, without its form for browsers where the file is not what it says."""
    if card.browser is None:
        return card
    try:
        with (folder / card.browser.file).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        digest = str(error)
    if digest == card.browser.sha256:
        return card
    _log.error(
        "model %s is offered on the server alone: %s is not what its card says (%s)",
        card.name, card.browser.file, digest,
    )  # fmt: skip
    return replace(card, browser=None)
