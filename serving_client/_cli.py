"""The command line: `python -m serving_client [smoke|status|metadata|predict]`."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from serving_client import _requests
from serving_client._client import ServingClient
from serving_client._config import ENVIRONMENT, ClientConfig, Target, Timeouts
from serving_client._served import first_configured_model
from serving_client._values import (
    DEFAULT_SIGNATURE,
    ModelRef,
    PredictResult,
    Signature,
    TensorSpec,
    VersionStatus,
)
from serving_client.exceptions import ServingError

__all__ = ["main"]

_ELEMENTS_SHOWN = 8


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m serving_client",
        description="Talks to a TensorFlow Serving compatible model server over gRPC.",
        epilog=_environment_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(metavar="COMMAND", title="commands (default: smoke)")
    for name, run, text in (
        ("smoke", smoke, "connect, show a model, send it one request"),
        ("status", status, "the versions of a model and their states"),
        ("metadata", metadata, "the signatures of a model"),
        ("predict", predict, "send tensors, show or save the outputs"),
    ):
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        command.set_defaults(run=run)
        _add_common(command)
        if name in {"smoke", "predict"}:
            _add_request(command)
        if name == "predict":
            _add_predict(command)
    return top


def _environment_help() -> str:
    rows = (
        f"  {name:<42}{each.doc} (default: {each.default})" for name, each in ENVIRONMENT.items()
    )
    return "environment variables:\n" + "\n".join(rows)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--target", type=Target.parse, help="HOST:PORT of the server's gRPC port")
    command.add_argument("--timeout", type=float, metavar="S", help="seconds for each call")
    command.add_argument(
        "--model", metavar="NAME", help="default: the first one in the repository's models.config"
    )
    command.add_argument("--version", type=int, metavar="N", help="default: the newest")


def _add_request(command: argparse.ArgumentParser) -> None:
    command.add_argument("--signature", default=DEFAULT_SIGNATURE, metavar="NAME")
    command.add_argument("--image", type=Path, metavar="FILE", help="a picture as the input")


def _add_predict(command: argparse.ArgumentParser) -> None:
    command.add_argument("--inputs", type=Path, metavar="FILE", help="named tensors, .npz or .json")
    command.add_argument(
        "--output", action="append", default=[], metavar="NAME", help="wanted output"
    )
    command.add_argument("--save", type=Path, metavar="FILE.npz", help="write the outputs there")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status.

    Any failure is one line on stderr that names target, model and cause, and status 1.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help"}):
        given.insert(0, "smoke")
    target = model = "unknown"
    try:
        options = parser().parse_args(given)
        config = _config(options)
        target = str(config.target)
        model = options.model or first_configured_model(_repository())
        with ServingClient.from_config(config) as client:
            for line in options.run(client, _model_ref(model, options), options):
                print(line)  # noqa: T201  what a command line is for
    except (ServingError, ValueError, TypeError, OSError) as error:
        sys.stderr.write(f"target {target}, model {model}: {_one_line(error)}\n")
        return 1
    return 0


def _config(options: argparse.Namespace) -> ClientConfig:
    config = ClientConfig.from_env()
    if options.target:
        config = replace(config, target=options.target)
    if options.timeout is not None:
        timeouts = Timeouts(call_s=options.timeout, connect_s=config.timeouts.connect_s)
        config = replace(config, timeouts=timeouts)
    return config


def _repository() -> Path:
    return Path(os.environ.get("SIGHTLINE_MODEL_REPOSITORY") or "model_repository")


def _model_ref(name: str, options: argparse.Namespace) -> ModelRef:
    return ModelRef(name, options.version, getattr(options, "signature", DEFAULT_SIGNATURE))


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


Lines = Iterator[str]


def smoke(client: ServingClient, model: ModelRef, options: argparse.Namespace) -> Lines:
    """Connects, shows the model's versions and signature, and sends one request."""
    yield f"target     {client.target}"
    yield f"model      {model.name}"
    statuses = client.model_status(model.name, version=model.version)
    yield f"versions   {', '.join(map(_version_text, statuses))}"
    signature = _signature(client, model)
    yield from _signature_lines(signature)
    inputs = _request(signature, options)
    source = f"from {options.image}" if options.image else "made from the signature"
    size = sum(array.nbytes for array in inputs.values())
    yield f"request    {len(inputs)} tensor(s), {size / 1000:.1f} kB, {source}"
    result = client.predict(model, inputs)
    yield f"answer     from version {result.model.version}"
    yield from _output_lines(result)
    yield _time_line(result)


