"""What the commands do, as the command line says."""

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, replace
from typing import Any

from serving_client import ClientConfig, ConfigError, ServingClient, Target
from sightline.answers import CLASSIFICATION, DETECTION
from sightline.cameras import Camera, Opener, ended_by_ctrl_c
from sightline.direct import DirectRecogniser
from sightline.drawings import Drawings
from sightline.drawn_video import DrawnVideo
from sightline.exceptions import UsageError
from sightline.footage import Footage
from sightline.grammar import KEY_VARIABLE
from sightline.http import Site
from sightline.installed import installed_models
from sightline.journal import Journal, open_journal
from sightline.looking import Looking
from sightline.meant import Expected, camera_meant, expected, files_meant, footage_meant
from sightline.output import text_output
from sightline.patience import Patience
from sightline.recogniser import Recogniser, ToExplain, choose
from sightline.run import Run, Tally
from sightline.screen import Screen, write_failure
from sightline.sources import Failure
from sightline.stills import Frame
from sightline.web import WebRecogniser
from sightline.writers import FORMATS

_TASKS = {
    "detect": frozenset({DETECTION}),
    "classify": frozenset({CLASSIFICATION}),
    "explain": frozenset({DETECTION, CLASSIFICATION}),
    "compare": frozenset({DETECTION, CLASSIFICATION}),
}
_COMPARED = range(2, 4)
_SITE_TIMEOUT_S = 60.0
_MODELS_WAIT_S = 5.0


