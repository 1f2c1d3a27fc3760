"""What may stand on the command line."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from sightline.completion import SHELLS
from sightline.footage import EVERY_S
from sightline.recogniser import ToExplain
from sightline.stress_grammar import STRESS, add_stress
from sightline.writers import FORMATS

REPOSITORY_VARIABLE = "SIGHTLINE_MODEL_REPOSITORY"
KEY_VARIABLE = "SIGHTLINE_API_KEY"
_USAGE = 2
_Adder = Callable[[argparse.ArgumentParser], None]
_EXAMPLES = """examples:
  sightline detect parcel.jpg
  sightline detect photos --recursive --format csv --output boxes.csv
  sightline detect 'photos/**/*.jpg' --format coco --output boxes.json --resume boxes.journal
  sightline classify photos --top 3 --annotated named
  sightline explain parrot.jpg --annotated why
  sightline compare parrot.jpg --model mobilenet --model efficientnet
  sightline detect clip.mp4 --every 0.5 --from 10 --to 60 --annotated drawn
  sightline detect camera:0 --seconds 30 --format jsonl
  find photos -name '*.jpg' | sightline detect - --server http://127.0.0.1:5000 --format jsonl
  sightline stress parcel.jpg --callers 1,2,4,8 --html report.html
  sightline models

exit status: 0 all pictures have answers, 1 some have none, 2 the command makes no sense,
130 interrupted."""


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(_USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the whole command line.

    Args:
        environ: Where defaults are read.
    """
    whole = _Parser(
        prog="sightline",
        description="Show pictures, videos and what a camera sees to models: objects, classes, and "
        "where in a picture they come from.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (text, adders) in _commands().items():
        command = commands.add_parser(name, help=text, description=f"{text}.", allow_abbrev=False)
        for adder in (*adders, _add_telling):
            adder(command)
        _add_reaching(command, environ)
    stress = commands.add_parser(
        "stress", help=STRESS, description=f"{STRESS}.", allow_abbrev=False
    )
    add_stress(stress)
    _add_reaching(stress, environ, site="a running Sightline, over HTTP")
    completion = commands.add_parser(
        "completion", help="Print the script by which a shell completes"
    )
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(json=False, quiet=True)
    return whole


def _commands() -> Mapping[str, tuple[str, Sequence[_Adder]]]:
    """Return what each command is for, and what may stand behind its name."""
    pictures = (_add_pictures, _add_moments, _add_run)
    rows = _add_format("table", "jsonl", "csv")
    return {
        "detect": (
            "Find objects in pictures and videos, or in what a camera sees",
            (*pictures, _add_model, _add_judging, _add_format(*FORMATS), _add_annotated),
        ),
        "classify": (
            "Name what whole pictures or frames show",
            (*pictures, _add_model, _add_judging, rows, _add_annotated),
        ),
        "explain": (
            "Show which parts of a picture a model's answer comes from",
            (*pictures, _add_model, _add_judging, rows, _add_explaining),
        ),
        "compare": (
            "Show the same pictures or frames to two or three models",
            (*pictures, _add_models, _add_judging, rows),
        ),
        "models": ("List the models that there are", (_add_format("table", "jsonl"),)),
    }


def _add_pictures(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="pictures, videos, folders, patterns such as 'photos/**/*.jpg'; - reads a list of "
        "paths, one a line, from standard input; or one camera, such as camera:0, "
        "camera:/dev/video0 or rtsp://HOST/PATH",
    )
    command.add_argument(
        "--recursive", action="store_true", help="look into folders inside folders, too"
    )
    command.add_argument(
        "--only", choices=("pictures", "videos"), help="leave out the files of other kinds"
    )


def _add_moments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--every",
        type=_seconds,
        metavar="S",
        help="seconds between the frames that are looked at; 0 takes all (default: of a video "
        f"{EVERY_S:g}, of a camera 0)",
    )
    command.add_argument(
        "--from",
        dest="from_s",
        type=_seconds,
        metavar="S",
        help="of videos: the second to begin at (default: the start)",
    )
    command.add_argument(
        "--to",
        dest="to_s",
        type=_seconds,
        metavar="S",
        help="of videos: the second to end before (default: the end)",
    )
    command.add_argument(
        "--seconds", type=_seconds, metavar="S", help="of a camera: how long (default: till Ctrl-C)"
    )
    command.add_argument(
        "--frames", type=_from_one, metavar="N", help="of a camera: how many (default: till Ctrl-C)"
    )


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--resume",
        type=Path,
        metavar="JOURNAL",
        help="keep the answers in this file, and go on from there after an interruption",
    )
    command.add_argument(
        "--failures", type=Path, metavar="FILE", help="list what failed, as lines of JSON"
    )
    command.add_argument(
        "--concurrency",
        type=_from_one,
        default=4,
        metavar="N",
        help="pictures and frames worked on at the same time (default: %(default)s)",
    )
    command.add_argument(
        "--wait",
        type=_seconds,
        default=30.0,
        metavar="S",
        help="how long to ask a server that is away, in seconds (default: %(default)g)",
    )


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model", metavar="NAME", help="default: the first for the task; see `sightline models`"
    )