def status(client: ServingClient, model: ModelRef, _: argparse.Namespace) -> Lines:
    """Shows the versions of a model."""
    for each in client.model_status(model.name, version=model.version):
        yield _version_text(each)


def metadata(client: ServingClient, model: ModelRef, _: argparse.Namespace) -> Lines:
    """Shows the signatures of a model."""
    answer = client.model_metadata(model)
    yield f"model      {answer.model}"
    for signature in answer.signatures.values():
        yield from _signature_lines(signature)


def predict(client: ServingClient, model: ModelRef, options: argparse.Namespace) -> Lines:
    """Sends one request and shows or saves the outputs."""
    inputs = _request(_signature(client, model), options)
    result = client.predict(model, inputs, output_names=options.output)
    if options.save:
        np.savez(options.save, allow_pickle=False, **_savable(result))
    yield f"answer     from {result.model}"
    yield from _output_lines(result, values=not options.save)
    yield _time_line(result)


def _savable(result: PredictResult) -> dict[str, Any]:
    """The outputs as .npz holds them: strings of fixed width instead of objects."""
    return {
        name: _fixed_width(name, array) if array.dtype == object else array
        for name, array in result.outputs.items()
    }


def _fixed_width(name: str, array: Any) -> Any:
    if any(element.endswith(b"\0") for element in array.flat):
        raise _requests.RequestError(
            f"output {name!r} holds strings that end in NUL, which .npz would drop; leave it out"
        )
    return array.astype(np.bytes_)


def _request(signature: Signature, options: argparse.Namespace) -> dict[str, Any]:
    if getattr(options, "inputs", None):
        return _requests.from_file(options.inputs)
    if options.image:
        return _requests.from_image(options.image, signature)
    return _requests.made_up(signature)


def _signature(client: ServingClient, model: ModelRef) -> Signature:
    answer = client.model_metadata(model)
    if model.signature not in answer.signatures:
        known = ", ".join(answer.signatures) or "none"
        raise _requests.RequestError(f"no signature {model.signature!r}; the model has {known}")
    return answer.signatures[model.signature]


def _version_text(each: VersionStatus) -> str:
    error = f" ({each.error_message})" if each.error_message else ""
    return f"{each.version} {each.state.name}{error}"


def _signature_lines(signature: Signature) -> Lines:
    yield f"signature  {signature.name}"
    for arrow, specs in (("in ", signature.inputs), ("out", signature.outputs)):
        for spec in specs.values():
            yield f"  {arrow}  {_spec_text(spec)}"


def _spec_text(spec: TensorSpec) -> str:
    return f"{spec.name:<30} {spec}"


def _output_lines(result: PredictResult, *, values: bool = False) -> Lines:
    for name, array in sorted(result.outputs.items()):
        dtype = "string" if array.dtype == object else array.dtype.name
        yield f"  {_spec_text(TensorSpec(name, dtype, array.shape))}"
        if values:
            yield f"    {_shown(array)}"


def _shown(array: Any) -> str:
    first = array.reshape(-1)[:_ELEMENTS_SHOWN].tolist()
    more = ", …" if array.size > _ELEMENTS_SHOWN else ""
    return json.dumps(first, default=repr)[1:-1] + more


def _time_line(result: PredictResult) -> str:
    times = result.timings
    return (
        f"time       encode {times.encode_s * 1000:.2f} ms, wire and server "
        f"{times.wire_s * 1000:.2f} ms, decode {times.decode_s * 1000:.2f} ms"
    )
