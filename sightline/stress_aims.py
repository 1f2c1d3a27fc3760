"""What `sightline stress` puts under load: a model server, or a running Sightline over HTTP."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from serving_client import (
    ClientConfig,
    ConfigError,
    Retry,
    ServingClient,
    ServingError,
    Target,
    Timings,
)
from serving_client.bench import FailedCallError
from sightline.answers import CLASSIFICATION, DETECTION
from sightline.exceptions import PictureFailedError, UsageError
from sightline.grammar import KEY_VARIABLE
from sightline.http import Form, Site
from sightline.installed import installed_models
from sightline.patience import Patience
from sightline.recogniser import choose
from sightline.web import WebRecogniser
from stress import Call, ModelServerCalls, StressPlan, Subject, Way, check_target, check_url
from vision import PictureError

_GLANCES = "api/v1/glances"
_TASKS = frozenset({DETECTION, CLASSIFICATION})
_TIMEOUT_S = 30.0
_WAIT_S = 5.0
_NO_TIMES = Timings(0.0, 0.0, 0.0, 0.0, 1)


@dataclass(frozen=True, slots=True)
class Aim:
    """What is put under load.

    Attributes:
        subject: What the report says of it.
        call: Makes one call.
        end_calls: Ends those in flight.
    """

    subject: Subject
    call: Call
    end_calls: Callable[[], object] = lambda: None


@contextmanager
def aimed(
    arguments: argparse.Namespace, environ: Mapping[str, str], plan: StressPlan
) -> Iterator[Aim]:
    """Reach what the command line names, and make one call to see that it answers.

    Raises:
        UsageError: It cannot be reached like that, or the file cannot be read.
        ForeignError: It is not on this machine, and nobody has said that it may.
        PictureFailedError: That call has no answer.
    """
    try:
        data = arguments.picture.read_bytes()
    except OSError as error:
        raise UsageError(f"{arguments.picture}: {error.strerror}.") from error
    reach = _site if arguments.server is not None else _model_server
    with reach(arguments, environ, plan, data) as aim:
        try:
            aim.call(0)
        except ServingError as error:
            kind = error.kind if isinstance(error, FailedCallError) else "failed"
            raise PictureFailedError(f"The first call has no answer: {error}.", kind) from error
        yield aim


@contextmanager
def _model_server(
    arguments: argparse.Namespace, environ: Mapping[str, str], _plan: StressPlan, data: bytes
) -> Iterator[Aim]:
    """Ask a model server alone; no call is tried again, so that each failure counts."""
    try:
        config = replace(ClientConfig.from_env(environ), retry=Retry(attempts_max=1))
        if arguments.target is not None:
            config = replace(config, target=Target.parse(arguments.target))
    except ConfigError as error:
        raise UsageError(f"The model server's address or settings: {error}.") from error
    if not arguments.remote:
        check_target(config.target)
    models = {model.card.name: model for model in installed_models(arguments.repository)}
    name = arguments.model or next(iter(models))
    if name not in models:
        raise UsageError(f"There is no model called {name!r}. There are: {', '.join(models)}.")
    with ServingClient.from_config(config) as client:
        try:
            call = ModelServerCalls(client, models[name], data)
        except PictureError as error:
            raise PictureFailedError(f"{arguments.picture}: {error}", "no_picture") from error
        target = str(config.target)
        yield Aim(_subject(arguments, Way.MODEL_SERVER, target, name, data), call, client.close)


@contextmanager
def _site(
    arguments: argparse.Namespace, environ: Mapping[str, str], plan: StressPlan, data: bytes
) -> Iterator[Aim]:
    """Ask a running Sightline over HTTP, which keeps nothing of it."""
    if not arguments.remote:
        check_url(arguments.server)
    site = Site(
        arguments.server,
        key=environ.get(KEY_VARIABLE, ""),
        connections=max(plan.step(load).concurrency for load in plan.loads),
        timeout_s=_TIMEOUT_S,
    )
    with closing(WebRecogniser(site, Patience(_WAIT_S))) as recogniser:
        try:
            model = choose(recogniser.models(), arguments.model, _TASKS)
        except ValueError as error:
            raise UsageError(str(error)) from error
        form = Form.of({"image": (arguments.picture.name, data), "model": model.name})

        def call(_number: int) -> Timings:
            try:
                site.call("POST", _GLANCES, form=form)
            except PictureFailedError as error:
                raise FailedCallError(error.kind) from error
            return _NO_TIMES

        yield Aim(_subject(arguments, Way.SITE, arguments.server, model.name, data), call)


def _subject(
    arguments: argparse.Namespace, way: Way, target: str, model: str, data: bytes
) -> Subject:
    return Subject(way, target, model, arguments.picture.name, len(data))
