"""From an entry of the catalogue to an installed model."""

from rich.console import Console

from pipeline.catalogue import Catalogue, CatalogueEntry, ModelFile
from pipeline.digests import sha256_of
from pipeline.exceptions import (
    ArchiveError,
    DigestMismatchError,
    DownloadError,
    ExportError,
    RepositoryError,
)
from pipeline.manifest import Manifest
from pipeline.progress import progress
from pipeline.repository import FETCHED_VERSION, Repository
from pipeline.saved_model import check_signature
from pipeline.sources import Source, choose_file
from pipeline.unpack import READY_FILE
from vision import Labels


def choose_default(catalogue: Catalogue, source: Source) -> tuple[CatalogueEntry, str]:
    """Return the model to fetch when none was named, and a sentence that says why that one.

    Raises:
        DownloadError: The source has none of the catalogue's defaults, or cannot be asked.
    """
    lacking: list[str] = []
    for name in catalogue.defaults:
        if any(source.has(file) for file in catalogue.entries[name].files):
            reason = (
                f"{source} does not have {', '.join(lacking)}" if lacking else "the first choice"
            )
            return catalogue.entries[name], f"No model was named, so this is {name}: {reason}."
        lacking.append(name)
    raise DownloadError(f"Name a model: {source} has none of {', '.join(lacking)}.")


def install(
    entry: CatalogueEntry,
    labels: Labels,
    *,
    source: Source,
    repository: Repository,
    console: Console,
) -> str:
    """Install a model, unless it is installed and intact already.

    Args:
        entry: The model.
        labels: The names of its classes.
        source: Where to bring its file from.
        repository: Where to; it must be held by `Repository.writing`.
        console: Where to show progress.

    Returns:
        A sentence on what was done.

    Raises:
        PipelineError: It did not work; nothing of the model is installed then, or what was before.
    """
    repository.check_free(entry.name)
    present = _intact_sha256(entry.name, repository)
    made_from = _made_from(present, entry, repository)
    if present is not None and made_from is not None:
        for file in entry.files:  # left by a crash just after the model was installed
            (repository.downloads / file.name).unlink(missing_ok=True)
        if repository.refresh(entry.card(made_from, present), labels):
            return f"{entry.name} is installed; its card and labels were brought up to date."
        return f"{entry.name} is installed and intact."
    file = _brought(entry, source, repository, console)
    brought = repository.downloads / file.name
    try:
        _publish(entry, labels, file, repository)
    except (ArchiveError, DigestMismatchError, ExportError) as error:
        brought.unlink()
        raise type(error)(f"{entry.name} is not installed: {error}") from error
    brought.unlink()
    return f"{entry.name} is installed from {source}."


def _expected(file: ModelFile, repository: Repository) -> str | None:
    return file.sha256 or repository.digests.get(file.name)


def _made_from(
    present: str | None, entry: CatalogueEntry, repository: Repository
) -> ModelFile | None:
    """Return the file that a model was made from, by its digest; None where it is none of them."""
    if present is None:
        return None
    expected = {_expected(file, repository): file for file in reversed(entry.files)}
    only_unknown = entry.files[0] if expected.keys() == {None} else None
    return expected.get(present, only_unknown)


def _brought(
    entry: CatalogueEntry, source: Source, repository: Repository, console: Console
) -> ModelFile:
    """Return the file that lies in the downloads folder now."""
    for file in entry.files:
        if (repository.downloads / file.name).exists():
            return file
    file = choose_file(entry, source)
    with progress(file.name, "bytes", console) as report:
        source.bring(file, repository.downloads / file.name, report)
    return file


def _publish(
    entry: CatalogueEntry, labels: Labels, file: ModelFile, repository: Repository
) -> None:
    brought, expected = repository.downloads / file.name, _expected(file, repository)
    sha256 = sha256_of(brought)
    if sha256 != (expected or sha256):
        raise DigestMismatchError(
            f"{file.name} is refused: its sha256 is {sha256}, expected was {expected}."
        )
    with repository.staged(entry.name) as staged:
        saved_model = staged / str(FETCHED_VERSION)
        entry.make(brought, labels, saved_model)
        check_signature((saved_model / READY_FILE).read_bytes(), entry.input, entry.outputs)
        if expected is None:
            repository.digests.record(file.name, sha256)
        repository.publish(staged, entry.card(file, sha256), labels)


def _intact_sha256(name: str, repository: Repository) -> str | None:
    """Return the sha256 of the file that an intact model came from, else None.

    The card and labels do not count: they can be made again without the file.
    """
    try:
        model = repository.find(name)
        if model is None:
            return None
        difference = Manifest.load(model.folder).compare(model.folder)
    except RepositoryError:
        return None
    paths = (*difference.changed, *difference.missing, *difference.extra)
    is_intact = not any(path.startswith(f"{FETCHED_VERSION}/") for path in paths)
    return model.card.archive_sha256 if is_intact else None