def _add_models(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="NAME",
        help="a model; to be given two or three times",
    )


def _add_judging(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--threshold",
        type=_share,
        metavar="SCORE",
        help="score, 0 to 1, from which objects and classes count (default: the model's own)",
    )
    command.add_argument(
        "--top", type=_from_one, metavar="N", help="at most so many for each picture or frame"
    )


def _add_format(*names: str) -> _Adder:
    def add(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "--format", choices=names, default="table", help="default: %(default)s"
        )
        command.add_argument(
            "--output",
            type=Path,
            metavar="FILE",
            help="write there, when all is done, instead of to standard output",
        )

    return add


def _add_annotated(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--annotated",
        type=Path,
        metavar="DIR",
        help="draw what was found into copies of the pictures and videos there, without their "
        "metadata",
    )


def _add_explaining(command: argparse.ArgumentParser) -> None:
    usual = ToExplain()
    command.add_argument(
        "--annotated",
        type=Path,
        required=True,
        metavar="DIR",
        help="write the pictures with the heat maps on them there, as JPEG files",
    )
    command.add_argument(
        "--class",
        dest="class_id",
        type=_from_zero,
        metavar="ID",
        help="of a classifier: the class to explain (default: the most probable one)",
    )
    command.add_argument(
        "--object",
        dest="number",
        type=_from_zero,
        default=usual.number,
        metavar="N",
        help="of a detector: the object to explain, from 0, the most certain first",
    )
    command.add_argument(
        "--masks",
        type=_from_one,
        default=usual.masks,
        metavar="N",
        help="of a detector: covered copies of the picture to show it (default: %(default)s; a "
        "--server has its own number)",
    )
    command.add_argument(
        "--seed", type=_from_zero, default=usual.seed, metavar="N", help="of the covered copies"
    )
    command.add_argument(
        "--opacity",
        type=_share,
        default=usual.opacity,
        metavar="SHARE",
        help="how much of the heat map shows, 0 to 1 (default: %(default)s)",
    )


def _add_telling(command: argparse.ArgumentParser) -> None:
    command.add_argument("--quiet", action="store_true", help="no progress bar, no last line")
    command.add_argument("--json", action="store_true", help="errors and failures as lines of JSON")


def _add_reaching(
    command: argparse.ArgumentParser,
    environ: Mapping[str, str],
    *,
    site: str = "a running Sightline, which keeps the pictures",
) -> None:
    where = command.add_mutually_exclusive_group()
    where.add_argument(
        "--server",
        metavar="URL",
        help=f"{site}; an API key is read from {KEY_VARIABLE}",
    )
    where.add_argument(
        "--target",
        metavar="TARGET",
        help="a model server (default: SIGHTLINE_SERVING_TARGET; the other SIGHTLINE_SERVING_* "
        "variables count, too)",
    )
    command.add_argument(
        "--repository",
        type=Path,
        metavar="DIR",
        default=Path(environ.get(REPOSITORY_VARIABLE) or "model_repository"),
        help=f"folder of the models' cards, without --server ({REPOSITORY_VARIABLE}; now "
        "%(default)s)",
    )


def _whole(text: str, least: int) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
    return int(text)


def _from_one(text: str) -> int:
    return _whole(text, 1)


def _from_zero(text: str) -> int:
    return _whole(text, 0)


def _share(text: str) -> float:
    number = _number(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return number


def _seconds(text: str) -> float:
    number = _number(text)
    if not 0 <= number <= 1e6:  # noqa: PLR2004  eleven days
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
