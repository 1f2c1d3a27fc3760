"""All of `optimise`: from an installed model to variants, a table and a page."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.atomic_file import sync_tree
from pipeline.codes.artifact import check_replaceable
from pipeline.evaluate.machine import Machine
from pipeline.optimise.gallery import exhibits
from pipeline.optimise.making import Made, Refused, Workshop
from pipeline.optimise.measuring import Examiner, Measurement, SentPicture
from pipeline.optimise.page import render_page
from pipeline.optimise.pictures import PictureSet
from pipeline.optimise.report import OptimiseReport
from pipeline.optimise.serving import served_latencies
from pipeline.optimise.variants import ORIGINAL, with_companions
from pipeline.repository import InstalledModel, Repository
from vision import Labels

JSON_FILE = "optimise.json"
PAGE_FILE = "report.html"
MODELS_FOLDER = "models"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do.

    Attributes:
        variants: Names of the variants.
        sparsity: Share (0..1) of the weights of each layer that pruning sets to 0.
        calls: How many calls of each model are timed, at least 1.
        examples_max: How many pictures ranges are taken from, at least 1.
        served: Whether to time calls through a model server, too.
        notes: What the reader of the report should know.
    """

    variants: tuple[str, ...]
    sparsity: float = 0.3
    calls: int = 200
    examples_max: int = 100
    served: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What to do it with.

    Attributes:
        model: The model.
        labels: The names of its classes.
        pictures: What to measure on, and to take ranges from.
    """

    model: InstalledModel
    labels: Labels
    pictures: PictureSet


def optimise(
    subject: Subject, plan: Plan, folder: Path, show: Callable[[str], object]
) -> OptimiseReport:
    """Make variants of a model, measure them, and write all of it into a folder.

    Args:
        subject: The model and the pictures.
        plan: What to do.
        folder: Gets `report.html`, `optimise.json`, and the variants in `models/`; a former result
            there is replaced when all went well.
        show: Told what is done next, in a word or two.

    Raises:
        ArtifactError: The folder holds something else.
        OptimiseError: The model cannot be loaded, has no weights, or does not answer.
        OSError: The disk is full, or cannot be written to.
    """
    card = subject.model.card
    sent = [SentPicture.of(picture, card) for picture in subject.pictures.pictures]
    examples = [each.images for each in sent[: plan.examples_max]]
    with _replacement(folder) as new:
        repository = Repository(new / MODELS_FOLDER)
        workshop = Workshop(subject.model, subject.labels, plan.sparsity, repository.root)
        results = list(workshop.make(with_companions(plan.variants), examples, show))
        models = [workshop.original(), *(each for each in results if isinstance(each, Made))]
        to_serve = _to_serve(subject.model, models, repository) if plan.served else {}
        if to_serve:
            show("model server")
        served = served_latencies(to_serve, examples, plan.calls) if to_serve else {}
        examiner = Examiner(
            card, subject.labels, subject.pictures, sent, plan.calls, Machine.this().cpus
        )
        measurement = examiner.measure(models, served, show)
        report = _report(subject, plan, measurement, results)
        _write(report, measurement, subject, new)
    return report


def installed_variants(folder: Path, names: tuple[str, ...]) -> list[InstalledModel]:
    """Return the models of variants that `optimise` left in a folder, where they were made."""
    repository = Repository(folder / MODELS_FOLDER)
    found = (repository.find(name) for name in names)
    return [model for model in found if model is not None]


def _to_serve(
    original: InstalledModel, models: Sequence[Made], repository: Repository
) -> dict[str, InstalledModel]:
    names = {made.name: f"{original.card.name}_{made.name}" for made in models[1:]}
    found = {name: repository.find(model) for name, model in names.items()}
    return {ORIGINAL: original, **{name: model for name, model in found.items() if model}}


def _report(
    subject: Subject, plan: Plan, measurement: Measurement, results: Sequence[Made | Refused]
) -> OptimiseReport:
    card, origin = subject.model.card, subject.pictures.origin
    count = min(plan.examples_max, len(subject.pictures.pictures))
    return OptimiseReport(
        model=card.name,
        version=subject.model.version,
        task=card.task,
        pictures=origin,
        examples=f"the first {count} of {origin}",
        calls=plan.calls,
        rows=measurement.rows,
        refused={each.name: each.reason for each in results if isinstance(each, Refused)},
        machine=Machine.this(),
        measured_at=datetime.now(UTC),
        notes=plan.notes,
    )


def _write(
    report: OptimiseReport, measurement: Measurement, subject: Subject, folder: Path
) -> None:
    titles = {row.name: row.title for row in report.rows}
    shown = exhibits(subject.pictures, measurement.answers, titles, subject.model.card)
    (folder / PAGE_FILE).write_text(render_page(report, shown), encoding="utf-8")
    (folder / JSON_FILE).write_text(report.to_json(), encoding="utf-8")


@contextmanager
def _replacement(folder: Path) -> Iterator[Path]:
    """Lend an empty folder that takes the place of a former result when all went well.

    Raises:
        ArtifactError: There is something else in that place; it is left alone.
    """
    check_replaceable(folder, JSON_FILE)
    new, old = (folder.with_name(f".{folder.name}.{state}") for state in ("new", "old"))
    for left_by_a_crash in (new, old):
        shutil.rmtree(left_by_a_crash, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
        sync_tree(new)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
