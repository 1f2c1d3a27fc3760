"""`python -m pipeline evaluate`."""

import argparse
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from pipeline.atomic_file import write_atomically
from pipeline.evaluate.collect import collect
from pipeline.evaluate.dataset import Dataset
from pipeline.evaluate.detector import Detector
from pipeline.evaluate.direct import DirectDetector
from pipeline.evaluate.remote import GrpcDetector, WebDetector
from pipeline.evaluate.report import EvaluationReport
from pipeline.evaluate.score import score
from pipeline.exceptions import EvaluationError
from pipeline.options import Commands, repository_option
from pipeline.progress import progress
from pipeline.repository import InstalledModel, Repository
from pipeline.terminal import say
from serving_client import ClientConfig, ConfigError, ServingClient, Target
from vision import Labels, VisionError


def add_to(commands: Commands, environ: Mapping[str, str]) -> None:
    """Add the command `evaluate` to a command line."""
    evaluate = commands.add_parser(
        "evaluate",
        parents=[repository_option(environ)],
        help="measure a model's accuracy on pictures with known boxes",
        description="Measure mAP, as COCO defines it, on a folder with instances.json (boxes in "
        "COCO's form) and images/.",
        epilog="example: python -m pipeline evaluate --model ssd_mobilenet_v1_075_coco "
        "--data coco_val --json report.json",
    )
    evaluate.add_argument("--model", required=True, metavar="NAME", help="an installed model")
    evaluate.add_argument(
        "--data", required=True, type=Path, metavar="DIR", help="folder of the pictures"
    )
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write the report there, too")
    evaluate.add_argument(
        "--via",
        choices=("direct", "grpc", "web"),
        default="direct",
        help="call the SavedModel in this process with full-size pictures (direct), a model "
        "server as the web application does (grpc), or the web application (web); "
        "default: %(default)s",
    )
    evaluate.add_argument(
        "--target",
        metavar="HOST:PORT",
        help="model server of --via grpc; default: SIGHTLINE_SERVING_TARGET, or "
        f"{ClientConfig().target.address}; the other SIGHTLINE_SERVING_* variables count, too",
    )
    evaluate.add_argument(
        "--url",
        default="http://127.0.0.1:5000",
        help="web application of --via web; default: %(default)s",
    )
    evaluate.add_argument(
        "--limit", type=_at_least_one, metavar="N", help="take only the first N pictures"
    )
    evaluate.set_defaults(run=lambda arguments: _evaluate(arguments, environ))


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _evaluate(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    dataset = Dataset.load(arguments.data, arguments.limit)
    if arguments.json is not None and not arguments.json.parent.is_dir():
        raise EvaluationError(f"{arguments.json} cannot be written: its folder does not exist.")
    with (
        closing(_detector(arguments, environ)) as detector,
        progress(arguments.model, "pictures", Console(stderr=True)) as shown,
    ):
        collection = collect(detector, dataset, shown)
        version = detector.version
    report = EvaluationReport(
        model=arguments.model,
        version=version,
        via=arguments.via,
        images=len(dataset.pictures),
        scores=score(dataset, collection.boxes),
        seconds=collection.seconds,
    )
    if arguments.json is not None:
        write_atomically(arguments.json, report.to_json())
    say(report.headline())
    Console().print(report.to_table())
    return 0


def _detector(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Detector:
    if arguments.via == "web":
        return WebDetector(arguments.url, arguments.model)
    model, labels = _installed(Repository(arguments.repository), arguments.model)
    if arguments.via == "direct":
        return DirectDetector(model, labels)
    return GrpcDetector(_client(arguments.target, environ), model.card, labels)


def _client(target: str | None, environ: Mapping[str, str]) -> ServingClient:
    try:
        config = ClientConfig.from_env(environ)
        if target is not None:
            config = replace(config, target=Target.parse(target))
    except ConfigError as error:
        raise EvaluationError(f"The model server's address is not valid: {error}.") from error
    return ServingClient.from_config(config)


def _installed(repository: Repository, name: str) -> tuple[InstalledModel, Labels]:
    model = repository.find(name)
    if model is None:
        raise EvaluationError(
            f"No model {name!r} is installed in {repository.root}; install it with "
            f"`python -m pipeline models fetch {name}`."
        )
    path = model.folder / model.card.labels_file
    try:
        return model, Labels.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, VisionError) as error:
        raise EvaluationError(f"Cannot read {path}: {error}.") from error
