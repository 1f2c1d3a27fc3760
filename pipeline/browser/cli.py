"""`python -m pipeline browser`."""

import argparse
import os
from collections.abc import Mapping

from rich.filesize import decimal

from pipeline.codes import card as codes_card
from pipeline.exceptions import BrowserFormError
from pipeline.options import Commands, repository_option
from pipeline.repository import InstalledModel, Repository
from pipeline.terminal import say

_EXAMPLES = """\
examples:
  python -m pipeline browser codes
  python -m pipeline browser ssd_mobilenet_v1_075_coco
"""


def add_to(commands: Commands, environ: Mapping[str, str]) -> None:
    """Add the command `browser` to a command line."""
    browser = commands.add_parser(
        "browser",
        parents=[repository_option(environ)],
        help="make the forms of models that browsers run themselves",
        description="Make a TFLite model of the latest version of an installed detection model, "
        "put it beside the model's card, and declare it there, so that the live page offers to "
        "run the model in the browser.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    browser.add_argument("names", nargs="+", metavar="MODEL", help="installed detection models")
    browser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    # Read by TensorFlow's C++ part when it is loaded: errors only.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    repository = Repository(arguments.repository)
    with repository.writing():
        for name in arguments.names:
            model = _convertible(name, repository)
            content = _content(model)
            form = repository.attach(model, content)
            say(
                f"{name} version {form.version} has a form for browsers now: "
                f"{model.folder / form.file}, {decimal(len(content))}."
            )
    return 0


def _convertible(name: str, repository: Repository) -> InstalledModel:
    model = repository.find(name)
    if model is None:
        raise BrowserFormError(
            f"No model {name!r} is installed in {repository.root}; install it with "
            f"`python -m pipeline models fetch {name}`."
        )
    if model.card.task != "detection":
        raise BrowserFormError(
            f"{name} is for {model.card.task}; browsers run models for detection alone."
        )
    if model.card.input.resize.method == "none":
        raise BrowserFormError(
            f"{name} takes pictures in their own size, and a form for browsers has a fixed one."
        )
    return model


def _content(model: InstalledModel) -> bytes:
    try:
        return _converted(model)
    except ImportError as error:
        raise BrowserFormError(
            f"Making forms for browsers needs TensorFlow: {error}. Install it with "
            "`pip install 'sightline[pipeline]'`."
        ) from error
    except BrowserFormError as error:
        raise BrowserFormError(f"{model.card.name} gets no form for browsers: {error}") from error


def _converted(model: InstalledModel) -> bytes:
    # Both import TensorFlow, which takes seconds, and may not be installed.
    if model.card.name == codes_card.NAME:  # its SavedModel has a loop over the batch
        from pipeline.codes.browser import form_of_exported  # noqa: PLC0415

        return form_of_exported(model.saved_model, model.card.input.resize.width)
    from pipeline.browser.saved_model import form_of_saved_model  # noqa: PLC0415

    return form_of_saved_model(model)
