"""Stand-ins for tests and benchmarks: a model, sample pictures, and a server that answers.

::

    install_model(folder / "models", "toy")
    install_samples(folder / "samples", {"label": "A label"})
    model_server = FakeModelServer([Box(18, 0.9, (0.1, 0.2, 0.9, 0.8))])
    with RunningSite(settings, model_server) as site:
        print(site.url)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

import numpy as np

from serving_client import (
    ModelRef,
    ModelState,
    Retry,
    RpcError,
    ServingClient,
    Target,
    TransportError,
    VersionStatus,
)
from serving_client.testing import FakeTransport, PredictAnswer, PredictCall, StatusCall
from vision import InputSpec, Labels, ModelCard, OutputNames, Resize, encode_jpeg
from webapp.app import create_app
from webapp.samples import BUNDLED
from webapp.server import WebServer, listen
from webapp.services import EXTENSION
from webapp.settings import Settings

LABELS = Labels({1: "person", 3: "car", 17: "cat", 18: "dog", 44: "wine glass"})
_OUTPUTS = OutputNames("boxes", "scores", "classes", "count")


@dataclass(frozen=True, slots=True)
class Box:
    """One row of a model's answer.

    Attributes:
        class_id: One of ``LABELS``, or any other.
        score: 0..1.
        yxyx_normalised: (y_min, x_min, y_max, x_max) in fractions of the picture.
    """

    class_id: int
    score: float
    yxyx_normalised: tuple[float, float, float, float] = (0.25, 0.25, 0.75, 0.75)


def model_card(name: str, *, rank: int = 10, threshold: float = 0.5) -> ModelCard:
    """Return the card of a model that looks at 300 x 300 pixels."""
    return ModelCard(
        name=name,
        title=f"{name.capitalize()}, 300 px",
        task="detection",
        summary="Fast; a handful of everyday objects",
        licence="Apache-2.0",
        source_url=f"https://models.example/{name}.tar.gz",
        archive_sha256="0" * 64,
        rank=rank,
        threshold=threshold,
        input=InputSpec("serving_default", "image", "uint8", Resize("stretch", 300, 300)),
        outputs=_OUTPUTS,
    )


def install_model(
    repository: Path, name: str, *, rank: int = 10, threshold: float = 0.5, bundled: bool = False
) -> Path:
    """Write a model's card and labels, and return its folder."""
    folder = repository / name
    folder.mkdir(parents=True, exist_ok=True)
    card = model_card(name, rank=rank, threshold=threshold)
    if bundled:
        card = replace(card, source_url="", archive_sha256="")
    (folder / card.labels_file).write_text(LABELS.to_text(), encoding="utf-8")
    (folder / "model.toml").write_text(card.to_toml(), encoding="utf-8")
    return folder


def install_samples(folder: Path, titles: Mapping[str, str], model: str = "") -> Path:
    """Write plain pictures of 1280 x 960 pixels and their list, and return the folder.

    Args:
        folder: Where to.
        titles: By name of the sample.
        model: Name of the model that knows what is in them; empty where any does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (name, title) in enumerate(titles.items(), start=1):
        shade = np.full((960, 1280, 3), 255 * number // (len(titles) + 1), np.uint8)
        (folder / f"{name}.jpg").write_bytes(encode_jpeg(shade))
        rows.append(
            f'[[samples]]\nfile = "{name}.jpg"\ntitle = "{title}"\nalt = "Plain grey"\n'
            f'model = "{model}"\n'
        )
    (folder / "samples.toml").write_text("\n".join(rows), encoding="utf-8")
    return folder


class FakeModelServer:
    """Answers every picture with the same boxes, or fails as a server would.

    Args:
        boxes: The rows of each answer.
        version: The version that answers.

    Attributes:
        failure: Set to a class, every call fails with its status; None, every call succeeds.
        outputs: What a call is answered with, by output name.
        on_predict: Called when a picture has arrived, before it is answered: to look or to wait.
        transport: What the calls went through; holds them, and their deadlines.
    """

    def __init__(self, boxes: Sequence[Box] = (), *, version: int = 1) -> None:
        self.failure: type[RpcError] | None = None
        self.on_predict: Callable[[], object] = lambda: None
        self.answer_with(boxes)
        self.transport = FakeTransport({"Predict": self._predict, "GetModelStatus": self._status})
        self._version = version

    def answer_with(self, boxes: Sequence[Box]) -> None:
        """Set the rows of each answer from now on."""
        self.outputs = _outputs(boxes)

    def client(self) -> ServingClient:
        """Return a client whose calls come here, and are made once."""
        return ServingClient(
            Target("model-server.example:8500"),
            transport=self.transport,
            retry=Retry(attempts_max=1),
        )

    def _predict(self, call: PredictCall) -> PredictAnswer:
        self.on_predict()
        self._fail_if_told()
        return PredictAnswer(self.outputs, ModelRef(call.model.name, self._version))

    def _status(self, _call: StatusCall) -> tuple[VersionStatus, ...]:
        self._fail_if_told()
        return (VersionStatus(self._version, ModelState.AVAILABLE),)

    def _fail_if_told(self) -> None:
        if self.failure is not None:
            raise TransportError(self.failure.code, "as the test told it to")


class RunningSite:
    """The application in its production server, in a thread, on a free port of the loopback.

    Args:
        settings: How it is set; host and port are not looked at.
        model_server: What answers.
        samples_folder: The pictures that the form offers to try.

    Attributes:
        port: Where it listens.
    """

    def __init__(
        self, settings: Settings, model_server: FakeModelServer, *, samples_folder: Path = BUNDLED
    ) -> None:
        client = model_server.client()
        self._app = create_app(settings, client=client, samples_folder=samples_folder)
        listener = listen("127.0.0.1", 0)
        self.port: int = listener.getsockname()[1]
        self._server = WebServer(self._app, listener, settings)
        self._thread = Thread(target=self._server.run)

    @property
    def url(self) -> str:
        """Where it listens, as an address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether the server is still there."""
        return self._thread.is_alive()

    def stop(self, *, timeout_s: float = 30.0) -> None:
        """Tell the server to stop, and wait until it has; 0 does not wait."""
        self._server.stop()
        self._thread.join(timeout_s)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._app.extensions[EXTENSION].close()


def _outputs(boxes: Sequence[Box]) -> dict[str, np.ndarray]:
    return {
        "boxes": np.array([[box.yxyx_normalised for box in boxes]], np.float32).reshape(1, -1, 4),
        "scores": np.array([[box.score for box in boxes]], np.float32),
        "classes": np.array([[box.class_id for box in boxes]], np.float32),
        "count": np.array([len(boxes)], np.float32),
    }
