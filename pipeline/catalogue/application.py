"""Models that are built with Keras, given their published weights, and exported here."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.applications.application import Application
from pipeline.applications.process import export_in_process
from pipeline.catalogue.entry import CatalogueEntry
from pipeline.catalogue.model_file import KerasWeights, ModelFile
from pipeline.exceptions import CatalogueError
from pipeline.toml_table import TomlTable
from vision import ClassificationOutputs, Explanation, InputSpec, Labels, Resize

# What every exported application is called with: see `pipeline.applications.classifier`.
_OUTPUTS = ClassificationOutputs("class_ids", "scores", "class_names", "probabilities")
_EXPLANATION = Explanation("grad_cam", "image", "class_id", "heat_map", "score")
_THRESHOLD = 0.05
_WEIGHTS_SUFFIX = ".h5"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationEntry(CatalogueEntry):
    """A Keras application.

    Attributes:
        application: Which network.
    """

    application: Application

    def make(self, file: Path, labels: Labels, saved_model: Path) -> None:
        """Build, load and export in a process of its own; see `CatalogueEntry.make`."""
        ids = range(len(labels))
        if any(class_id not in labels.names for class_id in ids):
            raise CatalogueError(
                f"The label set {self.labels} has gaps; {self.name} needs a name for each class id "
                "from 0 on."
            )
        names = [labels[class_id] for class_id in ids]
        export_in_process(self.application, file, names, saved_model)


def application_entry(name: str, table: TomlTable) -> ApplicationEntry:
    """Read the table of a Keras application.

    Args:
        name: Of the model.
        table: Its table; every key is taken.

    Raises:
        ValueError: A key is missing, or its value out of range.
    """
    size = table.take("size", int)
    application = Application(
        table.take("application", str),
        size,
        table.take_if_present("arguments", dict) or {},
        table.take_if_present("last_conv", str),
    )
    threshold = table.take_if_present("threshold", float)
    return ApplicationEntry(
        name=name,
        title=table.take("title", str),
        task="classification",
        summary=table.take("summary", str),
        licence=table.take("licence", str),
        files=_files(table, application),
        application=application,
        labels=table.take("labels", str),
        input=InputSpec("serving_default", "image", "uint8", Resize("stretch", size, size)),
        outputs=_OUTPUTS,
        explanation=_EXPLANATION,
        threshold=_THRESHOLD if threshold is None else threshold,
        rank=table.take("rank", int),
    )


def _files(table: TomlTable, application: Application) -> tuple[ModelFile, ...]:
    """Return Keras' own file, and the files with the same weights that a mirror may have."""
    keras = KerasWeights(
        name=_weights_name(table.take("weights", str)),
        application=application,
        source_url=table.take("source_url", str),
        sha256=table.take_if_present("sha256", str),
        size_bytes=table.take_if_present("size_bytes", int),
    )
    converted = table.take_if_present("converted", list) or []
    return (keras, *(_converted(row, number) for number, row in enumerate(converted)))


def _converted(row: object, number: int) -> ModelFile:
    path = f"converted[{number}]"
    if not isinstance(row, dict):
        raise ValueError(f"{path} must be a table, got {row!r}")  # noqa: TRY004  # the file is wrong
    table = TomlTable(row, f"{path}.")
    file = ModelFile(
        name=_weights_name(table.take("weights", str)),
        source_url=table.take("source_url", str),
        sha256=table.take("sha256", str),
        size_bytes=table.take_if_present("size_bytes", int),
    )
    table.end()
    return file


def _weights_name(name: str) -> str:
    """Check the name by whose end Keras knows the form of the file."""
    if not name.endswith(_WEIGHTS_SUFFIX):
        raise ValueError(f"weights must be a file name that ends with .h5, got {name!r}")
    return name
