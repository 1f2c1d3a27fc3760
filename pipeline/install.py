"""From an entry of the catalogue to an installed model."""

from pathlib import Path

from rich.console import Console

from pipeline.catalogue import Catalogue, CatalogueEntry
from pipeline.digests import sha256_of
from pipeline.exceptions import ArchiveError, DigestMismatchError, DownloadError, RepositoryError
from pipeline.manifest import Manifest
from pipeline.progress import progress
from pipeline.repository import FETCHED_VERSION, Repository
from pipeline.saved_model import check_signature
from pipeline.sources import Source
from pipeline.unpack import READY_FILE, unpack_saved_model
from vision import Labels


def choose_default(catalogue: Catalogue, source: Source) -> tuple[CatalogueEntry, str]:
    """Return the model to fetch when none was named, and a sentence that says why that one.

    Raises:
        DownloadError: The source has none of the catalogue's defaults, or cannot be asked.
    """
    lacking: list[str] = []
    for name in catalogue.defaults:
        if source.has(catalogue.entries[name]):
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
        source: Where to bring its archive from.
        repository: Where to; it must be held by `Repository.writing`.
        console: Where to show progress.

    Returns:
        A sentence on what was done.

    Raises:
        PipelineError: It did not work; nothing of the model is installed then, or what was before.
    """
    repository.check_free(entry.name)
    expected = entry.sha256 or repository.digests.get(entry.archive)
    present = _intact_sha256(entry.name, repository)
    archive = repository.downloads / entry.archive
    if present is not None and expected in {present, None}:
        archive.unlink(missing_ok=True)  # left by a crash just after the model was installed
        if repository.refresh(entry.card(present), labels):
            return f"{entry.name} is installed; its card and labels were brought up to date."
        return f"{entry.name} is installed and intact."
    if not archive.exists():
        with progress(entry.archive, "bytes", console) as report:
            source.bring(entry, archive, report)
    try:
        _publish(entry, labels, archive, expected, repository)
    except (ArchiveError, DigestMismatchError) as error:
        archive.unlink()
        raise type(error)(f"{entry.name} is not installed: {error}") from error
    archive.unlink()
    return f"{entry.name} is installed from {source}."


def _publish(
    entry: CatalogueEntry,
    labels: Labels,
    archive: Path,
    expected: str | None,
    repository: Repository,
) -> None:
    sha256 = sha256_of(archive)
    if sha256 != (expected or sha256):
        raise DigestMismatchError(
            f"{entry.archive} is refused: its sha256 is {sha256}, expected was {expected}."
        )
    with repository.staged(entry.name) as staged:
        saved_model = staged / str(FETCHED_VERSION)
        unpack_saved_model(archive, entry.saved_model, saved_model)
        check_signature((saved_model / READY_FILE).read_bytes(), entry.input, entry.outputs)
        if expected is None:
            repository.digests.record(entry.archive, sha256)
        repository.publish(staged, entry.card(sha256), labels)


def _intact_sha256(name: str, repository: Repository) -> str | None:
    """Return the sha256 of the archive that an intact model came from, else None.

    The card and labels do not count: they can be made again without the archive.
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