def list_models(arguments: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Write a line for each model, the default one first.

    Raises:
        SightlineError: They cannot be found out.
    """
    with (
        closing(_recogniser(arguments, environ)) as recogniser,
        text_output(arguments.output) as out,
    ):
        models = recogniser.models()
        if arguments.format == "jsonl":
            out.writelines(f"{json.dumps(asdict(model))}\n" for model in models)
            return
        width = max((len(model.name) for model in models), default=0)
        for model in models:
            out.write(f"{model.name:<{width}}  {model.task:<14}  {model.licence:<12}  ")
            out.write(f"{model.title}: {model.summary}\n")


def look(
    arguments: argparse.Namespace, environ: Mapping[str, str], screen: Screen, opener: Opener
) -> Tally:
    """Look at pictures, videos or a camera, and write what is found.

    Args:
        arguments: The command line.
        environ: Where the `SIGHTLINE_*` variables are read.
        screen: What the person is told by.
        opener: Opens cameras.

    Raises:
        SightlineError: The run cannot begin.
        KeyboardInterrupt: It was interrupted; the person has been told.
    """
    with ExitStack() as stack:
        recogniser = stack.enter_context(closing(_recogniser(arguments, environ)))
        looking = _looking(arguments, recogniser)
        footage = footage_meant(arguments)
        camera = camera_meant(arguments, opener)
        journal = _journal(stack, arguments, looking)
        on_failure = _on_failure(stack, arguments, screen)
        run = Run(
            look=looking.look,
            writer=FORMATS[arguments.format](stack.enter_context(text_output(arguments.output))),
            on_failure=on_failure,
            on_progress=screen.progress,
            on_leave=recogniser.close,
            journal=journal,
            footage=footage,
            drawn=_drawn_video(stack, looking, footage),
            concurrency=arguments.concurrency,
            # Frames of a camera do not wait for their turn: see `cameras`.
            ahead=arguments.concurrency if camera else None,
        )
        if camera is not None:
            with _told(screen, run, arguments), screen.bar(arguments.frames, "frames"):
                _watch(camera, run)
            return run.tally
        bar = expected(arguments, footage) if screen.has_bar else Expected(None, "pictures")
        with _told(screen, run, arguments), screen.bar(bar.total, bar.of):
            run.go(files_meant(arguments))
    return run.tally


def _watch(camera: Camera, run: Run) -> None:
    def frames() -> Iterator[Frame | Failure]:
        for frame in camera.frames():
            run.tally.dropped = camera.dropped
            yield frame
        run.tally.dropped = camera.dropped

    with ended_by_ctrl_c(camera.stop):
        run.go(frames())


def _drawn_video(stack: ExitStack, looking: Looking, footage: Footage) -> DrawnVideo | None:
    """Return what draws copies of videos; explanations are pictures, of frames too."""
    if looking.drawings is None or looking.to_explain is not None:
        return None
    return stack.enter_context(DrawnVideo(looking.drawings, footage))


@contextmanager
def _told(screen: Screen, run: Run, arguments: argparse.Namespace) -> Iterator[None]:
    """Say what has become of the pictures, however the run ends."""
    try:
        yield
    except KeyboardInterrupt:
        again = (
            "The same command goes on from here."
            if arguments.resume
            else "With --resume JOURNAL a run can be continued."
        )
        screen.summary(run.tally, hint=f"Interrupted. {again}")
        raise
    screen.summary(run.tally)


def _recogniser(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Recogniser:
    patience = Patience(getattr(arguments, "wait", _MODELS_WAIT_S))
    concurrency = getattr(arguments, "concurrency", 1)
    if arguments.server is not None:
        site = Site(
            arguments.server,
            key=environ.get(KEY_VARIABLE, ""),
            connections=concurrency,
            timeout_s=_SITE_TIMEOUT_S,
        )
        return WebRecogniser(site, patience)
    models = installed_models(arguments.repository)
    return DirectRecogniser(_client(arguments.target, environ), models, patience)


def _client(target: str | None, environ: Mapping[str, str]) -> ServingClient:
    try:
        config = ClientConfig.from_env(environ)
        if target is not None:
            config = replace(config, target=Target.parse(target))
    except ConfigError as error:
        raise UsageError(f"The model server's address or settings: {error}.") from error
    return ServingClient.from_config(config)


def _looking(arguments: argparse.Namespace, recogniser: Recogniser) -> Looking:
    annotated = getattr(arguments, "annotated", None)
    return Looking(
        recogniser=recogniser,
        models=_chosen(arguments, recogniser),
        threshold=arguments.threshold,
        top=arguments.top,
        drawings=None if annotated is None else Drawings(annotated),
        to_explain=_to_explain(arguments),
    )


def _chosen(arguments: argparse.Namespace, recogniser: Recogniser) -> tuple[str, ...]:
    """Return the names of the models to ask."""
    asked: list[str | None] = [arguments.model]
    if arguments.command == "compare":
        asked = list(dict.fromkeys(arguments.model))
        if len(asked) not in _COMPARED:
            raise UsageError(f"Two or three different models can be compared, not {len(asked)}.")
    models, tasks = recogniser.models(), _TASKS[arguments.command]
    try:
        return tuple(choose(models, name, tasks).name for name in asked)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _to_explain(arguments: argparse.Namespace) -> ToExplain | None:
    if arguments.command != "explain":
        return None
    return ToExplain(
        class_id=arguments.class_id,
        number=arguments.number,
        masks=arguments.masks,
        seed=arguments.seed,
        opacity=arguments.opacity,
    )


def _journal(stack: ExitStack, arguments: argparse.Namespace, looking: Looking) -> Journal | None:
    if arguments.resume is None:
        return None
    run: dict[str, Any] = {
        "command": arguments.command,
        "models": list(looking.models),
        "threshold": looking.threshold,
        "top": looking.top,
        "annotated": str(arguments.annotated) if looking.drawings else None,
        "explain": asdict(looking.to_explain) if looking.to_explain else None,
        "server": arguments.server,
    }
    return stack.enter_context(open_journal(arguments.resume, run))


def _on_failure(stack: ExitStack, arguments: argparse.Namespace, screen: Screen) -> Any:
    if arguments.failures is None:
        return screen.failure
    listing = stack.enter_context(text_output(arguments.failures, keeps_parts=True))

    def on_failure(failure: Failure) -> None:
        write_failure(listing, failure)
        screen.failure(failure)

    return on_failure
