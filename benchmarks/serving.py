"""Predict over gRPC, against the bare call in one process."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.bare import BareModel, bare_model, calls_per_second
from benchmarks.measure import Row, Spread, in_turns
from benchmarks.processes import model_server
from serving_client import Array, ModelRef, ServingClient
from vision import ModelCard, decode_picture

__all__ = ["Subject", "rows"]

_STARTS = 5
_ROUNDS = 4
_AT_ONCE = 25
_CLIENTS = 4
_BURST_S = 2.0
_BURSTS = 3


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to call a server.

    Attributes:
        name: of the rows.
        flags: of the server.
        scheme: of the client's target.
        is_judged: whether the targets are meant for it.
    """

    name: str
    flags: tuple[str, ...] = ()
    scheme: str = ""
    is_judged: bool = True


_BARE = "bare"
_LIGHT = "--light_grpc"
_WAYS = (
    _Way("library"),
    _Way(_LIGHT, (_LIGHT,)),
    _Way(f"{_LIGHT}, h2://", (_LIGHT,), "h2://"),
    # What the way to the model costs by itself: the others run a faster form of the model.
    _Way("the same, variables kept", (_LIGHT, "--freeze_variables_up_to_mb=0"), "h2://", False),
)

_Times = dict[str, Spread]
_Rates = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Subject:
    """The model that is measured.

    Attributes:
        repository: the folder it is installed in.
        card: its facts.
    """

    repository: Path
    card: ModelCard

    @property
    def output_names(self) -> tuple[str, ...]:
        """The outputs that a detection needs."""
        return self.card.outputs.names

    def pixels(self, picture: bytes) -> Array:
        """A picture file as the model is sent it, uint8 [1, H, W, 3]."""
        return decode_picture(picture, resize=self.card.input.resize).image_hwc[None]

    def caller(self, client: ServingClient, image: Array) -> Callable[[], None]:
        """What calls the model with a picture."""

        def call() -> None:
            inputs = {self.card.input.tensor: image}
            client.predict(ModelRef(self.card.name), inputs, output_names=self.output_names)

        return call

    @contextmanager
    def bare(self, image: Array) -> Iterator[BareModel]:
        """The model without a server, called with one picture."""
        versions = (self.repository / self.card.name).glob("[0-9]*")
        newest = max(versions, key=lambda path: int(path.name))
        with tempfile.TemporaryDirectory() as folder:
            names, tensor = self.output_names, self.card.input.tensor
            with bare_model(newest, tensor, names, image, Path(folder)) as bare:
                yield bare


def rows(subject: Subject, picture: bytes) -> Iterator[Row]:
    """Yields latency of one caller, and throughput of four, on a photograph.

    Everything is started several times: how fast a process is depends on where its memory happens
    to be, by as much as what is measured here, and for as long as it runs.
    """
    image = subject.pixels(picture)
    starts = [_measured(subject, image) for _ in range(_STARTS)]
    for way in _WAYS:
        yield _latency(subject, way, [times for times, _ in starts])
    for way in _WAYS:
        yield _throughput(subject, way, [rates for _, rates in starts])


def _measured(subject: Subject, image: Array) -> tuple[_Times, _Rates]:
    """Starts everything once, and measures it by turns."""
    with ExitStack() as stack:
        bare = stack.enter_context(subject.bare(image))
        addresses = {
            flags: stack.enter_context(model_server(subject.repository, subject.card.name, *flags))
            for flags in dict.fromkeys(way.flags for way in _WAYS)
        }
        calls = {}
        for way in _WAYS:
            client = stack.enter_context(ServingClient(way.scheme + addresses[way.flags]))
            calls[way.name] = subject.caller(client, image)
        works = {_BARE: bare.call_s, **calls}
        times = in_turns(works, _ROUNDS, warm_up=1, at_once=_AT_ONCE)
        rates: _Rates = {name: [] for name in works}
        for _ in range(_BURSTS):
            rates[_BARE].append(bare.rate(_CLIENTS, _BURST_S))
            for name, call in calls.items():
                rates[name].append(calls_per_second(call, _CLIENTS, _BURST_S))
    return times, rates


def _latency(subject: Subject, way: _Way, starts: list[_Times]) -> Row:
    over, single = ([times[name] for times in starts] for name in (way.name, _BARE))
    extra_ms = median(o.p50 - s.p50 for o, s in zip(over, single, strict=True)) * 1000
    return Row(
        f"Predict, {subject.card.name}",
        f"one caller, {way.name}, p50 / p99",
        _in_ms(over),
        f"{_in_ms(single)} (bare call)",
        f"{extra_ms:+.2f} ms",
        "at most +2 ms" if way.is_judged else "",
        extra_ms <= 2 if way.is_judged else None,  # noqa: PLR2004  the target
        {"p50_s": [each.p50 for each in over], "p99_s": [each.p99 for each in over],
         "bare_p50_s": [each.p50 for each in single],
         "bare_p99_s": [each.p99 for each in single],
         "starts": _STARTS, "calls_of_each": _ROUNDS * _AT_ONCE},
    )  # fmt: skip


def _in_ms(starts: list[Spread]) -> str:
    p50_s, p99_s = median(each.p50 for each in starts), median(each.p99 for each in starts)
    return f"{p50_s * 1000:.1f} / {p99_s * 1000:.1f} ms"


def _throughput(subject: Subject, way: _Way, starts: list[_Rates]) -> Row:
    over, single = (
        [rate for rates in starts for rate in rates[name]] for name in (way.name, _BARE)
    )
    # Of each pair: what the machine does changes from minute to minute.
    ratio = median(o / s for o, s in zip(over, single, strict=True))
    return Row(
        f"Predict, {subject.card.name}",
        f"{_CLIENTS} callers, {way.name}, calls per second",
        f"{median(over):.1f}",
        f"{median(single):.1f} (bare calls, {_CLIENTS} threads)",
        f"{ratio:.2f}x",
        "at least 0.95x" if way.is_judged else "",
        ratio >= 0.95 if way.is_judged else None,  # noqa: PLR2004  the target
        {"served_per_s": over, "bare_per_s": single, "burst_s": _BURST_S, "starts": _STARTS},
    )
