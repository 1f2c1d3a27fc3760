"""What can go wrong in the pipeline; each `str()` is one sentence for the person at the terminal.

PipelineError
├── CatalogueError        the catalogue, or a label set it names, is not as it should be
├── DownloadError         an archive could not be brought here
├── DigestMismatchError   an archive is not the one that was promised
├── ArchiveError          an archive is hostile, damaged, or not what the catalogue says
├── RepositoryError       the model repository is not in the state a command needs
├── ExportError           a model could not be exported as a SavedModel
├── EvaluationError       a model could not be measured
├── OptimiseError         a variant of a model could not be made
├── BrowserFormError      a model has no form that browsers could run
└── ArtifactError         a step's input is missing or damaged, or its place is taken
"""


class PipelineError(Exception):
    """Root of everything the pipeline raises on purpose."""


class CatalogueError(PipelineError):
    """The catalogue, or a label set it names, is not as it should be."""


class DownloadError(PipelineError):
    """An archive could not be brought here."""


class DigestMismatchError(PipelineError):
    """An archive's sha256 is not the expected one."""


class ArchiveError(PipelineError):
    """An archive is hostile, damaged, or does not hold what the catalogue says."""


class RepositoryError(PipelineError):
    """The model repository is not in the state a command needs."""


class ExportError(PipelineError):
    """A model could not be exported as a SavedModel."""


class EvaluationError(PipelineError):
    """A model could not be measured."""


class OptimiseError(PipelineError):
    """A variant of a model could not be made."""


class BrowserFormError(PipelineError):
    """A model has no form that browsers could run."""


class ArtifactError(PipelineError):
    """A step's input is missing, damaged or made for something else, or its place is taken."""
