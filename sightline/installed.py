"""The models that are installed, as their cards in the model repository describe them."""

from pathlib import Path

from recognition import LabelledModel
from sightline.exceptions import UsageError
from vision import Labels, ModelCard, VisionError

_CARD = "model.toml"


def installed_models(repository: Path) -> tuple[LabelledModel, ...]:
    """Read the cards and labels in a folder, the default model first.

    Raises:
        UsageError: There is no such folder, no model in it, or a card cannot be used.
    """
    if not repository.is_dir():
        raise UsageError(
            f"There is no folder of models at {repository}. Name it with --repository or "
            f"SIGHTLINE_MODEL_REPOSITORY, or use a running Sightline with --server."
        )
    models = [_read(path.parent) for path in sorted(repository.glob(f"*/{_CARD}"))]
    if not models:
        raise UsageError(f"No model is installed in {repository}: no folder in it has a {_CARD}.")
    return tuple(sorted(models, key=lambda model: (model.card.rank, model.card.name)))


def _read(folder: Path) -> LabelledModel:
    try:
        card = ModelCard.from_toml((folder / _CARD).read_text(encoding="utf-8"))
        labels = Labels.parse((folder / card.labels_file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, VisionError) as error:
        raise UsageError(f"The model in {folder} cannot be used: {error}.") from error
    return LabelledModel(card, labels)
