"""Calls through a model server, which is started for that and ended afterwards."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.exceptions import OptimiseError
from pipeline.models_config import models_config
from pipeline.optimise.answers import wanted_outputs
from pipeline.optimise.speed import Latency, latencies
from pipeline.repository import InstalledModel
from serving_client import ModelRef, ModelState, ServingClient, ServingError, Target
from vision import ModelCard

_READY_S = 120.0
_LOOK_EVERY_S = 0.2
_STOP_S = 20.0
_TIMED_PICTURES = 20


def served_latencies(
    models: Mapping[str, InstalledModel],
    images: Sequence[NDArray[np.uint8]],
    calls: int,
) -> dict[str, Latency]:
    """Serve models, TFLite preferred, and time calls of each in turn.

    Args:
        models: The models by any key.
        images: Pictures as they are sent, uint8 [1, H, W, 3].
        calls: How many calls of each are timed.

    Returns:
        By key of `models`.

    Raises:
        OptimiseError: The server does not start, or a call fails.
    """
    with (
        _server(list(models.values())) as target,
        ServingClient(Target.parse(target)) as client,
    ):
        requests = {
            key: [partial(_ask, client, model.card, each) for each in images[:_TIMED_PICTURES]]
            for key, model in models.items()
        }
        return latencies(requests, calls)


def _ask(client: ServingClient, card: ModelCard, images: NDArray[np.uint8]) -> Any:
    reference = ModelRef(card.name, signature=card.input.signature)
    try:
        return client.predict(
            reference, {card.input.tensor: images}, output_names=wanted_outputs(card)
        )
    except ServingError as error:
        raise OptimiseError(f"{card.name} fails behind a model server: {error}") from error


@contextmanager
def _server(models: Sequence[InstalledModel]) -> Iterator[str]:
    """Run a model server, and lend its address once it answers for all models."""
    with tempfile.TemporaryDirectory(prefix="sightline-optimise-") as temporary:
        config, log = Path(temporary, "models.config"), Path(temporary, "log")
        names = [model.card.name for model in models]
        for model in models:
            Path(temporary, model.card.name).symlink_to(model.folder.absolute())
        config.write_text(models_config(names, temporary), encoding="utf-8")
        port = _free_port()
        command = [
            sys.executable, "-m", "model_server", f"--port={port}", "--prefer_tflite_model=true",
            f"--model_config_file={config}",
        ]  # fmt: skip
        with (
            log.open("wb") as lines,
            subprocess.Popen(command, stdout=lines, stderr=lines) as process,  # noqa: S603  # ours
        ):
            try:
                target = f"127.0.0.1:{port}"
                _wait_until_ready(target, names, process, log)
                yield target
            finally:
                process.terminate()
                try:
                    process.wait(_STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()


def _wait_until_ready(
    target: str, names: Sequence[str], process: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + _READY_S
    with ServingClient(Target.parse(target)) as client:
        for name in names:
            while not _is_ready(client, name):
                if process.poll() is not None or time.monotonic() > deadline:
                    tail = log.read_text(errors="replace").strip().splitlines()[-1:]
                    raise OptimiseError(f"The model server does not serve {name}: {tail}.")
                time.sleep(_LOOK_EVERY_S)


def _is_ready(client: ServingClient, name: str) -> bool:
    try:
        return any(each.state is ModelState.AVAILABLE for each in client.model_status(name))
    except ServingError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
