"""Predict with the model in a worker process, against the model in the server itself."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from statistics import median

import numpy as np

from benchmarks.bare import calls_per_second
from benchmarks.measure import Row, Spread, timed
from benchmarks.processes import model_server
from benchmarks.serving import Subject
from serving_client import ServingClient

__all__ = ["rows"]

_SHAPE = (1, 480, 640, 3)
_CALLS = 300
_WARM_UP = 15
_CLIENTS = 4
_BURST_S = 3.0
_BURSTS = 5
_SERVERS = {
    "within": (),
    "isolated": ("--isolate_models",),
    "two workers": ("--isolate_models", "--workers_per_model=2"),
}


def rows(subject: Subject, picture: bytes) -> Iterator[Row]:
    """Yields latency of one caller with two pictures, and throughput of four with the larger one.

    One is the photograph as the model is sent it. What is in the other makes no difference to what
    it costs to ship it, so it is noise.
    """
    noise = np.random.default_rng(0).integers(0, 256, _SHAPE, np.uint8)
    with ExitStack() as stack:
        clients = {name: _client(subject, flags, stack) for name, flags in _SERVERS.items()}
        for image in (subject.pixels(picture), noise):
            calls = {name: subject.caller(client, image) for name, client in clients.items()}
            yield _latency(subject, calls, image.shape)
        yield _throughput(subject, calls)


def _client(subject: Subject, flags: tuple[str, ...], stack: ExitStack) -> ServingClient:
    address = stack.enter_context(model_server(subject.repository, subject.card.name, *flags))
    return stack.enter_context(ServingClient(address))


def _latency(subject: Subject, calls: dict[str, Callable[[], None]], shape: tuple[int, ...]) -> Row:
    # Call by call, and each compared with the one before it: what the machine does changes from
    # second to second, and by more than what is to be measured.
    pairs = [(timed(calls["within"]), timed(calls["isolated"])) for _ in range(_WARM_UP + _CALLS)]
    within, isolated = (Spread.of(list(each)) for each in zip(*pairs[_WARM_UP:], strict=True))
    extra_ms = median(after - before for before, after in pairs[_WARM_UP:]) * 1000
    return Row(
        f"Isolated Predict, {subject.card.name}",
        f"one caller, {' x '.join(map(str, shape))}, p50 / p99",
        f"{isolated.p50 * 1000:.1f} / {isolated.p99 * 1000:.1f} ms",
        f"{within.p50 * 1000:.1f} / {within.p99 * 1000:.1f} ms (not isolated)",
        f"{extra_ms:+.2f} ms (median of pairs)",
        "at most +1 ms",
        extra_ms <= 1,
        {"isolated_p50_s": isolated.p50, "isolated_p99_s": isolated.p99,
         "within_p50_s": within.p50, "within_p99_s": within.p99, "extra_s": extra_ms / 1000,
         "calls": _CALLS},
    )  # fmt: skip


def _throughput(subject: Subject, calls: dict[str, Callable[[], None]]) -> Row:
    rates: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(_BURSTS):
        for name, call in calls.items():
            rates[name].append(calls_per_second(call, _CLIENTS, _BURST_S))
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
