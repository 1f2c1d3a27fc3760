"""`python -m pipeline optimise`."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from pipeline.exceptions import OptimiseError
from pipeline.optimise.pictures import (
    PictureSet,
    drawn_pictures,
    pictures_with_boxes,
    pictures_with_classes,
)
from pipeline.optimise.publishing import check_publishable, publish_variants
from pipeline.optimise.variants import VARIANTS, origin_of
from pipeline.options import Commands, at_least_one, repository_option
from pipeline.repository import InstalledModel, Repository
from pipeline.terminal import say
from vision import Labels, VisionError

_DRAWN = 16
_SPARSITY = 0.3
_TABLE_WIDTH = 110  # characters
_EXAMPLES = """\
examples:
  python -m pipeline optimise codes --pictures tests/data/codes
  python -m pipeline optimise codes --pictures tests/data/codes --publish int8 --publish tflite_int8
  python -m pipeline optimise mobilenet_v2 --pictures photographs --through-server
"""


def add_to(commands: Commands, environ: Mapping[str, str]) -> None:
    """Add the command `optimise` to a command line."""
    optimise = commands.add_parser(
        "optimise",
        parents=[repository_option(environ)],
        help="make smaller and faster variants of a model, and compare them",
        description="Make variants of an installed model with weights in fewer bits, with pruned "
        "weights and for TFLite, measure all of them, and publish those that are chosen.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    optimise.add_argument("model", metavar="MODEL", help="an installed model")
    _add_pictures(optimise)
    _add_making(optimise)
    optimise.add_argument(
        "--publish",
        action="append",
        default=[],
        choices=VARIANTS,
        metavar="VARIANT",
        help="install this variant as MODEL_VARIANT; may be given several times",
    )
    optimise.add_argument(
        "--work",
        type=Path,
        metavar="DIR",
        help="where variants, table and page are left; default: build/optimise/MODEL",
    )
    optimise.set_defaults(run=_run)


def _add_pictures(optimise: argparse.ArgumentParser) -> None:
    optimise.add_argument(
        "--pictures",
        type=Path,
        metavar="DIR",
        help="labelled pictures: for a detector a folder with instances.json (boxes in COCO's "
        "form) and images/; for a classifier a folder for each class, or labels.csv with the "
        f"columns file and label; default: {_DRAWN} drawn scenes, without accuracy",
    )
    optimise.add_argument(
        "--limit", type=at_least_one, metavar="N", help="take only the first N pictures"
    )


def _add_making(optimise: argparse.ArgumentParser) -> None:
    optimise.add_argument(
        "--variant",
        action="append",
        choices=VARIANTS,
        metavar="VARIANT",
        help=f"make only this one, and what it needs; may be given several times; there are "
        f"{', '.join(VARIANTS)}",
    )
    optimise.add_argument(
        "--sparsity",
        type=_share,
        default=_SPARSITY,
        metavar="SHARE",
        help="share of the weights of each layer that pruning sets to 0; default: %(default)s",
    )
    optimise.add_argument(
        "--calls",
        type=at_least_one,
        default=200,
        metavar="N",
        help="timed calls of each model; default: %(default)s",
    )
    optimise.add_argument(
        "--through-server",
        action="store_true",
        help="start a model server, and time calls through it, too",
    )
    optimise.add_argument(
        "--note",
        action="append",
        default=[],
        metavar="TEXT",
        help="something the reader of the table should know; may be given several times",
    )


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 to below 1")
    return share


def _run(arguments: argparse.Namespace) -> int:
    repository = Repository(arguments.repository)
    model = _installed(arguments.model, repository)
    labels = _labels(model)
    published = tuple(f"{model.card.name}_{name}" for name in arguments.publish)
    check_publishable(published, repository)
    pictures = _pictures(arguments, model, labels)
    # Read by TensorFlow's C++ part when it is loaded: errors only.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        # Imports TensorFlow, which takes seconds, and may not be installed.
        from pipeline.optimise import optimising  # noqa: PLC0415
    except ImportError as error:
        raise OptimiseError(
            f"Making variants needs TensorFlow: {error}. Install it with "
            "`pip install 'sightline[pipeline]'`."
        ) from error
    folder = arguments.work or Path("build", "optimise", model.card.name)
    plan = optimising.Plan(
        variants=tuple(dict.fromkeys((*(arguments.variant or VARIANTS), *arguments.publish))),
        sparsity=arguments.sparsity,
        calls=arguments.calls,
        served=arguments.through_server,
        notes=tuple(arguments.note),
    )
    console = Console(stderr=True)
    report = optimising.optimise(
        optimising.Subject(model, labels, pictures), plan, folder,
        lambda step: console.print(f"{model.card.name}: {step}", markup=False, highlight=False),
    )  # fmt: skip
    terminal = Console()
    terminal.width = max(terminal.width, _TABLE_WIDTH)  # broken figures are harder to read
    terminal.print(report.to_table())
    for line in report.footnotes():
        say(line)
    say(f"The page is {folder / optimising.PAGE_FILE}.")
    _publish(optimising.installed_variants(folder, published), published, labels, repository)
    return 0


def _publish(
    variants: list[InstalledModel],
    wanted: tuple[str, ...],
    labels: Labels,
    repository: Repository,
) -> None:
    missing = sorted(set(wanted) - {variant.card.name for variant in variants})
    if missing:
        raise OptimiseError(f"{', '.join(missing)} cannot be published, see above; nothing was.")
    if variants:
        publish_variants(variants, labels, repository)
    for variant in variants:
        say(f"{variant.card.name} version {variant.version} is published in {repository.root}.")


def _installed(name: str, repository: Repository) -> InstalledModel:
    model = repository.find(name)
    if model is None:
        raise OptimiseError(
            f"No model {name!r} is installed in {repository.root}; install it with "
            f"`python -m pipeline models fetch {name}`."
        )
    origin = origin_of(model.folder)
    if origin is not None:
        raise OptimiseError(f"{name} is a variant of {origin} already; name that model instead.")
    return model


def _labels(model: InstalledModel) -> Labels:
    path = model.folder / model.card.labels_file
    try:
        return Labels.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, VisionError) as error:
        raise OptimiseError(f"Cannot read {path}: {error}.") from error


def _pictures(arguments: argparse.Namespace, model: InstalledModel, labels: Labels) -> PictureSet:
    if arguments.pictures is None:
        return drawn_pictures(min(_DRAWN, arguments.limit or _DRAWN))
    if model.card.task == "classification":
        return pictures_with_classes(arguments.pictures, labels, arguments.limit)
    return pictures_with_boxes(arguments.pictures, arguments.limit)
