"""`python -m pipeline evaluate`."""

import argparse
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from pipeline.atomic_file import write_atomically
from pipeline.evaluate.alternatives import ALTERNATIVES, alternative
from pipeline.evaluate.data_identity import DataIdentity
from pipeline.evaluate.dataset import Dataset
from pipeline.evaluate.detector import Detector
from pipeline.evaluate.direct import DirectDetector
from pipeline.evaluate.measure import Question, measure
from pipeline.evaluate.remote import GrpcDetector, WebDetector
from pipeline.evaluate.report import EvaluationReport
from pipeline.evaluate.report_folder import check_replaceable, replace_report
from pipeline.exceptions import EvaluationError
from pipeline.options import Commands, at_least_one, repository_option
from pipeline.progress import progress
from pipeline.repository import InstalledModel, Repository
from pipeline.terminal import say
from serving_client import ClientConfig, ConfigError, ServingClient, Target
from vision import Labels, VisionError

_THRESHOLD = 0.5  # of a model whose card is not here


def add_to(commands: Commands, environ: Mapping[str, str]) -> None:
    """Add the command `evaluate` to a command line."""
    evaluate = commands.add_parser(
        "evaluate",
        parents=[repository_option(environ)],
        help="measure a model's accuracy on pictures with known boxes",
        description="Measure mAP, as COCO defines it, precision, recall and speed on a folder with "
        "instances.json (boxes in COCO's form) and images/.",
        epilog="example: python -m pipeline evaluate --model ssd_mobilenet_v1_075_coco "
        "--data coco_val --report build/report",
    )
    evaluate.add_argument("--model", required=True, metavar="NAME", help="an installed model")
    evaluate.add_argument(
        "--data", required=True, type=Path, metavar="DIR", help="folder of the pictures"
    )
    _add_reaching(evaluate)
    _add_judging(evaluate)
    _add_results(evaluate)
    evaluate.set_defaults(run=lambda arguments: _evaluate(arguments, environ))


def _add_reaching(evaluate: argparse.ArgumentParser) -> None:
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
        "--limit", type=at_least_one, metavar="N", help="take only the first N pictures"
    )


def _add_judging(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument(
        "--threshold",
        type=_score,
        metavar="SCORE",
        help="score from which a found box counts for precision, recall and confusion; default: "
        f"the one of the model's card, or {_THRESHOLD} where the model is not installed here",
    )
    evaluate.add_argument(
        "--scan-lines",
        action="append",
        default=[],
        metavar="LABEL",
        help="the true boxes of this class span only the scan lines that a reader decoded: give "
        "figures by the overlap along the code, too; may be given several times",
    )
    evaluate.add_argument(
        "--compare",
        action="append",
        default=[],
        choices=sorted(ALTERNATIVES),
        help="show the pictures to this reader of codes, too; may be given several times",
    )


def _add_results(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write a page, plots, the worst pictures and all figures there; replaces a former "
        "report, and nothing else",
    )
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    evaluate.add_argument(
        "--note",
        action="append",
        default=[],
        metavar="TEXT",
        help="something the reader of the report should know; may be given several times",
    )


def _score(text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no score from 0 to 1")
    return score


def _evaluate(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    dataset = Dataset.load(arguments.data, arguments.limit)
    _check_outputs(arguments)
    report = _measured(arguments, environ, dataset)
    if arguments.json is not None:
        write_atomically(arguments.json, report.to_json())
    if arguments.report is not None:
        # Draws, which takes a second to load, and only this option needs it.
        from pipeline.evaluate.report_files import report_files  # noqa: PLC0415

        replace_report(arguments.report, report_files(report))
    _print(report)
    return 0


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Find out before the work what would fail after it."""
    if arguments.json is not None and not arguments.json.parent.is_dir():
        raise EvaluationError(f"{arguments.json} cannot be written: its folder does not exist.")
    if arguments.report is not None:
        check_replaceable(arguments.report)


def _measured(
    arguments: argparse.Namespace, environ: Mapping[str, str], dataset: Dataset
) -> EvaluationReport:
    installed = _installed(arguments)
    question = _question(arguments, dataset, installed)
    question.check(dataset)
    with ExitStack() as stack:
        names = dict.fromkeys(arguments.compare)
        tools = [stack.enter_context(closing(alternative(name))) for name in names]
        detector = stack.enter_context(closing(_detector(arguments, environ, installed)))
        console = Console(stderr=True)
        return measure(
            question, dataset, detector, tools,
            lambda label: progress(label, "pictures", console),
        )  # fmt: skip


def _question(
    arguments: argparse.Namespace, dataset: Dataset, installed: tuple[InstalledModel, Labels] | None
) -> Question:
    card_threshold = installed[0].card.threshold if installed else _THRESHOLD
    return Question(
        model=arguments.model,
        via=arguments.via,
        data=DataIdentity.of(arguments.data, dataset),
        threshold=card_threshold if arguments.threshold is None else arguments.threshold,
        scan_lines=tuple(dict.fromkeys(arguments.scan_lines)),
        labels=tuple(installed[1].names.values()) if installed else None,
        notes=tuple(arguments.note),
    )


def _print(report: EvaluationReport) -> None:
    say(report.headline())
    Console().print(report.to_table())
    say(report.footnote())
    for contender in report.contenders:
        say(
            f"{contender.title}: found {contender.found_in_all} of "
            f"{sum(report.true_counts.values())}, something in {contender.empty.with_detection} "
            f"of {contender.empty.count} pictures without objects, "
            f"p50 {1000 * (contender.pace.predict or contender.pace.whole).p50:.1f} ms"
        )


def _detector(
    arguments: argparse.Namespace,
    environ: Mapping[str, str],
    installed: tuple[InstalledModel, Labels] | None,
) -> Detector:
    if arguments.via == "web" or installed is None:
        return WebDetector(arguments.url, arguments.model)
    model, labels = installed
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


def _installed(arguments: argparse.Namespace) -> tuple[InstalledModel, Labels] | None:
    """Return the model and its labels; the web application needs neither."""
    repository = Repository(arguments.repository)
    model = repository.find(arguments.model)
    if model is None:
        if arguments.via == "web":
            return None
        raise EvaluationError(
            f"No model {arguments.model!r} is installed in {repository.root}; install it with "
            f"`python -m pipeline models fetch {arguments.model}`."
        )
    if model.card.task != "detection":
        raise EvaluationError(
            f"{arguments.model} is for {model.card.task}; only detectors can be measured here."
        )
    path = model.folder / model.card.labels_file
    try:
        return model, Labels.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, VisionError) as error:
        raise EvaluationError(f"Cannot read {path}: {error}.") from error
