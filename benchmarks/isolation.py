"""Predict with the model in a worker process, against the model in the server itself."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from statistics import median

import numpy as np

from benchmarks.bare import calls_per_second
from benchmarks.measure import Row, Spread, timed
from benchmarks.processes import model_server
from benchmarks.serving import Subject
from serving_client import Array, ServingClient

__all__ = ["rows"]

_SHAPE = (1, 480, 640, 3)
_STARTS = 5
_CALLS = 80
_WARM_UP = 10
_CLIENTS = 4
_BURST_S = 2.0
_BURSTS = 2
_SERVERS = {
    "within": (),
    "isolated": ("--isolate_models",),
    "two workers": ("--isolate_models", "--workers_per_model=2"),
}


_Pair = tuple[float, float]
_Rates = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class _Measured:
    """What one start of all servers gave.

    Attributes:
        pairs: seconds of a call within the server and of one in a worker, by the picture's shape.
        rates: calls per second of each burst with the larger picture, by server.
    """

    pairs: dict[tuple[int, ...], list[_Pair]]
    rates: _Rates


def rows(subject: Subject, picture: bytes) -> Iterator[Row]:
    """Yields latency of one caller with two pictures, and throughput of four with the larger one.

    One is the photograph as the model is sent it. What is in the other makes no difference to what
    it costs to ship it, so it is noise. The servers are started several times, as in `serving`.
    """
    noise = np.random.default_rng(0).integers(0, 256, _SHAPE, np.uint8)
    images = (subject.pixels(picture), noise)
    starts = [_measured(subject, images) for _ in range(_STARTS)]
    for image in images:
        yield _latency(subject, image.shape, [each.pairs[image.shape] for each in starts])
    yield _throughput(subject, [each.rates for each in starts])


def _measured(subject: Subject, images: Sequence[Array]) -> _Measured:
    with ExitStack() as stack:
        clients = {name: _client(subject, flags, stack) for name, flags in _SERVERS.items()}
        pairs, calls = {}, {}
        for image in images:
            calls = {name: subject.caller(client, image) for name, client in clients.items()}
            pairs[image.shape] = _pairs(calls)
        rates: _Rates = {name: [] for name in _SERVERS}
        for burst in range(1 + _BURSTS):
            for name, call in calls.items():
                rate = calls_per_second(call, _CLIENTS, _BURST_S)
                if burst:  # the first one finds workers that have not run the model yet
                    rates[name].append(rate)
    return _Measured(pairs, rates)


def _client(subject: Subject, flags: tuple[str, ...], stack: ExitStack) -> ServingClient:
    address = stack.enter_context(model_server(subject.repository, subject.card.name, *flags))
    return stack.enter_context(ServingClient(address))


def _pairs(calls: dict[str, Callable[[], None]]) -> list[_Pair]:
    # Call by call, and each compared with the one before it: what the machine does changes from
    # second to second, and by more than what is to be measured.
    pairs = [(timed(calls["within"]), timed(calls["isolated"])) for _ in range(_WARM_UP + _CALLS)]
    return pairs[_WARM_UP:]


def _latency(subject: Subject, shape: tuple[int, ...], starts: list[list[_Pair]]) -> Row:
    pairs = list(chain.from_iterable(starts))
    within, isolated = (Spread.of(list(each)) for each in zip(*pairs, strict=True))
    extras_ms = [_extra_s(each) * 1000 for each in starts]
    extra_ms = _extra_s(pairs) * 1000
    return Row(
        f"Isolated Predict, {subject.card.name}",
        f"one caller, {' x '.join(map(str, shape))}, p50 / p99",
        f"{isolated.p50 * 1000:.1f} / {isolated.p99 * 1000:.1f} ms",
        f"{within.p50 * 1000:.1f} / {within.p99 * 1000:.1f} ms (not isolated)",
        f"{extra_ms:+.2f} ms ({min(extras_ms):+.2f} to {max(extras_ms):+.2f})",
        "at most +1 ms",
        extra_ms <= 1,
        {"isolated_p50_s": isolated.p50, "isolated_p99_s": isolated.p99,
         "within_p50_s": within.p50, "within_p99_s": within.p99, "extra_ms_by_start": extras_ms,
         "calls": len(pairs)},
    )  # fmt: skip


def _extra_s(pairs: list[_Pair]) -> float:
    return median(isolated - within for within, isolated in pairs)


def _throughput(subject: Subject, starts: list[_Rates]) -> Row:
    rates = {name: [rate for each in starts for rate in each[name]] for name in _SERVERS}
    single, isolated, two = (median(rates[name]) for name in _SERVERS)
    # Of each turn: what the machine does changes from minute to minute.
    ratio, ratio_of_two = (
        median(each / beside for each, beside in zip(rates[name], rates["within"], strict=True))
        for name in ("isolated", "two workers")
    )
    return Row(
        f"Isolated Predict, {subject.card.name}",
        f"{_CLIENTS} callers, calls per second, one worker / two",
        f"{isolated:.1f} / {two:.1f}",
        f"{single:.1f} (not isolated)",
        f"{ratio:.2f}x / {ratio_of_two:.2f}x",
        figures={f"{name}_per_s": each for name, each in rates.items()} | {"burst_s": _BURST_S},
    )
